"""The options of compile that are about files, as the keyfold command takes them: see `keyfold build --help`."""
from __future__ import annotations

import os
from collections import abc
from typing import Any, Dict, List, Mapping

from . import _errors

# By the formats that they are for; `format` and `on_error` go with all.
_FORMATS: Dict[str, List[str]] = {
    "tsv": ["raw"], "lines": ["raw"], "nul": ["pairs"],
    "csv": ["header", "delimiter", "key_column", "value_column", "weight_column"],
    "jsonl": ["key_field", "value_field", "weight_field"],
}
_CHOICES = {"format": ("auto", *_FORMATS), "on_error": ("fail", "skip")}
_FLAGS = ("raw", "text", "pairs", "header")


def _called(inputs: Any) -> str:
    if isinstance(inputs, abc.Mapping):
        return "a Mapping"
    pairs = "" if hasattr(inputs, "columns") or hasattr(inputs, "dtype") else " of pairs"
    return f"a {type(inputs).__name__}{pairs}"


def given(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The options that the caller gave, checked as far as that can be done without the files."""
    result = {name: value for name, value in options.items() if value is not None and value is not False}
    for name, value in result.items():
        if name in _CHOICES:
            if value not in _CHOICES[name]:
                raise _errors.ArgumentError(f"{name}={value!r:.100}: there are {', '.join(_CHOICES[name])}")
        elif name in _FLAGS:
            if value is not True:
                raise _errors.ArgumentError(f"{name}={value!r:.100}: True or False is needed")
        elif not isinstance(value, str) and not (name.endswith("_column") and isinstance(value, int)):
            raise _errors.ArgumentError(f"{name}={value!r:.100}: "
                                        f"{'a number or a name' if name.endswith('_column') else 'a str'} is needed")
        elif "\0" in str(value):
            raise _errors.ArgumentError(f"{name}={value!r:.100}: a NUL can't be part of it")
    wanted = result.get("format", "auto")
    for format, names in _FORMATS.items() if wanted != "auto" else ():
        for name in names:
            if name in result and name not in _FORMATS[wanted]:
                homes = " or ".join(each for each, own in _FORMATS.items() if name in own)
                raise _errors.ArgumentError(f'{name}= is for format="{homes}", not for "{wanted}"')
    return result


def refuse(options: Mapping[str, Any], inputs: Any, reader: Any) -> None:
    """Raises the error of options for files where none are read as such."""
    if options:
        what = "parts that a reader= reads" if reader is not None else _called(inputs)
        raise _errors.ArgumentError(f"{', '.join(f'{name}=' for name in options)}: this is about files that keyfold "
                                    f"itself reads, whose paths are passed; it does not apply to {what}")


def arguments(options: Mapping[str, Any]) -> List[str]:
    """The command's."""
    return [f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}") for name, value in options.items()]


def metadata(entries: Any) -> Dict[str, bytes]:
    """Metadata entries as they are stored."""
    if entries is None:
        return {}
    if not isinstance(entries, abc.Mapping):
        raise TypeError(f"metadata={entries!r:.100}: a dict of names and str or bytes is needed")
    result = {}
    for name, content in entries.items():
        if not isinstance(name, str) or not name:
            raise _errors.ArgumentError(f"metadata: {name!r:.100} is no name")
        if name.startswith(("keyfold.", "python.")):
            raise _errors.ArgumentError(f"metadata: names that begin with {name.partition('.')[0]!r}. are reserved, as "
                                        f"{name!r:.100}")
        if not isinstance(content, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"metadata: {name!r:.100} is {type(content).__name__}: str or bytes are needed")
        result[name] = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else bytes(content)
    return result


def metadata_arguments(entries: Mapping[str, bytes]) -> List[str]:
    """The same for the command."""
    result = []
    for name, content in entries.items():
        if "=" in name or "\0" in name or b"\0" in content:
            raise _errors.ArgumentError(f"metadata: {name!r:.100} has a {'NUL' if '=' not in name else '='}, which no "
                                        "entry of a file compiled from files can have")
        try:
            result.append(f"--meta={name}={os.fsdecode(content)}")
        except UnicodeDecodeError:      # of Windows, where arguments are text
            raise _errors.ArgumentError(f"metadata: what {name!r} is of a file must be UTF-8 on Windows; a reader= can "
                                        "do without") from None
    return result
