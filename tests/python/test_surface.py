"""What meets the eye: help(), examples in docstrings, notebooks, the installed command, what PyPI would show."""
import doctest
import importlib
import importlib.metadata
import inspect
import pathlib
import pydoc
import subprocess
import sys

import pytest
from conftest import SOURCE, WINDOWS, on_posix

import keyfold

FIRST = ["open", "compile", "freeze", "merge", "bundle", "diff", "union", "intersection", "difference",
         "symmetric_difference", "register_codec", "Dictionary"]


def public():
    """Everything public that has a docstring, by its name."""
    for name in keyfold.__all__:
        thing = getattr(keyfold, name)
        yield name, thing
        if inspect.isclass(thing) and not issubclass(thing, BaseException):
            for base in thing.__mro__[:-1]:
                if base.__module__.startswith("keyfold"):
                    for attribute, value in vars(base).items():
                        if not attribute.startswith("_") and (callable(value) or isinstance(value, property)):
                            yield f"{name}.{attribute}", value
    yield "pandas.lookup", keyfold.pandas.lookup


THINGS = {id(thing): (name, thing) for name, thing in public()}.values()


@pytest.mark.parametrize("name, thing", THINGS, ids=lambda value: value if isinstance(value, str) else "")
def test_examples(name, thing, tmp_path, monkeypatch):
    """Every public docstring has an example, which does what it says."""
    text = inspect.getdoc(thing)
    assert text, f"{name} has no docstring"
    for package in ("numpy", "pandas", "pyarrow", "polars"):
        if package in text:
            pytest.importorskip(package)
    examples = doctest.DocTestParser().get_doctest(text, {"keyfold": keyfold}, name, None, 0)
    assert examples.examples, f"{name} has no example"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(examples, out=said.append)
    if WINDOWS and ("a process has it open" in "".join(said) or name == "Shards.path"):
        pytest.skip("what is mapped is replaced, or a path of POSIX")
    assert not said, "".join(said)


def test_help_begins_with_what_is_called():
    assert keyfold.__all__[:len(FIRST)] == FIRST
    text = pydoc.plain(pydoc.render_doc(keyfold))
    description = text[text.index("DESCRIPTION"):text.index("CLASSES")]
    for name in ("compile", "open", "freeze", "Dictionary", ">>>"):
        assert name in description
    example = doctest.DocTestParser().get_doctest(keyfold.__doc__, {}, "keyfold", None, 0)
    assert len(example.examples) > 3


def test_the_module_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(keyfold.__doc__, {"keyfold": keyfold}, "keyfold", None, 0)
    said = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)


@on_posix("what is only unpacked has no script")
def test_the_script(make, tmp_path):
    script = pathlib.Path(sys.executable).with_name("keyfold")
    assert script.exists()
    path = make({"a": "x"}).path
    done = subprocess.run([script, "get", path, "a"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\tx\n", "")
    assert subprocess.run([script, "get", path, "b"]).returncode == 1
    points = importlib.metadata.distribution("keyfold").entry_points
    assert [(point.name, point.value) for point in points if point.group == "console_scripts"] == \
        [("keyfold", "keyfold.__main__:main")]


def test_metadata():
    about = importlib.metadata.metadata("keyfold")
    assert about["Author"] and about["Summary"] and about["Keywords"] and about["Requires-Python"] == ">=3.9"
    classifiers = about.get_all("Classifier")
    assert "License :: OSI Approved :: MIT License" in classifiers and "Typing :: Typed" in classifiers
    begin = "Programming Language :: Python :: "
    versions = [line[len(begin):] for line in classifiers if line.startswith(begin + "3.")]
    tested = (SOURCE / "tests/python/interpreters").read_text()
    assert versions == [f"3.{minor}" for minor in range(9, 15)] and all(version in tested for version in versions)
    assert "](" not in about.get_payload() or "](http" in about.get_payload()


def test_calling_the_class_says_what_to_call(tmp_path):
    for wrong, said in (("t.kf", r"keyfold\.open\('t\.kf'\)"), (b"t.kf", r"keyfold\.open"),
                        (pathlib.Path("t.kf"), r"keyfold\.open"), ({"a": 1}, r"keyfold\.freeze"),
                        ([("a", 1)], "freeze"), (None, "freeze")):
        with pytest.raises(TypeError, match=said):
            keyfold.Dictionary(wrong)


def test_completion_of_keys(make):
    table = make({f"key {number:05}": number for number in range(5000)})
    offered = table._ipython_key_completions_()
    assert offered == [f"key {number:05}" for number in range(1000)]
    frozen = keyfold.freeze({"a": {"b": 1}, "c": {"d": 2}}, make.path())
    assert frozen._ipython_key_completions_() == ["a", "c"] and frozen["c"]._ipython_key_completions_() == ["d"]
    pytest.importorskip("IPython")


class Printer:
    def __init__(self):
        self.said = ""

    def text(self, text):
        self.said += text


def test_reprs(make):
    table = make({"walk": 5, "walked": 9, "talk": 7}, weights="value")
    assert repr(table.nearest("walt", 2)) == "[<Match 'walk': 5, distance=1>, <Match 'talk': 7, distance=2>]"
    assert repr(table.complete("w")) == "[<Match 'walked': 9, weight=9>, <Match 'walk': 5, weight=5>]"
    assert "similarity=0.75" in repr(table.nearest("walt", by="similarity"))
    assert repr(list(table.find_all("a walk"))) == "[<Occurrence 'walk': 5 at 2:6>]"
    assert "Matches" in repr(table.fuzzy("walk")) and "for match in" in repr(table.fuzzy("walk"))
    assert repr(list(make({"a": None}).fuzzy("a"))) == "[<Match 'a'>]"
    long = list(make({"a": "x" * 10**6}).fuzzy("a"))
    assert len(repr(long)) < 200
    other = make({"a": "x"})
    match = next(iter(other.fuzzy("a")))
    other.close()
    assert repr(match) == "<Match 'a': ?>"
    stat = table.stat()
    assert repr(stat).startswith("Stat(keys=3, longest_key=6,") and stat == eval(repr(stat), {"Stat": keyfold.Stat})
    printer = Printer()
    stat._repr_pretty_(printer, False)
    assert str(stat) == printer.said and len(str(stat).splitlines()) == len(stat)
    assert str(stat).splitlines()[0].split() == ["keys", "3"] and "value type" in str(stat)


def test_series_map(make):
    pandas = pytest.importorskip("pandas")
    for model, keys in (({"a": 1, "b": 2}, ["b", "x", "a", None]), ({"a": "x", "b": "y"}, ["b", "x", "a"]),
                        ({1: 0.5, 2: 1.5}, [2, 5, 1]), ({"a": True, "b": False}, ["a", "x"])):
        table = make(model)
        for series in (pandas.Series(keys), pandas.Series(keys, dtype="category"), pandas.Series(keys, dtype=object)):
            pandas.testing.assert_series_equal(series.map(table), series.map(dict(table)))
            found = keyfold.pandas.lookup(series, table)
            assert [a if a == a else None for a in found.astype(object).where(found.notna(), None)] == \
                [table.get(key) for key in keys]
    if int(pandas.__version__.partition(".")[0]) < 3:
        return
    walked = []

    class Watched(type(table)):
        __slots__ = ()

        def __iter__(self):
            walked.append("iter")
            return super().__iter__()

        def keys(self, *rest, **options):
            walked.append("keys")
            return super().keys(*rest, **options)

        items = values = keys

    table = make({f"key {number}": number for number in range(100)})
    table.__class__ = Watched
    assert pandas.Series(["key 5", "no"]).map(table).tolist()[0] == 5 and not walked
    assert importlib.import_module("keyfold.pandas").__doc__.count("map") >= 1
