"""Building from files that the keyfold command reads, by running the one that the package brings along."""
from __future__ import annotations

import errno
import json
import os
import re
import signal
import stat
import subprocess
import warnings
from typing import Any, Dict, List, Mapping, Union

from . import _codecs, _errors, _file_options
from ._builder import BuildOptions
from ._codecs import Codec
from ._progress import Progress
from ._stat import normal_name

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keyfold-tool")
if os.name == "nt":
    TOOL += ".exe"
_GRACE = 10.0       # seconds that the tool has to remove its temporary files in
# What the command says of a failure, in the words of kf_status.
_KINDS = {"invalid": _errors.ArgumentError, "no_memory": _errors.MemoryError_, "format": _errors.FormatError,
          "unsupported": _errors.UnsupportedError, "corrupt": _errors.CorruptError, "limit": _errors.LimitError,
          "type": _errors.ValueTypeError, "cancelled": _errors.Cancelled, "io": _errors.IOError_,
          "no_space": _errors.IOError_}
_TEXTS = ("str", "raw", "json")     # codecs whose encoded values a text file can hold


def _command(paths: List[str], wanted: BuildOptions, keys: str, codec: Union[str, Codec],
             options: Mapping[str, Any]) -> List[str]:
    name = codec.name if isinstance(codec, Codec) else codec
    if keys not in ("auto", "str", "bytes"):
        raise _errors.ArgumentError(f"keys={keys!r}: the keys in files are str or bytes; a reader= can turn "
                                    "them into others")
    if wanted.lists:
        name = name[len("list:"):] if name.startswith("list:") else name
    values = {"auto": "auto", "u64": "u64", "none": "none"}.get(name, "bytes")
    if wanted.lists and values in ("u64", "none"):
        raise _errors.ArgumentError(f'codec={name!r}: of files, duplicates="all" makes lists of {", ".join(_TEXTS)}; a '
                                    "reader= can turn values into others")
    if values == "bytes" and name not in _TEXTS:
        raise _errors.ArgumentError(f"codec={name!r}: the values in files are {', '.join(_TEXTS)}, u64 or "
                                    "none; a reader= can turn them into others")
    command = ["keyfold", "build", f"--output={wanted.path}", f"--values={values}",
               "--progress=json", "--json", f"--duplicates={wanted.duplicates}", f"--memory={wanted.memory}",
               f"--encoding={wanted.encoding}", *_file_options.arguments(options),
               *_file_options.metadata_arguments(wanted.metadata),
               f"--weights={({None: 'none', 'given': 'column'}).get(wanted.weights, 'value')}"]
    if wanted.force:
        command.append("--force")
    if wanted.similarity:
        command.append("--similarity")
    if wanted.filter:
        command.append("--filter")
    # What is not given is what the command does by itself.
    for option, number in (("threads", wanted.threads), ("shards", wanted.shards)):
        if number is not None:
            command.append(f"--{option}={number}")
    if wanted.normalise:
        command.append(f"--normalise={normal_name(wanted.normalise)}")
    if wanted.tmpdir is not None:
        command.append(f"--tmpdir={wanted.tmpdir}")
    if wanted.resume is not None:
        command.append(f"--resume={wanted.resume}")
    # What auto means is what a file without these entries means to open().
    if keys != "auto":
        command.append(f"--meta=python.keys={keys}")
    if name != "auto":
        command.append(f"--meta=python.values={_codecs.of_items(name) if wanted.lists else name}")
    return command + ["--", *paths]


_NAMES = {"values": "codec", "meta": "metadata", "by": "attribute", "legal": "legal-forms"}
_WITH_CHOICE = re.compile(r"(?<![\w/-])--(format|values|weights|duplicates|encoding|on-error) ([a-z0-9]+)\b")


def _in_python(text: str) -> str:
    """A message that names options as they are called here."""
    text = _WITH_CHOICE.sub(lambda found: f"--{found[1]}\"{'given' if found[2] == 'column' else found[2]}\"", text)
    return re.sub(r"(?<![\w/-])--([a-z][a-z-]+)", lambda found: _NAMES.get(found[1], found[1]).replace("-", "_") + "=",
                  text)


def _text(messages: List[Any]) -> str:
    """What the command reported, objects and lines that are none, but for notes."""
    return "\n".join(each if isinstance(each, str) else each["message"] for each in messages
                     if isinstance(each, str) or each["level"] != "note")


def _error(messages: List[Any], code: int, duplicates: str) -> _errors.Error:
    """The exception of what the command reported; `duplicates` is what helps against such."""
    text = _text(messages)
    if code == 2:
        return _errors.ArgumentError(_in_python(re.sub(r"\A(names )?build: ", "", text)))
    if code < 0:
        return _errors.Error(f"keyfold-tool was killed by signal {-code}")
    status = next((each["status"] for each in reversed(messages) if not isinstance(each, str) and each["status"]), None)
    if status == "duplicate":
        return _errors.DuplicateKey(f"{text}; {duplicates}")
    return _KINDS.get(status or "", _errors.Error)(text or f"keyfold-tool exited with status {code}")


def _check(path: str) -> None:
    """Raises the error that reading a file would raise."""
    try:
        # Who writes into a pipe would notice that it is opened and closed.
        if not stat.S_ISFIFO(os.stat(path).st_mode):
            with open(path, "rb"):
                pass
    except OSError as problem:
        # Windows calls it a lack of permission.
        raise _errors.os_error(errno.EISDIR if os.path.isdir(path) else problem.errno or 0, path) from None


def _end(tool: "subprocess.Popen[str]") -> None:
    tool.send_signal(signal.SIGTERM)
    try:
        tool.wait(_GRACE)
    except subprocess.TimeoutExpired:
        tool.kill()
        tool.wait()


def build(paths: List[str], wanted: BuildOptions, keys: str, codec: Union[str, Codec], progress: Progress,
          options: Mapping[str, Any] = {}) -> None:
    """Builds a file from .tsv, .csv, .jsonl and other files, compressed ones too, as `keyfold build` does."""
    paths = [os.path.abspath(path) for path in paths]
    summary = run(paths, _command(paths, wanted, keys, codec, options), progress,
                  "duplicates= can say what to do then")
    progress.pairs(max(0, summary["pairs_added"] - summary["read"]))
    progress.finished()


def run(paths: List[str], command: List[str], progress: Progress, duplicates: str) -> Dict[str, Any]:
    """Runs a build; returns its report, with how many records the progress has been told as `read`."""
    for path in paths:
        _check(path)
    messages: List[Any] = []
    done = 0
    # However this process ends, the tool ends with it (follow.c).
    tool = subprocess.Popen(command, executable=TOOL, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, encoding="utf-8", errors="backslashreplace",
                            env={**os.environ, "KEYFOLD_PARENT": str(os.getpid())})
    try:
        assert tool.stderr is not None and tool.stdout is not None
        for line in tool.stderr:
            report = json.loads(line) if line.startswith("{") else line.rstrip("\n")
            if isinstance(report, str) or "level" in report:
                messages = [*messages[-50:], report]
            elif report["phase"] == "read":
                progress.pairs(max(0, report["done"] - done))
                done = max(done, report["done"])
            else:
                progress.of_whole(report["phase"], report["share"] or 0)
        report = tool.stdout.read()
        code = tool.wait()
    except BaseException:
        _end(tool)
        raise
    finally:
        for pipe in (tool.stdout, tool.stderr):
            if pipe is not None:
                pipe.close()
    if code != 0:
        raise _error(messages, code, duplicates)
    summary: Dict[str, Any] = json.loads(report)
    if summary["bad_records"]:
        warnings.warn(_text(messages), stacklevel=4)
    return {**summary, "read": done}
