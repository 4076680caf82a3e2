"""Telling how far a build or a check is.

While the C library works it calls back every some 10 000 pairs, so that Python can run its signal handlers:
without that Ctrl-C would wait for the end of a build of hours.
"""
from __future__ import annotations

import sys
import time
from typing import Any, Callable, Optional

from . import _errors
from ._native import ffi, lib

_INTERVAL = 0.1     # seconds between two reports
_PHASES = {lib.KF_PHASE_READ: "reading", lib.KF_PHASE_SORT: "sorting", lib.KF_PHASE_MINIMISE: "folding",
           lib.KF_PHASE_LAYOUT: "laying out", lib.KF_PHASE_VALUES: "values", lib.KF_PHASE_WRITE: "writing"}


class Progress:
    """Reports to what the caller passed as progress=: a function that gets the number of pairs (or whatever the
    unit is) done and of all (None while unknown), an object with update(increment) such as a tqdm bar, or True."""

    def __init__(self, wish: Any, total: Optional[int] = None, unit: str = "pairs") -> None:
        self._unit = unit
        self._tell: Optional[Callable[[int, Optional[int]], Any]] = None
        self._bar: Any = None
        self._own_bar = False
        self._line = False
        self._done = self._told = 0
        self._total = total
        self._next = 0.0
        if wish is True:
            self._begin()
        elif wish is None or wish is False:
            pass
        elif isinstance(wish, type) and hasattr(wish, "update"):
            self._bar, self._own_bar = wish(total=total), True
        elif hasattr(wish, "update"):
            self._bar = wish
        elif callable(wish):
            self._tell = wish
        else:
            raise _errors.ArgumentError(f"progress={wish!r:.100}: True, a function or a tqdm bar is needed")

    def _begin(self) -> None:
        try:
            import importlib
            tqdm = importlib.import_module("tqdm.auto").tqdm
        except ImportError:
            self._line = bool(sys.stderr is not None and sys.stderr.isatty())
        else:
            self._bar, self._own_bar = tqdm(total=self._total, unit=f" {self._unit}", unit_scale=True), True

    def pairs(self, count: int) -> None:
        """So many more pairs were read."""
        self._done += count
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._report("reading")

    def phase(self, phase: int, done: int, total: int) -> None:
        """What a builder does at the moment."""
        if self._line and phase != lib.KF_PHASE_READ:
            now = time.monotonic()
            if now >= self._next:
                self._next = now + _INTERVAL
                share = f" {100 * min(done, total) // total} %" if total else ""
                self._show(f"{_PHASES.get(phase, 'working')}{share}")

    def verified(self, phase: int, done: int, total: int) -> None:
        """So many bytes of all are checked."""
        now = time.monotonic()
        if now >= self._next or done == total:
            self._next = now + _INTERVAL
            self._done, self._total = done, total
            self._report("verifying")

    def all_read(self) -> None:
        """There are no more pairs."""
        self._total = self._done
        self._report("reading")

    def _report(self, phase: str) -> None:
        if self._tell is not None:
            self._tell(self._done, self._total)
        elif self._bar is not None:
            if self._total is not None and getattr(self._bar, "total", 0) is None:
                self._bar.total = self._total
            self._bar.update(self._done - self._told)
            self._told = self._done
        elif self._line:
            self._show(f"{phase} {self._done:,} {self._unit}")

    def _show(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def close(self) -> None:
        """No more reports."""
        if self._own_bar:
            self._bar.close()
        elif self._line:
            self._show("")


class Heart:
    """The progress callback of a builder, a merge or a check. What it raises is kept, and cancels."""

    def __init__(self, beat: Callable[[int, int, int], Any]) -> None:
        self.beat = beat
        self.failure: Optional[BaseException] = None
        self._handle = ffi.new_handle(self)

    def fill(self, options: Any) -> None:
        """Makes it the callback of a kf_build_options or kf_verify_options."""
        options.progress = lib.kfpy_progress
        options.progress_context = self._handle

    def raise_failure(self) -> None:
        """Raises what made the callback cancel."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


def _failed(kind: Any, problem: Any, traceback: Any) -> None:
    ffi.from_handle(traceback.tb_frame.f_locals["context"]).failure = problem


@ffi.def_extern(error=1, onerror=_failed)   # type: ignore[untyped-decorator]
def kfpy_progress(context: Any, progress: Any) -> int:
    ffi.from_handle(context).beat(progress.phase, progress.done, progress.total)
    return 0
