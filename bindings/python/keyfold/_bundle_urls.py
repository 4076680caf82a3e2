"""bundle: manifests behind URLs, of files behind URLs beside them."""
from __future__ import annotations

import os
import posixpath
import tempfile
from typing import Iterator, List, Tuple

from . import _errors, _manifest
from ._cache import lend
from ._fetch import fetch, members_of
from ._handle import acquire
from ._places import Store
from ._remote import beside
from ._urls import is_url, shown


def write_at_url(url: str, members: List[str], metadata: str, absolute: bool, force: bool) -> None:
    """Publishes the manifest. The files are in the cache, from where their names in it are those that the URLs have."""
    if absolute:
        raise _errors.ArgumentError("absolute=True: a manifest behind a URL names its files relative to itself")
    place = Store(url)
    above = posixpath.dirname(url)
    with tempfile.TemporaryDirectory(prefix="keyfold-") as folder:
        paths = []
        for member in members:
            for there, cached in _files(member):
                there = shown(there)        # a signature is no part of a name
                if not there.startswith(f"{above}/"):
                    raise _errors.ArgumentError(f"{there} does not lie in {shown(above)} or below, where the "
                                                "manifest is to be: keyfold.publish puts files there")
                path = os.path.join(folder, *there[len(above) + 1:].split("/"))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                lend(cached, path)
                paths.append(path)
        manifest = os.path.join(folder, posixpath.basename(url))
        if os.path.lexists(manifest):
            raise _errors.ArgumentError(f"{url} is a member of itself")
        _manifest.write(manifest, paths, metadata, False, False)
        if not force:
            place.check_target()
        place.publish(manifest)


def _files(member: str) -> Iterator[Tuple[str, str]]:
    """URL and cached file of a member; of a manifest, of what it names."""
    if not is_url(member):
        raise _errors.ArgumentError(f"{member} is a file of this host, and others can't follow a manifest behind a URL "
                                    "to it: keyfold.publish puts files where they can")
    fetched = fetch(member, None)
    named = members_of(acquire(member, lazy=True).pointer)
    if not named:
        yield member, fetched.path
    for name, build_id, _ in named:
        there = beside(member, name)
        yield there, fetch(there, build_id, trusted=True).path
