"""No circles: what a file needs does not need the file.

A header and the source of the same name are one. C needs what it includes and the files whose functions it uses;
Python needs what it imports, inside functions and for type checkers too.
"""
import re


def _components(needs):
    """The circles of a graph: lists of more than one node that all reach each other (Tarjan, 1972)."""
    order, lowest, waiting, found = {}, {}, [], []

    def visit(node):
        order[node] = lowest[node] = len(order)
        waiting.append(node)
        for other in needs.get(node, ()):
            if other not in order:
                visit(other)
            if other in waiting:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == order[node]:
            at = waiting.index(node)
            if len(waiting) - at > 1:
                found.append(sorted(waiting[at:]))
            del waiting[at:]

    for node in needs:
        if node not in order:
            visit(node)
    return found


def unit(path):
    """A file's name without its ending, by which a header and its source are one."""
    return path.rsplit(".", 1)[0]


def _included(file, folder, known):
    """The units that a file includes: names are relative to the folder or to the file's own."""
    own = file.path.rsplit("/", 1)[0]
    for name in file.includes:
        for path in (f"{folder}/{name[1:-1]}", f"{own}/{name[1:-1]}"):
            if name[0] == '"' and unit(path) in known:
                yield unit(path)


def c_needs(house, folder):
    files = [file for file in house.files if file.path.startswith(folder + "/") and file.is_c]
    homes = {}      # where each function that other files can use is defined
    for file in files:
        for function in file.functions:
            if not function.static:
                homes.setdefault(function.name, unit(file.path))
    known = {unit(file.path) for file in files}
    needs = {name: set() for name in known}
    for file in files:
        own = {function.name for function in file.functions if function.static}
        words = set(file.other_uses).union(*(re.findall(r"\w+", function.body) for function in file.functions))
        targets = set(_included(file, folder, known)) | {homes[word] for word in words - own if word in homes}
        needs[unit(file.path)] |= targets - {unit(file.path)}
    return needs


def python_needs(house, folder):
    files = {file.path[len(folder) + 1:-len(".py")]: file for file in house.files
             if file.path.startswith(folder + "/") and file.path.endswith(".py")}
    needs = {}
    for name, file in files.items():
        words = set()
        for module, names in re.findall(r"^\s*from \.(\w*) import (\([^)]*\)|[^\n]+)", file.text, re.M):
            words |= {module} if module else set(re.findall(r"\w+", names))
        words |= set(re.findall(r'\bLater\("(\w+)"\)', file.text))
        needs[name] = (words & files.keys()) - {name, "__init__"}
    return needs


def rules(house):
    for folder in ("lib", "tools/keyfold"):
        yield f"circles of files in {folder}", {" - ".join(each) for each in _components(c_needs(house, folder))}
    folder = "bindings/python/keyfold"
    yield "circles of modules", {" - ".join(each) for each in _components(python_needs(house, folder))}
