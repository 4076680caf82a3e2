"""No circles: what a file needs does not need the file.

C needs what it includes, and the files that define the functions it uses; but a header needs nothing of the source
of its name. Python needs what it imports, inside functions and for type checkers too.
"""
import re


def _circles(needs):
    """The sets of nodes of a graph that all reach each other (Tarjan, 1972), as lines of text."""
    order, lowest, waiting, found = {}, {}, [], set()

    def visit(node):
        order[node] = lowest[node] = len(order)
        waiting.append(node)
        for other in needs[node]:
            if other not in order:
                visit(other)
            if other in waiting:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == order[node]:
            at = waiting.index(node)
            if len(waiting) - at > 1:
                found.add(" - ".join(sorted(waiting[at:])))
            del waiting[at:]

    for node in needs:
        if node not in order:
            visit(node)
    return found


def _c_needs(house, folder):
    files = {file.path: file for file in house.within("lib", "tools", "bindings") if file.path.startswith(folder + "/")}
    homes = {function.name: path for path, file in files.items() for function in file.functions if not function.static}
    needs = {}
    for path, file in files.items():
        own = {function.name for function in file.functions if function.static}
        words = file.other_uses.union(*(function.words for function in file.functions)) - own
        quoted = {name[1:-1] for name in file.includes if name[0] == '"'}
        included = {f"{base}/{name}" for base in (folder, path.rsplit("/", 1)[0]) for name in quoted}
        targets = {homes[word] for word in words if word in homes} | (included & files.keys())
        needs[path] = targets - {path, path[:-2] + ".c"}
    return needs


def _python_needs(house, folder):
    files = {file.path[len(folder) + 1:-len(".py")]: file for file in house.files
             if file.path.startswith(folder + "/") and file.path.endswith(".py")}
    needs = {}
    for name, file in files.items():
        words = set(re.findall(r'\bLater\("(\w+)"\)', file.text))
        for module, names in re.findall(r"^\s*from \.(\w*) import (\([^)]*\)|[^\n]+)", file.text, re.M):
            words |= {module} if module else set(re.findall(r"\w+", names))
        needs[name] = (words & files.keys()) - {name, "__init__"}
    return needs


def rules(house):
    yield "circles of files", set().union(*(_circles(_c_needs(house, folder))
                                            for folder in ("lib", "tools/keyfold", "bindings/python")))
    yield "circles of modules", _circles(_python_needs(house, "bindings/python/keyfold"))
