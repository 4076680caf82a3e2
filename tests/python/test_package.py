"""The package as it is installed, and files that Python didn't make."""
import importlib.metadata
import json
import pathlib
import pickle

import pytest
from conftest import SOURCE, on_posix

import keyfold

PARTS = {path.stem for path in (SOURCE / "bindings/python/keyfold").glob("*.py")}


@on_posix("what is only unpacked has no script")
def test_the_package_holds_itself_alone():
    files = [str(file) for file in importlib.metadata.files("keyfold")]
    names = {name for name in files if not name.startswith("keyfold-") and not name.endswith(".pyc")}
    scripts = {name for name in names if name.endswith("bin/keyfold")}
    assert len(scripts) == 1 and {name.split("/")[0] for name in names - scripts} == {"keyfold"}
    assert {"keyfold/py.typed", "keyfold/_native.pyi", "keyfold/_lookup.pyi", "keyfold/keyfold-tool"} <= names
    assert not [name for name in names if name.endswith((".h", ".a", ".1", ".pc", ".c"))]


@on_posix("symbols have no versions")
def test_the_library_is_the_packages_own():
    """The module and the tool share one, whose symbols have a version that an installed libkeyfold has not."""
    folder = pathlib.Path(keyfold.__file__).parent
    assert len([*folder.glob("libkeyfold_python.*")]) == 1
    for user in (*folder.glob("_native.*.so"), folder / "keyfold-tool"):
        content = user.read_bytes()
        assert b"libkeyfold_python." in content and b"KEYFOLD_PYTHON" in content, user


def test_versions():
    assert keyfold.__version__ == importlib.metadata.version("keyfold")


def test_features():
    found = keyfold.features()
    assert found["keyfold"] == keyfold.__version__ and "portable" in found["instructions"]
    assert {"zstd", "utf8proc", "pointers"} <= found.keys() and found["inputs"].split()[:2] == ["plain", "gzip"]


def test_public_names(python):
    for name in keyfold.__all__:
        assert getattr(keyfold, name).__doc__
    assert set(keyfold.__all__) == set(keyfold._HOMES) and len(keyfold.__all__) == len(set(keyfold.__all__))
    assert {*keyfold.__all__, "__version__", "__doc__"} <= set(dir(keyfold))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        keyfold.nothing
    done = python("""
import keyfold
before = dir(keyfold)
assert not any(name in vars(keyfold) for name in keyfold.__all__)
builtin = open
from keyfold import *
assert all(globals()[name] is getattr(keyfold, name) for name in keyfold.__all__)
assert set(before) <= set(dir(keyfold)) and open is not builtin
""")
    assert done.returncode == 0, done.stderr


def test_every_module_can_be_imported_alone(python):
    names = [name for name in PARTS if name not in ("__init__", "__main__", "pandas")]
    assert len(names) > 20
    for name in names:
        done = python(f"import keyfold.{name}")
        assert done.returncode == 0, done.stderr


# Of the standard library and of ours, what costs milliseconds and few need.
HEAVY = """typing re json base64 pickle threading subprocess multiprocessing functools contextlib enum hashlib
    tempfile traceback ctypes numpy pandas pyarrow msgpack concurrent importlib.metadata tqdm inspect
    keyfold._arrow keyfold._build keyfold._builder keyfold._columns keyfold._freeze keyfold._match keyfold._query
    keyfold._sets keyfold._stat keyfold._structured""".split()


def test_a_worker_imports_little(make, python):
    """What unpickling and looking up import; and that the list of what they must not is one of modules."""
    paths = {"str": make({"a": "x"}).path, "u64": make({"a": 1}).path, "float": make({1: 0.5}).path,
             "none": make({("a", 1): None}).path}
    for codec, path in paths.items():
        data = pickle.dumps(keyfold.open(path))
        done = python(f"""
import _pickle, sys
before = set(sys.modules)
table = _pickle.loads({data!r})
assert table.codec == {codec!r} and len(table) == len(list(table.items())) == 1
assert [table[key] for key in table] == list(table.values())
print(*(set(sys.modules) - before))
""")
        assert done.returncode == 0, done.stderr
        imported = set(done.stdout.split())
        assert "keyfold._dictionary" in imported and not imported & set(HEAVY), imported & set(HEAVY)
    done = python("import sys; before = set(sys.modules); import keyfold; print(*(set(sys.modules) - before))")
    assert {name for name in done.stdout.split() if name.startswith("keyfold")} == {"keyfold"}
    ours = {name[len("keyfold."):] for name in HEAVY if name.startswith("keyfold.")}
    assert ours <= PARTS


def test_the_tool(tool, make):
    path = make({"a": "x", "b": "y"}).path
    done = tool("get", path, "b")
    assert (done.returncode, done.stdout) == (0, b"b\ty\n"), done
    assert tool("nonsense").returncode != 0
    assert json.loads(tool("stat", "--json", path).stdout)["keys"] == 2


def test_files_of_the_tool(tool, tmp_path):
    def build(name, text, *options):
        path = tmp_path / name
        done = tool("build", *options, "-o", path, "-", input=text)
        assert done.returncode == 0, done
        return keyfold.open(path)

    texts = build("texts.kf", "a\tx\nb\té\n".encode() + b"c\t\xff\n")
    assert dict(texts) == {"a": "x", "b": "é", "c": "\udcff"} and (texts.key_kind, texts.codec) == ("str", "str")
    assert keyfold.open(texts.path, keys="bytes", codec="raw")[b"c"] == b"\xff"
    numbers = build("numbers.kf", b"a\t1\nb\t18446744073709551615\n", "--values=u64")
    assert dict(numbers) == {"a": 1, "b": (1 << 64) - 1}
    keys = build("keys.kf", b"a\nb\n", "--values=none")
    assert dict(keys) == {"a": None, "b": None} and keys["a"] is None and keys.get("c", 5) == 5
