"""Locks of files, which the system gives back when the file is closed or the process ends."""
from __future__ import annotations

import os
import sys
import time
from typing import IO, Any

if sys.platform == "win32":
    import msvcrt

    _PLACE = 1 << 30    # behind all content: nobody else may read what is locked
    _PAUSE = 0.05       # seconds until the next try

    def try_lock(file: IO[Any]) -> bool:
        """Locks the file, unless another process has; tells whether it did."""
        number = file.fileno()
        at = os.lseek(number, 0, os.SEEK_CUR)
        os.lseek(number, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
            return True
        except OSError:
            return False
        finally:
            os.lseek(number, at, os.SEEK_SET)

    def lock(file: IO[Any]) -> None:
        """Locks the file, as soon as no other process has."""
        while not try_lock(file):
            time.sleep(_PAUSE)
else:
    import fcntl

    def try_lock(file: IO[Any]) -> bool:
        """Locks the file, unless another process has; tells whether it did."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False

    def lock(file: IO[Any]) -> None:
        """Locks the file, as soon as no other process has."""
        fcntl.flock(file, fcntl.LOCK_EX)
