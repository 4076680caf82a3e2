"""Searches for many needles in an index of names, and its rows."""
from __future__ import annotations

import re
from array import array
from typing import Any, Iterator, List, Optional

from . import _errors
from ._builder import thread_count
from ._name_match import NameRow
from ._name_table import Found
from ._name_text import Kinds, attribute_of
from ._names_handle import NamesHandle
from ._native import ffi, lib
from ._progress import Heart, Progress

_ROWS = 1024        # that are read at a time


def new_found() -> Any:
    """A kfpy_found."""
    raw = ffi.gc(lib.kfpy_found_new(), lib.kfpy_found_free)
    if raw == ffi.NULL:
        raise MemoryError
    return raw


def many_options(threads: Optional[int], heart: Heart) -> Any:
    """A kf_names_many_options."""
    options = ffi.new("kf_names_many_options *", lib.kfpy_names_many_options())
    options.threads = thread_count(threads)
    heart.fill(options)
    return options


def _attributes(attributes: List[Optional[str]], places: List[int]) -> Any:
    """A kf_bytes array of the attributes of needles; NULL if none has one. And what must live as long."""
    if not any(each is not None for each in attributes):
        return ffi.NULL, None
    parts = {each: attribute_of(each) for each in set(attributes)}
    kept = {each: ffi.from_buffer(part or b"\0") for each, part in parts.items() if part is not None}
    result = ffi.new("kf_bytes[]", len(places) or 1)
    for number, place in enumerate(places):
        each = attributes[place]
        if each is not None:
            result[number].data, result[number].size = ffi.cast("uint8_t *", kept[each]), len(parts[each] or b"")
    return result, (result, kept)


def _encoded(texts: List[Optional[str]], places: List[int]) -> List[bytes]:
    parts = []
    for place in places:
        try:
            parts.append(str(texts[place]).encode())
        except UnicodeEncodeError as problem:
            raise _errors.ArgumentError(f"item {place} of the needles: {problem}") from None
    return parts


def search(handle: NamesHandle, texts: List[Optional[str]], attributes: List[Optional[str]], options: Any,
           threads: Optional[int], progress: Any) -> Any:
    """A kfpy_found of the texts that are not None, of which it has the numbers; each within its attribute, None: all
    names."""
    if len(attributes) != len(texts):
        raise _errors.ArgumentError(f"by= has {len(attributes)} attributes for {len(texts)} needles")
    places = [place for place, text in enumerate(texts) if text is not None]
    parts = _encoded(texts, places)
    whole, sizes = b"".join(parts), array("Q", map(len, parts))
    count = len(parts)
    found, error = new_found(), ffi.new("kf_error *")
    reports = Progress(progress, count, "needles")
    heart = Heart(lambda phase, done, total: reports.of_all("matching", done, total))
    needles = ffi.new("kf_bytes[]", count or 1)
    data, lengths = ffi.from_buffer(whole), ffi.from_buffer("uint64_t[]", sizes)
    try:
        if count:
            lib.kfpy_texts_split(data, lengths, count, needles)
        many = many_options(threads, heart)
        many.attributes, keep = _attributes(attributes, places)
        status = lib.kf_names_search_many(handle.pointer, needles, count, options, many, lib.kfpy_found_add, found,
                                          error)
        del keep
    finally:
        ffi.release(lengths)
        ffi.release(data)
        reports.close()
    if status:
        heart.raise_failure(status)
        raise _named(_errors.make(status, error, handle.path), places)
    if len(places) < len(texts):
        lib.kfpy_found_renumber(found, places)
    return found


def _named(problem: _errors.Error, places: List[int]) -> _errors.Error:
    """The error with the place of the needle that it is about."""
    told = re.match(r"needle (\d+): ", str(problem))
    if told:
        problem.args = (f"item {places[int(told[1])]} of the needles: {str(problem)[told.end():]}",)
    return problem


def rows(handle: NamesHandle, start: int, kinds: Kinds) -> Iterator[NameRow]:
    """All rows from a position on."""
    out, error = ffi.new("kf_names_iter **"), ffi.new("kf_error *")
    pointer, free = handle.pointer, lib.kfpy_names_iter_free
    _errors.check(lib.kf_names_iter_create(out, pointer, start, error), error, handle.path)
    iterator = ffi.gc(out[0], lambda each: free(pointer, each))

    def read() -> Iterator[NameRow]:
        raw = new_found()
        status = lib.KF_OK
        while status == lib.KF_OK:
            status = lib.kfpy_found_read(raw, iterator, _ROWS, error)
            if status not in (lib.KF_OK, lib.KF_END):
                _errors.check(status, error, handle.path)
            yield from Found([], raw, kinds, False).rows()

    return read()
