"""python -m keyfold: the keyfold command, which the package brings along."""
from __future__ import annotations

import os
import sys


def _argument(given: str) -> str:
    """What the command is to get for an argument: a path for a URL, whose file is fetched."""
    from ._urls import is_url
    if not is_url(given):
        return given
    from . import Error
    from ._command import local_path
    try:
        return local_path(given)
    except (Error, OSError) as problem:
        print(f"keyfold: {problem}", file=sys.stderr)
        sys.exit(3)


def _wait_for(tool: str, arguments: list[str]) -> int:
    import subprocess
    with subprocess.Popen(["keyfold", *arguments], executable=tool) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:   # which the command gets too
                pass


def main() -> None:
    if sys.argv[1:2] in (["publish"], ["bundle"]):
        from ._command import run
        code = run(sys.argv[1:])
        if code is not None:
            sys.exit(code)
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keyfold-tool")
    if os.name == "nt":     # where a process that becomes another one has ended for whoever waits for it
        sys.exit(_wait_for(f"{tool}.exe", [*map(_argument, sys.argv[1:])]))
    try:
        os.execv(tool, ["keyfold", *map(_argument, sys.argv[1:])])
    except OSError as problem:
        sys.exit(f"keyfold: {tool}: {problem.strerror}")


if __name__ == "__main__":
    main()
