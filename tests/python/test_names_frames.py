"""Names of tables of every kind, needles of every kind, and tables out."""
import pytest

import keyfold

numpy = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")

IDS = [7, 9, 8]
NAMES = ["ACME HOLDINGS LTD", "Ärzte & Söhne GmbH", "BOLTS AND NUTS INC"]
FRAME = pandas.DataFrame({"town": ["Pisa", "Kiel", None], "id": IDS, "name": NAMES})
TWO = FRAME[["id", "name"]]


@pytest.fixture
def index(tmp_path):
    return keyfold.compile_names(tmp_path / "firms.kf", zip(IDS, NAMES))


TABLES = {
    "pandas": lambda: FRAME,
    "pandas of two": lambda: TWO.set_axis(["firm no", "firm"], axis=1),
    "pandas with an index": lambda: TWO.set_index("id"),
    "Series": lambda: TWO.set_index("id")["name"],
    "pandas of Arrow": lambda: TWO.convert_dtypes(dtype_backend="pyarrow"),
    "pandas of masks": lambda: TWO.convert_dtypes(),
    "categories": lambda: TWO.astype({"name": "category"}),
    "polars": lambda: polars.DataFrame({"town": ["a"] * 3, "name": NAMES, "id": IDS}),
    "lazy": lambda: polars.DataFrame({"name": NAMES, "id": IDS}).lazy(),
    "Arrow": lambda: pyarrow.table({"id": IDS, "name": NAMES}),
    "batch": lambda: pyarrow.record_batch({"id": pyarrow.array(IDS, "u2"), "name": pyarrow.array(NAMES)}),
    "views": lambda: pyarrow.table({"id": IDS, "name": pyarrow.array(NAMES, pyarrow.string_view())}),
    "dictionary": lambda: pyarrow.table({"id": IDS, "name": pyarrow.array(NAMES).dictionary_encode()}),
    "reader": lambda: pyarrow.table({"id": IDS, "name": NAMES}).to_reader(1),
    "chunks": lambda: [pyarrow.table({"id": IDS[:2], "name": NAMES[:2]}),
                       pyarrow.table({"id": IDS[2:], "name": NAMES[2:]})],
    "columns": lambda: (numpy.array(IDS), numpy.array(NAMES)),
    "mixed columns": lambda: (polars.Series(IDS), pandas.Series(NAMES)),
    "objects": lambda: (numpy.array(IDS, object), numpy.array(NAMES, object)),
    "bytes": lambda: (numpy.array(IDS), numpy.array([name.encode() for name in NAMES])),
    "structured": lambda: numpy.array(list(zip(IDS, NAMES)), [("id", "i4"), ("name", "U20")]),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_are_taken(tmp_path, index, kind):
    made = keyfold.compile_names(tmp_path / "a.kf", TABLES[kind]())
    assert list(made) == list(index) and made.build_id == index.build_id


@pytest.mark.parametrize("column", [
    lambda: pandas.Series(NAMES).array, lambda: pandas.Index(NAMES), lambda: polars.Series(NAMES),
    lambda: pyarrow.array(NAMES), lambda: pyarrow.chunked_array([NAMES]), lambda: numpy.array(NAMES),
    lambda: pyarrow.table({"x": NAMES})])
def test_columns_of_names_alone(tmp_path, column):
    if isinstance(column(), pandas.api.extensions.ExtensionArray):
        pytest.skip("a pandas array is no Series")
    assert [row.id for row in keyfold.compile_names(tmp_path / "a.kf", column())] == [0, 1, 2]


def test_a_series_has_its_index_as_ids(tmp_path):
    assert [row.id for row in keyfold.compile_names(tmp_path / "a.kf", pandas.Series(NAMES))] == [0, 1, 2]
    series = pandas.Series(NAMES, index=["a", "b", "c"])
    assert [row.id for row in keyfold.compile_names(tmp_path / "a.kf", series)] == ["a", "b", "c"]


def test_which_columns(tmp_path):
    def ids(frame, **options):
        return [(row.id, row.name) for row in keyfold.compile_names(tmp_path / "a.kf", frame, **options)]

    frame = FRAME.rename(columns={"id": "no", "name": "firm"}).head(2)
    assert ids(frame, id="no", name="firm") == list(zip(IDS[:2], NAMES))
    assert ids(frame, name="firm") == [(0, NAMES[0]), (1, NAMES[1])]
    assert ids(frame, name="town", id="firm") == [(NAMES[0], "Pisa"), (NAMES[1], "Kiel")]
    assert ids(frame[["no", "firm"]], id="no") == list(zip(IDS[:2], NAMES))
    assert ids(frame.set_index("no"), name="firm", id="no") == list(zip(IDS[:2], NAMES))
    for wrong, options in ((frame, {}), (frame, dict(id="no")), (frame, dict(name="nom")),
                           (frame.set_index("town"), {}), (TWO.set_axis(["name", "town"], axis=1), {})):
        with pytest.raises(keyfold.ArgumentError, match="name=|there is no such column"):
            ids(wrong, **options)


def test_nulls(tmp_path):
    with pytest.raises(keyfold.ArgumentError, match=r"row 2 \(the first is 0\) of column 'town' is null"):
        keyfold.compile_names(tmp_path / "a.kf", FRAME, name="town")
    index = keyfold.compile_names(tmp_path / "a.kf", FRAME.iloc[::-1], name="town", id="id", nulls="skip")
    assert [(row.id, row.name) for row in index] == [(9, "Kiel"), (7, "Pisa")]
    index = keyfold.compile_names(tmp_path / "a.kf", FRAME.iloc[::-1], name="town", nulls="skip")
    assert [row.id for row in index] == [0, 1]
    table = pyarrow.table({"id": [1, None, 3], "name": ["a", "b", "c"]})
    assert [row.id for row in keyfold.compile_names(tmp_path / "a.kf", table, nulls="skip")] == [1, 3]


@pytest.mark.parametrize("frame, problem, text", [
    (pandas.DataFrame({"id": [1, None], "name": ["a", "b"]}).dropna(), TypeError, 'row 0 .*Int64'),
    (pandas.DataFrame({"id": ["a", 1], "name": ["a", "b"]}), TypeError, "row 1 .* of column 'id'.*the first was str"),
    (pandas.DataFrame({"id": [1, 2], "name": [1, 2]}), TypeError, "row 0 .* of column 'name' .int64.: a name is a str"),
    (pandas.DataFrame({"id": [1, 2], "name": ["a", 2]}), TypeError, "row 1 .* of column 'name'"),
    (pyarrow.table({"id": [1, 2], "name": [b"a", b"\xff"]}), keyfold.ArgumentError, "row 1 .* of column 'name'.*UTF-8"),
    (pyarrow.table({"id": [1, 2], "name": ["a", "b" * 70000]}), keyfold.LimitError, "row 1 .* of column 'name'"),
    ((numpy.array([1]), numpy.array(["a", "b"])), keyfold.ArgumentError, "different lengths"),
])
def test_bad_tables(tmp_path, frame, problem, text):
    with pytest.raises(problem, match=text):
        keyfold.compile_names(tmp_path / "a.kf", frame)
    assert not list(tmp_path.iterdir())


def test_rows_that_were_left_out_do_not_shift_messages(tmp_path):
    frame = pandas.DataFrame({"id": range(20000), "name": ["n"] * 20000})
    frame.loc[[3, 10000, 12000], "name"] = None
    frame.loc[15000, "name"] = "x" * 70000
    with pytest.raises(keyfold.LimitError, match="row 15000 "):
        keyfold.compile_names(tmp_path / "a.kf", frame, nulls="skip")


def test_attributes_and_payloads(tmp_path):
    frame = FRAME.assign(staff=[5, 6, None], rest=["x", None, "z"], day=pandas.to_datetime("2026-11-29"))
    index = keyfold.compile_names(tmp_path / "a.kf", frame, attribute="town", payload="rest")
    expected = [(7, "Pisa", "x"), (9, "Kiel", None), (8, None, "z")]
    assert [(row.id, row.attribute, row.payload) for row in index] == expected
    for made in (polars.from_pandas(frame), pyarrow.Table.from_pandas(frame), frame.convert_dtypes()):
        assert list(keyfold.compile_names(tmp_path / "b.kf", made, attribute="town", payload="rest")) == list(index)
    index = keyfold.compile_names(tmp_path / "a.kf", frame, payload=["staff", "rest"])
    assert [row.payload for row in index][:2] == [(5.0, "x"), (6.0, None)]
    assert keyfold.compile_names(tmp_path / "a.kf", frame, payload="day").best("ACME").payload.year == 2026
    towns = pandas.Series(["a", None, "c"])
    three = keyfold.compile_names(tmp_path / "a.kf", (numpy.array(IDS), numpy.array(NAMES), towns))
    assert [row.attribute for row in three] == ["a", None, "c"]
    left = keyfold.compile_names(tmp_path / "a.kf", frame.assign(name=[None, *NAMES[1:]]), attribute="town",
                                 payload="rest", nulls="skip")
    assert [(row.attribute, row.payload) for row in left] == [each[1:] for each in expected[1:]]
    with pytest.raises(TypeError, match="row 0 .* of column 'staff' .float64.: an attribute is a str"):
        keyfold.compile_names(tmp_path / "a.kf", frame, attribute="staff")


# ---- needles ----------------------------------------------------------------------------------------

NEEDLES = ["ACME HOLDING LTD", None, "BOLTS & NUTS", "Ärzte und Söhne", "Ärzte und Söhne"]
ANSWER = [7, None, 8, 9, 9]


@pytest.mark.parametrize("column", [
    lambda: NEEDLES, lambda: tuple(NEEDLES), lambda: iter(NEEDLES), lambda: numpy.array(NEEDLES, object),
    lambda: pandas.Series(NEEDLES), lambda: pandas.Series(NEEDLES, dtype="string"), lambda: pandas.Index(NEEDLES),
    lambda: pandas.Series(NEEDLES, dtype="category"), lambda: pandas.Series(NEEDLES, dtype=pandas.ArrowDtype(
        pyarrow.string())), lambda: polars.Series(NEEDLES), lambda: polars.Series(NEEDLES, dtype=polars.Categorical),
    lambda: pyarrow.array(NEEDLES), lambda: pyarrow.chunked_array([NEEDLES[:2], NEEDLES[2:]]),
    lambda: pyarrow.array(NEEDLES).dictionary_encode(), lambda: ["ACME HOLDING LTD", float("nan"), *NEEDLES[2:]],
    lambda: ["ACME HOLDING LTD", pandas.NA, *NEEDLES[2:]]])
def test_needles(index, column):
    assert [match and match.id for match in index.best_many(column())] == ANSWER
    assert [[match.id for match in found] for found in index.matches_many(column(), 1)] == \
        [[] if id is None else [id] for id in ANSWER]


def test_bad_needles(index):
    for needles in ([5], ["a", b"b"], numpy.array([1.5, 2.5]), pandas.Series([1, 2])):
        with pytest.raises(TypeError, match="item"):
            index.best_many(needles)
    with pytest.raises(keyfold.LimitError, match="item 3 of the needles"):
        index.best_many([None, "a", None, "b" * 70000, "c" * 70000])
    with pytest.raises(keyfold.ArgumentError, match="item 1 of the needles"):
        index.best_many(["a", "\ud800"])
    with pytest.raises(TypeError):
        index.best_many(["a"], treads=2)


# ---- tables out -------------------------------------------------------------------------------------

COLUMNS = ["needle", "id", "name", "score", "position"]


def test_pandas_out(index):
    series = pandas.Series(NEEDLES, index=[5, 4, 3, 2, 2], name="asked")
    best = index.best_many(series, output="pandas")
    assert list(best.columns) == COLUMNS and best.index.equals(series.index)
    assert best["id"].tolist() == [7, pandas.NA, 8, 9, 9] and str(best["id"].dtype) == "Int64"
    assert best["score"].isna().tolist() == [False, True, False, False, False]
    assert best["position"].tolist() == [0, pandas.NA, 2, 1, 1] and best["name"].isna().sum() == 1
    frame = pandas.DataFrame({"asked": series})
    assert frame.head(3).join(index.best_many(frame["asked"].head(3), output="pandas"))["id"].tolist() == \
        [7, pandas.NA, 8]
    every = index.matches_many(series, 2, output="pandas")
    assert list(every.columns) == ["row", *COLUMNS] and every["row"].tolist() == [0, 0, 2, 2, 3, 3, 4, 4]
    assert every.index.tolist() == [5, 5, 3, 3, 2, 2, 2, 2] and every["id"].tolist()[::2] == [7, 8, 9, 9]
    assert index.best_many(NEEDLES, output="pandas").index.tolist() == [0, 1, 2, 3, 4]
    empty = index.best_many([], output="pandas")
    assert len(empty) == 0 and list(empty.columns) == COLUMNS


def test_arrow_and_polars_out(index):
    best = index.best_many(NEEDLES, output="arrow")
    assert best.column_names == COLUMNS and best["id"].to_pylist() == ANSWER and best["needle"].to_pylist() == NEEDLES
    assert [str(field.type) for field in best.schema] == ["large_string", "int64", "large_string", "double", "uint64"]
    assert best["score"].null_count == best["name"].null_count == best["position"].null_count == 1
    every = index.matches_many(NEEDLES, 2, cutoff=0.3, output="polars")
    assert every.columns == ["row", *COLUMNS] and every["id"].to_list()[0] == 7
    assert every.schema == index.matches_many([], 2, output="polars").schema
    lists = index.matches_many(NEEDLES, 2, cutoff=0.3)
    assert [(number, *match[:4]) for number, found in enumerate(lists) for match in found] == \
        every.select("row", "id", "name", "score", "position").rows()
    assert index.best_many(NEEDLES, output="polars")["id"].to_list() == ANSWER


@pytest.mark.parametrize("ids", [["a", "b", "ü"], [b"a", b"\xff", b""], [2**64 - 1, 2**63, 0], [2**70, -5, 0],
                                 [-5, 1, 2]], ids=repr)
def test_ids_in_tables(tmp_path, ids):
    index = keyfold.compile_names(tmp_path / "a.kf", zip(ids, NAMES))
    asked = [*NAMES, None]
    frame = index.best_many(asked, output="pandas")
    assert frame["id"].tolist()[:3] == ids and frame["id"].isna().tolist() == [False, False, False, True]
    assert index.matches_many(NAMES, 1, output="pandas")["id"].tolist() == ids
    if max(ids) != 2**70:
        assert index.best_many(asked, output="arrow")["id"].to_pylist() == [*ids, None]
        assert index.best_many(asked, output="polars")["id"].to_list() == [*ids, None]
    else:
        with pytest.raises(keyfold.LimitError, match="fit no Arrow type"):
            index.best_many(asked, output="arrow")


def test_attributes_and_payloads_in_tables(tmp_path):
    rows = [(1, "ACME", "GB", "x"), (2, "BOLTS", None, None)]
    index = keyfold.compile_names(tmp_path / "a.kf", rows)
    asked = ["ACME", "BOLTS", None]
    for output in ("pandas", "arrow", "polars"):
        frame = index.best_many(asked, output=output)
        columns = list(frame.column_names if output == "arrow" else frame.columns)
        assert columns == [*COLUMNS, "attribute", "payload"]
        assert [None if each is None or each != each else each for column in ("attribute", "payload")
                for each in (frame[column].to_pylist() if output == "arrow" else list(frame[column]))] == \
            ["GB", None, None, "x", None, None]
    index = keyfold.compile_names(tmp_path / "a.kf", [(1, "ACME", None, 5), (2, "BOLTS", None, None)])
    assert index.best_many(asked, output="arrow")["payload"].to_pylist() == [5, None, None]
    assert index.matches_many(asked, 1, output="polars")["payload"].to_list() == [5, None]


def test_gaps_in_tables(index):
    best = index.best_many(NEEDLES[:1], output="pandas", gap=True)
    match = index.best(NEEDLES[0], gap=True)
    assert best["gap"].tolist() == [match.gap] and match.gap == \
        match.score - index.matches(NEEDLES[0], 2)[1].score
    assert index.best(NEEDLES[0]).gap is None


# ---- the asker's program ----------------------------------------------------------------------------

def test_the_best_match_of_each_needle_in_a_frame(tmp_path):
    """Story C: a column of names against a register, pandas in and out, by every processor."""
    register = pandas.DataFrame({"number": range(1000, 4000),
                                 "company": [f"{word} {kind} {form}" for word in ("ALPHA BETA GAMMA DELTA").split()
                                             for kind in map("TRADE{}".format, range(250))
                                             for form in ("LTD", "LLP", "PLC")]})
    asked = pandas.DataFrame({"name": ["TRADE17 ALPHA LTD", "GAMA TRADE249 PLC", None, "nothing like it"]})
    hay = keyfold.compile_names(tmp_path / "register.kf", register, id="number", name="company")
    found = asked.join(hay.best_many(asked["name"], output="pandas").add_prefix("best_"))
    assert found["best_id"].tolist()[:3] == [1000 + 17 * 3, 1000 + (2 * 250 + 249) * 3 + 2, pandas.NA]
    assert found["best_score"].tolist()[0] == 1.0 and found["best_score"].isna().tolist() == [False, False, True, False]
    merged = found.merge(register, left_on="best_id", right_on="number", how="left")
    assert merged["company"].tolist()[:2] == found["best_name"].tolist()[:2]
    threads = [hay.best_many(asked["name"], threads=number) for number in (1, 2, 5)]
    assert threads[0] == threads[1] == threads[2]
