"""Building indexes of names from files: of columns by pyarrow, others by the command that the package brings along."""
from __future__ import annotations

import itertools
import os
import tempfile
from collections import abc
from typing import Any, Dict, List, Optional, Tuple, Union

from . import _column_files, _errors, _file_options, _files
from ._build import must_exist
from ._builder import BuildOptions
from ._codecs import Codec
from ._name_columns import NameColumns
from ._name_processing import LEGAL_FORMS, Processing
from ._native import lib
from ._progress import Progress
from ._shapes import is_columns

_FLAGS = ((lib.KF_NAMES_FOLD_CASE, "fold-case"), (lib.KF_NAMES_NFKC, "nfkc"), (lib.KF_NAMES_NO_ACCENTS, "no-accents"),
          (lib.KF_NAMES_NO_PUNCTUATION, "no-punctuation"), (lib.KF_NAMES_SQUEEZE, "squeeze"))


def files_of(names: Any, options: Dict[str, Any]) -> Tuple[Optional[List[str]], Any]:
    """The files that are to be read, or None; and otherwise the names, which may be tables in files."""
    paths: List[Any] = []
    if isinstance(names, (str, os.PathLike)):
        paths = [names]
    elif not isinstance(names, abc.Mapping) and isinstance(names, abc.Iterable) and not is_columns(names):
        again = iter(names)
        first = list(itertools.islice(again, 1))
        rest = itertools.chain(first, again)
        head = first[0] if first else None
        if isinstance(head, os.PathLike) or isinstance(head, str) and options:
            paths = list(rest)
        else:
            if isinstance(head, str) and os.path.isfile(head):
                raise _errors.ArgumentError(f"{head!r} is the path of a file, but a list of str is one of names: pass "
                                            "pathlib.Path objects to read files")
            names = rest if again is names else names
    if not paths:
        return None, names
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"{path!r:.100} among paths of files is none")
        must_exist(path, True)
    found = [os.fsdecode(path) for path in paths]
    tables = _column_files.tables(found)
    if tables is None:
        return found, None
    return None, tables[0] if len(tables) == 1 else iter(tables)


def _command(paths: List[str], wanted: BuildOptions, columns: NameColumns, processing: Processing, equal_ids: bool,
             options: Dict[str, Any]) -> List[str]:
    command = ["keyfold", "names", "build", f"--output={wanted.path}", "--progress=json", "--json",
               f"--memory={wanted.memory}", f"--threads={wanted.threads}", *_file_options.arguments(options)]
    if wanted.force:
        command.append("--force")
    if equal_ids:
        command.append("--equal-ids")
    if wanted.tmpdir is not None:
        command.append(f"--tmpdir={wanted.tmpdir}")
    for name, column in (("id", columns.id), ("name", columns.name), ("by", columns.attribute),
                         ("payload", columns.payload)):
        if column is not None:
            if isinstance(column, bool) or not isinstance(column, (int, str)):
                raise _errors.ArgumentError(f"{column!r:.100}: a column of a file is a number from 1, or a name")
            command.append(f"--{name}={column}")
    if processing.flags & lib.KF_NAMES_NFC:
        raise _errors.ArgumentError('normalise="nfc": of files, there is "nfkc"')
    command += [f"--{name}" for flag, name in _FLAGS if processing.flags & flag]
    if processing.separators:
        command.append(f"--separators={processing.separators}")
    command.append(f"--legal={next(name for name, form in LEGAL_FORMS.items() if form == processing.legal_forms)}")
    return command + (["--", *paths])


def build(paths: List[str], wanted: BuildOptions, columns: NameColumns, codec: Union[str, Codec],
          processing: Processing, equal_ids: bool, options: Dict[str, Any], progress: Any) -> None:
    """Builds an index from .tsv, .csv, .jsonl and other files, as `keyfold names build` does."""
    if columns.nulls != "error" or codec not in ("auto", "str") or wanted.metadata:
        raise _errors.ArgumentError("nulls=, codec= and metadata= do not apply to files that keyfold itself reads")
    paths = [os.path.abspath(path) for path in paths]
    command = _command(paths, wanted, columns, processing, equal_ids, options)
    reports = Progress(progress, None, "names")
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as table:
            if processing.legal_table is not None:
                table.write(processing.legal_table)
                table.flush()
                command.insert(3, f"--legal-table={table.name}")
            summary = _files.run(paths, command, reports, "equal_ids=True allows that")
        reports.pairs(max(0, summary["names"] - summary["read"]))
        reports.finished()
    finally:
        reports.close()
