"""Nothing is kept alive by tests alone: what only tests use goes, or moves to them."""
import re


def _uses(files):
    """For each word, the places that use it: (path, the function around it or None)."""
    places = {}
    for file in files:
        for word in file.other_uses:
            places.setdefault(word, set()).add((file.path, None))
        for function in file.functions:
            for word in set(re.findall(r"\w+", function.body)):
                places.setdefault(word, set()).add((file.path, function.name))
    return places


def _unused_functions(house, folder, names, others=""):
    files = house.within(folder)
    uses = _uses(files)
    wrong = set()
    for file in files:
        for function in file.functions:
            if re.match(names, function.name) and function.name not in others and \
                    not {place for place in uses.get(function.name, ()) if place[1] != function.name}:
                wrong.add(f"{file.path}: {function.name}")
    return wrong


def _unused_macros(house, folder):
    files = house.within(folder)
    counts = {}
    for file in files:
        for word in re.findall(r"\w+", file.code):
            counts[word] = counts.get(word, 0) + 1
    wrong = set()
    for file in files:
        guard = re.search(r"#ifndef (\w+)\n#define \1", file.code)
        names = set(re.findall(r"^\s*#\s*define\s+(\w+)", file.code, re.M))
        for enum in re.findall(r"\benum\b[^{;()]*\{([^}]*)\}", file.code):
            names |= set(re.findall(r"(?:^|,)\s*(\w+)", enum))
        wrong |= {f"{file.path}: {name}" for name in names - {guard and guard.group(1)} if counts[name] == 1}
    return wrong
def rules(house):
    python = "".join(file.text for file in house.files if file.path.startswith("bindings/python/") and
                     file.path.endswith(".py"))
    yield "functions of lib that nothing but tests uses", _unused_functions(house, "lib", r"kfi_|\w+")
    yield "x", _unused_functions(house, "tools", r"\w+")
    yield "y", _unused_functions(house, "bindings", r"\w+", python)
    for x in ("lib","tools","bindings"): yield "macros "+x, _unused_macros(house,x)
