"""Dictionaries whose keys are in a normal form."""
import random
import re
import unicodedata

import keyfold
import pytest
from keyfold._native import ffi, lib

CASE, NFC, NFKC, ACCENTS = 1, 2, 4, 8
FORMS = {"case": CASE, "nfc": NFC, "nfkc": NFKC, "accents": ACCENTS, "case,nfc": CASE | NFC, "case,nfkc": CASE | NFKC,
         "case,accents": CASE | ACCENTS, "nfkc,accents": NFKC | ACCENTS, "case,nfkc,accents": CASE | NFKC | ACCENTS}


def normal(data, flags):
    buffer, form = ffi.new("kf_buffer *"), ffi.new("kf_bytes *")
    try:
        assert lib.kf_text_normalise(data, len(data), flags, buffer, form) == 0
        return bytes(ffi.buffer(form.data, form.size)) if form.size and form.data == buffer.data else \
            data if form.size else b""
    finally:
        lib.kf_buffer_free(buffer)


def strip(text, flags):
    return "".join(c for c in text if unicodedata.combining(c) in (0, 7, 8, 9)) if flags & ACCENTS else text


def expected(text, flags):
    """By Python's tables, as the Unicode Standard defines caseless matching."""
    if flags == CASE:
        return text.casefold()
    last = "NFKD" if flags & NFKC else "NFD"
    if flags & CASE:
        text = strip(unicodedata.normalize("NFD", text), flags).casefold()
        if flags & NFKC:
            text = strip(unicodedata.normalize(last, text), flags).casefold()
    return unicodedata.normalize("NFC", strip(unicodedata.normalize(last, text), flags))


def newer_than_13():
    """Code points that Unicode 13.0 does not assign, as the library has them: what the table turns at."""
    import pathlib
    source = pathlib.Path(__file__).resolve().parents[2] / "lib/base/unicode_assigned.c"
    turns = [int(number, 16) for number in re.findall(r"0x[0-9a-f]+", source.read_text())]
    assigned = bytearray(0x110000)
    for first, end in zip(turns[::2], [*turns[1::2], 0x110000]):
        assigned[first:end] = b"\1" * (end - first)
    return assigned


ASSIGNED = newer_than_13()
POINTS = [c for c in range(0x110000) if not 0xd800 <= c < 0xe000]


def test_assigned():
    known = [c for c in POINTS if unicodedata.category(chr(c)) != "Cn"]
    version = tuple(map(int, unicodedata.unidata_version.split(".")))
    assert version >= (13, 0)
    assert sum(ASSIGNED) == 143_859 + 65 + 2_048 + 137_468   # characters of 13.0, controls, surrogates, private use
    assert all(ASSIGNED[c] == 0 for c in POINTS if unicodedata.category(chr(c)) == "Cn")
    if version[:2] == (13, 0):
        assert all(ASSIGNED[c] for c in known)


@pytest.mark.parametrize("name", FORMS)
def test_every_code_point(name):
    flags = FORMS[name]
    # Beyond plane 2 nothing changes, which one form shows. All in one text: nothing joins with a NUL so that it shows.
    points = POINTS if name == "case,nfkc,accents" else [c for c in POINTS if c < 0x30000]
    text = "\0".join(map(chr, points))
    found = normal(text.encode(), flags).decode()
    assert normal(found.encode(), flags).decode() == found
    few = [c for c in map(chr, points) if ASSIGNED[ord(c)] and (unicodedata.decomposition(c) or c.casefold() != c
                                                               or unicodedata.combining(c) or "가" <= c <= "힣")]
    wanted = {chr(c): chr(c) for c in points} | {c: expected(c, flags) for c in few}
    assert found == "\0".join(wanted.values())


@pytest.mark.parametrize("name", FORMS)
def test_sequences(name):
    """Several code points that have to do with each other."""
    flags, rng = FORMS[name], random.Random(name)
    marks = [c for c in POINTS if ASSIGNED[c] and unicodedata.combining(chr(c))]
    others = [c for c in POINTS if ASSIGNED[c] and (unicodedata.decomposition(chr(c)) or
                                                    chr(c).casefold() != chr(c))]
    joining = [0x9be, 0x9d7, 0xb3e, 0xbbe, 0xcd5, 0xd3e, 0xdcf, 0x102e, 0x1b35, 0x1161, 0x1175, 0x11a8, 0x11c2,
               0x1100, 0xac00, 0xac01, 0x345, 0x3099, 0xff9e, 0xffa1, 0xffc2, 0x11127]
    for _ in range(5000):
        size = rng.choice((2, 2, 3, 4, 5, 40))
        text = "".join(chr(rng.choice(rng.choice((marks, others, joining, range(32, 127))))) for _ in range(size))
        found = normal(text.encode(), flags)
        assert found == expected(text, flags).encode(), ascii(text)
        assert normal(found, flags) == found, ascii(text)


def test_names(tmp_path):
    for name, shown in (("case", "case"), ("nfc,case", "case,nfc"), (["nfkc"], "nfkc"), (" accents , case ",
                                                                                         "case,nfc,accents"),
                        (("accents", "nfkc"), "nfkc,accents"), ({"nfc", "accents"}, "nfc,accents"), (None, None)):
        table = keyfold.compile(tmp_path / "t.kf", {"a": 1}, normalise=name)
        assert table.normalise == shown and table.stat().normalise == (shown or "none")
        assert keyfold.compile(tmp_path / "u.kf", {"a": 1}, normalise=shown).normalise == shown
    for name in ("", "Case", "case,", "nfd", ["case", 1], [], "nfc,nfkc"):
        with pytest.raises(keyfold.ArgumentError, match="normalise="):
            keyfold.compile(tmp_path / "t.kf", {"a": 1}, normalise=name)


@pytest.mark.parametrize("pairs", [{1: 2}, {("a", 1): 2}])
def test_keys_that_are_no_texts(tmp_path, pairs):
    with pytest.raises(keyfold.ArgumentError, match="no texts"):
        keyfold.compile(tmp_path / "t.kf", pairs, normalise="case")
    with pytest.raises(keyfold.ArgumentError, match="no texts"):
        keyfold.freeze({"a": {"b": 1}}, tmp_path / "t.kf", normalise="case")


@pytest.fixture
def table(tmp_path):
    return keyfold.compile(tmp_path / "t.kf", {"Straße": 1, "Cafe\u0301": 2, "Ångström": 3, "É": 4},
                           normalise="case,accents", weights="value")


def test_lookups(table):
    assert list(table) == ["angstrom", "cafe", "e", "strasse"]
    assert table["STRASSE"] == table["strasse"] == table["Straße"] == 1
    assert table.get("CAFÉ") == 2 and "angstrom" in table and "strase" not in table and table.get(7) is None
    assert table.ordinal("Café") == 1 and table.key_at(1) == "cafe" and table.value_at(1) == 2
    assert table.get_many(["CAFE\u0301", "x", "é", "STRAẞE"]) == [2, None, 4, 1]
    numpy = pytest.importorskip("numpy")
    values, found = table.get_many(numpy.array(["ÅNGSTRÖM", "?"]), output="numpy")
    assert values.tolist() == [3, 0] and found.tolist() == [True, False]


def test_order(table):
    assert list(table.keys("CAF")) == ["cafe"] and table.count_prefix("Å") == 1
    assert list(table.items(start="CAFÉ", stop="Straße")) == [("cafe", 2), ("e", 4)]
    assert "CAFÉ" in table.keys("Ca") and "CAFÉ" not in table.keys("É") and ("CAFÉ", 2) in table.items("ca")
    assert list(reversed(table.keys(stop="CAFF"))) == ["cafe", "angstrom"]


def test_prefixes_of_texts(table):
    assert table.longest_prefix("Straßenbahn") == "strasse" and table.longest_prefix("STRAS") is None
    assert table.prefixes("Éa") == ["e"] and table.prefixes("E\u0301\u0302a") == ["e"]
    assert table.longest_prefix("CAFÉ" * 100) == "cafe"


def test_queries(table):
    assert [m.key for m in table.fuzzy("STRÄSE", 1)] == ["strasse"]
    assert table.nearest("CAFÉS")[0].key == "cafe"
    assert table.nearest("ÂNGSTROM", metric="jaro-winkler")[0].similarity == 1
    assert [m.key for m in table.match("STRA(ß|x)E|É+")] == ["e", "strasse"]
    assert [m.key for m in table.match("[ÅÄ]N.*")] == ["angstrom"] and not list(table.match("[^a]ngstrom"))
    assert [m.key for m in table.glob("Caf[é-ê]")] == ["cafe"] and [m.key for m in table.glob("*ß*")] == ["strasse"]
    assert [m.key for m in table.subsequence("SßE")] == ["strasse"]
    assert [m.key for m in table.select(~keyfold.Regex("É") & keyfold.Fuzzy("CAFÉS", 1))] == ["cafe"]
    assert [m.key for m in table.complete("CÀ")] == ["cafe"]
    assert [m.key for m in table.complete("", 2)] == ["e", "angstrom"]


def test_find(table):
    text = "In der STRASSE: Cafe\u0301\u0302 (caféx), Straßen ångström"
    found = [(f.key, text[f.start:f.end]) for f in table.find_all(text, boundary="words", overlap="longest")]
    assert found == [("strasse", "STRASSE"), ("cafe", "Cafe\u0301\u0302"), ("angstrom", "ångström")]
    starts = [(f.start, f.end) for f in table.find_all("éE\u0301e")]
    assert starts == [(0, 1), (1, 3), (3, 4)]
    assert [f.key for f in table.find_all("xéx", filter=lambda f: f.start == 1 and f.end == 2)] == ["e"]
    seen = []
    list(table.find_all("aé b", boundary=lambda text, at: seen.append((text, at)) or True))
    assert {at for _, at in seen} <= {0, 1, 2, 3, 4} and {text for text, _ in seen} == {"aé b"}


def test_find_in_half_a_character(tmp_path):
    table = keyfold.compile(tmp_path / "t.kf", dict.fromkeys(["s", "f", "i", "가"]), normalise="case,nfkc")
    assert [(f.key, f.start) for f in table.find_all("ßsﬁf가각\u1100\u1161")] == \
        [("s", 1), ("f", 3), ("가", 4), ("가", 6)]


def test_bytes(tmp_path):
    keys = {"É".encode(): 1, b"\xff\xc9": 2}
    table = keyfold.compile(tmp_path / "t.kf", keys, normalise="case")
    assert table["é".encode()] == 1 and table[b"\xff\xc9"] == 2 and b"\xff\xe9" not in table
    assert [(f.start, f.end) for f in table.find_all("xÉ".encode())] == [(1, 3)]


def test_duplicates(tmp_path):
    pairs = [("A", 1), ("a", 2), ("b", 3)]
    with pytest.raises(keyfold.DuplicateKey, match="more than one key is 'a' once normalised"):
        keyfold.compile(tmp_path / "t.kf", pairs, normalise="case")
    for policy, value in (("first", 1), ("last", 2), ("sum", 3)):
        assert dict(keyfold.compile(tmp_path / "t.kf", pairs, normalise="case", duplicates=policy)) == \
            {"a": value, "b": 3}


def test_files_and_workers(tmp_path):
    (tmp_path / "a.tsv").write_text("Straße\t1\nÉ\t2\n", encoding="utf-8")
    table = keyfold.compile(tmp_path / "t.kf", tmp_path / "a.tsv", normalise="case,nfc")
    assert dict(table) == {"strasse": "1", "é": "2"} and table.normalise == "case,nfc"
    table = keyfold.compile(tmp_path / "t.kf", [["A"], ["B"]], reader=lambda part: [(part[0], 1)], workers=0,
                            normalise="case")
    assert dict(table) == {"a": 1, "b": 1}


def test_freeze(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path))
    plain, folded = keyfold.freeze({"A": 1}), keyfold.freeze({"A": 1}, normalise="case")
    assert plain.path != folded.path and folded["a"] == folded["A"] == 1 and plain.get("a") is None
    assert keyfold.freeze({"A": 1}, normalise="case").path == folded.path
    assert keyfold.freeze(iter([("A", 1)]), normalise="case")["a"] == 1


def test_sets(tmp_path):
    a = keyfold.compile(tmp_path / "a.kf", {"A": 1, "b": 2}, normalise="case")
    b = keyfold.compile(tmp_path / "b.kf", {"B": 3, "c": 4}, normalise="case")
    plain = keyfold.compile(tmp_path / "c.kf", {"B": 3})
    assert dict(keyfold.union(a, b, values="sum", prefix="B")) == {"b": 5}
    merged = keyfold.merge(tmp_path / "m.kf", [a, b])
    assert merged.normalise == "case" and merged["C"] == 4 and len(merged) == 3
    assert [(c.change, c.key) for c in keyfold.diff(a, b)] == [("removed", "a"), ("changed", "b"), ("added", "c")]
    with pytest.raises(keyfold.ArgumentError, match="normal form"):
        dict(keyfold.union(a, plain))
    with pytest.raises(keyfold.ArgumentError, match="normal form"):
        keyfold.merge(tmp_path / "m.kf", [plain, a])
    with pytest.raises(keyfold.ArgumentError, match="normal form"):
        keyfold.bundle(tmp_path / "m.kfm", [plain, keyfold.compile(tmp_path / "d.kf", {"X": 3}, normalise="case")])
    first = keyfold.compile(tmp_path / "d.kf", {"X": 3}, normalise="case")
    both = keyfold.bundle(tmp_path / "m.kfm", [a, first])
    assert both.normalise == "case" and both["x"] == both["X"] == 3 and both.get_many(["A", "x", "y"]) == [1, 3, None]
    assert both.longest_prefix("Xa") == "x" and [f.start for f in both.find_all("aXB")] == [0, 1, 2]
