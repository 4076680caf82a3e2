"""Lists of mutants in a file, one a paragraph:

    lib/FOLDER/FILE.c FUNCTION [#N]
    - what the source says (the lines concerned, with single spaces)
    + what the mutant says
    = why it means the same, or which bug it is

A line that begins with two spaces goes on with the one before it; # begins a comment. #N is there where a function
says the same at several places: which of them.
"""
import dataclasses
import re

import points


@dataclasses.dataclass
class Entry:
    file: str
    function: str
    nth: int
    old: str = ""
    new: str = ""
    text: str = ""

    @property
    def key(self):
        return self.file, self.function, self.old, self.new, self.nth


def read(path):
    entries = []
    names = {"-": "old", "+": "new", "=": "text"}
    field = None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("  "):
                setattr(entries[-1], field, points.flat(f"{getattr(entries[-1], field)} {line}"))
            elif line[0] in names and line[1:2] in (" ", "\n"):
                field = names[line[0]]
                setattr(entries[-1], field, points.flat(line[1:]))
            else:
                file, function, *nth = line.split()
                entries.append(Entry(file, function, int(nth[0][1:]) if nth else 1))
    return entries


def place_of(entry, text):
    """Where the file's text says what the entry is about: (start, end) or None."""
    pattern = r"\s+".join(map(re.escape, entry.old.split()))
    found = list(re.finditer(pattern, text))
    return found[entry.nth - 1].span() if len(found) >= entry.nth else None


def find(entry, text):
    """The entry as a mutant of the file's text."""
    place = place_of(entry, text)
    if place is None:
        raise SystemExit(f"{entry.file}: not there any more: {entry.old}")
    start, end = place
    return points.Mutant(entry.file, text.count("\n", 0, start) + 1, entry.function, "named", start, end, entry.new,
                         entry.old, entry.new)
