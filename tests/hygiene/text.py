"""Lines and sizes."""
import re

WIDTH = 120
PREFETCH = "lib/base/bits.h"     # has kfi_prefetch
LINES = 800
FUNCTION = 80


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

    yield f"files over {LINES} lines", {f"{file.path} has {file.text.count(chr(10))}"
                                        for file in house.within("lib", "tools", "bindings", "tests", c=False)
                                        if file.text.count("\n") > LINES}
    yield f"functions over {FUNCTION} lines", {f"{file.path}: {function.name} has {function.lines}"
                                               for file in house.within("lib", "tools", "bindings")
                                               for function in file.functions if function.lines > FUNCTION}
    # By the builtin alone, a function that only prefetches has no effect for GCC, and is not called.
    yield "prefetches that may be dropped", {file.path for file in house.within("lib") if file.path != PREFETCH
                                             and "__builtin_prefetch" in file.code}
    yield "bool instead of int", {file.path for file in house.within("include", "lib", "tools")
                                  if "<stdbool.h>" in file.includes or re.search(r"\b(?:_Bool|bool)\b", file.code)}
