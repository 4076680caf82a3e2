"""Producers of Arrow's data that lie, or fail: an error in place of a crash, and all is released once."""
import gc

import producer
import pytest
from producer import Producer, int_column, text_column, view_column

import keyfold

LONG = ["a text of more than twelve bytes", "another one of such a length"]


def check_released(source):
    gc.collect()
    assert source.made["stream"] == 1 and source.released == source.made


def columns(**lies):
    return {"k": text_column(["a", "b", "c"]), "v": int_column([1, 2, 3]), **lies}


def test_what_is_sound_is_read(make):
    for batches in ([columns()], [columns(), {"k": text_column(["d"]), "v": int_column([-1])}],
                    [columns(), {"k": text_column([]), "v": int_column([])}]):
        source = Producer(batches)
        model = {}
        for batch in batches:
            texts = ["abc"[i] for i in range(3)] if batch["k"]["length"] == 3 else ["d"] * batch["k"]["length"]
            model.update(zip(texts, batch["v"]["buffers"][1]))
        assert dict(make(source)) == model
        check_released(source)
    source = Producer([{"k": view_column(LONG), "v": int_column([1, 2])}])
    assert dict(make(source)) == dict(zip(LONG, [1, 2]))
    check_released(source)


def test_offsets_of_the_table_and_of_its_columns(make):
    source = Producer([{"k": text_column(["x", "a", "b", "c", "y"], length=4, offset=1),
                        "v": int_column([0, 0, 1, 2, 3], length=5, offset=0)}], table={"length": 2, "offset": 1})
    assert dict(make(source)) == {"b": 0, "c": 1}
    check_released(source)


def test_strings_without_data(make):
    """A buffer without bytes may be missing; one with some may not."""
    empty = text_column([""], buffers=text_column([""])["buffers"][:2] + [None])
    assert dict(make(Producer([{"k": empty, "v": int_column([5])}]))) == {"": 5}
    lacking = text_column(["a"], buffers=text_column(["a"])["buffers"][:2] + [None])
    with pytest.raises(ValueError, match="'k'"):
        make(Producer([{"k": lacking, "v": int_column([5])}]))


def bad_offsets(*offsets):
    return text_column(["a", "b", "c"], buffers=[None, (producer.ctypes.c_int32 * 4)(*offsets), b"abc"])


LIES = {
    "negative length": (columns(k=text_column(["a", "b", "c"], length=-1)), {"length": 3}),
    "a column shorter than its table": (columns(k=text_column(["a"])), {"length": 3}),
    "negative offset": (columns(k=text_column(["a", "b", "c"], offset=-1)), {}),
    "a huge offset": (columns(k=text_column(["a", "b", "c"], offset=2**62)), {}),
    "offset of the table": (columns(), {"offset": 2, "length": 2}),
    "negative offset of the table": (columns(), {"offset": -1}),
    "negative length of the table": (columns(), {"length": -5}),
    "no offsets": (columns(k=text_column(["a"] * 3, buffers=[None, None, b"aaa"])), {}),
    "no numbers": (columns(v=int_column([1, 2, 3], buffers=[None, None])), {}),
    "too few buffers": (columns(k=text_column(["a", "b", "c"], n_buffers=2)), {}),
    "too many buffers": (columns(v=int_column([1, 2, 3], n_buffers=3)), {}),
    "negative buffers": (columns(v=int_column([1, 2, 3], n_buffers=-1)), {}),
    "no buffers": (columns(k=text_column(["a", "b", "c"], no_buffers=True)), {}),
    "nulls without bits": (columns(k=text_column(["a", "b", "c"], null_count=1)), {}),
    "falling offsets": (columns(k=bad_offsets(0, 2, 1, 3)), {}),
    "negative offsets": (columns(k=bad_offsets(-2, 0, 1, 3)), {}),
    "falling offsets of values": ({"k": int_column([1, 2, 3]), "v": bad_offsets(0, 2, 1, 3)}, {}),
    "a view into no buffer": (columns(k=view_column(LONG, [(20, 0, 1, 0)] * 3)), {}),
    "a view past its buffer": (columns(k=view_column(LONG, [(20, 0, 0, 50)] * 3)), {}),
    "a view of negative size": (columns(k=view_column(LONG, [(-1, 0, 0, 0)] * 3)), {}),
    "a view from before its buffer": (columns(k=view_column(LONG, [(20, 0, 0, -4)] * 3)), {}),
    "views without sizes": (columns(k=view_column(LONG, [(20, 0, 0, 0)] * 3, n_buffers=2)), {}),
    "fewer columns than the schema": (columns(), {"n_children": 1}),
    "more columns than the schema": (columns(), {"n_children": 3}),
    "no columns": (columns(), {"no_children": True}),
    "negative columns": (columns(), {"schema_children": -1}),
    "places beyond a dictionary": (columns(v={**int_column([0, 1, 2]),
                                              "dictionary": text_column(["x", "y", "z"], length=2)}), {}),
    "negative places": (columns(v={**int_column([0, 1, -1]), "dictionary": text_column(["x", "y"])}), {}),
    "no dictionary": (columns(v={**int_column([0, 1, 1]), "dictionary": text_column(["x", "y"]),
                                 "no_dictionary": True}), {}),
    "null rows": (columns(), {"null_count": 1, "valid": b"\5"}),
}


@pytest.mark.parametrize("name", LIES)
def test_lies(make, name):
    batch, table = LIES[name]
    source = Producer([batch], table)
    path = make.path()
    with pytest.raises(ValueError):
        keyfold.compile(path, source)
    with pytest.raises(FileNotFoundError):
        open(path)
    check_released(source)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_stream_that_fails(make, count):
    """What get_next tells is raised, wherever it fails; nothing is left."""
    batches = [columns(), {"k": text_column(["d"]), "v": int_column([4])}][:count]
    source = Producer(batches or [columns()], fails=(5, b"the disk is on fire"))
    if not count:
        source._next = 1
    path = make.path()
    with pytest.raises(ValueError, match="the disk is on fire"):
        keyfold.compile(path, source)
    with pytest.raises(FileNotFoundError):
        open(path)
    check_released(source)


def test_a_schema_that_fails(make):
    source = Producer([columns()], schema_fails=(22, b"no such query"))
    with pytest.raises(ValueError, match="no such query"):
        make(source)
    check_released(source)
    source = Producer([columns()], schema_fails=(22, None))
    with pytest.raises(ValueError, match="error 22"):
        make(source)


def test_what_is_refused_is_released(make):
    for source, message in ((Producer([columns()]), "no such column"),
                            (Producer([columns(v=text_column(["a", None, "b"]))]), "row 1 .*'v'")):
        with pytest.raises(keyfold.ArgumentError, match=message):
            make(source, key="k", value="w" if "such" in message else "v")
        check_released(source)


def test_get_many_reads_views_within_their_buffers(make):
    table = make(dict.fromkeys(LONG, 1))
    good = Producer([{"k": view_column(LONG)}])
    assert table.get_many(Column(view_column(LONG))) == [1, 1]
    with pytest.raises(ValueError, match="broken"):
        table.get_many(Column(view_column(LONG, [(20, 0, 0, 50)])))
    del good


class Column(Producer):
    """A stream of one column that is no table."""

    def __init__(self, column):
        super().__init__([{"": column}])

    def _get_schema(self, stream, out):
        self._schema(out.contents, self.batches[0][""]["format"], b"")
        out.contents.release = self._callback(producer.RELEASE_SCHEMA, "schema")
        return 0

    def _get_next(self, stream, out):
        if self._next:
            out.contents.release = producer.RELEASE_ARRAY()
            return 0
        self._next = 1
        made = self._array(self.batches[0][""])
        producer.ctypes.memmove(out, producer.ctypes.byref(made), producer.ctypes.sizeof(made))
        out.contents.release = self._callback(producer.RELEASE_ARRAY, "array")
        self._keep.append(made)
        return 0
