"""What the package was built with."""
from __future__ import annotations

import subprocess
from typing import Dict

from ._files import TOOL


def features() -> Dict[str, str]:
    """What this keyfold was built with, as `keyfold --version` prints it: the version ("keyfold"), the instruction set
    that lookups use here and those that are built in ("instructions"), versions of libraries ("zstd", "utf8proc"), 32
    or 64 bits ("pointers"), and what files to read may be packed with ("inputs").

        >>> keyfold.features()["inputs"]
        'plain gzip zstd...'
    """
    lines = subprocess.run([TOOL, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True,
                           encoding="utf-8").stdout.splitlines()
    pairs = [line.split(": ", 1) for line in lines[1:]]
    return {"keyfold": lines[0].split()[1], **{name: value for name, value in pairs}}
