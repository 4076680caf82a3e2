"""Files of columns: Parquet, Feather and Arrow IPC, which pyarrow reads."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Optional

from . import _errors, _runs

# What such files begin with; a stream of Arrow has a continuation marker and the size of its schema.
_KINDS = ((b"PAR1", "parquet", "Parquet"), (b"ARROW1", "ipc", "Arrow IPC"), (b"FEA1", "feather", "Feather"),
          (b"\xff\xff\xff\xff", "stream", "Arrow stream"))
_SHOWN = {kind: shown for _, kind, shown in _KINDS}
_ENDINGS = (".parquet", ".pq", ".feather", ".arrow", ".ipc", ".arrows")


def kind_of(path: str) -> Optional[str]:
    """What kind of columns a file holds, or the files of a folder; None for others and for what can't be read."""
    try:
        if os.path.isdir(path):
            found = sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names
                           if name.endswith(_ENDINGS))
            return kind_of(found[0]) if found else None
        if not os.path.isfile(path):        # looking into a pipe would take something out of it
            return None
        with open(path, "rb") as file:
            head = file.read(6)
    except OSError:
        return None
    return next((kind for magic, kind, _ in _KINDS if head.startswith(magic)), None)


def tables(paths: List[str]) -> Optional[List[Any]]:
    """What the files hold, as frames; None if they are no files of columns."""
    kinds: Dict[str, Optional[str]] = {path: kind_of(path) for path in paths}
    found = {kind for kind in kinds.values() if kind is not None}
    if not found:
        return None
    if None in kinds.values():
        path, kind = next((path, kind) for path, kind in kinds.items() if kind is not None)
        other = next(path for path, kind in kinds.items() if kind is None)
        raise _errors.ArgumentError(f"{path} is a file of columns ({_SHOWN[str(kind)]}) and {other} is none: they "
                                    "can't be read together")
    frames: List[Any] = []
    for path in paths:
        kind = str(kinds[path])
        _runs.pyarrow(f"{path}: a file of kind {_SHOWN[kind]}")
        try:
            frames.append(_table(path, kind))
        except OSError as problem:
            if problem.errno:
                raise _errors.os_error(problem.errno, path) from None
            raise _unreadable(path, kind, problem) from problem
        except ValueError as problem:
            raise _unreadable(path, kind, problem) from problem
    if len(found) == 1 and found <= {"parquet", "ipc"} and len(frames) > 1 and not any(map(os.path.isdir, paths)):
        import pyarrow.dataset
        return [pyarrow.dataset.dataset(paths, format=found.pop())]
    return frames


def _unreadable(path: str, kind: str, problem: Exception) -> Exception:
    return _errors.FormatError(f"{path}: it begins as a file of columns ({_SHOWN[kind]}), but pyarrow can't read it: "
                               f"{problem}")


def _table(path: str, kind: str) -> Any:
    if kind in ("parquet", "ipc"):
        import pyarrow.dataset
        return pyarrow.dataset.dataset(path, format=kind)
    if kind == "feather":
        import pyarrow.feather
        return pyarrow.feather.read_table(path)
    import pyarrow.ipc
    return pyarrow.ipc.open_stream(pyarrow.memory_map(path))
