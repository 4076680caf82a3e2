"""Many keys at once against single lookups: lists, every output, every kind of keys and values."""
import gc
import random
import threading

import pytest
from hypothesis import given, strategies as st
from test_mapping import KINDS, SETTINGS, models

import keyfold

np = pytest.importorskip("numpy", reason="numpy is not installed")

ODD = [None, float("nan"), 3, 2.5, "x", b"x", "\ud800", "\udcff", (), ("a", 1), object()]


@pytest.mark.parametrize("kind, codec", SETTINGS)
def test_lists_as_single_lookups(make, kind, codec):
    @given(models(kind, codec), st.lists(KINDS[kind][0], max_size=8), st.randoms())
    def check(model, others, chance):
        table = make(model, keys=kind, codec=codec)
        keys = [*model, *others]
        chance.shuffle(keys)
        for given_keys in (keys, tuple(keys), iter(keys), keys * 3, keys + chance.sample(ODD, 3)):
            asked = list(given_keys)
            want = [model.get(key) for key in asked]
            got = table.get_many(asked if given_keys is keys else tuple(asked))
            assert got == want and list(map(type, got)) == list(map(type, want))
            assert table.contains_many(asked) == [key in model for key in asked]
            ordinals = [table.ordinal(key) if key in model else None for key in asked]
            assert table.ordinals(asked) == ordinals
            assert table.values_at(ordinals) == want
        absent = object()
        assert table.get_many(keys, absent) == [model.get(key, absent) for key in keys]
        assert table.get_many(iter(keys)) == [model.get(key) for key in keys]

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_agree(make, kind):
    @given(models(kind, "u64"), st.lists(KINDS[kind][0], max_size=8))
    def check(model, others):
        table = make(model, keys=kind, codec="u64")
        keys = [*model, *others]
        values, found = table.get_many(keys, output="numpy")
        assert values.dtype == np.uint64 and found.dtype == bool
        assert values.tolist() == [model.get(key, 0) for key in keys]
        assert found.tolist() == table.contains_many(keys)
        assert found.tolist() == table.contains_many(keys, output="numpy").tolist()
        assert table.get_many(keys, 7, output="numpy")[0].tolist() == [model.get(key, 7) for key in keys]
        ordinals = table.ordinals(keys, output="numpy")
        assert ordinals.dtype == np.int64
        assert [None if each < 0 else each for each in ordinals.tolist()] == table.ordinals(keys)
        for given_ordinals in (ordinals, ordinals.tolist(), ordinals.astype(">i8"), ordinals.astype("i2")):
            assert table.values_at(given_ordinals) == [model.get(key) for key in keys]

    check()


@pytest.mark.parametrize("codec, dtype, values", [
    ("float", "<f8", [0.5, -1.0, float("inf")]), ("struct:<d", "<f8", [0.5]), ("struct:>d", ">f8", [0.5]),
    ("struct:<f", "<f4", [0.5]), ("struct:>H", ">u2", [1, 65535]), ("struct:<b", "i1", [-1, 5]),
    ("struct:<q", "<i8", [-1, 1 << 62]), ("struct:<e", "<f2", [0.5]), ("struct:<ii", "O", [(1, 2)]),
    ("struct:?", "O", [True, False]), ("struct:i", "O", [5]), ("int", "O", [-5, 1 << 90]),
    ("int", "<i8", [-5, 0, (1 << 63) - 1, -1 << 63, 255, -256]), ("int", "O", [1 << 63]),
    ("int", "O", [(-1 << 63) - 1]),
    ("str", "O", ["é", ""]), ("raw", "O", [b"\0", b""]), ("json", "O", [None, [1]]), ("none", "O", [None]),
    ("object", "O", [(1, 2)])])
def test_numpy_types(make, codec, dtype, values):
    table = make({f"{i:02}": value for i, value in enumerate(values)}, codec=codec)
    keys = [f"{i:02}" for i in range(len(values) + 2)]
    array, found = table.get_many(keys, output="numpy")
    assert array.dtype == np.dtype(dtype)
    assert array[:len(values)].tolist() == values
    assert found.tolist() == [True] * len(values) + [False] * 2
    nothing = None if dtype == "O" else 0
    assert array[len(values):].tolist() == [nothing, nothing]
    assert table.get_many(keys) == values + [None, None]
    fallback = values[-1]
    assert table.get_many(keys, fallback, output="numpy")[0].tolist() == values + [fallback] * 2
    array, found = table.get_many([], output="numpy")
    assert array.dtype == np.dtype("<i8" if codec == "int" else dtype) and len(array) == len(found) == 0
    assert table.get_many([]) == table.ordinals([]) == table.contains_many([]) == []


def test_integers_of_all_widths(make):
    rng = random.Random(6)
    values = [sign * (1 << bits) + step for bits in range(72) for sign in (1, -1) for step in (-1, 0, 1)]
    model = {f"{i:03}": value for i, value in enumerate(values)}
    table = make(model, codec="int")
    fits = [key for key, value in model.items() if -1 << 63 <= value < 1 << 63]
    assert len(fits) < len(model)
    for _ in range(300):
        keys = rng.choices(fits, k=5) + rng.choices(["?", *fits], k=2)
        array, found = table.get_many(keys, output="numpy")
        assert array.dtype == np.int64
        assert [each if there else None for each, there in zip(array.tolist(), found)] == table.get_many(keys)
        keys.insert(rng.randrange(8), rng.choice([key for key in model if key not in fits]))
        assert table.get_many(keys, output="numpy")[0].tolist() == [model.get(key) for key in keys]
    assert table.get_many(["000", "?"], "x", output="numpy")[0].tolist() == [model["000"], "x"]
    assert table.get_many(["000", "?"], 1 << 70, output="numpy")[0].tolist() == [model["000"], 1 << 70]
    # Bytes that Python would not have written are the same numbers.
    for data in (b"", b"\0", b"\x05" + bytes(20), b"\xff" * 20, b"\x80", bytes(7) + b"\x80",
                 bytes(8) + b"\x80"):
        strange = keyfold.open(make({"a": data}, codec="raw").path, codec="int")
        want = int.from_bytes(data, "little", signed=True)
        assert strange.get_many(["a"], output="numpy")[0].tolist() == [want]


def test_values_with_zeros_and_stray_bytes(make):
    rng = random.Random(4)
    for alphabet in ("ab", "a\0", "aé\udcff", "\0"):
        model = {f"{i}": "".join(rng.choices(alphabet, k=rng.randrange(5))) for i in range(300)}
        table = make(model, codec="str")
        keys = [str(i) for i in range(-5, 310)]
        assert table.get_many(keys) == [model.get(key) for key in keys]
        assert table.get_many(keys, output="numpy")[0].tolist() == [model.get(key) for key in keys]


def test_keys_with_zeros(make):
    texts = ["", "\0", "a\0b", "a", "\0\0"]
    for kind, keys in (("str", texts), ("bytes", [text.encode() for text in texts])):
        model = {key: i for i, key in enumerate(keys)}
        table = make(model, keys=kind)
        for size in range(6):
            assert table.get_many(keys[:size]) == list(range(size))
        assert table.get_many([*keys, None, *keys]) == [0, 1, 2, 3, 4, None, 0, 1, 2, 3, 4]


def test_more_than_a_block(make):
    model = {f"key {i:05}": i for i in range(5000)}
    table = make(model)
    keys = [f"key {i:05}" for i in range(-700, 5700)]
    random.Random(1).shuffle(keys)
    want = [model.get(key) for key in keys]
    assert table.get_many(keys) == want
    keys[::7] = [None] * len(keys[::7])
    assert table.get_many(keys) == [model.get(key) for key in keys]


def test_a_filter(make, tmp_path):
    model = {f"key {i}": i for i in range(0, 3000, 3)}
    table = make(model, filter=True)
    wanted = [f"key {i}" for i in range(3000)]
    assert table.get_many(wanted) == [model.get(key) for key in wanted] == [table.get(key) for key in wanted]
    assert [key in table for key in wanted] == [key in model for key in wanted]
    assert 9 / 8 < table.stat().filter_bytes / len(model) < 2
    table.verify()
    (tmp_path / "keys.txt").write_text("\n".join(wanted))
    files = keyfold.compile(tmp_path / "files.kf", str(tmp_path / "keys.txt"), filter=True)
    both = keyfold.merge(tmp_path / "both.kf", [files, make({"other": None})], filter=True)
    assert files.stat().filter_bytes and both.stat().filter_bytes and not make(model).stat().filter_bytes
    assert both.contains_many(["key 7", "other", "none"]) == [True, True, False]


def test_wrong_arguments(make):
    table = make({"a": 1, "b": 2})
    for keys in ("ab", b"ab", bytearray(b"ab"), memoryview(b"ab")):
        with pytest.raises(TypeError, match="many keys"):
            table.get_many(keys)
    with pytest.raises(TypeError):
        table.get_many(5)
    with pytest.raises(keyfold.ArgumentError, match="output"):
        table.get_many(["a"], output="frame")
    for default in (-1, 1 << 64, "x", 1.5):
        with pytest.raises(TypeError, match="default"):
            table.get_many(["a"], default, output="numpy")
    for ordinals in ([2], [0, -2], np.array([5]), np.array([1 << 63], np.uint64), [1 << 70]):
        with pytest.raises(IndexError):
            table.values_at(ordinals)
    with pytest.raises(TypeError):
        table.values_at(["a"])
    with pytest.raises(TypeError):
        table.values_at([1.0])
    with pytest.raises(TypeError, match="default"):
        make({"a": 0.5}).get_many(["a"], "x", output="numpy")
    table.close()
    with pytest.raises(ValueError, match="closed"):
        table.get_many(["a"])


def test_values_of_another_codec(make):
    path = make({"a": "xyz", "b": "12345678"}, codec="str").path
    table = keyfold.open(path, codec="float")
    for output in ("list", "numpy", "arrow"):
        with pytest.raises(keyfold.CodecError):
            table.get_many(["a"], output=output)
    with pytest.raises(keyfold.CodecError):
        keyfold.open(path, codec="json").get_many(["a"])


def test_results_outlive_the_dictionary(make):
    table = make({"a": 0.5, "b": 1.5})
    values, found = table.get_many(["b", "a", "c"], output="numpy")
    ordinals = table.ordinals(["b", "c"], output="numpy")
    del table
    gc.collect()
    junk = [bytes(1000) for _ in range(1000)]
    assert values.tolist() == [1.5, 0.5, 0] and found.tolist() == [True, True, False] and len(junk) == 1000
    values[0] = 7       # they are the caller's own
    assert values.tolist() == [7, 0.5, 0] and ordinals.tolist() == [1, -1]


def test_threads_at_once(make):
    model = {f"{i:05}": str(i) * (i % 5) for i in range(20000)}
    table = make(model)
    wrong = []

    def work(seed):
        rng = random.Random(seed)
        keys = [f"{rng.randrange(22000):05}" for _ in range(5000)]
        want = [model.get(key) for key in keys]
        for _ in range(5):
            if table.get_many(keys) != want or table.get_many(np.array(keys)) != want:
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
