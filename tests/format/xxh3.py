"""XXH3 from libxxhash, which building keyfold takes anyway: `of_64` and `of_128`, None where it can't be loaded."""
import ctypes
import ctypes.util


class _Hash128(ctypes.Structure):
    _fields_ = ("low", ctypes.c_uint64), ("high", ctypes.c_uint64)


def _function(library, name, result):
    function = getattr(library, name)
    function.argtypes, function.restype = (ctypes.c_char_p, ctypes.c_size_t), result
    return function


try:
    _library = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
    _of_64 = _function(_library, "XXH3_64bits", ctypes.c_uint64)
    _of_128 = _function(_library, "XXH3_128bits", _Hash128)
except (OSError, AttributeError):
    of_64 = of_128 = None
else:
    def of_64(data):
        return _of_64(data, len(data))

    def of_128(data):
        found = _of_128(data, len(data))
        return found.high << 64 | found.low
