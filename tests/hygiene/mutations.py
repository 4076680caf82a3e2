"""The lists of tests/mutants keep up with the source: what is not there any more would be replayed no more."""
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "mutants"))

import entries      # noqa: E402


def _gone(house):
    texts = {file.path: file.text for file in house.within("lib")}
    for path in sorted((house.root / "tests/mutants").glob("*.txt")):
        for entry in entries.read(path):
            text = texts.get(entry.file, "")
            if not re.search(rf"\b{re.escape(entry.function)}\b", text) or entries.place_of(entry, text) is None:
                yield f"{path.name}: {entry.file} {entry.function}: {entry.old}"


def rules(house):
    yield "mutants of what is not there any more", _gone(house)
