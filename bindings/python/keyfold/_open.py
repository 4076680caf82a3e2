"""open, which knows all kinds of dictionaries."""
from __future__ import annotations

from ._codecs import Codec
from ._dictionary import Dictionary
from ._handle import acquire
from ._light import Later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union

    from . import _nested
    from ._handle import StrPath
    from ._types import OpenKeys
else:
    _nested = Later("_nested")


def open(path: StrPath, *, codec: Union[str, Codec, None] = None, keys: Optional[OpenKeys] = None,
         allow_pickle: bool = False, populate: bool = False,
         in_memory: bool = False) -> "Dictionary[Any, Any]":
    """Opens a file: in well under a millisecond, whatever its size.

    codec, keys   what values and keys are, for files that don't tell (or to read them as something else);
                  files that Python didn't make have str keys, and str, int or no values
    allow_pickle  values may be pickles, and reading them may run any code in them
    populate      read all pages ahead (unless this process has the file open already)
    in_memory     read the whole file instead of mapping it

    >>> _ = keyfold.compile("ages.kf", {"Ann": 31})
    >>> keyfold.open("ages.kf")["Ann"]
    31
    """
    handle = acquire(path, populate=populate, in_memory=in_memory)
    made: Dictionary[Any, Any] = Dictionary(handle, codec=codec, keys=keys, allow_pickle=allow_pickle)
    return _nested.refined(made) if made.key_kind == "nested" else made
