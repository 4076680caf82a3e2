"""Indexes of names: what is compiled comes back, and searches find what scoring every name finds."""
import array
import io
import itertools
import mmap
import os
import random

import pytest

import keyfold

FIRMS = {7: "ACME HOLDINGS LTD", 8: "BOLTS AND NUTS INC", 3: "Ärzte & Söhne GmbH", 4: "", 5: "BOLTS AND  NUTS",
         2**63: "日本 東京 株式会社", -6: "ACME LTD"}


SCORERS = ["setratio", "ratio", "setratio", "token_sort_ratio", "setratio", "token_set_ratio"]


@pytest.fixture
def index(tmp_path):
    return keyfold.compile_names(tmp_path / "firms.kf", FIRMS)


def words(rng, letters, tokens, length):
    return " ".join("".join(rng.choices(letters, k=rng.randrange(length + 1))) for _ in range(rng.randrange(1, tokens)))


def brute(names, needle, cutoff=0.0, scorer="setratio"):
    """Positions and scores, best first, of equal ones the lowest position first."""
    scores = [(keyfold.names_score(needle, name, scorer=scorer), position) for position, name in enumerate(names)]
    best = sorted(((score, position) for score, position in scores if score >= cutoff),
                  key=lambda each: (-each[0], each[1]))
    return [(position, score) for score, position in best]


@pytest.mark.parametrize("seed", range(4))
def test_searches_find_what_scoring_every_name_finds(tmp_path, seed):
    rng = random.Random(seed)
    letters = ["ab", "abcdé日", "a😀b", "abcdefghijklmnopqrstuvwxyz"][seed]
    names = [words(rng, letters, 6, 5) for _ in range(300)]
    needles = [words(rng, letters, 6, 5) for _ in range(30)] + rng.sample(names, 10)
    index = keyfold.compile_names(tmp_path / "a.kf", names)
    for number, needle in enumerate(needles):
        scorer = SCORERS[number % len(SCORERS)]
        ranked = {cutoff: brute(names, needle, cutoff, scorer) for cutoff in (0.0, 0.6)}
        for limit, cutoff in ((1, 0.0), (7, 0.0), (20, 0.6)):
            found = index.matches(needle, limit, cutoff=cutoff, scorer=scorer)
            assert [(match.position, match.score) for match in found] == ranked[cutoff][:limit]
            assert found.exact and all(match.name == names[match.position] == names[match.id] for match in found)
    assert index.best_many(needles) == [index.best(needle) for needle in needles]
    assert index.matches_many(needles, 3) == [index.matches(needle, 3) for needle in needles]


def test_scores_are_those_of_levenshtein():
    levenshtein = pytest.importorskip("Levenshtein")
    rng = random.Random(5)
    for _ in range(500):
        one, other = words(rng, "abc", 6, 6), words(rng, "abc", 6, 6)
        assert keyfold.names_score(one, other) == \
            pytest.approx(levenshtein.setratio(one.split(" "), other.split(" ")), abs=1e-12)


def test_what_is_compiled_comes_back(index):
    assert len(index) == len(FIRMS) and index.id_kind == "int"
    for position, (id, name) in enumerate(FIRMS.items()):
        match = index.best(name)
        assert (match.id, match.name, match.score, match.position) == (id, name, 1.0, position)
        assert type(match.id) is int
    assert index.best("ACME HOLDING LTD").id == 7
    assert index.best("ACME", cutoff=0.9) is None and index.matches("ACME", cutoff=0.9) == []
    assert [match.id for match in index.matches("", 100)][0] == 4
    index.verify()
    assert index.stat().names == len(FIRMS) and "names" in str(index.stat())


@pytest.mark.parametrize("ids", [["a", "b", "a"], ["1", "02", "3"], ["1", "2", "3"], [1, 2, -3], [0, 0, 2**70],
                                 [b"x", b"\xff", b""], ["ü", "", "\udcff"]], ids=repr)
def test_ids_come_back_as_they_were_given(tmp_path, ids):
    names = ["one", "two", "three"]
    index = keyfold.compile_names(tmp_path / "a.kf", zip(ids, names), equal_ids=True)
    assert [index.best(name).id for name in names] == ids
    assert [type(index.best(name).id) for name in names] == list(map(type, ids))
    assert [match.id for match in index.best_many(names)] == ids
    assert keyfold.NameIndex(tmp_path / "a.kf", ids="bytes").best("two").id == \
        (ids[1] if isinstance(ids[1], bytes) else str(ids[1]).encode("utf-8", "surrogateescape"))


def test_ids_of_files_that_do_not_tell(tmp_path, tool):
    for lines, ids in (("7\tACME\n8\tBOLTS\n", [7, 8]), ("07\tACME\n8\tBOLTS\n", ["07", "8"])):
        (tmp_path / "a.tsv").write_text(lines)
        path = tmp_path / f"{ids[0]}.kf"
        assert tool("names", "build", "-o", path, tmp_path / "a.tsv").returncode == 0
        index = keyfold.NameIndex(path)
        assert [match.id for match in index.best_many(["ACME", "BOLTS"])] == ids
    assert keyfold.NameIndex(path, ids="bytes").best("ACME").id == b"07"


@pytest.mark.parametrize("inputs", [
    lambda: FIRMS, lambda: FIRMS.items(), lambda: list(FIRMS.items()), lambda: iter(FIRMS.items()),
    lambda: [list(row) for row in FIRMS.items()], lambda: ({"id": id, "name": name} for id, name in FIRMS.items()),
], ids=["dict", "items", "pairs", "iterator", "lists", "dicts"])
def test_rows(tmp_path, index, inputs):
    made = keyfold.compile_names(tmp_path / "a.kf", inputs())
    assert made == index and hash(made) == hash(index) and made.build_id == index.build_id


def test_rows_that_are_dicts(tmp_path):
    rows = [{"no": 5, "firm": "ACME", "x": None}, {"no": 6, "firm": "BOLTS"}]
    assert keyfold.compile_names(tmp_path / "a.kf", rows, id="no", name="firm").best("BOLTS").id == 6
    assert keyfold.compile_names(tmp_path / "a.kf", rows, name="firm").best("BOLTS").id == 1
    with pytest.raises(keyfold.ArgumentError, match="row 0: it has no 'name'.*there are no, firm, x"):
        keyfold.compile_names(tmp_path / "a.kf", rows)


def test_names_alone_have_positions(tmp_path):
    for names in (["b", "a"], ("b", "a"), iter(["b", "a"]), {"b": 0, "a": 0}.keys()):
        index = keyfold.compile_names(tmp_path / "a.kf", names)
        assert (index.best("a").id, index.best("a").position, index.id_kind) == (1, 1, "int")
    many = keyfold.compile_names(tmp_path / "a.kf", map("n{}".format, range(20000)))
    assert many.best("n19999").id == 19999
    empty = keyfold.compile_names(tmp_path / "a.kf", [])
    assert len(empty) == 0 and empty.best("a") is None and empty.best_many(["a"]) == [None]


@pytest.mark.parametrize("names, problem, text", [
    ([(1, "a"), (2, None)], TypeError, "row 1 .id 2.: a name is a str, not NoneType"),
    ({1: "a", "b": "c"}, TypeError, "row 1 .id 'b'.: the id is str, but the first was int"),
    ({1.5: "a"}, TypeError, "row 0 .id 1.5.: an id is an int, a str or bytes, not float"),
    ([(True, "a")], TypeError, "row 0 .id True.: an id is an int, a str or bytes, not bool"),
    ([(1, "a"), 5], TypeError, "row 1: an id and a name .* are needed, not 5"),
    ([(1, "a"), (2, "b", 3)], TypeError, "row 1 .id 2.: an attribute is a str, not int"),
    ([(1, "a"), (2, "b", "", "", "")], TypeError, "row 1: an id and a name .* are needed"),
    ([(n, "a", None, 5 if n < 2000 else "x") for n in range(2001)], TypeError,
     "row 2000 .id 2000.: the payload can't be encoded by codec 'int'"),
    ([(5, "a"), (6, "b"), (5, "c")], keyfold.DuplicateKey, "position 0 and of 2: equal_ids=True"),
    ([(1, "a", "b" * 70000)], keyfold.LimitError, "row 0 .id 1.: .*65535"),
    (["a", None], TypeError, "row 1: a name is a str, not NoneType"),
    (["a", "\ud800"], TypeError, "row 1: .*surrogates not allowed"),
    ([(1, "a"), (2, b"\xff")], keyfold.ArgumentError, "row 1 .id 2.: .*UTF-8"),
    ([(1, "a"), (2, "a" * 65536)], keyfold.LimitError, "row 1 .id 2.: .*65535"),
    ([(1, "a"), (2, " " * 1024)], keyfold.LimitError, "row 1 .id 2.: .*1024"),
    (5, TypeError, "names are needed"), ({1: ["a"]}, TypeError, "not list"),
], ids=lambda value: "")
def test_bad_rows(tmp_path, names, problem, text):
    with pytest.raises(problem, match=text):
        keyfold.compile_names(tmp_path / "a.kf", names)
    assert os.listdir(tmp_path) == []


def test_bad_arguments(tmp_path, index):
    for arguments in (dict(memory="1 cup"), dict(threads=0.5), dict(nulls="drop"), dict(id="x"),
                      dict(metadata={"python.x": "y"}), dict(progress=5)):
        with pytest.raises((keyfold.ArgumentError, TypeError)):
            keyfold.compile_names(tmp_path / "a.kf", ["a"], **arguments)
    for call in (lambda: index.best(None), lambda: index.best(5), lambda: index.best_many("ACME"),
                 lambda: index.best_many(["ACME", 5]), lambda: keyfold.names_score("a", None)):
        with pytest.raises(TypeError):
            call()
    for call in (lambda: index.best("a", cutoff=2), lambda: index.matches("a", 0), lambda: index.best("a", work=0),
                 lambda: index.best("a", scorer="cosine"), lambda: index.best_many(["a"], output="xml"),
                 lambda: index.best("a" * 70000), lambda: keyfold.NameIndex(index.path, ids="float")):
        with pytest.raises(ValueError):
            call()
    other = tmp_path / "notes.txt"
    other.write_text("important")
    with pytest.raises(keyfold.ArgumentError, match="force"):
        keyfold.compile_names(other, ["a"])
    assert keyfold.compile_names(other, ["a"], force=True).best("a").id == 0


def test_wrong_kinds_of_files(tmp_path, index):
    table = keyfold.compile(tmp_path / "table.kf", {"a": 1})
    with pytest.raises(keyfold.ValueTypeError, match="firms.kf is an index of names, which keyfold.NameIndex"):
        keyfold.open(index.path)
    with pytest.raises(keyfold.ValueTypeError, match="table.kf is a dictionary, which keyfold.open"):
        keyfold.NameIndex(table.path)
    (tmp_path / "text").write_text("a" * 500)
    with pytest.raises(keyfold.FormatError, match="text"):
        keyfold.NameIndex(tmp_path / "text")
    with pytest.raises(keyfold.NoFile):
        keyfold.NameIndex(tmp_path / "nowhere.kf")
    for thing in ({1: "a"}, 5, None):
        with pytest.raises(TypeError):
            keyfold.NameIndex(thing)


def test_what_can_be_opened(index):
    with open(index.path, "rb") as file:
        content = file.read()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        file.seek(0)
        opened = [keyfold.NameIndex(thing) for thing in (
            content, bytearray(content), memoryview(content), array.array("B", content), mapped, io.BytesIO(content),
            file)]
    for each in opened:
        assert each == index and each.best("ACME LTD").id == -6
    assert keyfold.NameIndex(index.path, in_memory=True, populate=True).best("ACME LTD").id == -6


def test_damaged_files(tmp_path, index):
    with open(index.path, "rb") as file:
        content = file.read()
    rng = random.Random(6)
    found = 0
    for place in rng.sample(range(len(content)), 100):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.randrange(8)
        try:
            broken = keyfold.NameIndex(bytes(damaged))
            broken.matches("ACME & SÖHNE", 3)
            broken.best_many(["BOLTS", "日本"])
            broken.verify()
        except keyfold.Error:
            found += 1
    assert found >= 99      # a byte of padding may be anything
    with pytest.raises(keyfold.Error):
        keyfold.NameIndex(content[:-100])


def test_closing(index):
    with keyfold.NameIndex(index.path) as other:
        assert other.best("ACME LTD").id == -6 and "7 names" in repr(other)
    assert other.closed and not index.closed and "closed" in repr(other) and other.path == index.path
    for call in (lambda: other.best("a"), lambda: len(other), lambda: other.best_many(["a"]), other.stat):
        with pytest.raises(ValueError, match="closed"):
            call()
    other.close()
    assert index.best("ACME LTD").id == -6


def test_metadata(tmp_path):
    index = keyfold.compile_names(tmp_path / "a.kf", ["a"], metadata={"source": "register"})
    assert index.metadata == {"source": b"register", "python.ids": b"int"}


def test_progress_and_interrupts(tmp_path):
    told = []
    keyfold.compile_names(tmp_path / "a.kf", map(str, range(50000)), progress=lambda done, total: told.append(done))
    assert told[-1] == 50000 and told == sorted(told)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keyfold.compile_names(tmp_path / "b.kf", map(str, range(50000)), progress=stop)
    assert os.listdir(tmp_path) == ["a.kf"]


def test_work_is_limited(tmp_path):
    rng = random.Random(7)
    index = keyfold.compile_names(tmp_path / "a.kf", [words(rng, "abcdefgh", 6, 8) for _ in range(3000)])
    found = index.matches("abcd efgh", work=10)
    assert not found.exact and found == index.matches("abcd efgh", work=10)
    assert index.matches("abcd efgh", work=10**9).exact
    many = index.matches_many(["abcd efgh", "hgfe dcba"], 2, work=10)
    assert [each.exact for each in many] == [False, False]


# ---- attributes and payloads ------------------------------------------------------------------------

ROWS = [(1, "ACME LTD", "GB", {"staff": 20}), (2, "ACME INC", "US", {"staff": 300}), (3, "ACME GMBH", None, None),
        (4, "BOLTS LTD", "GB", {})]


def test_attributes_and_payloads_come_back(tmp_path):
    index = keyfold.compile_names(tmp_path / "a.kf", ROWS)
    assert list(index) == [keyfold.NameRow(*row) for row in ROWS] and index.metadata["python.payloads"] == b"object"
    for id, name, attribute, payload in ROWS:
        match = index.best(name)
        assert (match.id, match.attribute, match.payload) == (id, attribute, payload)
    assert [(match.attribute, match.payload) for match in index.best_many(["ACME INC", "ACME GMBH"])] == \
        [("US", {"staff": 300}), (None, None)]
    assert index.stat().attributes == 3 and index.stat().payload_bytes > 0
    plain = keyfold.compile_names(tmp_path / "b.kf", [row[:2] for row in ROWS])
    assert plain.best("ACME INC") == (2, "ACME INC", 1.0, 1, None, None, None) and plain.stat().payload_bytes == 0


@pytest.mark.parametrize("payloads, codec", [
    (["x", None, "ü"], "str"), ([b"x", None, b"\xff"], "raw"), ([5, None, -2**70], "int"),
    ([2.5, None, -0.0], "float"),
    ([(1, "a"), None, [b"x"]], "object"), ([None, None, None], None)])
def test_payloads_of_any_kind(tmp_path, payloads, codec):
    rows = [(number, f"name {number}", None, payload) for number, payload in enumerate(payloads)]
    index = keyfold.compile_names(tmp_path / "a.kf", rows)
    assert [row.payload for row in index] == [match.payload for match in index.best_many(
        [row[1] for row in rows])] == payloads
    assert index.metadata.get("python.payloads") == (codec and codec.encode())


def test_codecs_of_payloads(tmp_path):
    rows = [(1, "a", None, {"x": 1})]
    assert keyfold.compile_names(tmp_path / "a.kf", rows, codec="json").best("a").payload == {"x": 1}
    with pytest.raises(TypeError, match="row 0 .id 1.: the payload can't be encoded by codec 'str'"):
        keyfold.compile_names(tmp_path / "b.kf", rows, codec="str")
    with pytest.raises(keyfold.CodecError):
        keyfold.compile_names(tmp_path / "b.kf", rows, codec="pickle")
    assert [(row.attribute, row.payload) for row in keyfold.compile_names(tmp_path / "a.kf", [(1, "a", "", "")])] == \
        [(None, None)]


def test_members_of_dicts_as_attribute_and_payload(tmp_path):
    rows = [{"id": 1, "name": "a", "country": "DE", "more": 7}, {"id": 2, "name": "b", "country": None, "more": 8}]
    index = keyfold.compile_names(tmp_path / "a.kf", rows, attribute="country", payload="more")
    assert [(row.attribute, row.payload) for row in index] == [("DE", 7), (None, 8)]


def test_searches_within_an_attribute(tmp_path):
    rng = random.Random(8)
    names = [words(rng, "abcd", 5, 4) for _ in range(400)]
    places = [rng.choice(["DE", "GB", None, "é"]) for _ in names]
    index = keyfold.compile_names(tmp_path / "a.kf", zip(itertools.count(), names, places))
    needles = [words(rng, "abcd", 5, 4) for _ in range(20)]
    for needle in needles:
        ranked = brute(names, needle)
        for by in ("DE", "é", None):
            found = index.matches(needle, 5, by=by)
            assert [(match.position, match.score) for match in found] == \
                [each for each in ranked if by is None or places[each[0]] == by][:5]
    asked = [rng.choice(["DE", "GB", None, "XX"]) for _ in needles]
    answer = [index.best(needle, by=by) for needle, by in zip(needles, asked)]
    assert index.best_many(needles, by=asked) == answer and [each is None for each in answer] == \
        [by == "XX" for by in asked]
    assert index.best_many(needles, by="GB") == [index.best(needle, by="GB") for needle in needles]
    assert index.best_many([None, *needles], by=["DE", *asked])[1:] == answer
    with pytest.raises(keyfold.ArgumentError, match="by= has 1 attributes for 20 needles"):
        index.best_many(needles, by=["DE"])
    for wrong in (5, b"DE"):
        with pytest.raises(TypeError):
            index.best("a", by=wrong)
    with pytest.raises(keyfold.ArgumentError):
        keyfold.compile_names(tmp_path / "b.kf", names).best("a", by="DE")


def test_names_are_processed_if_that_was_asked_for(tmp_path):
    names = ["Ärzte & Söhne GmbH", "ACME, Limited", "S.A. Bolts/Nuts"]
    index = keyfold.compile_names(tmp_path / "a.kf", names, normalise="case,nfkc,accents,punctuation,spaces",
                                  separators="&", legal_forms="canonical")
    assert [index.process(name) for name in names[:2]] == \
        [index.process("ARZTE SOHNE g.m.b.h"), index.process("acme ltd")]
    for needle, position in (("arzte sohne gmbh", 0), ("Acme   LTD.", 1), ("bolts NUTS s.a.", 2)):
        match = index.best(needle)
        assert (match.position, match.name) == (position, names[position])
    assert index.best("Acme   LTD.").score == 1.0 and "ACME, Limited" in index and "ACME Limited" not in index
    stat = index.stat()
    assert (stat.normalise, stat.legal_forms) == ("case,nfkc,accents,punctuation,spaces", "canonical")
    assert index.explain("LTD acme", index.best("acme ltd")).score == 1.0
    assert [row.name for row in index] == names and stat.text_bytes > 0
    ignoring = keyfold.compile_names(tmp_path / "a.kf", ["ACME LTD", "ACME Verein"], legal_forms="ignore",
                                     legal_table={"e.V.": ["Verein"]})
    assert [ignoring.best(name).position for name in ("ACME LTD", "ACME")] == [0, 1]
    plain = keyfold.compile_names(tmp_path / "a.kf", names)
    assert (plain.stat().normalise, plain.stat().legal_forms, plain.process("A, b")) == ("none", "keep", "A, b")
    for wrong in (dict(normalise="upper"), dict(normalise=""), dict(legal_forms="drop"), dict(legal_table="a"),
                  dict(normalise="nfc,nfkc"), dict(separators="a", legal_forms="ignore"), dict(separators="\0"),
                  dict(legal_forms="ignore", legal_table={"a\tb": []}),
                  dict(legal_forms="ignore", legal_table="a\na\n")):
        with pytest.raises(keyfold.ArgumentError):
            keyfold.compile_names(tmp_path / "b.kf", names, **wrong)
    for wrong in (dict(separators=5), dict(legal_forms="ignore", legal_table=5)):
        with pytest.raises(TypeError):
            keyfold.compile_names(tmp_path / "b.kf", names, **wrong)


def test_ties_gaps_and_ranking_again(tmp_path):
    names = ["ACME LTD", "ACME INC", "BOLTS LTD", "ACME LLC"]
    index = keyfold.compile_names(tmp_path / "a.kf", names)
    found = index.matches("ACME", 1)
    assert [match.id for match in found] == [0] and found.tied == 2
    assert [match.id for match in index.matches("ACME", 1, ties=True)] == [0, 1, 3]
    assert [each.tied for each in index.matches_many(["ACME", None], 1)] == [2, 0]
    assert [len(each) for each in index.matches_many(["ACME", None], 1, ties=True)] == [3, 0]
    assert index.best("ACME LTD", gap=True).gap == pytest.approx(1 - index.matches("ACME LTD", 2)[1].score)
    for scorer in ("wratio", "partial_ratio", "jaro_winkler", "ratio"):
        best = index.matches("LTD ACME", 4, rerank=scorer)
        scores = [keyfold.names_score("LTD ACME", match.name, scorer=scorer) for match in best]
        assert [match.score for match in best] == pytest.approx(scores, abs=1e-12) and scores == sorted(scores)[::-1]
    for wrong in (dict(candidates=5), dict(rerank="cosine"), dict(rerank="wratio", candidates=2, limit=3),
                  dict(scorer="wratio")):
        with pytest.raises(keyfold.ArgumentError):
            index.matches("ACME", **wrong)
    with pytest.raises(keyfold.ArgumentError, match="matches_many"):
        index.best_many(["ACME"], ties=True)


def test_scores_are_explained():
    told = keyfold.names_explain("ACNE LTD LTD", "LTD ACME")
    assert told.score == keyfold.names_score("ACNE LTD LTD", "LTD ACME") == \
        2 * sum(pair.similarity for pair in told.pairs) / 5
    assert [(pair.a, pair.b, pair.a_index, pair.b_index, pair.common) for pair in told.pairs] == \
        [("ACNE", "ACME", 0, 1, 3), ("LTD", "LTD", told.pairs[1].a_index, 0, 3)]
    assert str(told).splitlines()[0] == "0.7" and keyfold.names_explain("a", "b", scorer="ratio").pairs == ()
    for call in (keyfold.names_score, keyfold.names_explain):
        with pytest.raises(keyfold.ArgumentError, match="'setratio'.*'jaro_winkler', not 'cosine'"):
            call("a", "b", scorer="cosine")
        with pytest.raises(keyfold.ArgumentError):
            call(b"\xff", "b")


def test_scores_are_those_of_rapidfuzz():
    fuzz = pytest.importorskip("rapidfuzz.fuzz")
    rng = random.Random(9)
    for _ in range(300):
        one, other = words(rng, "abc", 6, 6), words(rng, "abc", 6, 6)
        for scorer in ("ratio", "token_sort_ratio", "token_set_ratio", "partial_ratio"):
            assert keyfold.names_score(one, other, scorer=scorer) == \
                pytest.approx(getattr(fuzz, scorer)(one, other) / 100, abs=1e-9)


def test_rows_are_iterated(index):
    assert [(row.id, row.name) for row in index] == list(FIRMS.items())
    assert [row.id for row in index.rows(5)] == list(FIRMS)[5:] and list(index.rows(100)) == []
    assert "ACME LTD" in index and "ACME" not in index and 5 not in index
    assert repr(next(iter(index))) == "NameRow(id=7, name='ACME HOLDINGS LTD')"
    with pytest.raises(keyfold.ArgumentError):
        index.rows(-1)


# ---- files ------------------------------------------------------------------------------------------

FILES = {
    "a.tsv": ("7\tACME LTD\tGB\tx\n8\tBOLTS\n", {}),
    "a.csv": ("name,no,land,rest\nACME LTD,7,GB,x\nBOLTS,8,,\n",
              dict(header=True, id="no", name="name", attribute="land", payload="rest")),
    "b.csv": ("ACME LTD;7;GB;x\nBOLTS;8;;\n", dict(delimiter=";", id=2, name=1, attribute=3, payload=4)),
    "a.jsonl": ('{"id": 7, "firm": "ACME LTD", "attribute": "GB", "payload": "x"}\n{"id": 8, "firm": "BOLTS"}\n',
                dict(name="firm")),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_read(tmp_path, name):
    text, options = FILES[name]
    path = tmp_path / name
    path.write_text(text)
    told = []
    for inputs in (path, str(path), [path]):
        index = keyfold.compile_names(tmp_path / "a.kf", inputs, progress=lambda done, total: told.append(done),
                                      **options)
        assert list(index) == [keyfold.NameRow(7, "ACME LTD", "GB", "x"), keyfold.NameRow(8, "BOLTS")]
    assert told[-1] == 2


def test_options_of_files(tmp_path):
    path, target = tmp_path / "a.txt", tmp_path / "a.kf"
    path.write_text("ACME, Ltd.\nBolts!\n")
    index = keyfold.compile_names(target, path, normalise="case,punctuation,spaces", legal_forms="ignore",
                                  legal_table={"Ltd": ["Limited"]}, threads=1, memory="64M", tmpdir=tmp_path)
    assert [row.id for row in index] == [1, 2] and index.best("acme limited").score == 1.0
    assert len(keyfold.compile_names(target, [str(path), str(path)], format="lines")) == 4
    rows = tmp_path / "a.tsv"
    rows.write_text("1\ta\n1\tb\nbad\n")
    with pytest.raises(keyfold.DuplicateKey, match="equal_ids=True"):
        keyfold.compile_names(target, rows, on_error="skip")
    with pytest.warns(UserWarning):
        assert len(keyfold.compile_names(target, rows, on_error="skip", equal_ids=True)) == 2
    with pytest.raises(keyfold.Error, match="a.tsv:3"):
        keyfold.compile_names(target, rows, equal_ids=True)
    for wrong in (dict(format="nul"), dict(header=True), dict(nulls="skip"), dict(codec="json"), dict(normalise="nfc"),
                  dict(metadata={"a": "b"}), dict(id=True), dict(format="lines", id=1)):
        with pytest.raises(keyfold.ArgumentError):
            keyfold.compile_names(target, path, **wrong)
    with pytest.raises(keyfold.NoFile, match="a str is taken for the path"):
        keyfold.compile_names(target, "ACME LTD")
    with pytest.raises(keyfold.ArgumentError, match="a list of str is one of names"):
        keyfold.compile_names(target, [str(path)])
    with pytest.raises(keyfold.ArgumentError, match="header="):
        keyfold.compile_names(target, {1: "a"}, header=True)


def test_files_of_columns(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    pandas.DataFrame({"id": [7, 8], "name": ["ACME", "BOLTS"], "x": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    index = keyfold.compile_names(tmp_path / "a.kf", tmp_path / "a.parquet", payload="x")
    assert list(index) == [keyfold.NameRow(7, "ACME", None, 1), keyfold.NameRow(8, "BOLTS", None, 2)]


# ---- names that are alike ---------------------------------------------------------------------------

def test_pairs_and_groups_of_names_that_are_alike(tmp_path):
    rng = random.Random(10)
    names = [words(rng, "abc", 4, 3) for _ in range(120)]
    places = [rng.choice(["DE", "GB"]) for _ in names]
    index = keyfold.compile_names(tmp_path / "a.kf", zip(itertools.count(1000), names, places))
    every = {(a, b): keyfold.names_score(names[a], names[b])
             for a, b in itertools.combinations(range(len(names)), 2)}
    alike = {pair: score for pair, score in every.items() if score >= 0.8}
    pairs = index.dedupe(0.8)
    assert {(pair.first.position, pair.second.position): pair.score for pair in pairs} == alike
    assert len(pairs) == len(alike) and pairs == index.dedupe(0.8, threads=1) == index.dedupe(0.8, threads=3)
    assert all(pair.first.id == pair.first.position + 1000 and pair.second.name == names[pair.second.position]
               for pair in pairs)
    same = index.dedupe(0.8, same_attribute=True)
    assert {(pair.first.position, pair.second.position) for pair in same} == \
        {(a, b) for a, b in alike if places[a] == places[b]}
    assert all(pair.first.attribute == pair.second.attribute == "DE" for pair in index.dedupe(0.8, by="DE"))

    linked = {position: {position} for position in range(len(names))}
    for a, b in alike:
        if linked[a] is not linked[b]:
            linked[a] |= linked[b]
            for each in linked[b]:
                linked[each] = linked[a]
    expected = sorted(sorted(group) for group in {id(group): group for group in linked.values()}.values()
                      if len(group) > 1)
    assert [[match.position for match in group] for group in index.groups(0.8)] == expected
    assert index.dedupe(1.0, scorer="ratio") and index.groups(1.0, by="XX") == []
    for wrong in (0, 1.5):
        with pytest.raises(keyfold.ArgumentError):
            index.dedupe(wrong)
    with pytest.raises(keyfold.ArgumentError):
        index.groups(0.5, output="xml")


def test_pairs_in_tables(tmp_path):
    for package in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(package)
    index = keyfold.compile_names(tmp_path / "a.kf", {7: "ACME LTD", 8: "BOLTS INC", 9: "ACMY LTD", 1: "BOLTS INK"})
    for output in ("pandas", "polars", "arrow"):
        pairs, groups = index.dedupe(0.8, output=output), index.groups(0.8, output=output)
        columns = (lambda frame: list(frame.column_names if output == "arrow" else frame.columns))
        assert columns(pairs) == ["first_id", "first_name", "first_position", "second_id", "second_name",
                                  "second_position", "score"]
        assert columns(groups) == ["group", "id", "name", "position"]
        listed = (lambda column: column.to_pylist() if output == "arrow" else list(column))
        assert sorted(zip(listed(pairs["first_id"]), listed(pairs["second_id"]))) == [(7, 9), (8, 1)]
        assert list(zip(listed(groups["group"]), listed(groups["id"]))) == [(0, 7), (0, 9), (1, 8), (1, 1)]
        assert len(index.dedupe(0.99, output=output)) == len(index.groups(0.99, output=output)) == 0
