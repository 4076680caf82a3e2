"""compile_names: names into an index."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from . import _errors, _file_options, _name_columns
from ._builder import BuildOptions
from ._name_columns import NameColumns, Rows
from ._name_index import NameIndex
from ._native import ffi, lib
from ._progress import Heart, Progress

if TYPE_CHECKING:
    from ._handle import StrPath
    from ._types import Nulls


class _Builder:
    """A kf_names_builder that takes packed rows."""

    def __init__(self, wanted: BuildOptions, progress: Progress) -> None:
        self._path = wanted.path
        self._progress = progress
        self._heart = Heart(progress.phase)
        self._error = ffi.new("kf_error *")
        self._rows = ffi.new("kfpy_name_rows *")
        self._wrong = ffi.new("size_t *")
        options = ffi.new("kf_names_build_options *", lib.kfpy_names_build_options())
        options.memory_limit, options.threads = wanted.memory, wanted.threads
        folder = ffi.NULL if wanted.tmpdir is None else ffi.new("char[]", os.fsencode(wanted.tmpdir))
        options.temporary_folder = folder
        self._heart.fill(options)
        out = ffi.new("kf_names_builder **")
        self._check(lib.kf_names_builder_create(out, os.fsencode(wanted.path), options, self._error))
        del folder      # the builder has a copy
        self._builder = ffi.gc(out[0], lib.kfpy_names_builder_free)

    def _check(self, status: int, where: str = "") -> None:
        if status == 0:
            return
        self._heart.raise_failure()
        error = _errors.make(status, self._error, self._path)
        if where and status in (lib.KF_INVALID, lib.KF_LIMIT):
            error.args = (f"{where}: {error.args[0]}",)
        raise error

    def add(self, rows: Rows) -> None:
        """Adds all rows of a source."""
        for packed in rows.packed():
            kept = _name_columns.fill(self._rows, packed, rows.added)
            try:
                status = lib.kfpy_names_add(self._builder, self._rows, self._wrong, self._error)
            finally:
                for each in kept:   # before an error is raised: see _builder.Builder.add_batch
                    ffi.release(each)
            self._check(status, rows.named(self._wrong[0]) if status else "")
            self._progress.pairs(packed.rows)

    def finish(self, metadata: Mapping[str, bytes]) -> None:
        """Writes the file."""
        self._progress.all_read()
        for name, content in metadata.items():
            self._check(lib.kf_names_builder_set_metadata(self._builder, name.encode("utf-8", "surrogateescape"),
                                                          content, len(content), self._error))
        self._check(lib.kf_names_builder_finish(self._builder, ffi.NULL, self._error))
        self._progress.finished()

    def close(self) -> None:
        """Ends the build; what is not finished vanishes."""
        ffi.release(self._builder)


def compile_names(path: StrPath, names: Any, *, id: Any = None, name: Any = None, nulls: Nulls = "error",
                  memory: Union[int, str] = "1G", threads: Optional[int] = None, progress: Any = None,
                  tmpdir: Optional[StrPath] = None, metadata: Optional[Mapping[str, Union[str, bytes]]] = None,
                  force: bool = False) -> NameIndex:
    """Compiles names into the index `path`, for finding those most similar to a needle, and opens it. Nothing appears
    there before all is done.

    names     a dict of ids to names; or any iterable of (id, name) rows, or of dicts; or of names alone, whose ids are
              their positions from 0; or a table of Arrow, pandas, Polars, DuckDB or NumPy, a pandas Series (ids are its
              index), a tuple (ids, names) of two columns, or several tables
    id, name  which columns of a table (or members of dicts) are the ids and the names. Needed unless they are called
              so, or there are only two columns, ids first, or one of names
    nulls     "error", or "skip" for rows with a null (in pandas NaN is one)
    memory    what the build may hold
    threads   that it may use: as many as there are processors if not given
    progress, tmpdir, metadata, force   as for compile

    Ids are ints, str or bytes, all of one kind, and come back as they were given. Two names may have the same id, and
    two ids the same name.

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
    >>> index.best("Acme Holding LTD").id
    7
    >>> index = keyfold.compile_names("towns.kf", ["New York", "York", "Yorkton"])
    >>> index.best("Yorck").id
    1
    """
    options = BuildOptions(path, memory=memory, tmpdir=tmpdir, threads=threads,
                           metadata=_file_options.metadata(metadata), force=force)
    options.check_target()
    rows = _name_columns.rows_of(names, NameColumns(id, name, nulls))
    reports = Progress(progress, rows.total, unit="names")
    builder: Optional[_Builder] = None
    try:
        builder = _Builder(options, reports)
        builder.add(rows)
        builder.finish({**options.metadata, "python.ids": (rows.kind or "int").encode()})
    finally:
        if builder is not None:
            builder.close()
        reports.close()
    return NameIndex(path)
