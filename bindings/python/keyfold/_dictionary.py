"""Dictionary: a file of keys and values as a read-only Mapping."""
from __future__ import annotations

import operator
from collections import abc

from . import _errors
from ._batch import Batches
from ._bounds import EVERYTHING
from ._handle import MEMORY, acquire
from ._integers import FRACTION as _FRACTION
from ._late import arrive
from ._light import Later
from ._native import ffi, lib
from ._search import Searches
from ._views import ItemsView, KeysView, ValuesView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Mapping, NoReturn, Optional, Tuple, TypeVar, Union, overload

    import pandas
    import polars
    import pyarrow

    from . import _export

    K = TypeVar("K")
    V = TypeVar("V", covariant=True)
    T = TypeVar("T")
    from . import _packed
else:
    from ._light import Later, overload

    _packed = Later("_packed")

    _export = Later("_export")

_unpack = ffi.unpack
_INLINE = lib.KFPY_INLINE
_slots: List[Any] = []          # of kfpy_slot_new; whoever needs one takes it and puts it back
_NAN = float("nan")
_COMPLETIONS = 1000
_LARGEST_KEPT = 1 << 20         # a slot that may have grown larger is freed


def _new_slot() -> Any:
    slot = lib.kfpy_slot_new()
    if slot == ffi.NULL:
        raise MemoryError
    return ffi.gc(slot, lib.kfpy_slot_free)


def _reopen(path: str, build_id: bytes, options: Mapping[str, Any] = {},
            content: Any = None) -> "Dictionary[Any, Any]":
    return arrive(Dictionary, path, build_id, options, content)


class Dictionary(Batches["K", "V"], Searches["K", "V"]):
    """A read-only Mapping over a file, in key order. Made by open, compile, freeze, merge and bundle.

    Any number of threads may use it. A single lookup keeps the GIL, as a dict's does, unless the file needs
    more than half of the memory; all else that searches or reads lets other threads run. It is not hashable, as
    it equals any Mapping with the same items.

    In pandas take keyfold.pandas.lookup(series, table): series.map(table) calls Python for each item, and before
    pandas 3 it first walks the whole table.

    It pickles as the file's path and build id. What arrives in another process opens the file when it is first
    used, and that raises NoFile or Replaced if the file is not there; processes share the file's memory.
    packed() gives one that travels with its content.

    >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
    >>> table["Peru"], table.get("Chile"), "Poland" in table, len(table)
    ('Lima', None, True, 2)
    >>> dict(table)
    {'Peru': 'Lima', 'Poland': 'Warsaw'}
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> Tuple[Any, ...]:
        return _reopen, self._arguments(protocol)

    def _arguments(self, protocol: int) -> Tuple[Any, ...]:
        content = self._origin().content(protocol)
        if content is not None:
            return "", self.build_id, self._options, content
        arguments: Tuple[Any, ...] = (self.path, self.build_id)
        return arguments + (self._options,) if self._options else arguments

    def refresh(self) -> Dictionary[K, V]:
        """What is at this table's path or URL now: itself if that is the same, else a new table; this one stays as it
        is. A URL is looked up anew. Files are replaced as a whole by keyfold.publish, compile and Shards.

        >>> table = keyfold.compile("today.kf", {"a": 1})
        >>> _ = keyfold.compile("today.kf", {"a": 2})
        >>> table["a"], table.refresh()["a"]
        (1, 2)
        """
        origin = self._origin()
        if self.closed or origin.path == MEMORY:
            self._pointer()
            return self
        handle = acquire(origin.path, in_memory=origin.in_memory, max_age=0.0)
        if handle.build_id == origin.build_id:
            return self
        home: Any = type(self) if self._is_open() else type(self).__mro__[1]      # see _late
        made = home.__new__(home)
        home.__init__(made, handle, **{name: each for name, each in self._options.items() if name != "in_memory"})
        return made     # type: ignore[no-any-return]

    def packed(self: T) -> T:
        """This table as one that travels with its content, for processes that can't open its file: on another host,
        say. It differs only when it is pickled. Where it arrives, the content is kept in the cache folder
        ($KEYFOLD_CACHE, see freeze) for all processes there, or in memory if that can't be written.

        Each pickle holds all of the file, so give it to workers once, not with each task. Of a manifest (bundle) one
        file is made first, in the cache folder here.

        >>> import os, pickle
        >>> sent = pickle.dumps(keyfold.compile("ages.kf", {"Ann": 31, "Bo": 27}).packed())
        >>> os.unlink("ages.kf")
        >>> pickle.loads(sent)["Bo"]
        27
        """
        return _packed.packed(self)   # type: ignore[no-any-return]

    # ---- order --------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[K]:
        return iter(KeysView(self))

    def __reversed__(self) -> Iterator[K]:
        return reversed(KeysView(self))

    def keys(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
             reverse: bool = False) -> KeysView[K]:
        """A view of the keys that begin with `prefix`, from `start`, before `stop`.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> list(words.keys("walk"))
        ['walk', 'walked', 'walking']
        >>> list(words.keys(start="w", stop="walking", reverse=True))
        ['walked', 'walk']
        """
        return KeysView(self, self._bounds(prefix, start, stop, reverse))

    def values(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
               reverse: bool = False) -> ValuesView[V]:
        """A view of those keys' values.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> sum(words.values("walk"))
        34
        """
        return ValuesView(self, self._bounds(prefix, start, stop, reverse))

    def items(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
              reverse: bool = False) -> ItemsView[K, V]:
        """A view of those keys with their values.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> list(words.items("walki"))
        [('walking', 20)]
        """
        return ItemsView(self, self._bounds(prefix, start, stop, reverse))

    def count_prefix(self, prefix: K) -> int:
        """How many keys begin with a prefix, without enumerating them.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.count_prefix("walk")
        3
        """
        return len(self.keys(prefix))

    def ordinal(self, key: K) -> int:
        """The rank of a key among all keys, from 0. Raises NotFound.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.ordinal("walk")
        1
        """
        encoded = self._encoded(key)
        if encoded is not None:
            number = lib.kfpy_ordinal(self._c, encoded, len(encoded))
            if number.status == 0:
                return number.value   # type: ignore[no-any-return]
            self._failed(number.status)
        raise _errors.NotFound(key)

    def _index(self, ordinal: int) -> int:
        size = len(self)
        place = operator.index(ordinal)
        if place < 0:
            place += size
        if not 0 <= place < size:
            raise IndexError(f"no key with the ordinal {ordinal}: there are {size}")
        return place

    def _taken(self, function: Callable[..., int], place: int) -> bytes:
        """The bytes that kfpy_key_at or kfpy_value_at finds."""
        c = self._pointer()
        try:
            slot = _slots.pop()
        except IndexError:
            slot = _new_slot()
        size = function(c, place, slot)
        if size < 0:
            raise _errors.make(-1 - size, None, self.path)
        data: bytes = _unpack(slot if size <= _INLINE else lib.kfpy_slot_data(slot), size)
        if size <= _LARGEST_KEPT:
            _slots.append(slot)
        return data

    def key_at(self, ordinal: int) -> K:
        """The key with an ordinal; negative ones count from the end. Raises IndexError.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.key_at(0), words.key_at(-1)
        ('talk', 'walking')
        """
        key: K = self._decode_key(self._taken(lib.kfpy_key_at, self._index(ordinal)))
        return key

    def value_at(self, ordinal: int) -> V:
        """The value of the key with an ordinal.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.value_at(0)
        7
        """
        place = self._index(ordinal)
        if self._type == lib.KF_VALUES_NONE:
            return None   # type: ignore[return-value]
        if self._type == lib.KF_VALUES_U64:
            number = lib.kfpy_u64_at(self._c, place)
            if number.status:
                self._failed(number.status)
            return number.value   # type: ignore[no-any-return]
        return self._value(self._taken(lib.kfpy_value_at, place))   # type: ignore[no-any-return]

    # ---- as a table ---------------------------------------------------------------------------

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        """Arrow's stream protocol: columns "key" and "value" (none of a set of keys) in the order of the keys, in
        batches of up to 65536 rows and some 4 MiB, so that a table needs no memory as a whole. What items() returns
        has it too, for a prefix or a range.

        polars.DataFrame(table)
        duckdb.sql("select * from table_of_mine where value > 5")
        pyarrow.RecordBatchReader.from_stream(table.items(prefix="a"))

        Types are those of get_many(output="arrow"); keys are large_string, large_binary, int64 or uint64, strings
        with offsets of 32 bits if the requested schema says so. TypeError for tuples as keys, and for codecs whose
        values have no Arrow type of their own.
        """
        return _export.stream(self, EVERYTHING, requested_schema)

    def to_arrow(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
                 reverse: bool = False) -> pyarrow.Table:
        """A pyarrow.Table of those entries, as items() takes them: columns "key" and "value". Values of codecs without
        an Arrow type get the one that suits all of them; TypeError if there is none.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.to_arrow("Po").to_pylist()
        [{'key': 'Poland', 'value': 'Warsaw'}]
        """
        made: pyarrow.Table = _export.to_arrow(self.items(prefix, start=start, stop=stop, reverse=reverse))
        return made

    def to_pandas(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
                  reverse: bool = False) -> pandas.DataFrame:
        """A pandas.DataFrame of those entries. Tuples as keys, and values that are no numbers, bytes or str, are
        objects.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.to_pandas().set_index("key")["value"]["Peru"]
        'Lima'
        """
        made: pandas.DataFrame = _export.to_pandas(self.items(prefix, start=start, stop=stop, reverse=reverse))
        return made

    def to_polars(self, prefix: Optional[K] = None, *, start: Optional[K] = None, stop: Optional[K] = None,
                  reverse: bool = False) -> polars.DataFrame:
        """A polars.DataFrame of those entries, as to_arrow.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima", "Poland": "Warsaw"})
        >>> table.to_polars(start="Pf").rows()
        [('Poland', 'Warsaw')]
        """
        made: polars.DataFrame = _export.to_polars(self.items(prefix, start=start, stop=stop, reverse=reverse))
        return made

    # ---- for others -------------------------------------------------------------------------

    def __call__(self, key: Any) -> Any:
        """The value of a key, or NaN. For pandas: s.map(table) would walk the whole table if it were only a Mapping;
        from pandas 3 on it asks a function for each item. keyfold.pandas.lookup asks for all at once.

        >>> table = keyfold.compile("capitals.kf", {"Peru": "Lima"})
        >>> list(map(table, ["Peru", "Chile"]))
        ['Lima', nan]
        """
        return self.get(key, _NAN)

    def _ipython_key_completions_(self) -> List[K]:
        """Keys that IPython and Jupyter offer behind table[: the first thousand."""
        from itertools import islice
        return list(islice(self, _COMPLETIONS))

    # ---- prefixes of a text -------------------------------------------------------------------

    def _beginning(self, text: bytes, size: int) -> Any:
        """The key that so many bytes of a text are, whatever their form there."""
        if self._handle.normalise:
            return self.key_at(lib.kfpy_ordinal(self._c, text, size).value)
        return self._decode_key(text[:size])

    def _text(self, text: Any) -> bytes:
        if not self._keys.has_prefixes:
            raise TypeError(f"{self._keys.name} keys have no prefixes")
        return self._encode(text)

    def _splits(self, encoded: bytes, size: int) -> bool:
        """Whether so much of an encoded tuple would end within a number: in 2.5 behind the 2."""
        return self._keys.name == "tuple" and encoded.startswith(_FRACTION, size)

    @overload
    def longest_prefix(self, text: K, default: None = None) -> Optional[K]: ...
    @overload
    def longest_prefix(self, text: K, default: T) -> Union[K, T]: ...

    def longest_prefix(self, text: Any, default: Any = None) -> Any:
        """The longest key that begins a text, or the default.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.longest_prefix("walkers")
        'walk'
        """
        encoded = self._text(text)
        number = lib.kfpy_longest_prefix(self._pointer(), encoded, len(encoded))
        if number.status == 0 and self._splits(encoded, number.value):
            return (self.prefixes(text) or [default])[-1]
        if number.status == 0:
            return self._beginning(encoded, number.value)
        self._failed(number.status)
        return default

    def prefixes(self, text: K) -> List[K]:
        """All keys that begin a text, shortest first.

        >>> words = keyfold.compile("words.kf", {"talk": 7, "walk": 5, "walked": 9, "walking": 20})
        >>> words.prefixes("walked home")
        ['walk', 'walked']
        """
        encoded = self._text(text)
        c = self._pointer()
        capacity = 16
        while True:
            matches = ffi.new("kf_prefix_match[]", capacity)
            count = ffi.new("size_t *")
            status = lib.kf_dict_prefixes(c, encoded, len(encoded), matches, capacity, count)
            _errors.check(status, None, self.path)
            if count[0] < capacity or capacity > len(encoded):
                sizes = [matches[i].size for i in range(count[0])]
                return [self._beginning(encoded, size) for size in sizes if not self._splits(encoded, size)]
            capacity *= 8

    # ---- comparing ----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, abc.Mapping):
            return NotImplemented
        if isinstance(other, Dictionary) and self._same(other):
            return True
        if len(self) != len(other):
            return False
        absent = object()
        for key, value in self.items():
            theirs = other.get(key, absent)
            if theirs is not value and (theirs is absent or theirs != value):
                return False
        return True

    __hash__ = None   # type: ignore[assignment]

    def _same(self, other: "Dictionary[Any, Any]") -> bool:
        return (self.build_id == other.build_id and self._keys is other._keys and self._codec is other._codec)

    def _refuse(self, other: object) -> NoReturn:
        raise TypeError("a keyfold.Dictionary is read-only and has no |: keyfold.merge writes a new file, "
                        "and {**a, **b} makes a dict")

    __or__ = __ror__ = __ior__ = _refuse
