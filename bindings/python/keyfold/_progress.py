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
_COMMAND = dict(zip(("read", "sort", "minimise", "layout", "values", "write"), _PHASES.values()))
# The phases' usual parts of the time, in their order: rounded means of builds of dicts of str. What is made of several
# shards is folded and laid out at once.
_SHARES = (0.3, 0.18, 0.15, 0.14, 0.21, 0.02)
_SHARES_OF_SHARDS = (0.35, 0.1, 0.53, 0.0, 0.0, 0.02)
_SHARDED = 33_000_000       # keys
_MOST = 0.999               # done of the whole, before all is


def _takes_phase(function: Callable[..., Any]) -> bool:
    import inspect
    try:
        return "phase" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


class Progress:
    """Reports to what the caller passed as progress=: a function that gets the number of pairs (or whatever the
    unit is) done and of all (None while unknown), an object with update(increment) such as a tqdm bar, or True.

    A pair that was read is done by the share that reading has of the work. So as many pairs as there are in all are
    only done when everything is."""

    def __init__(self, wish: Any, total: Optional[int] = None, unit: str = "pairs") -> None:
        self._unit = unit
        self._tell: Optional[Callable[..., Any]] = None
        self._with_phase = False
        self._bar: Any = None
        self._own_bar = False
        self._line = False
        self._read = 0              # pairs
        self._total = total
        self._phase, self._name = lib.KF_PHASE_READ, "reading"
        self._share, self._end = 0.0, _SHARES[0]      # of the whole: done; when this phase ends
        self._begin_of_phase = self._others = 0.0
        self._told = 0
        self._told_name = ""
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
            self._tell, self._with_phase = wish, _takes_phase(wish)
        else:
            raise _errors.ArgumentError(f"progress={wish!r:.100}: True, a function or a tqdm bar is needed")
        self._silent = self._tell is None and self._bar is None and not self._line

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
        self._read += count
        if self._silent:
            return
        if self._total and self._phase == lib.KF_PHASE_READ:
            self._share = max(self._share, self._end * min(1.0, self._read / self._total))
        self._report()

    def phase(self, phase: int, done: int, total: int) -> None:
        """What a builder does at the moment, and how much of it is done."""
        if self._silent:
            return
        if phase > self._phase:
            self._enter(phase)
        elif phase < self._phase or phase == lib.KF_PHASE_READ:
            return
        part = min(1.0, done / total) if total else 0.0
        self._share = max(self._share, self._begin_of_phase + part * (self._end - self._begin_of_phase))
        self._report()

    def _enter(self, phase: int) -> None:
        """The phases to come share what is left by their parts, wherever the ones before got to."""
        if self._phase == lib.KF_PHASE_READ:
            self.all_read()
        shares = _SHARES_OF_SHARDS if self._read >= _SHARDED else _SHARES
        self._share = max(self._share, sum(shares[:phase]))
        self._phase, self._name, self._begin_of_phase = phase, _PHASES.get(phase, "working"), self._share
        self._end = self._share + (1 - self._share) * shares[phase] / (sum(shares[phase:]) or 1)

    def of_whole(self, phase: str, share: float) -> None:
        """The share of the whole that the command says is done, in a phase that comes after reading."""
        if self._phase == lib.KF_PHASE_READ:
            self.all_read()
            self._phase, self._begin_of_phase, self._others = lib.KF_PHASE_WRITE, _SHARES[0], share
        self._name = _COMMAND.get(phase, "working")
        part = (share - self._others) / (1 - self._others) if self._others < 1 else 1.0
        self._share = max(self._share, self._begin_of_phase + part * (1 - self._begin_of_phase))
        self._report()

    def verified(self, phase: int, done: int, total: int) -> None:
        """So many bytes of all are checked."""
        self.of_all("verifying", done, total)

    def of_all(self, name: str, done: int, total: int) -> None:
        """So many of all are done, in work that has one phase."""
        self._total, self._name = total, name
        self._share = done / total if total else 1.0
        self._report(done == total)

    def all_read(self) -> None:
        """There are no more pairs."""
        self._total = self._read

    def finished(self) -> None:
        """Everything is done."""
        self.all_read()
        self._share = 1.0
        self._report(True)

    def _report(self, complete: bool = False) -> None:
        if self._silent:
            return
        now = time.monotonic()
        if now < self._next and not complete and self._name == self._told_name:
            return
        self._next = now + _INTERVAL
        total = self._total
        done = total or 0 if complete else \
            int(self._read * _SHARES[0]) if total is None else int(min(self._share, _MOST) * total)
        done = max(done, self._told)
        if self._tell is not None:
            if self._with_phase:
                self._tell(done, total, phase=self._name)
            else:
                self._tell(done, total)
        elif self._bar is not None:
            self._move_bar(done)
        elif self._line:
            self._show(f"{self._name} {done:,} {self._unit}" if total is None else
                       f"{self._name} {100 * done // total if total else 100} %")
        self._told, self._told_name = done, self._name

    def _move_bar(self, done: int) -> None:
        if self._total is not None and getattr(self._bar, "total", 0) != self._total:
            self._bar.total = self._total
        if self._name != self._told_name and hasattr(self._bar, "set_postfix_str"):
            self._bar.set_postfix_str(self._name, refresh=False)
        self._bar.update(done - self._told)

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

    def raise_failure(self, status: int) -> None:
        """Raises what made the callback cancel. Nothing but want of memory keeps it from being kept."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        if status == lib.KF_CANCELLED:
            raise _errors.make(lib.KF_NO_MEMORY)


def _failed(kind: Any, problem: Any, traceback: Any) -> None:
    if traceback is not None:       # it had memory for a frame
        ffi.from_handle(traceback.tb_frame.f_locals["context"]).failure = problem


@ffi.def_extern(error=1, onerror=_failed)   # type: ignore[untyped-decorator]
def kfpy_progress(context: Any, progress: Any) -> int:
    ffi.from_handle(context).beat(progress.phase, progress.done, progress.total)
    return 0
