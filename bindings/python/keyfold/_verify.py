"""What Dictionary.verify does."""
from __future__ import annotations

from typing import Any, Optional

from . import _errors
from ._builder import thread_count
from ._native import ffi, lib
from ._progress import Heart, Progress


def verify(pointer: Any, path: str, threads: Optional[int], progress: Any, function: Any = lib.kf_dict_verify) -> None:
    """Checks what a kf_dict *, or what `function` takes, leads to."""
    options, error = ffi.new("kf_verify_options *", lib.kfpy_verify_options()), ffi.new("kf_error *")
    options.threads = thread_count(threads)
    reports = Progress(progress, unit="bytes")
    heart = Heart(reports.verified)
    heart.fill(options)
    try:
        status = function(pointer, options, error)
        if status:
            heart.raise_failure(status)
        _errors.check(status, error, path)
    finally:
        reports.close()
