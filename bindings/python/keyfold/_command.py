"""URLs for the command, which knows paths only."""
from __future__ import annotations

from ._bundle import _write
from ._fetch import fetch, members_of
from ._handle import acquire
from ._remote import MAX_AGE, beside


def local_path(url: str) -> str:
    """A path that the command can open: of a manifest, a manifest of the cached files of its members."""
    fetched = fetch(url, None, MAX_AGE)
    members = members_of(acquire(url).pointer)
    if not members:
        return fetched.path
    paths = [fetch(beside(url, name), build_id, trusted=True).path for name, build_id, _ in members]
    whole = f"{fetched.path[:-len('.kf')]}-local.kfm"
    _write(whole, paths, "same", False, True)
    return whole
