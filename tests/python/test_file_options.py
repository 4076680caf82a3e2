"""The command's options in compile: each does what the command does with it, or is refused where it means nothing."""
import inspect
import json
import re
import warnings

import pytest

import keyfold
from conftest import WINDOWS
from keyfold import _types

# What an option of `keyfold build` is called here, where it is not called the same.
NAMES = {"output": "path", "values": "codec", "meta": "metadata", "json": "progress", "quiet": "progress",
         "no_sync": "sync"}


def command_options(tool):
    text = tool("build", "--help").stdout.decode()
    return [name.replace("-", "_") for name in re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]*)", text, re.MULTILINE)]


def test_no_option_of_the_command_is_forgotten(tool):
    options = set(command_options(tool)) - {"help", "version"}
    assert len(options) > 20 and {"duplicates", "key_column", "on_error", "raw"} <= options
    parameters = inspect.signature(keyfold.compile).parameters
    missing = {name for name in options if NAMES.get(name, name) not in parameters}
    assert not missing, missing
    for name in ("format", "encoding", "duplicates", "on_error", "effort"):
        said = tool("build", f"--{name.replace('_', '-')}=?").stderr.decode()
        listed = re.search("is one of (.*), not", said)[1]
        literal = getattr(_types, "".join(word.capitalize() for word in name.split("_")))
        assert set(listed.split(", ")) == set(literal.__args__), said


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return write


CSV = "city;country;people\nOslo;Norway;700\nLima;Peru;10000\n"
# A file, the options of compile, those of the command, and what comes of it.
CASES = [
    ("a.csv", "a,b\nc,d\n", {}, [], {"a": "b", "c": "d"}),
    ("a.csv", CSV, {"delimiter": ";", "header": True}, ["-D;", "-H"], {"Oslo": "Norway", "Lima": "Peru"}),
    ("a.csv", CSV, {"delimiter": ";", "header": True, "key_column": "country", "value_column": 1},
     ["-D;", "-H", "-Kcountry", "-V1"], {"Norway": "Oslo", "Peru": "Lima"}),
    ("a.csv", CSV, {"delimiter": ";", "header": True, "value_column": "people", "codec": "u64"},
     ["-D;", "-H", "-Vpeople", "-vu64"], {"Oslo": 700, "Lima": 10000}),
    ("a.csv", CSV, {"delimiter": ";", "header": True, "weights": "given", "weight_column": "people"},
     ["-D;", "-H", "-wcolumn", "-Wpeople"], {"Oslo": "Norway", "Lima": "Peru"}),
    ("a.txt", "a\tb\n", {"format": "csv", "delimiter": "\t"}, ["-fcsv", "-D\\t"], {"a": "b"}),
    ("a.txt", "a,b\tc\n", {"format": "lines"}, ["-flines"], {"a,b\tc": None}),
    ("a.tsv", "a\\tb\tc\\\\\n", {}, [], {"a\tb": "c\\"}),
    ("a.tsv", "a\\tb\tc\\\\\n", {"raw": True}, ["-r"], {"a\\tb": "c\\\\"}),
    ("a.nul", "a\0b\0", {"format": "nul"}, ["-fnul"], {"a": None, "b": None}),
    ("a.nul", "a\0b\0", {"format": "nul", "pairs": True}, ["-fnul", "--pairs"], {"a": "b"}),
    ("a.jsonl", '{"id":"a","n":[1]}\n', {"key_field": "id", "value_field": "n"}, ["--key-field=id", "--value-field=n"],
     {"a": "[1]"}),
    ("a.jsonl", '{"key":"a","value":"x","w":7}\n', {"weights": "given", "weight_field": "w"},
     ["-wcolumn", "--weight-field=w"], {"a": "x"}),
    ("a.tsv", "a\tx\na\ty\n", {"duplicates": "last"}, ["-dlast"], {"a": "y"}),
    ("a.tsv", "a\tx\na\ty\n", {"duplicates": "all"}, ["-dall"], {"a": ["x", "y"]}),
    ("a.tsv", "a\tx\0y\n", {"text": True}, ["--text"], {"a": "x\0y"}),
    ("a.tsv", "a\tx\n", {"encoding": "zstd"}, ["--encoding=zstd"], {"a": "x"}),
]


@pytest.mark.parametrize("name, text, options, arguments, model", CASES, ids=lambda value: repr(value)[:40])
def test_as_the_command(make, write, tool, name, text, options, arguments, model):
    path = write(name, text)
    table = make(path, **options)
    assert dict(table) == model
    done = tool("build", "-q", *arguments, "-o", path.with_suffix(".kf"), path)
    assert done.returncode == 0, done
    ours, theirs = table.stat(), keyfold.open(path.with_suffix(".kf")).stat()
    assert ours.value_encoding == theirs.value_encoding and ours.weights == theirs.weights
    assert (dict(keyfold.open(path.with_suffix(".kf"))) == model)


def test_lists_of_files(make, write):
    first, second = write("1.tsv", "a\tx\nb\t1\n"), write("2.jsonl", '["a","y"]\n["a",[2]]\n')
    table = make([first, second], duplicates="all")
    assert dict(table) == {"a": ["x", "y", "[2]"], "b": ["1"]} and table.codec == "list:str"
    assert dict(make(first, duplicates="all", codec="raw", keys="bytes")) == {b"a": [b"x"], b"b": [b"1"]}
    assert dict(make(second, duplicates="all", codec="list:str")) == {"a": ["y", "[2]"]}
    for codec in ("u64", "none", "int", "list:int"):
        with pytest.raises(keyfold.ArgumentError, match="reader="):
            make(first, duplicates="all", codec=codec)


FILE_OPTIONS = {"format": "csv", "delimiter": ";", "header": True, "key_column": 1, "value_column": "b",
                "weight_column": 3, "key_field": "k", "value_field": "v", "weight_field": "w", "raw": True,
                "text": True, "pairs": True, "on_error": "skip"}


@pytest.mark.parametrize("name", FILE_OPTIONS)
def test_what_is_about_files_is_refused_elsewhere(make, name):
    option = {name: FILE_OPTIONS[name]}
    for inputs, what in (({"a": 1}, "a Mapping"), ([("a", 1)], "a list of pairs"), (iter([("a", 1)]), "of pairs")):
        with pytest.raises(keyfold.ArgumentError, match=f"{name}=: this is about files.*{what}"):
            make(inputs, **option)
    with pytest.raises(keyfold.ArgumentError, match=f"{name}=.*reader="):
        make(["part"], reader=lambda part: {"a": 1}, workers=0, **option)
    with pytest.raises((keyfold.ArgumentError, TypeError)):
        make({"a": 1}, **{name: object()})
    assert name in inspect.signature(keyfold.compile).parameters and f"{name}" in keyfold.compile.__doc__


@pytest.mark.parametrize("options, said", [
    ({"format": "tsv", "delimiter": ";"}, 'delimiter= is for format="csv", not for "tsv"'),
    ({"format": "csv", "key_field": "x"}, 'key_field= is for format="jsonl", not for "csv"'),
    ({"format": "jsonl", "header": True}, 'header= is for format="csv"'),
    ({"format": "csv", "raw": True}, "tsv or lines"),
    ({"format": "lines", "pairs": True}, 'format="nul"'), ({"format": "xml"}, "there are auto, tsv"),
    ({"on_error": "stop"}, "there are fail, skip"), ({"encoding": "gzip"}, "there are auto, packed"),
    ({"delimiter": "ab", "format": "csv"}, "^delimiter= is one byte"), ({"delimiter": ""}, "delimiter= is one byte"),
    ({"key_column": 0}, "counted from 1"), ({"key_column": "name"}, "needs header="),
    ({"key_column": -1}, "needs header="),
    ({"key_column": "a\0b"}, "NUL"), ({"key_column": 1.5}, "a number or a name"), ({"header": 1.5}, "True or False"),
    ({"key_field": 5}, "a str is needed"), ({"weights": "value", "duplicates": "all"}, "weights"),
    ({"workers": 2}, "needs a reader="), ({"pairs": True}, 'pairs= needs format="nul"')])
def test_wrong_options_are_argument_errors(make, write, options, said):
    path = write("a.csv", "a,b\n")
    with pytest.raises(keyfold.ArgumentError, match=said) as caught:
        make(path, **options)
    assert "--" not in str(caught.value)


def test_bad_records(make, write):
    path = write("a.jsonl", '["a","x"]\nnonsense\n["b","y"]\n[1]\n')
    with pytest.raises(keyfold.FormatError, match=":2: "):
        make(path)
    with pytest.raises(keyfold.FormatError, match=":2: "):
        make(path, on_error="fail")
    with pytest.warns(UserWarning, match=r"(?s)a\.jsonl:2: .*skipped.*2 bad records skipped") as caught:
        assert dict(make(path, on_error="skip")) == {"a": "x", "b": "y"}
    assert caught[0].filename == __file__.replace("test_file_options", "conftest")
    with pytest.warns(UserWarning, match="1 bad record skipped") as caught:
        make(write("marked.jsonl", '\ufeff["a","x"]\nnonsense\n'), on_error="skip")
    assert "byte order mark" not in str(caught[0].message)      # a note, and no reason to warn
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(write("good.jsonl", '["a","x"]\n'), on_error="skip")


@pytest.mark.parametrize("encoding", ["auto", "distinct", "raw", "tokens", "zstd"])
def test_encodings(make, encoding):
    model = {f"key {i}": f"value {i % 100}" for i in range(3000)}
    table = make(model, encoding=encoding)
    assert dict(table) == model and (encoding == "auto" or table.stat().value_encoding == encoding)
    with pytest.raises(keyfold.ArgumentError, match="encoding"):
        make({"a": None}, encoding="raw")
    assert make({"a": 1}, encoding="packed").stat().value_encoding == "packed"


def test_metadata(make, write, tool, tmp_path):
    entries = {"source": "made by hand é", "raw": b"\0\xff=", "a=b": "", "licence": bytearray(b"MIT")}
    stored = {"source": "made by hand é".encode(), "raw": b"\0\xff=", "a=b": b"", "licence": b"MIT"}
    table = make({"a": 1}, metadata=entries)
    assert {name: table.metadata[name] for name in entries} == stored
    assert {"python.keys", "python.values"} <= set(table.metadata)
    assert make([0], reader=lambda part: {"a": 1}, workers=0, metadata={"x": "y"}).metadata["x"] == b"y"
    path = write("a.tsv", "a\tb\n")
    more = {} if WINDOWS else {"latin": b"\xe9"}      # where it must be UTF-8
    stored = make(path, metadata={"source": "é", **more}).metadata
    assert stored == {"source": "é".encode(), **more}
    for inputs, wrong, said in (({"a": 1}, {"python.keys": "int"}, "reserved"),
                                ({"a": 1}, {"keyfold.x": ""}, "reserved"),
                                ({"a": 1}, {"": "x"}, "no name"), ({"a": 1}, {5: "x"}, "no name"),
                                ({"a": 1}, {"x": 5}, "str or bytes"), ({"a": 1}, ["x"], "a dict"),
                                ({"a": 1}, {"x" * 300: ""}, "255"), (path, {"raw": b"\0"}, "NUL"),
                                (path, {"a=b": ""}, "has a =")):
        with pytest.raises((keyfold.ArgumentError, TypeError), match=said):
            make(inputs, metadata=wrong)


def test_lists_of_the_command(tool, write, tmp_path):
    path = write("a.tsv", b"a\t1\nb\tx\\ty\na\t2\na\t\nc\t\xff\n")
    assert tool("build", "-q", "-d", "all", "-o", tmp_path / "a.kf", path).returncode == 0
    table = keyfold.open(tmp_path / "a.kf")
    assert dict(table) == {"a": ["1", "2", ""], "b": ["x\ty"], "c": ["\udcff"]}
    assert tool("get", table.path, "a", "b").stdout == b"a\t1\t2\t\nb\tx\\ty\n"
    lines = tool("scan", "--json", table.path).stdout.splitlines()
    assert [json.loads(line)["value"] for line in lines] == [["1", "2", ""], ["x\ty"], [{"hex": "ff"}]]
    for options in ([], ["-f", "jsonl"], ["-f", "nul"]):
        dumped = tool("dump", *options, table.path).stdout
        again = tool("build", "-q", "-d", "all", "-o", tmp_path / "again.kf", *options,
                     *(["--pairs"] if "nul" in options else []), "-", input=dumped)
        if "jsonl" not in options:      # bytes that are no text are "value_hex" there, which build does not read
            assert again.returncode == 0 and (tmp_path / "again.kf").read_bytes() == (tmp_path / "a.kf").read_bytes()
    # A damaged list is cut, and nothing worse.
    lines = b"a\t\x05ab\nb\t" + b"\xff" * 12 + b"\nc\t\x01x\x80\nd\t\x01y\x01z\n"
    done = tool("build", "-q", "--raw", "-m", "python.values=list:str", "-o", tmp_path / "broken.kf", "-", input=lines)
    assert done.returncode == 0 and tool("scan", tmp_path / "broken.kf").stdout == b"a\nb\nc\tx\nd\ty\tz\n"
    broken = keyfold.open(tmp_path / "broken.kf")
    assert broken["d"] == ["y", "z"]
    for key in "abc":
        with pytest.raises(keyfold.CodecError, match="list:str"):
            broken[key]
    done = tool("build", "-d", "all", "-o", tmp_path / "y.kf", "-", input=b"a\nb\n")
    assert done.returncode == 3 and b"no values that --duplicates all could list" in done.stderr
    done = tool("build", "-d", "all", "-v", "u64", "-o", tmp_path / "y.kf", path)
    assert done.returncode == 2 and b"--duplicates all makes lists of bytes" in done.stderr
