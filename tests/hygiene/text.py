"""Lines and sizes."""
import re

WIDTH = 120
LINES = 800
FUNCTION = 80
# Longer than the rules allow, each with its reason.
LONG_FUNCTIONS = {}
LONG_FILES = {}


def rules(house):
    wide, tabs, trailing, ends = set(), set(), set(), set()
    for file in house.files:
        for number, line in enumerate(file.data.split(b"\n"), 1):
            place = f"{file.path}:{number}"
            if len(line) > WIDTH:
                wide.add(f"{place} has {len(line)}")
            if b"\t" in line:
                tabs.add(place)
            if line != line.rstrip():
                trailing.add(place)
        if file.data and (not file.data.endswith(b"\n") or file.data.endswith(b"\n\n")):
            ends.add(file.path)
    yield f"lines over {WIDTH} columns", wide
    yield "tabs", tabs
    yield "blanks at a line's end", trailing
    yield "files that don't end with one newline", ends

    long_files = {file.path: file.text.count("\n")
                  for file in house.within("lib", "tools", "bindings", "tests", c=False)}
    yield f"files over {LINES} lines", {f"{path} has {lines}" for path, lines in long_files.items()
                                        if lines > LINES and path not in LONG_FILES}
    long_functions = {f"{file.path}: {function.name}": function.lines
                      for file in house.within("lib", "tools", "bindings") for function in file.functions}
    yield f"functions over {FUNCTION} lines", {f"{name} has {lines}" for name, lines in long_functions.items()
                                               if lines > FUNCTION and name not in LONG_FUNCTIONS}
    yield "exceptions that are none", {name for name in LONG_FUNCTIONS if long_functions.get(name, 0) <= FUNCTION} | \
        {name for name in LONG_FILES if long_files.get(name, 0) <= LINES}
    yield "bool instead of int", {file.path for file in house.within("include", "lib", "tools")
                                  if "<stdbool.h>" in file.includes or re.search(r"\b(?:_Bool|bool)\b", file.code)}
