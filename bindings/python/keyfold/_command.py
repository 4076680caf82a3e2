"""What the command of the package does beyond the one in C, which knows paths only: URLs, and publish."""
from __future__ import annotations

import argparse
import sys
from typing import Any, List, Optional

from . import _errors, _manifest
from ._bundle import bundle
from ._dictionary import Dictionary
from ._fetch import fetch, members_of
from ._generations import publish
from ._handle import acquire
from ._remote import MAX_AGE, beside
from ._urls import is_url


def local_path(url: str) -> str:
    """A path that the command can open: of a manifest, a manifest of the cached files of its members."""
    fetched = fetch(url, None, MAX_AGE)
    members = members_of(acquire(url).pointer)
    if not members:
        return fetched.path
    paths = [fetch(beside(url, name), build_id, trusted=True).path for name, build_id, _ in members]
    whole = f"{fetched.path[:-len('.kf')]}-local.kfm"
    _manifest.write(whole, paths, "same", False, True)
    return whole


def _publish(arguments: List[str]) -> None:
    parser = argparse.ArgumentParser("keyfold publish", description="Put a dictionary at a path or a URL, at once: "
                                     "readers have the old one or the new one, as a whole.")
    parser.add_argument("-k", "--keep", type=int, default=1, metavar="COUNT", help="of manifests: for how many "
                        "generations before this one the files stay, in TARGET.d (default: 1)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary, only errors")
    parser.add_argument("target", metavar="TARGET", help="a path or a URL, such as s3://bucket/table.kfm")
    parser.add_argument("file", metavar="FILE", help="a file or a manifest, or the URL of one")
    options = parser.parse_args(arguments)
    if options.keep < 0:
        parser.error("--keep: a number from 0 on")
    _report(publish(options.target, options.file, keep=options.keep), options.quiet)


def _bundle(arguments: List[str]) -> None:
    parser = argparse.ArgumentParser("keyfold bundle", description="Open several dictionaries behind URLs as one "
                                     "through a manifest behind a URL.")
    parser.add_argument("-o", "--output", metavar="URL", required=True, help="the manifest to write")
    parser.add_argument("-m", "--metadata", choices=list(_manifest.METADATA), default="same",
                        help="which metadata it gets")
    parser.add_argument("--force", action="store_true", help="replace what is there though it is no keyfold file")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary, only errors")
    parser.add_argument("members", metavar="MEMBER", nargs="+", help="URLs in the folder of the manifest, or below")
    options = parser.parse_args(arguments)
    _report(bundle(options.output, options.members, metadata=options.metadata, force=options.force), options.quiet)


def _report(table: Dictionary[Any, Any], quiet: bool) -> None:
    if not quiet:
        print(f"keyfold: {table.path}: {len(table)} keys", file=sys.stderr)


def run(arguments: List[str]) -> Optional[int]:
    """Does what only this command can, and returns the exit code; None: the one in C is to do it."""
    if arguments[:1] == ["publish"]:
        work = _publish
    elif arguments[:1] == ["bundle"] and _output_is_url(arguments):
        work = _bundle
    else:
        return None
    try:
        work(arguments[1:])
    except (_errors.Error, OSError) as problem:
        print(f"keyfold: {problem}", file=sys.stderr)
        return 3
    return 0


def _output_is_url(arguments: List[str]) -> bool:
    before = ["", *arguments]
    return any(is_url(given) and option in ("-o", "--output") or is_url(given.partition("--output=")[2])
               for option, given in zip(before, arguments))
