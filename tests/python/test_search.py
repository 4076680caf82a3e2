"""Searches against what they mean: distances by dynamic programming, re, fnmatch, str.find."""
import fnmatch
import gc
import itertools
import pickle
import random
import re
import threading

import pytest

import keyfold

RNG = random.Random(23)
LETTERS = "abcdé日"
WORDS = sorted({"".join(RNG.choices(LETTERS, k=RNG.randrange(8))) for _ in range(1200)}
               | {"", "Straße", "STRASSE", "a.b", "a\nb", "a-b", "\udcff", "a\udce9b", "naïve",
                  "\U0001f600\U0001f601"})
MODEL = {word: RNG.randrange(50) for word in WORDS}
NEEDLES = RNG.sample(WORDS, 12) + ["", "abcabc", "xyz", "日日日", "éa", "\U0001f600"]


def distance(a, b, metric="levenshtein"):
    rows = [list(range(len(b) + 1))]
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            replaced = rows[-1][j - 1] + (0 if a[i - 1] == b[j - 1] else 2 if metric == "indel" else 1)
            best = min(row[-1] + 1, rows[-1][j] + 1, replaced)
            if metric == "osa" and i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def data(key):
    return key.encode("utf-8", "surrogateescape")


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return keyfold.compile(tmp_path_factory.mktemp("search") / "texts.kf", MODEL)


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """The same with the keys in blocks."""
    return keyfold.compile(tmp_path_factory.mktemp("search") / "alike.kf", MODEL, similarity=True)


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    return keyfold.compile(tmp_path_factory.mktemp("search") / "blobs.kf",
                           {data(key): str(value) for key, value in MODEL.items()})


def keys(matches):
    return [match.key for match in matches]


def in_order(some):
    return sorted(some, key=data)


# ---- fuzzy ----

@pytest.mark.parametrize("metric", ["levenshtein", "osa", "indel"])
def test_fuzzy(texts, blobs, metric):
    for needle in NEEDLES:
        if needle == "\udcff":
            continue
        found = {word: distance(needle, word, metric) for word in WORDS}
        for k in (0, 1, 2, 3):
            matches = list(texts.fuzzy(needle, k, metric=metric))
            assert [(match.key, match.distance) for match in matches] == \
                [(word, found[word]) for word in in_order(WORDS) if found[word] <= k]
            assert all(match.value == MODEL[match.key] and texts.ordinal(match.key) == match.ordinal
                       for match in matches)
            ranked = list(texts.fuzzy(needle, k, metric=metric, order="distance"))
            assert [(each.distance, -each.weight, data(each.key)) for each in ranked] == \
                sorted((found[key], -MODEL[key], data(key)) for key in keys(matches))
            assert ranked[:3] == list(texts.fuzzy(needle, k, metric=metric, order="distance", limit=3))
        needle, sizes = data(needle), {word: distance(data(needle), data(word), metric) for word in WORDS}
        assert [(match.key, match.distance) for match in blobs.fuzzy(needle, 2, metric=metric)] == \
            [(data(word), sizes[word]) for word in in_order(WORDS) if sizes[word] <= 2]
        if needle.decode("utf-8", "replace").encode() == needle:
            assert keys(texts.fuzzy(needle.decode(), 2, metric=metric, unit="bytes")) == \
                [word for word in in_order(WORDS) if sizes[word] <= 2]


def test_fuzzy_exact_prefix_and_prefix(texts):
    for needle in NEEDLES:
        if needle == "\udcff":
            continue
        for exact in (1, 2, 30):
            want = [word for word in in_order(WORDS)
                    if distance(needle, word) <= 2 and word[:exact] == needle[:exact]]
            if len(needle) >= exact:
                assert keys(texts.fuzzy(needle, 2, exact_prefix=exact)) == want
        ends = {word: min(distance(needle, word[:i]) for i in range(len(word) + 1)) for word in WORDS}
        assert [(match.key, match.distance) for match in texts.fuzzy(needle, 1, prefix=True)] == \
            [(word, ends[word]) for word in in_order(WORDS) if ends[word] <= 1]


# ---- patterns ----

PATTERNS = ["a.*", ".*b", "[ab]+", "(a|b|é)*", "a?b?c?d?", "日+", ".{3}", ".{2,3}a", "[^a]*", r"a\.b", r"\w+",
            r"\W*", "(?s).*", "", "a|b|", "(?i)straSSE|aB.*", "[a-cé-日]{2,}", "x"]
GLOBS = ["*", "a*", "*b", "?", "??a*", "[ab]*", "[!ab]*", "a.b", "*日*", "", "[a-c]é?", "x*"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_regex(texts, pattern):
    # A stray byte is one unit to ., to negated sets and to \W, as its surrogate is in Python.
    want = [word for word in in_order(WORDS) if re.fullmatch(pattern, word)]
    matches = list(texts.match(pattern))
    assert keys(matches) == want
    assert [match.value for match in matches] == [MODEL[word] for word in want]
    query = keyfold.Regex(pattern)
    assert [word for word in in_order(WORDS) if query.matches(word)] == want
    assert keys(itertools.islice(texts.match(pattern), 3)) == want[:3] == keys(texts.match(pattern, limit=3))


@pytest.mark.parametrize("pattern", [b"a.*", b"[ab]+", b".{3}", b"[\\x80-\\xff]+", b"(?i)AB.*",
                                     b"\\xe9?[^a]*"])
def test_regex_of_bytes(blobs, pattern):
    want = [data(word) for word in in_order(WORDS) if re.fullmatch(pattern, data(word))]
    assert want and keys(blobs.match(pattern)) == want


@pytest.mark.parametrize("pattern", GLOBS)
def test_glob(texts, blobs, pattern):
    want = [word for word in in_order(WORDS) if fnmatch.fnmatchcase(word, pattern)]
    assert keys(texts.glob(pattern)) == want
    if pattern.isascii():
        raw = pattern.encode()
        want = [data(word) for word in in_order(WORDS) if fnmatch.fnmatchcase(data(word), raw)]
        assert keys(blobs.glob(raw)) == want


def test_subsequence_and_case(texts):
    for letters in ("", "a", "ab", "aé日", "cba", "zz"):
        pattern = "(?s).*" + "".join(f"{x}.*" for x in letters)
        assert keys(texts.subsequence(letters)) == [w for w in in_order(WORDS) if re.fullmatch(pattern, w)]
        folded = [word for word in in_order(WORDS) if re.fullmatch(pattern, word.lower())]
        assert keys(texts.subsequence(letters.upper(), ignore_case=True)) == folded
        assert keys(texts.glob(letters.upper() + "*", ignore_case=True)) == \
            [word for word in in_order(WORDS) if word.lower().startswith(letters)]
        assert keys(texts.match(letters.upper(), ignore_case=True)) == ([letters] if letters in MODEL else [])


@pytest.mark.parametrize("kind, pattern, position", [
    (keyfold.Regex, "é日(", 2), (keyfold.Regex, "é[a", 1), (keyfold.Regex, r"aé\q", 2),
    (keyfold.Regex, "(?=a)", 0), (keyfold.Regex, b"\xc3\xa9[a", 2),
    (keyfold.Glob, "日日{a,", 2), (keyfold.Glob, "é[", 1)])
def test_errors_of_patterns_have_their_position(kind, pattern, position):
    with pytest.raises(keyfold.PatternError) as caught:
        kind(pattern)
    problem = caught.value
    assert problem.position == position and problem.pattern == pattern
    assert isinstance(problem, keyfold.ArgumentError) and isinstance(problem, ValueError)
    assert str(position) in str(problem) and repr(pattern) in str(problem)
    again = pickle.loads(pickle.dumps(problem))
    assert (again.position, again.pattern, str(again)) == (position, pattern, str(problem))


def test_patterns_that_are_too_large(texts):
    for pattern in ("((((a{1000}){1000}){1000}){1000})", "(" * 500 + ")" * 500):
        with pytest.raises(keyfold.PatternLimitError) as caught:
            texts.match(pattern)
        assert isinstance(caught.value, keyfold.LimitError) and caught.value.position is not None


# ---- combined ----

def test_combinations(texts):
    fuzzy, regex, glob = keyfold.Fuzzy("abc", 2), keyfold.Regex(".*d.*"), keyfold.Glob("a*")

    def near(word):
        return distance("abc", word) <= 2

    cases = [(fuzzy & regex, lambda w: near(w) and "d" in w),
             (fuzzy & ~regex, lambda w: near(w) and "d" not in w),
             (fuzzy | regex, lambda w: near(w) or "d" in w), (~fuzzy, lambda w: not near(w)),
             ((fuzzy | glob) & ~(regex | keyfold.Subsequence("é")),
              lambda w: (near(w) or w[:1] == "a") and "d" not in w and "é" not in w),
             (~~glob, lambda w: w[:1] == "a"),
             (keyfold.Fuzzy("ab", 1, metric="osa", unit="bytes", exact_prefix=1, prefix=True),
              lambda w: w[:1] == "a" and min(distance("ab", data(w)[:i].decode("latin-1"), "osa")
                                             for i in range(len(data(w)) + 1)) <= 1),
             (keyfold.Regex("A.?B", ignore_case=True), lambda w: re.fullmatch("a.?b", w))]
    for query, accepts in cases:
        want = [word for word in in_order(WORDS) if accepts(word)]
        assert keys(texts.select(query)) == want
        for same in (pickle.loads(pickle.dumps(query)), eval(repr(query), {"keyfold": keyfold})):
            assert repr(same) == repr(query) and keys(texts.select(same)) == want
        assert [word for word in in_order(WORDS) if query.matches(word)] == want
    assert (fuzzy & regex).distance("abd") == 1 and fuzzy.distance("abcdef") is None
    assert regex.distance("d") == 0 and (~regex).distance("d") is None
    with pytest.raises(TypeError, match="combined"):
        fuzzy & keyfold.Glob(b"a*")
    for wrong in (lambda: fuzzy & "a", lambda: fuzzy | None, lambda: fuzzy.matches(b"abc"),
                  lambda: fuzzy.matches(3)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError, match="Fuzzy, Regex"):
        keyfold.Query()


def test_ranges_limits_and_filters(texts):
    query = keyfold.Glob("*")
    order = in_order(WORDS)
    assert keys(texts.select(query, within="ab")) == [word for word in order if word.startswith("ab")]
    assert keys(texts.select(query, start="b", stop="d")) == [word for word in order if "b" <= word < "d"]
    assert keys(texts.fuzzy("abc", 2, within="a", stop="abc")) == \
        [word for word in order if word[:1] == "a" and word < "abc" and distance("abc", word) <= 2]
    assert keys(texts.match("a.*", start="abb")) == \
        [word for word in order if word >= "abb" and re.fullmatch("a.*", word)]
    even = [word for word in order if MODEL[word] % 2 == 0]
    assert keys(texts.select(query, filter=lambda match: match.value % 2 == 0)) == even
    assert keys(texts.select(query, filter=lambda match: match.value % 2 == 0, limit=5)) == even[:5]
    seen = []
    assert keys(texts.fuzzy("abc", 1, filter=lambda match: seen.append(match) or match.distance == 1)) == \
        [word for word in order if distance("abc", word) == 1]
    assert [match.distance for match in seen] == [distance("abc", match.key) for match in seen]
    assert list(texts.select(query, limit=0)) == []


def test_work(texts):
    for order in ("key", "distance"):
        few = texts.select(~keyfold.Glob("x"), order=order, work=50)
        found = list(few)
        assert few.incomplete and len(found) < len(WORDS)
        everything = texts.select(~keyfold.Glob("x"), order=order, work=10**6)
        assert len(list(everything)) == len(WORDS) and not everything.incomplete
    matches, everything = texts.fuzzy("abc", 1), list(texts.fuzzy("abc", 1))
    assert next(matches) == everything[0] and list(matches) == everything[1:]


# ---- ranks ----

def test_complete_without_weights(make):
    with pytest.raises(keyfold.ValueTypeError, match="no weights.*weights="):
        make({"a": "x"}).complete("a")


def test_complete(texts, blobs, make):
    for prefix in ("", "a", "ab", "é", "日a", "zz"):
        ranked = sorted((word for word in WORDS if word.startswith(prefix)),
                        key=lambda word: (-MODEL[word], data(word)))
        for n in (0, 1, 5, 5000):
            found = texts.complete(prefix, n)
            assert keys(found) == ranked[:n]
            assert [match.weight for match in found] == [MODEL[word] for word in ranked[:n]]
        assert keys(texts.complete(prefix)) == ranked[:10]
        assert keys(texts.complete(prefix, 5, query=~keyfold.Subsequence("b"))) == \
            [word for word in ranked if "b" not in word][:5]
        assert keys(texts.complete(prefix, 5, filter=lambda match: match.value % 3 == 0)) == \
            [word for word in ranked if MODEL[word] % 3 == 0][:5]
    with pytest.raises(keyfold.ValueTypeError):
        blobs.complete(b"a")


def similarity(needle, word, metric):
    if not needle and not word:
        return 1.0
    whole = len(needle) + len(word) if metric == "indel" else max(len(needle), len(word))
    return 1 - distance(needle, word, metric) / whole


@pytest.mark.parametrize("metric", ["levenshtein", "osa", "indel"])
def test_nearest(texts, metric):
    for needle in NEEDLES:
        if needle == "\udcff":
            continue
        near = sorted((distance(needle, word, metric), data(word), word) for word in WORDS)
        found = texts.nearest(needle, 4, metric=metric)
        assert isinstance(found, list) and not found.incomplete
        assert [(match.distance, match.key) for match in found] == [(k, word) for k, _, word in near[:4]]
        assert keys(texts.nearest(needle, 50, metric=metric, most_distance=2)) == \
            [word for k, _, word in near if k <= 2][:50]
        alike = sorted((-similarity(needle, word, metric), data(word), word) for word in WORDS)
        found = texts.nearest(needle, 4, metric=metric, by="similarity")
        assert [match.similarity for match in found] == \
            pytest.approx([-s for s, _, _ in alike[:4]], abs=1e-12)
        assert keys(found) == [word for _, _, word in alike[:4]]
        assert keys(texts.nearest(needle, 9, metric=metric, cutoff=0.7)) == \
            [word for s, _, word in alike if -s >= 0.7 - 1e-12][:9]
        assert keys(texts.nearest(needle, 2, metric=metric, within="a", filter=lambda m: m.value > 9)) == \
            [word for _, _, word in near if word[:1] == "a" and MODEL[word] > 9][:2]


def test_nearest_of_keys_in_blocks(texts, alike, tmp_path):
    assert alike.stat().similarity_bytes > 0 == texts.stat().similarity_bytes
    alike.verify()
    for metric, by, count in itertools.product(["levenshtein", "osa", "indel"], ["distance", "similarity"], [1, 7]):
        needles = [needle for needle in NEEDLES if needle != "\udcff"]
        pairs = zip(texts.nearest_many(needles, count, metric=metric, by=by),
                    alike.nearest_many(needles, count, metric=metric, by=by))
        for walked, compared in pairs:
            assert [(m.key, m.distance, m.similarity) for m in compared] == \
                [(m.key, m.distance, m.similarity) for m in walked]
    (tmp_path / "keys.txt").write_text("house\nmouse\n")
    files = keyfold.compile(tmp_path / "files.kf", str(tmp_path / "keys.txt"), similarity=True)
    assert files.stat().similarity_bytes > 0 and files.nearest("mous")[0].key == "mouse"
    cats = keyfold.compile(tmp_path / "cats.kf", {"cat": None})
    both = keyfold.merge(tmp_path / "both.kf", [files, cats], similarity=True)
    assert both.stat().similarity_bytes > files.stat().similarity_bytes and both.nearest("ca")[0].key == "cat"


def test_nearest_by_jaro_winkler(make):
    table = make(dict.fromkeys(["martha", "marhta", "dwayne", "duane", "dixon", "dicksonx"], "x"))
    found = table.nearest("martha", 2, metric="jaro-winkler")
    assert keys(found) == ["martha", "marhta"]
    assert [match.similarity for match in found] == pytest.approx([1, 0.9611111], abs=1e-6)
    found = table.nearest("dixon", 2, metric="jaro-winkler")
    assert found[1].similarity == pytest.approx(0.8133333, abs=1e-6)
    with pytest.raises(keyfold.ArgumentError):
        table.nearest("dixon", metric="jaro-winkler", by="distance")


def test_nearest_with_little_work(texts):
    assert texts.nearest("abcdabcd", 3, work=5).incomplete
    assert not texts.nearest("abc", 3, work=10**6).incomplete


@pytest.mark.parametrize("workers", [None, 1, 3, 50])
def test_many_needles(texts, workers):
    needles = [needle for needle in NEEDLES if needle != "\udcff"]
    assert texts.fuzzy_many(needles, 2, metric="osa", workers=workers) == \
        [list(texts.fuzzy(needle, 2, metric="osa")) for needle in needles]
    assert texts.nearest_many(iter(needles), 3, workers=workers) == \
        [texts.nearest(needle, 3) for needle in needles]
    assert texts.fuzzy_many([], workers=workers) == []
    with pytest.raises(TypeError, match="item 1 of the needles is bytes"):
        texts.nearest_many(["a", b"b"], workers=workers)


def columns_of(needles):
    """The needles in all forms that get_many takes."""
    yield from (needles, tuple(needles), iter(needles), dict.fromkeys(needles).keys())
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    pyarrow, polars = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    yield numpy.array(needles, object)
    for dtype in (object, "string", "category", pandas.ArrowDtype(pyarrow.string())):
        yield pandas.Series(needles, dtype=dtype)
    yield pandas.Index(needles)
    yield pyarrow.array(needles)
    yield pyarrow.chunked_array([needles[:2], needles[2:]])
    yield pyarrow.array(needles).dictionary_encode()
    yield polars.Series(needles)
    yield [pandas.NA if needle is None else needle for needle in needles]
    yield [float("nan") if needle is None else needle for needle in needles]
    yield [pandas.NaT if needle is None else needle for needle in needles]


class Exported:
    """A column of which only Arrow's interface is known."""

    def __init__(self, column):
        self.__arrow_c_array__ = column.__arrow_c_array__


def test_needles_come_as_keys_do(texts, blobs):
    needles = ["ab", None, "banana", "", "nothing of it"]
    fuzzy = [[] if needle is None else list(texts.fuzzy(needle, 1)) for needle in needles]
    nearest = [[] if needle is None else texts.nearest(needle, 2) for needle in needles]
    for column in columns_of(needles):
        assert texts.fuzzy_many(list(column) if iter(column) is column else column, 1) == fuzzy, type(column)
    for column in columns_of(needles):
        assert texts.nearest_many(column, 2) == nearest, type(column)
    assert texts.nearest_many([None])[0].incomplete is False and texts.fuzzy_many([5, 1.5]) == [[], []]
    import numpy
    import pyarrow
    assert texts.fuzzy_many(Exported(pyarrow.array(needles)), 1) == fuzzy
    plain = [needle for needle in needles if needle]
    for column in (numpy.array(plain), numpy.array(plain, "S"), pyarrow.array([needle.encode() for needle in plain])):
        assert texts.fuzzy_many(column, 1) == [list(texts.fuzzy(needle, 1)) for needle in plain]
    raw = [None if needle is None else needle.encode() for needle in needles]
    assert blobs.fuzzy_many(pyarrow.array(raw), 1) == \
        [[] if each is None else list(blobs.fuzzy(each, 1)) for each in raw]
    for table, one in ((texts, "ab"), (blobs, b"ab"), (texts, b"ab"), (blobs, bytearray(b"ab"))):
        for many in (table.fuzzy_many, table.nearest_many, table.get_many, table.contains_many, table.ordinals):
            with pytest.raises(TypeError, match="many keys are needed, not one .* is a list of one"):
                many(one)
    with pytest.raises(ValueError, match="one-dimensional"):
        texts.fuzzy_many(numpy.array([["a"]]))


def test_many_needles_are_no_table(make):
    """Iterating over a frame gives the names of its columns."""
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frames = [pandas.DataFrame({"ab": ["ab"]}), pyarrow.table({"ab": ["ab"]}), pyarrow.record_batch({"ab": ["ab"]})]
    for name in ("polars", "duckdb"):
        try:
            package = __import__(name)
        except ImportError:
            continue
        frames += [package.DataFrame({"ab": ["ab"]}), package.LazyFrame({"ab": ["ab"]})] if name == "polars" else \
            [package.sql("select 'ab' as ab")]
    table = make({"ab": 1})
    nested = keyfold.freeze({"ab": {"ab": 1}}, table.path + ".nested")
    names = keyfold.compile_names(table.path + ".names", {1: "ab"})
    for frame in frames:
        for many in (table.get_many, table.contains_many, table.ordinals, table.fuzzy_many, table.nearest_many,
                     nested.get_many, nested["ab"].get_many, names.best_many):
            with pytest.raises(TypeError, match="one column of keys is needed, not a .*: pass one of its columns"):
                many(frame)


# ---- texts ----

def occurrences(text, words, begins=lambda i: True):
    return [(i, i + size, text[i:i + size]) for i in range(len(text)) for size in range(1, len(text) - i + 1)
            if text[i:i + size] in words and begins(i) and begins(i + size)]


def longest(found):
    result, at = [], 0
    for start in sorted({start for start, _, _ in found}):
        if start >= at:
            result.append(max(each for each in found if each[0] == start))
            at = result[-1][1]
    return result


def places(found):
    return [(each.start, each.end, each.key) for each in found]


def test_find_all(texts, blobs):
    rng = random.Random(5)
    for alphabet in ("abcd", LETTERS, LETTERS + " -\udcff", "x"):
        for size in (0, 1, 7, 60):
            text = "".join(rng.choices(alphabet, k=size))
            want = occurrences(text, MODEL)
            found = list(texts.find_all(text))
            assert places(found) == want
            assert [each.value for each in found] == [MODEL[key] for _, _, key in want]
            assert places(texts.find_all(text, overlap="longest")) == longest(want)
            raw = data(text)
            assert places(blobs.find_all(raw)) == occurrences(raw, {data(word) for word in WORDS})

            def begins(i, text=text):
                return i in (0, len(text)) or not (text[i - 1].isalnum() and text[i].isalnum())
            words = occurrences(text, MODEL, begins)
            assert places(texts.find_all(text, boundary="words")) == words
            assert places(texts.find_all(text, boundary=lambda text, i, begins=begins: begins(i))) == words
            assert places(texts.find_all(text, overlap="longest", boundary="words")) == longest(words)
            short = [each for each in want if len(each[2]) < 3]
            assert places(texts.find_all(text, filter=lambda match: match.end - match.start < 3)) == short
            assert places(texts.find_all(text, overlap="longest", filter=lambda each: len(each.key) < 3)) == \
                longest(short)


def test_positions_that_filters_see(texts):
    text = "日ab éab \U0001f600ab"
    seen = []
    found = places(texts.find_all(text, filter=lambda each: seen.append(each) or True))
    assert places(seen) == found and all(text[start:end] == key for start, end, key in found)


# ---- what can go wrong ----

def searches(table, text):
    return [lambda: table.fuzzy(text), lambda: table.match(text), lambda: table.glob(text),
            lambda: table.subsequence(text), lambda: table.complete(text), lambda: table.nearest(text),
            lambda: table.find_all(text), lambda: table.select(keyfold.Glob(text))]


def test_keys_that_have_no_searches(make, texts, blobs):
    for table in (make({1: "a"}), make({(1, "a"): "b"})):
        for search in searches(table, "a"):
            with pytest.raises(TypeError, match="can't be searched"):
                search()
    for table, wrong, name in ((texts, b"a", "str"), (blobs, "a", "bytes")):
        for search in searches(table, wrong):
            with pytest.raises(TypeError, match=f"keys are {name}"):
                search()
    for wrong in (None, 3, ["a"]):
        with pytest.raises(TypeError):
            texts.fuzzy(wrong)
        with pytest.raises(TypeError):
            blobs.match(wrong)
        with pytest.raises(TypeError, match="query"):
            texts.select(wrong)


def test_wrong_options(texts):
    wrong = [lambda: texts.fuzzy("a", -1), lambda: texts.fuzzy("a", 255),
             lambda: texts.fuzzy("a", metric="hamming"),
             lambda: texts.fuzzy("a", metric="jaro-winkler"), lambda: texts.fuzzy("a", unit="words"),
             lambda: texts.fuzzy("a", order="size"), lambda: texts.fuzzy("a", limit=-1),
             lambda: texts.fuzzy("a", exact_prefix=-1), lambda: texts.nearest("a", 0),
             lambda: texts.nearest("a", by="x"), lambda: texts.nearest("a", cutoff=0.5, by="distance"),
             lambda: texts.nearest("a", most_distance=-1),
             lambda: texts.nearest("a", work=0), lambda: texts.nearest("a", cutoff=7.0),
             lambda: texts.find_all("a", overlap="some"), lambda: texts.find_all("a", boundary="lines"),
             lambda: texts.complete("a", -1), lambda: texts.fuzzy_many(["a"], workers=0),
             lambda: texts.select(keyfold.Glob("a"), work=0)]
    for call in wrong:
        with pytest.raises(keyfold.ArgumentError):
            call()
    for call in (lambda: texts.fuzzy("a", "1"), lambda: texts.fuzzy("a", True),
                 lambda: texts.nearest("a", 1.5), lambda: texts.fuzzy("a", limit="3")):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(keyfold.LimitError):
        texts.fuzzy("a" * (1 << 21), 1)


def test_functions_that_fail(texts):
    def fail(*_):
        raise LookupError("asked too much")

    for search in (lambda: list(texts.fuzzy("abc", 2, filter=fail)),
                   lambda: list(texts.glob("*", filter=fail)),
                   lambda: list(texts.fuzzy("abc", 2, order="distance", filter=fail)),
                   lambda: texts.complete("a", filter=fail), lambda: texts.nearest("abc", filter=fail),
                   lambda: list(texts.find_all("abc", filter=fail)),
                   lambda: list(texts.find_all("abc", boundary=fail)),
                   lambda: texts.fuzzy_many(["abc", "d"], 2, filter=fail, workers=2)):
        with pytest.raises(LookupError, match="too much"):
            search()
    asked = []

    def third(match):
        asked.append(match)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        list(texts.glob("*", filter=third))
    assert len(asked) == 3


def test_a_search_outlives_its_dictionary(make):
    table = make(MODEL)
    matches, places_found = table.fuzzy("abc", 2), table.find_all("abc" * 100)
    next(matches)
    next(places_found)
    del table
    gc.collect()
    assert len(list(matches)) > 10 and len(list(places_found)) > 100
    table = make({"a": 1})
    found = table.match("a")
    table.close()
    assert keys(found) == ["a"]
    with pytest.raises(ValueError, match="closed"):
        table.match("a")


def test_matches_compare_and_show(texts):
    one, two = texts.nearest("abc", 2)
    assert one == texts.nearest("abc")[0] != two and hash(one) == hash(texts.nearest("abc")[0])
    assert one != 5 and len({one, two, texts.nearest("abc")[0]}) == 2
    assert repr(one.key) in repr(one)
    place = next(texts.find_all("xabc"))
    assert place.start == 1 and repr(place) == f"<Occurrence {place.key!r}: {place.value} at 1:{place.end}>"


def test_one_query_in_many_threads(texts):
    query = keyfold.Fuzzy("abcd", 2) & ~keyfold.Regex(".*é.*")
    want = keys(texts.select(query))
    wrong = []

    def work():
        for _ in range(10):
            if keys(texts.select(query)) != want or keys(texts.select(query, filter=bool)) != want:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and want
