"""Open indexes of names, and the matchers of one."""
from __future__ import annotations

from . import _errors
from ._handle import Handle
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional


class NamesHandle(Handle):
    """An index that is open. `pointer` is the kf_names *.

    A search needs a matcher of its own, which holds some bytes for each distinct token. Whoever searches takes one and
    puts it back: there are as many as there have been searches at one time. A process that was forked has copies of
    those that nobody used."""

    __slots__ = ("_matchers",)
    C_OUT = "kf_names **"
    C_OPEN, C_OPEN_MEMORY, C_FREE = lib.kf_names_open, lib.kf_names_open_memory, lib.kfpy_names_free
    C_BUILD_ID, C_CONTENT, C_SAME, C_VERIFY = \
        lib.kf_names_build_id, lib.kf_names_content, lib.kf_names_same_files, lib.kf_names_verify

    def _look(self) -> None:
        self.exceeds_memory = False
        self._matchers: List[Any] = []

    def told(self, status: int) -> Any:
        return None

    def take_matcher(self) -> Any:
        """A kf_matcher * that nobody else has."""
        try:
            return self._matchers.pop()
        except IndexError:
            pass
        out, error = ffi.new("kf_matcher **"), ffi.new("kf_error *")
        pointer, free = self.pointer, lib.kfpy_matcher_free
        _errors.check(lib.kf_matcher_create(out, pointer, error), error, self.path)
        return ffi.gc(out[0], lambda matcher: free(pointer, matcher))

    def put_back(self, matcher: Any) -> None:
        """The caller does not need it any more, nor anything that lies in it."""
        self._matchers.append(matcher)

    def stat(self) -> Any:
        """A kf_names_stat."""
        raw = ffi.new("kf_names_stat *", lib.kfpy_names_stat())
        _errors.check(lib.kf_names_get_stat(self.pointer, raw), None, self.path)
        return raw

    def metadata(self, name: str) -> Optional[bytes]:
        """A metadata entry."""
        content = ffi.new("kf_bytes *")
        status = lib.kf_names_metadata(self.pointer, name.encode(), content)
        if status == lib.KF_NOT_FOUND:
            return None
        _errors.check(status, None, self.path)
        return bytes(ffi.buffer(content.data, content.size)) if content.size else b""
