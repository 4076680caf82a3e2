"""bundle: several files as one Dictionary, by a small file that names them."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, TypeVar, Union, overload

from . import _errors, _manifest
from ._builder import BuildOptions
from ._dictionary import Dictionary
from ._handle import MEMORY, acquire
from ._open import open as _open
from ._urls import is_url, shown

if TYPE_CHECKING:
    from ._types import MemberMetadata, OpenKeys
    from ._codecs import Codec
    from ._handle import StrPath

K = TypeVar("K")
V = TypeVar("V")
_Path = (str, bytes, os.PathLike)


@overload
def bundle(path: StrPath, members: Iterable[Dictionary[K, V]], *, metadata: MemberMetadata = "same",
           absolute: bool = False, codec: Union[str, Codec, None] = None, keys: Optional[OpenKeys] = None,
           allow_pickle: bool = False, force: bool = False) -> Dictionary[K, V]: ...
@overload
def bundle(path: StrPath, members: Union[StrPath, Iterable[Union[StrPath, Dictionary[Any, Any]]]], *,
           metadata: MemberMetadata = "same", absolute: bool = False, codec: Union[str, Codec, None] = None,
           keys: Optional[OpenKeys] = None, allow_pickle: bool = False,
           force: bool = False) -> Dictionary[Any, Any]: ...


def bundle(path: StrPath, members: Any, *, metadata: MemberMetadata = "same", absolute: bool = False,
           codec: Union[str, Codec, None] = None, keys: Optional[OpenKeys] = None,
           allow_pickle: bool = False, force: bool = False) -> Dictionary[Any, Any]:
    """Writes the manifest `path` (say all.kfm) of files whose ranges of keys do not overlap, and opens it: one
    Dictionary of all their items, as open gives for this path from then on. Nothing of the files is copied, so
    it takes the same moment whatever their size.

    path        may be a URL: then the members are URLs of files in its folder, or below
    members     paths, or Dictionaries, which stand for their files; in any order. Those without keys are left
                out; one may have shards. In the place of a manifest of files without them these are named. They
                must stay as they are: whatever first touches one that is gone fails (FileNotFoundError), or that was
                replaced (Replaced, or FormatError)
    metadata    what the manifest has of theirs: "same", and they must not differ; "common", the entries that
                all agree on; "none"
    absolute    names them by absolute paths. Else those in or near the manifest's folder are named relative to
                it, so that all can be moved together
    codec, keys, allow_pickle   as in open
    force       as in compile

    >>> days = [keyfold.compile(f"{day}.kf", {f"{day} 00:00": 1.5}) for day in ("Mon", "Tue")]
    >>> week = keyfold.bundle("week.kfm", days)
    >>> len(week), week["Tue 00:00"]
    (2, 1.5)
    """
    build = None if is_url(path) else BuildOptions(path)
    if metadata not in _manifest.METADATA:
        raise _errors.ArgumentError(f"metadata={metadata!r}: there are {', '.join(_manifest.METADATA)}")
    given = _listed(members)
    rest: Dict[str, Any] = next((dict(member._options) for member in given if isinstance(member, Dictionary)), {})
    rest.pop("in_memory", None)
    rest.update({name: value for name, value in
                 (("codec", codec), ("keys", keys), ("allow_pickle", allow_pickle)) if value})
    paths = [member.path if isinstance(member, Dictionary) else member if is_url(member)
             else os.path.abspath(os.fsdecode(member)) for member in given]
    found = _agreed(given, paths, rest)
    if build is None:
        from ._bundle_urls import write_at_url
        target = str(path)
        write_at_url(target, paths, metadata, absolute, force)
    else:
        away = next((place for place in paths if is_url(place)), None)
        if away is not None:
            raise _errors.ArgumentError(f"{shown(away)} is a URL, and the manifest of a folder names files: let its "
                                        "path be a URL too, in the same folder or above")
        target = build.path
        _manifest.write(target, paths, metadata, absolute, force)
    table = _open(target, **rest)
    if found and (table.key_kind, table.codec) != found:
        # The manifest does not tell, but the members did.
        table = _open(target, **{**rest, "keys": found[0], "codec": rest.get("codec") or found[1]})
    return table


def _listed(members: Any) -> List[Any]:
    given = [members] if isinstance(members, (Dictionary, *_Path)) else list(members)
    for number, member in enumerate(given):
        if not isinstance(member, (Dictionary, *_Path)):
            raise TypeError(f"member {number} is neither a path nor a keyfold.Dictionary but "
                            f"{type(member).__name__}")
        if isinstance(member, Dictionary) and member.path == MEMORY:
            raise _errors.ArgumentError(f"member {number} is in memory, and a manifest names files: write it to one "
                                        "with keyfold.freeze(table, path)")
    if not given:
        raise _errors.ArgumentError("no member was given")
    return given


def _agreed(given: List[Any], paths: List[str], rest: Dict[str, Any]) -> Any:
    """What keys and values of all members are, after a check that they go together. The library knows of the
    values only whether they are integers. The files are looked at, as a Dictionary may be of one that was
    replaced since."""
    found: Any = None
    first = ""
    for member, place in zip(given, paths):
        there: Dictionary[Any, Any] = Dictionary(acquire(place), **rest)
        if isinstance(member, Dictionary) and there.build_id != member.build_id:
            raise _errors.Replaced(f"{place} was replaced since the dictionary was opened")
        if there.key_kind == "nested" and len(given) > 1:
            raise _errors.UnsupportedError(f"{place} is a frozen nested dict, which has all ranges of keys")
        if not len(there):
            continue
        if found is None:
            found, first = (there.key_kind, there.codec), place
        for what, ours, theirs in zip(("keys", "values"), found, (there.key_kind, there.codec)):
            if ours != theirs:
                raise _errors.ValueTypeError(f"{first} has {ours} {what}, but {place} has {theirs} {what}: "
                                             "members must agree")
    return found
