"""Nothing is kept alive by tests alone: what nothing else uses goes."""
import re


def _uncalled(files, roots):
    """The functions that no way leads to from `roots`, what the loader calls, and what is outside functions."""
    reached = {name for name in roots}
    bodies = {}
    for file in files:
        reached |= file.other_uses | {function.name for function in file.functions if function.kept}
        for function in file.functions:
            bodies.setdefault(function.name, set()).update(function.words)
    waiting = list(reached & bodies.keys())
    while waiting:
        new = (bodies[waiting.pop()] & bodies.keys()) - reached
        reached |= new
        waiting += new
    return {f"{file.path}: {function.name}" for file in files for function in file.functions
            if function.name not in reached}


def _unused_macros(files):
    words = {}
    for file in files:
        for word in re.findall(r"\w+", file.code):
            words[word] = words.get(word, 0) + 1
    for file in files:
        for name in re.findall(r"^\s*#\s*define\s+(\w+)", file.code, re.M):
            if words[name] == 1 and name.startswith("KF"):
                yield f"{file.path}: {name}"


def rules(house):
    public = {name for file in house.within("include") for name in file.declared}
    python = set(re.findall(r"\w+", "".join(file.text for file in house.files if file.path.endswith(".py") and
                                            file.path.startswith("bindings/python/"))))
    loaded = {f"PyInit_{name}" for name in ("_lookup", "_native")}
    yield "functions of lib that nothing in lib uses", _uncalled(house.within("lib"), public)
    yield "functions that the command does not use", _uncalled(house.within("tools"), {"main"})
    yield "functions that the bindings don't use", _uncalled(house.within("bindings"), python | loaded)
    yield "macros that nothing uses", _unused_macros(house.within("lib", "tools", "bindings"))
