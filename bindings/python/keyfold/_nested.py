"""Nested dicts in one file: a leaf lies under its path, so that d["a"]["b"] decodes nothing but the leaf.

A path is encoded as the tuple of its keys (see _keys). Every dict, the outermost and empty ones too, has an
entry of its own under its path and a byte 00, which no tuple's encoding goes on with; the entry's value is
the number of its keys, as an integer where the leaves are integers in the file, else in as few bytes as hold
it, little-endian.

    {"a": {"b": 1, "c": {}}, "d": 2}        00 -> 2            03 a 00 00 -> 2       03 a 00 03 b 00 -> 1
                                            03 a 00 03 c 00 00 -> 0                  03 d 00 -> 2

Byte order puts a dict's own entry before its content, and its content together.
"""
from __future__ import annotations

from collections import abc
from itertools import islice

from . import _batch, _errors, _integers, _keys
from ._bounds import Bounds
from ._dictionary import Dictionary
from ._keys import decode_step, encode_step
from ._late import arrive
from ._light import Later
from ._native import ffi, lib
from ._views import ItemsView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple, Union

    from . import _columns
    from ._types import Output
else:
    _columns = Later("_columns")

_OWN = b"\x00"          # what a dict's own entry ends with
_BEHIND = _integers.FRACTION    # greater than every tag of an element
_missing = object()


def _step_end(data: bytes, at: int) -> int:
    """Where the step that begins at a position ends."""
    depth = 0
    try:
        while True:
            tag = data[at]
            at += 1
            if tag in (0x02, 0x03):
                at = data.index(b"\x00", at) + 1
            elif tag == 0x04:
                depth += 1
            elif tag == 0x05:
                at = _keys.take_number(data, at)[1]
            elif tag == 0x00 and depth:
                depth -= 1
            elif tag == 0x00:
                break
            elif tag != 0x01:
                from . import _elements
                at = _elements.take(tag, data, at)[1]
            if depth == 0:
                return at
    except (IndexError, ValueError, OverflowError):
        pass
    raise _errors.CorruptError("a key that is no path of a nested dict")


def own_entry(prefix: bytes) -> bytes:
    """The key of the entry of the dict at a path."""
    return prefix + _OWN


def encode_size(size: int) -> bytes:
    """The value of a dict's own entry, where values are bytes."""
    return size.to_bytes((size.bit_length() + 7) // 8, "little")


def _size(file: Dictionary[Any, Any], prefix: bytes) -> Optional[int]:
    """How many keys the dict at a path has; None if there is no dict."""
    size = file._entry(prefix + _OWN, None, True)
    return int.from_bytes(size, "little") if isinstance(size, bytes) else size


def _lookup(file: Dictionary[Any, Any], prefix: bytes, key: Any) -> Any:
    try:
        encoded = prefix + encode_step(key)
    except (TypeError, ValueError):
        return _missing
    value = file._entry(encoded, _missing, False)
    if value is _missing and _size(file, encoded) is not None:
        return SubDictionary(file, encoded)
    return value


def _contains(file: Dictionary[Any, Any], prefix: bytes, key: Any) -> bool:
    try:
        encoded = prefix + encode_step(key)
    except (TypeError, ValueError):
        return False
    return Dictionary.__contains__(file, encoded) or Dictionary.__contains__(file, encoded + _OWN)


def _begin(prefix: Any) -> bytes:
    """What the steps of keys with a prefix begin with."""
    if prefix is None:
        return b""
    if not isinstance(prefix, (str, bytes)):
        raise TypeError(f"a prefix must be str or bytes here, not {type(prefix).__name__}")
    return _keys._encode_tuple((prefix,))[:-1]


def _entries(file: Dictionary[Any, Any], prefix: bytes, values: bool,
             begin: bytes = b"") -> Iterator[Tuple[bytes, Any, bool]]:
    """The encoded keys of the dict at a path, their encoded values, and whether those are dicts."""
    start = b""
    stop = prefix + _BEHIND if prefix else None
    while True:
        inside = None     # the path of the dict whose content is being passed over
        for block in ItemsView(file)._blocks(Bounds(prefix + begin, start, stop, False), True, values):
            contents = block.values if values else [None] * block.count
            for key, value in zip(block.keys, contents):
                if inside is not None and key.startswith(inside) and not key.startswith(_BEHIND, len(inside)):
                    continue
                if len(key) == len(prefix) + 1 and key.endswith(_OWN):
                    continue
                end = _step_end(key, len(prefix))
                inside = key[:end] if end < len(key) else None
                if inside is not None and key[end:] != _OWN:
                    raise _errors.CorruptError(f"{file.path}: the content of a nested dict without its entry")
                yield key[len(prefix):end], value, inside is not None
            if inside is not None and block.keys[-1] != inside + _OWN and len(block.keys) > 64:
                break     # a search is shorter than passing over what may be millions
        else:
            return
        assert inside is not None
        if inside + _BEHIND <= start:       # or this might never end
            raise _errors.CorruptError(f"{file.path}: keys out of order")
        start = inside + _BEHIND


def _items(file: Dictionary[Any, Any], prefix: bytes, begin: bytes) -> Iterator[Tuple[Any, Any]]:
    numbers = file._type == lib.KF_VALUES_U64
    for key, value, nested in _entries(file, prefix, True, begin):
        if nested:
            value = SubDictionary(file, prefix + key)
        elif not numbers:
            value = file._value(value)
        yield decode_step(key), value


def _many(file: Dictionary[Any, Any], prefix: bytes, keys: Any, default: Any, output: str) -> Any:
    """get_many of the dict at a path. What is no leaf may be a dict, so absent keys are looked up again."""
    _columns.refuse_one(keys)
    for convert in ("to_pylist", "to_list"):    # of columns, whose keys are encoded one by one all the same
        if hasattr(keys, convert):
            keys = getattr(keys, convert)()
            break
    keys = list(keys)

    def found(suffix: bytes, wanted: Any) -> Any:
        def encode(key: Any) -> bytes:
            return prefix + encode_step(key) + suffix

        kind = _keys.KeyKind("nested", encode, decode_step, False)
        return file._found(wanted, lib.kfpy_lookup_find, kind)

    _batch._check_output(output)
    leaves = found(b"", keys)
    missing = _batch._missing(leaves)
    inner = found(_OWN, [keys[place] for place in missing])
    absent = set(_batch._missing(inner))
    dicts = [place for number, place in enumerate(missing) if number not in absent]
    if dicts and output != "list":
        raise TypeError(f"the value of item {dicts[0]}, {keys[dicts[0]]!r:.100}, is a dict, which no array "
                        'holds: output="list"')
    values = file._results(leaves, default, output)
    for place in dicts:
        values[place] = SubDictionary(file, prefix + encode_step(keys[place]))
    return values


class _View:
    """Keys, values or items of a SubDictionary, or those whose keys' encoded steps begin with something."""

    __slots__ = ()
    _mapping: "SubDictionary"
    _begin: bytes

    def __init__(self, mapping: "SubDictionary", begin: bytes = b"") -> None:
        self._mapping = mapping   # type: ignore[misc]
        self._begin = begin   # type: ignore[misc]

    def __len__(self) -> int:
        if not self._begin:
            return len(self._mapping)
        return sum(1 for _ in self._entries())

    def _entries(self) -> Iterator[Tuple[bytes, Any, bool]]:
        return _entries(self._mapping._file, self._mapping._prefix, False, self._begin)

    def _items(self) -> Iterator[Tuple[Any, Any]]:
        return _items(self._mapping._file, self._mapping._prefix, self._begin)

    def _holds(self, key: Any) -> bool:
        try:
            return encode_step(key).startswith(self._begin)
        except (TypeError, ValueError):
            return False

    @classmethod
    def _from_iterable(cls, items: Any) -> Any:
        return set(items)

    def __repr__(self) -> str:
        return f"<{type(self).__name__[1:]} of {self._mapping!r}>"


class _Keys(_View, abc.KeysView["Any"]):
    __slots__ = ("_begin",)

    def __iter__(self) -> Iterator[Any]:
        return (decode_step(key) for key, _, _ in self._entries())

    def __contains__(self, key: object) -> bool:
        return self._holds(key) and key in self._mapping


class _Items(_View, abc.ItemsView["Any", "Any"]):
    __slots__ = ("_begin",)

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        return self._items()

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, tuple) or len(item) != 2 or not self._holds(item[0]):
            return False
        value = self._mapping.get(item[0], _missing)
        return value is not _missing and (value is item[1] or bool(value == item[1]))


class _Values(_View, abc.ValuesView["Any"]):
    __slots__ = ("_begin",)

    def __iter__(self) -> Iterator[Any]:
        return (value for _, value in self._items())

    def __contains__(self, value: object) -> bool:
        return any(each is value or each == value for each in self)


def _refusal(name: str) -> str:
    return (f"a frozen nested dict has no {name}: it is for d[key][key]. A flat Dictionary has it: "
            "keyfold.freeze(d.to_dict(), nested=False) makes one, whose values the inner dicts are")


def _equal(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> bool:
    if len(first) != len(second):
        return False
    for key, value in first.items():
        theirs = second.get(key, _missing)
        if theirs is _missing or (theirs is not value and theirs != value):
            return False
    return True


class SubDictionary(abc.Mapping):   # type: ignore[type-arg]
    """A dict within a frozen nested dict: a read-only Mapping that decodes only what is asked for. It pickles
    as its file and its path in there.

    >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
    >>> cat = table["cat"]
    >>> cat["fr"], len(cat), sorted(cat)
    ('chat', 2, ['de', 'fr'])
    """

    __slots__ = ("_file", "_prefix")

    def __init__(self, file: Dictionary[Any, Any], prefix: bytes) -> None:
        """Not for you: take it out of a Dictionary."""
        self._file = file
        self._prefix = prefix

    def __len__(self) -> int:
        size = _size(self._file, self._prefix)
        if size is None:
            raise _errors.CorruptError(f"{self._file.path}: a nested dict without its entry")
        return size

    def __contains__(self, key: object) -> bool:
        return _contains(self._file, self._prefix, key)

    def _ipython_key_completions_(self) -> List[Any]:
        return list(islice(self, 1000))

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or the default.

        >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
        >>> cat = table["cat"]
        >>> cat.get("es", "?")
        '?'
        """
        value = _lookup(self._file, self._prefix, key)
        return default if value is _missing else value

    def __getitem__(self, key: Any) -> Any:
        value = _lookup(self._file, self._prefix, key)
        if value is _missing:
            raise _errors.NotFound(key)
        return value

    def __iter__(self) -> Iterator[Any]:
        return iter(_Keys(self))

    def keys(self, prefix: Union[str, bytes, None] = None) -> abc.KeysView[Any]:
        """A view of the keys, or of those str or bytes that begin with `prefix`.

        >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
        >>> cat = table["cat"]
        >>> list(cat.keys(prefix="d"))
        ['de']
        """
        return _Keys(self, _begin(prefix))

    def items(self, prefix: Union[str, bytes, None] = None) -> abc.ItemsView[Any, Any]:
        """A view of the keys with their values.

        >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
        >>> cat = table["cat"]
        >>> list(cat.items())
        [('de', 'Katze'), ('fr', 'chat')]
        """
        return _Items(self, _begin(prefix))

    def values(self, prefix: Union[str, bytes, None] = None) -> abc.ValuesView[Any]:
        """A view of the values.

        >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
        >>> cat = table["cat"]
        >>> list(cat.values())
        ['Katze', 'chat']
        """
        return _Values(self, _begin(prefix))

    def get_many(self, keys: Any, default: Any = None, *, output: Output = "list") -> Any:
        """The values of many keys, as Dictionary.get_many; those that are dicts only in a list.

        >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
        >>> cat = table["cat"]
        >>> cat.get_many(["fr", "es"])
        ['chat', None]
        """
        return _many(self._file, self._prefix, keys, default, output)

    def packed(self) -> "SubDictionary":
        """This dict as one that travels with its file's content, as Dictionary.packed.

        >>> import pickle
        >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
        >>> pickle.loads(pickle.dumps(table["cat"].packed()))["fr"]
        'chat'
        """
        return SubDictionary(self._file.packed(), self._prefix)

    if not TYPE_CHECKING:
        def __getattr__(self, name: str) -> Any:
            if not name.startswith("_") and hasattr(Dictionary, name):
                raise AttributeError(_refusal(name))
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def to_dict(self) -> Dict[Any, Any]:
        """A dict of dicts with the same content.

        >>> table = keyfold.freeze({"cat": {"de": "Katze", "fr": "chat"}})
        >>> cat = table["cat"]
        >>> cat.to_dict()
        {'de': 'Katze', 'fr': 'chat'}
        """
        result: Dict[Any, Any] = {}
        waiting: List[Tuple[Dict[Any, Any], SubDictionary]] = [(result, self)]
        while waiting:
            target, source = waiting.pop()
            for key, value in source.items():
                if isinstance(value, SubDictionary):
                    inner: Dict[Any, Any] = {}
                    waiting.append((inner, value))
                    value = inner
                target[key] = value
        return result

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NestedDictionary):
            other = SubDictionary(other, b"")
        if isinstance(other, SubDictionary) and self._prefix == other._prefix and \
                self._file.build_id == other._file.build_id and self._file.codec == other._file.codec:
            return True
        return _equal(self, other) if isinstance(other, abc.Mapping) else NotImplemented

    __hash__ = None   # type: ignore[assignment]

    def __repr__(self) -> str:
        if not self._file._is_open():
            return f"<keyfold.SubDictionary of {self._file!r}>"
        return f"<keyfold.SubDictionary of {self._file.path!r}: {len(self)} keys>"

    def __reduce__(self) -> Tuple[Any, ...]:
        return SubDictionary, (self._file, self._prefix)

    def __copy__(self) -> "SubDictionary":
        return self

    def __deepcopy__(self, memo: Any) -> "SubDictionary":
        return self


class NestedDictionary(Dictionary["Any", "Any"]):
    """A frozen nested dict. What has no meaning for one is refused."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> Tuple[Any, ...]:
        return _reopen, self._arguments(protocol)

    def _root(self) -> SubDictionary:
        return SubDictionary(self, b"")

    def __len__(self) -> int:
        return len(self._root())

    def __contains__(self, key: object) -> bool:
        return _contains(self, b"", key)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or the default."""
        value = _lookup(self, b"", key)
        return default if value is _missing else value

    def __getitem__(self, key: Any) -> Any:
        value = _lookup(self, b"", key)
        if value is _missing:
            raise _errors.NotFound(key)
        return value

    def __iter__(self) -> Iterator[Any]:
        yield from self._root()

    def __reversed__(self) -> Iterator[Any]:
        return iter(list(self._root())[::-1])

    def keys(self, prefix: Any = None) -> Any:   # type: ignore[override]
        """A view of the keys, or of those str or bytes that begin with `prefix`."""
        return self._root().keys(prefix)

    def items(self, prefix: Any = None) -> Any:   # type: ignore[override]
        """A view of the keys with their values."""
        return self._root().items(prefix)

    def values(self, prefix: Any = None) -> Any:   # type: ignore[override]
        """A view of the values."""
        return self._root().values(prefix)

    def to_dict(self) -> Dict[Any, Any]:
        """A dict of dicts with the same content."""
        return self._root().to_dict()

    def get_many(self, keys: Any, default: Any = None, *, output: Output = "list") -> Any:
        """The values of many keys, as Dictionary.get_many; those that are dicts only in a list."""
        return _many(self, b"", keys, default, output)

    def __eq__(self, other: object) -> bool:
        return self is other or self._root().__eq__(other)

    __hash__ = None


NestedDictionary.__name__ = NestedDictionary.__qualname__ = "Dictionary"
_SENSIBLE = {"stat", "verify", "close", "path", "build_id", "key_kind", "codec", "closed", "metadata", "normalise",
             "packed", "refresh"}


def _refused(name: str) -> Callable[..., Any]:
    def refuse(self: Any, *arguments: Any, **options: Any) -> Any:
        raise _errors.UnsupportedError(_refusal(name))
    return refuse


for _name in dir(Dictionary):
    if not _name.startswith("_") and _name not in vars(NestedDictionary) and _name not in _SENSIBLE:
        setattr(NestedDictionary, _name, _refused(_name))


def refined(file: Dictionary[Any, Any]) -> NestedDictionary:
    """What has just been opened and turned out to be a nested dict, as one."""
    file.__class__ = NestedDictionary
    assert isinstance(file, NestedDictionary)
    return file


def _reopen(path: str, build_id: bytes, options: Mapping[str, Any] = {}, content: Any = None) -> NestedDictionary:
    return arrive(NestedDictionary, path, build_id, options, content)
