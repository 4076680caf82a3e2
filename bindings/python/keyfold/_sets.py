"""Set operations over dictionaries: unions, intersections, differences, changes, merged files. Nothing is
held in memory; the members are walked side by side in key order."""
from __future__ import annotations

import os
from typing import (TYPE_CHECKING, Any, Dict, Generic, Iterable, Iterator, List, Literal, NamedTuple, Optional,
                    Sequence, Tuple, TypeVar, Union, overload)

from . import _errors
from ._builder import BuildOptions
from ._dictionary import Dictionary
from ._entries import blocks, own
from ._native import ffi, lib
from ._open import open as _open
from ._progress import Heart, Progress

if TYPE_CHECKING:
    from ._handle import StrPath
    from ._types import ChangeKind, Effort, OneValue, Operation

K = TypeVar("K")
V = TypeVar("V")

_OPERATIONS = {"union": lib.KF_SET_UNION, "intersection": lib.KF_SET_INTERSECTION,
               "difference": lib.KF_SET_DIFFERENCE,
               "symmetric_difference": lib.KF_SET_SYMMETRIC_DIFFERENCE}
_VALUES = {"first": lib.KF_SET_VALUES_FIRST, "last": lib.KF_SET_VALUES_LAST, "sum": lib.KF_SET_VALUES_SUM,
           "min": lib.KF_SET_VALUES_MIN, "max": lib.KF_SET_VALUES_MAX, "all": lib.KF_SET_VALUES_ALL}
_CHANGES: Dict[int, ChangeKind] = {lib.KF_CHANGE_ADDED: "added", lib.KF_CHANGE_REMOVED: "removed",
                                   lib.KF_CHANGE_VALUE: "changed"}
_Dictionary = Dictionary[Any, Any]


def _members(dictionaries: Sequence[Any]) -> List[_Dictionary]:
    """The dictionaries, after a check that they go together."""
    if len(dictionaries) == 1 and not isinstance(dictionaries[0], Dictionary) and \
            isinstance(dictionaries[0], Iterable):
        dictionaries = list(dictionaries[0])
    if not dictionaries:
        raise _errors.ArgumentError("no dictionary was given")
    for number, member in enumerate(dictionaries):
        if not isinstance(member, Dictionary):
            raise TypeError(f"member {number} is no keyfold.Dictionary but {type(member).__name__}; "
                            "keyfold.freeze makes one of a dict")
        if member.key_kind == "nested":
            raise _errors.UnsupportedError(
                f"{member.path} is a frozen nested dict, which set operations don't take")
        first = dictionaries[0]
        for what, ours, theirs in (("keys", first.key_kind, member.key_kind),
                                   ("values", first.codec, member.codec)):
            if ours != theirs:
                raise _errors.ValueTypeError(f"{first.path} has {ours} {what}, but {member.path} has "
                                             f"{theirs} {what}: members must agree")
    return list(dictionaries)


class _Within:
    """The part of the keys that an operation is about, as a kf_iter_options *."""

    def __init__(self, member: _Dictionary, prefix: Any, start: Any, stop: Any, limit: Optional[int]) -> None:
        if limit is not None and limit < 0:
            raise _errors.ArgumentError(f"limit={limit}: a count is needed")
        self.options, self._keep = member._bounds(prefix, start, stop, False).options()
        if limit is not None:
            # 0 means no limit to the library.
            self.options.limit = limit
        self.nothing = limit == 0


def _number(table: Dict[str, Any], name: str, what: str) -> Any:
    try:
        return table[name]
    except (KeyError, TypeError):
        raise _errors.ArgumentError(f"{what}={name!r}: there are {', '.join(table)}") from None


def _pointers(members: List[_Dictionary]) -> Tuple[Any, Any]:
    """The kf_dict * array, and a cffi object that keeps the dictionaries open."""
    held = [member._pointer() for member in members]
    return ffi.new("kf_dict *[]", held), ffi.new_handle(held)


def _wanted(member: _Dictionary) -> int:
    if member._type == lib.KF_VALUES_U64:
        return int(lib.KFPY_WANT_NUMBERS)
    return int(lib.KFPY_WANT_VALUES) if member._type == lib.KF_VALUES_BYTES else 0


def _value(member: _Dictionary, values: List[Any], index: int) -> Any:
    if member._type == lib.KF_VALUES_BYTES:
        return member._value(values[index])
    return values[index] if values else None


def _operate(operation: str, dictionaries: Sequence[Any], values: str, prefix: Any, start: Any, stop: Any,
             limit: Optional[int]) -> Iterator[Tuple[Any, Any]]:
    members = _members(dictionaries)
    first = members[0]
    within = _Within(first, prefix, start, stop, limit)
    array, keep = _pointers(members)
    options = ffi.new("kf_set_options *", lib.kfpy_set_options())
    options.values = _number(_VALUES, values, "values")
    options.within = within.options
    out, error = ffi.new("kf_iter **"), ffi.new("kf_error *")
    number = _number(_OPERATIONS, operation, "operation")
    _errors.check(lib.kf_iter_create_set(out, number, array, len(members), options, error), error)
    iterator = own(out[0], keep)
    if within.nothing:
        return iter(())
    return _all_items(first, iterator) if values == "all" else _items(first, iterator)


def _items(first: _Dictionary, iterator: Any) -> Iterator[Tuple[Any, Any]]:
    decode = first._decode_key
    for block in blocks(iterator, want=lib.KFPY_WANT_KEYS | _wanted(first)):
        for index, key in enumerate(block.keys):
            yield decode(key), _value(first, block.values, index)


def _all_items(first: _Dictionary, iterator: Any) -> Iterator[Tuple[Any, Dict[int, Any]]]:
    group: Dict[int, Any] = {}
    current: Optional[bytes] = None
    for block in blocks(iterator, want=lib.KFPY_WANT_KEYS | lib.KFPY_WANT_MATCHES | _wanted(first)):
        sources = [block.matches[index].source for index in range(block.count)]
        for index, key in enumerate(block.keys):
            if key != current:
                if current is not None:
                    yield first._decode_key(current), group
                current, group = key, {}
            group[sources[index]] = _value(first, block.values, index)
    if current is not None:
        yield first._decode_key(current), group


@overload
def union(*dictionaries: Dictionary[K, V], values: OneValue = "first",
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...
@overload
def union(dictionaries: Iterable[Dictionary[K, V]], /, *, values: OneValue = "first",
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...
@overload
def union(*dictionaries: Dictionary[K, V], values: Literal["all"],
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, Dict[int, V]]]: ...
@overload
def union(dictionaries: Iterable[Dictionary[K, V]], /, *, values: Literal["all"],
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, Dict[int, V]]]: ...


def union(*dictionaries: Any, values: str = "first", prefix: Any = None, start: Any = None, stop: Any = None,
          limit: Optional[int] = None) -> Iterator[Tuple[Any, Any]]:
    """The items that any of the dictionaries has, in key order.

    values: which one a key has that several hold: that of the "first" or "last" of them; of integers also
    "sum", "min" and "max"; "all" gives a dict from the member's number to its value. The keys are those that
    begin with `prefix`, from `start`, before `stop`; at most `limit`.

    >>> old = keyfold.compile("old.kf", {"a": 1, "b": 2})
    >>> new = keyfold.compile("new.kf", {"b": 3, "c": 4})
    >>> dict(keyfold.union(old, new, values="sum"))
    {'a': 1, 'b': 5, 'c': 4}
    """
    return _operate("union", dictionaries, values, prefix, start, stop, limit)


@overload
def intersection(*dictionaries: Dictionary[K, V], values: OneValue = "first",
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...
@overload
def intersection(dictionaries: Iterable[Dictionary[K, V]], /, *, values: OneValue = "first",
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...
@overload
def intersection(*dictionaries: Dictionary[K, V], values: Literal["all"],
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, Dict[int, V]]]: ...
@overload
def intersection(dictionaries: Iterable[Dictionary[K, V]], /, *, values: Literal["all"],
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, Dict[int, V]]]: ...


def intersection(*dictionaries: Any, values: str = "first", prefix: Any = None, start: Any = None,
                 stop: Any = None, limit: Optional[int] = None) -> Iterator[Tuple[Any, Any]]:
    """The items whose keys all dictionaries have; see union.

    >>> old = keyfold.compile("old.kf", {"a": 1, "b": 2})
    >>> new = keyfold.compile("new.kf", {"b": 3, "c": 4})
    >>> dict(keyfold.intersection(old, new, values="all"))
    {'b': {0: 2, 1: 3}}
    """
    return _operate("intersection", dictionaries, values, prefix, start, stop, limit)


@overload
def difference(*dictionaries: Dictionary[K, V],
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...
@overload
def difference(dictionaries: Iterable[Dictionary[K, V]], /, *,
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...


def difference(*dictionaries: Any, prefix: Any = None, start: Any = None, stop: Any = None,
               limit: Optional[int] = None) -> Iterator[Tuple[Any, Any]]:
    """The items of the first dictionary whose keys no other has; see union.

    >>> old = keyfold.compile("old.kf", {"a": 1, "b": 2})
    >>> new = keyfold.compile("new.kf", {"b": 3, "c": 4})
    >>> dict(keyfold.difference(old, new))
    {'a': 1}
    """
    return _operate("difference", dictionaries, "first", prefix, start, stop, limit)


@overload
def symmetric_difference(*dictionaries: Dictionary[K, V], values: OneValue = "first",
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...
@overload
def symmetric_difference(dictionaries: Iterable[Dictionary[K, V]], /, *, values: OneValue = "first",
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, V]]: ...
@overload
def symmetric_difference(*dictionaries: Dictionary[K, V], values: Literal["all"],
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, Dict[int, V]]]: ...
@overload
def symmetric_difference(dictionaries: Iterable[Dictionary[K, V]], /, *, values: Literal["all"],
            prefix: Optional[K] = None, start: Optional[K] = None, stop: Optional[K] = None,
            limit: Optional[int] = None) -> Iterator[Tuple[K, Dict[int, V]]]: ...


def symmetric_difference(*dictionaries: Any, values: str = "first", prefix: Any = None, start: Any = None,
                         stop: Any = None, limit: Optional[int] = None) -> Iterator[Tuple[Any, Any]]:
    """The items whose keys an odd number of the dictionaries has; see union.

    >>> old = keyfold.compile("old.kf", {"a": 1, "b": 2})
    >>> new = keyfold.compile("new.kf", {"b": 3, "c": 4})
    >>> dict(keyfold.symmetric_difference(old, new))
    {'a': 1, 'c': 4}
    """
    return _operate("symmetric_difference", dictionaries, values, prefix, start, stop, limit)


if TYPE_CHECKING:
    class Change(NamedTuple, Generic[K, V]):
        """What diff found of a key. `change` is "added", "removed" or "changed"; a value that isn't there is
        None.

        >>> old = keyfold.compile("old.kf", {"a": 1})
        >>> new = keyfold.compile("new.kf", {"a": 2})
        >>> next(keyfold.diff(old, new))
        Change(key='a', change='changed', before=1, after=2)
        """

        key: K
        change: ChangeKind
        before: Optional[V]
        after: Optional[V]
else:   # from Python 3.11 on it can be generic while the program runs
    class Change(NamedTuple):
        """What diff found of a key. `change` is "added", "removed" or "changed"; a value that isn't there is
        None.

        >>> old = keyfold.compile("old.kf", {"a": 1})
        >>> new = keyfold.compile("new.kf", {"a": 2})
        >>> next(keyfold.diff(old, new))
        Change(key='a', change='changed', before=1, after=2)
        """

        key: Any
        change: str
        before: Any
        after: Any


def diff(old: Dictionary[K, V], new: Dictionary[K, V], *, prefix: Optional[K] = None, start: Optional[K] = None,
         stop: Optional[K] = None, limit: Optional[int] = None) -> Iterator[Change[K, V]]:
    """What changed from one dictionary to another, in key order.

    >>> old = keyfold.compile("old.kf", {"a": 1, "b": 2})
    >>> new = keyfold.compile("new.kf", {"b": 3, "c": 4})
    >>> [(change.change, change.key) for change in keyfold.diff(old, new)]
    [('removed', 'a'), ('changed', 'b'), ('added', 'c')]
    """
    _members((old, new))
    within = _Within(old, prefix, start, stop, limit)
    _, keep = _pointers([old, new])
    out, error = ffi.new("kf_iter **"), ffi.new("kf_error *")
    _errors.check(lib.kf_iter_create_diff(out, old._pointer(), new._pointer(), within.options, error), error)
    iterator = own(out[0], keep)
    return iter(()) if within.nothing else _changes(old, iterator)


def _changes(old: _Dictionary, iterator: Any) -> Iterator[Change[Any, Any]]:
    for block in blocks(iterator, want=lib.KFPY_WANT_KEYS | lib.KFPY_WANT_MATCHES | _wanted(old)):
        found = [(_CHANGES[match.change], match.before) for match in block.matches[0:block.count]]
        for index, (change, before) in enumerate(found):
            value = _value(old, block.values, index)
            key = old._decode_key(block.keys[index])
            if change == "changed":
                yield Change(key, change, old.value_at(before), value)
            else:
                yield Change(key, change, *((value, None) if change == "removed" else (None, value)))


def merge(path: StrPath, dictionaries: Iterable[Dictionary[K, V]], operation: Operation = "union",
          values: OneValue = "first", *, prefix: Optional[K] = None, start: Optional[K] = None,
          stop: Optional[K] = None, limit: Optional[int] = None,
          memory: Union[int, str] = "1G", progress: Any = None, tmpdir: Optional[StrPath] = None,
          threads: Optional[int] = None, shards: Optional[int] = None,
          force: bool = False, similarity: bool = False, filter: bool = False, sync: bool = True,
          effort: Effort = "default") -> Dictionary[K, V]:
    """Writes the result of a set operation into the file `path` and opens it; see union. The operation is
    "union", "intersection", "difference" or "symmetric_difference". The path may be a member's own. The last
    options are those of compile.

    >>> old = keyfold.compile("old.kf", {"a": 1, "b": 2})
    >>> new = keyfold.compile("new.kf", {"b": 3, "c": 4})
    >>> dict(keyfold.merge("both.kf", [old, new], values="last"))
    {'a': 1, 'b': 3, 'c': 4}
    """
    if isinstance(dictionaries, Dictionary):
        dictionaries = [dictionaries]
    members = _members(list(dictionaries))
    build = BuildOptions(path, memory=memory, tmpdir=tmpdir, threads=threads, shards=shards, force=force,
                         similarity=similarity, filter=filter, sync=sync, effort=effort)
    within = _Within(members[0], prefix, start, stop, limit)
    if within.nothing:
        raise _errors.ArgumentError("limit=0: there would be nothing to write")
    if str(values) == "all":
        raise _errors.ArgumentError('values="all": a file has one value a key')
    return write(members, build, progress, operation, values, within)


def write(members: List[_Dictionary], build: BuildOptions, progress: Any, operation: str = "union",
          values: str = "first", within: Optional[_Within] = None) -> _Dictionary:
    """Writes what merge asks for, or any one dictionary as a file of its own, and opens it."""
    reports = Progress(progress)
    told = 0

    def beat(phase: int, done: int, total: int) -> None:
        nonlocal told
        if phase in (lib.KF_PHASE_READ, lib.KF_PHASE_MINIMISE) and done > told:
            reports.pairs(done - told)
            told = done
        reports.phase(phase, done, total)

    heart = Heart(beat)
    array, _keep = _pointers(members)
    options = ffi.new("kf_merge_options *", lib.kfpy_merge_options())
    options.operation = _number(_OPERATIONS, operation, "operation")
    options.values = _number(_VALUES, values, "values")
    if within is not None:
        options.within = within.options
    raw = ffi.new("kf_build_options *", lib.kfpy_build_options())
    folder = build.fill(raw)
    heart.fill(raw)
    options.build = raw
    report, error = ffi.new("kf_build_report *", lib.kfpy_build_report()), ffi.new("kf_error *")
    try:
        status = lib.kf_dict_merge(os.fsencode(build.path), array, len(members), options, report, error)
        if status:
            heart.raise_failure(status)
        _errors.check(status, error, build.path)
        reports.pairs(max(0, report.keys - told))
        reports.finished()
    finally:
        reports.close()
        del folder      # which the options pointed to
    rest: Dict[str, Any] = {name: value for name, value in members[0]._options.items() if name != "in_memory"}
    return _open(build.path, **rest)
