"""Where things lie, and what may see what."""
import re

# base <- format <- write, read <- query <- names
SEES = {"base": {"base"}, "format": {"base", "format"}, "write": {"base", "format", "write"},
        "read": {"base", "format", "read"}, "query": {"base", "format", "write", "read", "query"},
        "names": {"base", "format", "write", "read", "query", "names"}}
# What lib may include outside lib/base: headers of C that have no system calls, and of the libraries it uses.
PLAIN = {"assert", "ctype", "errno", "float", "inttypes", "limits", "math", "stdalign", "stdarg", "stdatomic",
         "stddef", "stdint", "stdio", "stdlib", "string", "strings", "immintrin", "arm_neon", "zstd", "zstd_errors",
         "zdict", "utf8proc"}
CALLS = r"""pthread_\w+|f?(?:open|close|sync|stat|truncate|chmod|seek)|p?(?:read|write)v?|open(?:at|dir)|m(?:un)?map
    |m(?:advise|lock|incore)|rename(?:at)?|(?:un)?link(?:at)?|mkdir(?:at)?|rmdir|fcntl|ioctl|syscall|getpid|fork
    |f(?:read|write|puts|printf)|getrandom|clock_gettime|time|nanosleep|usleep|sysconf""".replace("\n    ", "")
HASH = "lib/base/hash.h"        # the one that includes xxhash.h
GUARDS = {"include/keyfold": "KEYFOLD", "lib": "KFI", "tools/keyfold": "TOOL", "tests": "TESTS",
          "bindings/python": "KFPY"}
UNGUARDED = r"_body\.h$|^bindings/python/cdef/"     # included more than once, or read by cffi


def _layers(house):
    for file in house.within("lib"):
        room = file.path.split("/")[1]
        for name in file.includes:
            target = name[1:].split("/")[0]
            if name[0] == '"' and target in SEES and target not in SEES.get(room, ()):
                yield f"{file.path} includes {name}"


def _private(house):
    for file in house.within("tools", "bindings"):
        for name in file.includes:
            if name[1:].split("/")[0] in {*SEES, "lib"} or name[1:].startswith(".."):
                yield f"{file.path} includes {name}"


def _system(house):
    for file in house.within("lib"):
        for name in file.includes:
            if name[0] == "<" and not file.path.startswith("lib/base/") and \
                    not name.startswith("<keyfold/") and name[1:-1].removesuffix(".h") not in PLAIN:
                yield f"{file.path} includes {name}"


def _calls(house):
    """By the headers of lib/base the system's are there for everybody."""
    for file in house.within("lib"):
        own = {function.name for function in file.functions}
        for name in set(re.findall(r"(?<![\w.>])(\w+)\s*\(", file.code)) - own:
            if not file.path.startswith("lib/base/") and re.fullmatch(CALLS, name):
                yield f"{file.path} calls {name}"


def _hash(house):
    for file in house.within("include", "lib", "tools", "bindings"):
        if "<xxhash.h>" in file.includes and file.path != HASH:
            yield file.path


def _names(house):
    seen = {}
    for file in house.within("lib"):
        name = file.path.rsplit("/", 1)[1]
        if seen.setdefault(name, file.path) != file.path:
            yield f"{seen[name]} and {file.path}"


def _guards(house):
    for file in house.files:
        folder = next((each for each in GUARDS if file.path.startswith(each + "/")), None)
        if folder is None or not file.path.endswith(".h") or re.search(UNGUARDED, file.path):
            continue
        inside = re.sub(r"\W", "_", file.path[len(folder) + 1:]).upper()
        guard = f"{GUARDS[folder]}_{inside}"
        if not re.search(rf"^\s*#ifndef {guard}\n#define {guard}\n", file.code) or \
                not file.text.endswith("\n#endif\n"):
            yield f"{file.path} has no {guard}"


def _unlisted(house):
    """Sources that no meson.build names, so that nothing compiles or runs them."""
    listed = set()
    for file in house.files:
        if file.path.endswith("/meson.build"):
            folder = file.path[:-len("meson.build")]
            for name in re.findall(r"'([^'\n]+)'", file.text):
                parts = []
                for part in (folder + name).split("/"):
                    if part == ".." and parts:
                        parts.pop()
                    elif part:
                        parts.append(part)
                listed.add("/".join(parts))
    for file in house.files:
        test = re.search(r"^tests/(?!python/|fuzz/|cli/).*/test_\w+\.(c|py)$", file.path)
        if (test or re.search(r"^(lib|tools)/.*\.c$", file.path)) and file.path not in listed:
            yield file.path


def _mirror(house):
    rooms = {file.path.rsplit("/", 1)[0] for file in house.within("lib")}
    for file in house.within("tests"):
        if file.path.startswith("tests/unit/") and \
                "lib/" + file.path[len("tests/unit/"):].rsplit("/", 1)[0] not in rooms:
            yield file.path


def rules(house):
    yield "layers", _layers(house)
    yield "tools and bindings use private headers", _private(house)
    yield "system calls and threads outside lib/base", _system(house)
    yield "the system called outside lib/base", _calls(house)
    yield f"xxhash.h outside {HASH}", _hash(house)
    yield "sources of one name in lib", _names(house)
    yield "guards that don't say the path", _guards(house)
    yield "sources in no meson.build", _unlisted(house)
    yield "unit tests of rooms that lib does not have", _mirror(house)
