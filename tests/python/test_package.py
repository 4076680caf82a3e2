"""The package as it is installed, and files that Python didn't make."""
import importlib.metadata
import json

import keyfold


def test_the_package_holds_itself_alone():
    files = [str(file) for file in importlib.metadata.files("keyfold")]
    names = {name for name in files if not name.startswith("keyfold-") and "__pycache__" not in name}
    assert {name.split("/")[0] for name in names} == {"keyfold"}
    assert {"keyfold/py.typed", "keyfold/_native.pyi", "keyfold/keyfold-tool"} <= names
    assert not [name for name in names if name.endswith((".h", ".a", ".1", ".pc", ".c"))]


def test_versions():
    assert keyfold.__version__ == importlib.metadata.version("keyfold")


def test_public_names():
    for name in keyfold.__all__:
        assert getattr(keyfold, name).__doc__


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
