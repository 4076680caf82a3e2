"""compile_names: names into an index."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Union

from . import _errors, _file_options, _name_files, _name_pack, _name_rows
from ._builder import BuildOptions
from ._codecs import Codec
from ._name_columns import NameColumns
from ._name_index import NameIndex
from ._name_pack import Payloads
from ._name_processing import Processing
from ._native import ffi, lib
from ._progress import Heart, Progress

if TYPE_CHECKING:
    from ._handle import StrPath
    from ._types import LegalForms, NamesFormat, Normal, Nulls, OnError


class _Builder:
    """A kf_names_builder that takes packed rows."""

    def __init__(self, wanted: BuildOptions, processing: Processing, equal_ids: bool, progress: Progress) -> None:
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
        options.flags = (lib.KF_NAMES_REPLACE_ANY if wanted.force else 0) | \
            (0 if equal_ids else lib.KF_NAMES_UNIQUE_IDS)
        kept = processing.fill(options)
        self._heart.fill(options)
        out = ffi.new("kf_names_builder **")
        self._check(lib.kf_names_builder_create(out, os.fsencode(wanted.path), options, self._error))
        del folder, kept    # the builder has copies
        self._builder = ffi.gc(out[0], lib.kfpy_names_builder_free)

    def _check(self, status: int, where: str = "") -> None:
        if status == 0:
            return
        self._heart.raise_failure(status)
        error = _errors.make(status, self._error, self._path)
        if status == lib.KF_DUPLICATE:
            error.args = (f"{error.args[0]}: equal_ids=True allows that",)
        if where and status in (lib.KF_INVALID, lib.KF_LIMIT):
            error.args = (f"{where}: {error.args[0]}",)
        raise error

    def add(self, rows: Any) -> None:
        """Adds all rows of a source."""
        for packed in rows.packed():
            kept = _name_pack.fill(self._rows, packed, rows.added)
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


def compile_names(path: StrPath, names: Any, *, id: Any = None, name: Any = None, attribute: Any = None,
                  payload: Any = None, nulls: Nulls = "error", codec: Union[str, Codec] = "auto",
                  equal_ids: bool = False, normalise: Normal = None, separators: Optional[str] = None,
                  legal_forms: LegalForms = "keep", legal_table: Union[str, Mapping[str, Iterable[str]], None] = None,
                  format: Optional[NamesFormat] = None, header: bool = False, delimiter: Optional[str] = None,
                  raw: bool = False, text: bool = False, on_error: Optional[OnError] = None,
                  memory: Union[int, str] = "1G", threads: Optional[int] = None, progress: Any = None,
                  tmpdir: Optional[StrPath] = None, metadata: Optional[Mapping[str, Union[str, bytes]]] = None,
                  force: bool = False) -> NameIndex:
    """Compiles names into the index `path`, for finding those most similar to a needle, and opens it. Nothing appears
    there before all is done.

    names     a dict of ids to names; or any iterable of rows (id, name), (id, name, attribute) or (id, name, attribute,
              payload), or of dicts; or of names alone, whose ids are their positions from 0; or a table of Arrow,
              pandas, Polars, DuckDB or NumPy, a pandas Series (ids are its index), a tuple (ids, names) of two columns,
              or several tables; or the path of a file, of those that the keyfold command reads (`keyfold names build
              --help`), or of Parquet, Feather or Arrow IPC. Several files are given as pathlib.Path objects: a list
              of str is one of names
    id, name, attribute, payload
              which columns of a table (or members of dicts) they are. Ids and names need not be said if they are called
              so, or there are only two columns, ids first, or one of names. payload= may be a list of columns, whose
              tuples are the payloads
    nulls     "error", or "skip" for rows without an id or a name (in pandas NaN is a null)
    codec     how payloads are stored (see keyfold.Dictionary.codec); if not given, what suits the first 1000
    equal_ids
              whether several names may have one id: DuplicateKey if not
    normalise, separators, legal_forms, legal_table
              what is to make no difference between names, nor between them and needles; see below
    memory    what the build may hold
    threads   that it may use: as many as there are processors if not given
    progress, tmpdir, metadata, force   as for compile
    format, header, delimiter, raw, text, on_error
              for files, as for compile; id, name, attribute and payload are then names or numbers (from 1) of columns
              of csv, or members of jsonl. Ids of such files are ints if all are decimal numbers, else str

    Ids are ints, str or bytes, all of one kind, and come back as they were given. An attribute is a str, such as a
    country, that searches can be limited to; a payload is whatever is to come along with the name. Both may be None,
    which is what an empty one comes back as.

    Names are compared as they are unless that is changed here, for names and needles alike; the file remembers how,
    and matches have the names as they were given.

    normalise    of "case" (full case folding), "nfc" or "nfkc" (Unicode's normal forms), "accents", "punctuation"
                 (which becomes spaces) and "spaces" (white space of any kind becomes spaces, runs of them one, and
                 those at the ends go), with commas between
    separators   characters that become spaces
    legal_forms  "canonical": those at the end of a name (at its start where they stand there) become one of several
                 that mean the same, as Limited becomes Ltd; "ignore": they are left out
    legal_table  other legal forms than keyfold's own: a dict of canonical ones to lists of ways to write them (with ^
                 before it one is looked for at the start), or such lines, with tabs between

    >>> index = keyfold.compile_names("firms.kf", {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC"})
    >>> index.best("Acme Holding LTD").id
    7
    >>> index = keyfold.compile_names("towns.kf", ["New York", "York", "Yorkton"])
    >>> index.best("Yorck").id
    1
    >>> rows = [(1, "ACME LTD", "GB", {"staff": 20}), (2, "ACME INC", "US", {"staff": 300})]
    >>> keyfold.compile_names("firms.kf", rows).best("ACMY INC").payload
    {'staff': 300}
    >>> index = keyfold.compile_names("firms.kf", ["Müller GmbH"], normalise="case,accents", legal_forms="ignore")
    >>> index.best("MULLER G.m.b.H.")
    NameMatch(id=0, name='Müller GmbH', score=1.0, position=0)
    """
    options = BuildOptions(path, memory=memory, tmpdir=tmpdir, threads=threads,
                           metadata=_file_options.metadata(metadata), force=force)
    options.check_target()
    processing = Processing(normalise, separators, legal_forms, legal_table)
    columns = NameColumns(id, name, attribute, payload, nulls)
    about_files = _file_options.given(dict(format=format, header=header, delimiter=delimiter, raw=raw, text=text,
                                           on_error=on_error))
    files, names = _name_files.files_of(names, about_files)
    if files is not None:
        _name_files.build(files, options, columns, codec, processing, equal_ids, about_files, progress)
        return NameIndex(path)
    _file_options.refuse(about_files, names, None)
    payloads = Payloads(codec)
    rows = _name_rows.rows_of(names, columns, payloads)
    reports = Progress(progress, rows.total, unit="names")
    builder: Optional[_Builder] = None
    try:
        builder = _Builder(options, processing, equal_ids, reports)
        builder.add(rows)
        own = {"python.ids": (rows.kind or "int").encode()}
        if payloads.codec is not None:
            own["python.payloads"] = payloads.codec.name.encode()
        builder.finish({**options.metadata, **own})
    finally:
        if builder is not None:
            builder.close()
        reports.close()
    return NameIndex(path)
