"""The source tree as the rules see it: files, and C taken apart as far as the rules need."""
import functools
import pathlib
import re

FOLDERS = ("include", "lib", "tools", "bindings", "tests", "bench")
SKIPPED = {"__pycache__", "corpus", "corpora", "out", "build", "target"}
NAMES = {"meson.build", "run", "CMakeLists.txt"}
SUFFIXES = {".c", ".h", ".py", ".pyi", ".sh"}


def _without_comments(text):
    """C with comments and the insides of literals blank, line by line as before."""
    def blank(found):
        part = found.group()
        if part[0] == "/":
            return re.sub(r"[^\n]", " ", part)
        return part[0] + re.sub(r"[^\n]", " ", part[1:-1]) + part[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


class Function:
    """A definition: its name, what is before its body, how many lines it has, and its body."""

    def __init__(self, name, head, lines, body):
        self.name = name
        self.static = bool(re.search(r"\b(?:static|\w*INLINE)\b", head))
        self.kept = bool(re.search(r"\b(?:con|de)structor\b", head))     # the loader calls it
        self.lines = lines
        self.body = body
        self.words = set(re.findall(r"\w+", body))


class File:
    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.data = path.read_bytes()
        self.text = self.data.decode("utf-8", "replace")
        self.is_c = path.suffix in (".c", ".h")

    @functools.cached_property
    def code(self):
        return _without_comments(self.text)

    @functools.cached_property
    def includes(self):
        """Names in the order of their lines, with what encloses them: '"base/bits.h"' or '<string.h>'."""
        text = re.sub(r"/\*.*?\*/", "", self.text, flags=re.S)
        return re.findall(r'^\s*#\s*include\s+(["<][^">]+[">])', text, re.M)

    @functools.cached_property
    def _pieces(self):
        """Preprocessor lines, and the rest with those blank."""
        directives = []

        def blank(found):
            directives.append(found.group())
            return re.sub(r"[^\n]", " ", found.group())
        rest = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, self.code, flags=re.M)
        rest = re.sub(r'extern\s+"[ ]*"\s*\{', lambda found: " " * len(found.group()), rest)
        return "\n".join(directives), rest

    @functools.cached_property
    def functions(self):
        """The functions that the file defines."""
        return self._outline[0]

    @functools.cached_property
    def declared(self):
        """The names of the functions that the file declares without a body."""
        return set(re.findall(r"\b(\w+)\s*\(", self._outline[1]))

    @functools.cached_property
    def other_uses(self):
        """The words outside functions: in initial values, types and macros."""
        return set(re.findall(r"\w+", self._outline[2]))

    @functools.cached_property
    def _outline(self):
        directives, code = self._pieces
        functions, declarations, others = [], [], [directives]
        start = at = 0
        while True:
            found = re.compile(r"[;{]").search(code, at)
            if found is None:
                break
            head, at = code[start:found.start()], found.end()
            if found.group() == ";":
                (declarations if re.search(r"\w\s*\(", head) and "typedef" not in head and "=" not in head
                 else others).append(head)
                start = at
                continue
            depth = 1
            while depth and at < len(code):
                depth += {"{": 1, "}": -1}.get(code[at], 0)
                at += 1
            body = code[found.start():at]
            name = re.search(r"\b(?!__attribute__)(\w+)\s*\(", head)
            if name is None or "=" in head or re.search(r"\b(?:struct|union|enum)\b[^()]*$", head):
                others.append(head + body)      # a type or an initial value, which goes on to its semicolon
                end = code.find(";", at)
                others.append(code[at:end])
                at = end + 1 if end >= 0 else len(code)
            else:
                functions.append(Function(name.group(1), head, (head.lstrip() + body).count("\n") + 1, body))
            start = at
        return functions, "\n".join(declarations), "\n".join(others)


class House:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = []
        for folder in FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                inside = path.relative_to(self.root).parts
                if not (SKIPPED & set(inside[:-1])) and path.is_file() and not path.is_symlink() and \
                        (path.suffix in SUFFIXES or path.name in NAMES):
                    self.files.append(File(self.root, path))

    def within(self, *folders, c=True):
        """The files below some folders; only those in C."""
        return [file for file in self.files if file.path.split("/")[0] in folders and (file.is_c or not c)]
