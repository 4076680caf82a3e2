#!/usr/bin/env python3
"""Builds dictionaries of many shapes with the tool and reads them with the reader that was written from
FORMAT.md: test_reader.py KEYFOLD MAKE_SHARDS

What the reader finds is compared with what was put in and with `keyfold dump`, and every variant of the
format must have occurred. Ends with "N passed, N failed".
"""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
os.environ["KEYFOLD_TOOL"] = TOOL = os.path.abspath(sys.argv[1]) if len(sys.argv) > 2 else sys.exit(__doc__)
MAKE_SHARDS = os.path.abspath(sys.argv[2])

from fields import FormatError
from names import Names
from normal import FORMS, normal
from reader import Dictionary
from shards import read
from support import escape, unescape

passed = failed = 0
seen = set()


def check(good, message):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(message)


# ---- shapes of keys

def words(rng, count, alphabet=b"abcdefghijklmnopqrstuvwxyz", least=1, most=9):
    return sorted({bytes(rng.choices(alphabet, k=rng.randint(least, most))) for _ in range(count)})


def walk(rng, follow, size):
    """Each letter one of those that may follow the one before: classes tell what tokens begin with."""
    text = [rng.choice(list(follow))]
    while len(text) < size:
        text.append(rng.choice(follow[text[-1]]))
    return bytes(text)


def shapes():
    """Pairs of a name and a set of keys."""
    rng = random.Random(20)
    yield "no key", set()
    yield "the empty key", {b""}
    yield "one key", {b"key"}
    yield "one long key", {rng.randbytes(1 << 16)}
    yield "every byte and the empty key", {b""} | {bytes([b]) for b in range(256)}
    yield "two random bytes", {rng.randbytes(2) for _ in range(5000)}
    yield "random bytes", {rng.randbytes(rng.randint(0, 12)) for _ in range(6000)} | {b""}
    yield "random words", words(rng, 20000)
    stems = words(rng, 1500, most=5)
    endings = b" e ed er ers es ing ings s 's ly able ableness".split(b" ")
    yield "inflected words", {stem + end for stem in stems for end in rng.sample(endings, rng.randint(1, 13))}
    yield "regular words", {stem + end for stem in stems for end in endings}
    many = words(random.Random(22), 12000)
    yield "a long ending", {word + end for word in many for end in (b"", b"-and-more")}
    sets = [words(rng, size, b"xyz", most=4) for size in (*range(2, 15), 17, 20, 23, 26, 29, 33, 36, 40)]
    follow = {letter: rng.choices(b"abcdefghijkl", k=4) for letter in b"abcdefghijkl"}
    yield "walks", {walk(rng, follow, 40) for _ in range(3000)}
    yield "sets of many sizes", {stem + end for stem in stems for end in rng.choice(sets)}
    few = [words(rng, size, b"pqr", most=5) for size in (3, 30)]
    yield "few sets and none", {stem + end for stem in stems for end in rng.choice(few + [[b"", b"!"]])}
    ten = [words(rng, size, b"pqrstu", 2, 4) for size in range(40, 60)] + [[b""]] * 40
    yield "runs of large sets", {s + e for i, s in enumerate(stems) for e in ten[i // 24 % 60]}
    below = words(rng, 400, most=6)
    yield "a shared node", {b"", b"b"} | {first + rest for first in (b"bcd", b"xx", b"zebra") for rest in below}
    hosts = [b"http://" + word + b".example/" for word in words(rng, 12)]
    yield "addresses", {rng.choice(hosts) + b"/".join(rng.sample(stems, 3)) for _ in range(5000)}
    deep = rng.randbytes(70000)
    yield "deep edges", {deep[:cut] + word for cut in (300, 69000) for word in words(rng, 300, most=4)}
    yield "chain of prefixes", {b"ab" * i for i in range(400)}
    prefix = rng.randbytes(500)
    yield "wide lcps", {prefix[:rng.randint(200, 500)] + rng.randbytes(2) for _ in range(50)}
    yield "two lcps", {first + b"-" * 200 + bytes([b]) + first for first in (b"a", b"b") for b in range(2, 32)}
    for most, count in ((10, 9), (20, 9), (30, 60), (60, 60), (100, 60), (220, 60), (130, 3), (130, 6), (130, 11)):
        cuts = [rng.randint(0, most) for _ in range(count)]
        yield f"{count} lcps up to {most}", {prefix[:rng.choice(cuts)] + bytes([b, b]) for b in range(60)}
    yield "lengths that differ much", {bytes([b, b]) + rng.randbytes(250 * (b == 30)) for b in range(64)}
    genome = bytes(rng.choices(b"ACGT", k=4000))
    yield "31-mers", {genome[i:i + 31] for i in range(4000 - 30)}
    yield "bits", {bytes(rng.choices(b"01", k=40)) for _ in range(500)}
    yield "octal", {bytes(rng.choices(b"01234567", k=15)) for _ in range(500)}
    yield "hexadecimal", {rng.randbytes(8).hex().encode() for _ in range(3000)}
    yield "few characters, repeated", {(b"%06o" % rng.randrange(1 << 18)) * 3 for _ in range(3000)}
    letters = (b"AB", b"NM_", b"XP_00", b"WP_0")
    yield "accessions", {b"%s%08d" % (rng.choice(letters), rng.randrange(10000)) for _ in range(12000)}


# ---- values

def columns():
    """A name, options, and a function from a number of keys to values."""
    rng = random.Random(21)
    text = [b"the quick brown fox jumps over the lazy dog", b"", b"pack my box with five dozen liquor jugs"]

    def sentence(least=1, most=9):
        return b" ".join(rng.choices(b" ".join(text).split(), k=rng.randint(least, most)))

    u64, raw = ["--values", "u64"], ["--values", "bytes", "--encoding"]
    yield "constant number", u64, lambda n: [77] * n
    yield "numbers", u64, lambda n: [rng.randrange(1000) for _ in range(n)]
    yield "numbers of 64 bits", u64 + ["--encoding", "packed"], lambda n: [
        rng.choice((0, 1 << 64, 1 << 63)) - rng.randrange(5) & (1 << 64) - 1 for _ in range(n)]
    yield "runs", u64, lambda n: [i // 30 * 0x9e3779b97f4a7c15 % (1 << 40) for i in range(n)]
    yield "local", u64, lambda n: [(1 << 50) * rng.randrange(8) + i // 128 for i in range(n)]
    yield "linear", u64, lambda n: [10**12 + 1000003 * i + rng.randrange(9) for i in range(n)]
    numbers = [rng.randrange(1 << 64) for _ in range(50)]
    yield "distinct numbers", u64 + ["--encoding", "distinct"], lambda n: [rng.choice(numbers) for _ in range(n)]
    yield "constant bytes", raw + ["raw"], lambda n: [b"constant"] * n
    yield "raw", raw + ["raw"], lambda n: [sentence() for _ in range(n)]
    yield "raw of one size", raw + ["raw"], lambda n: [rng.randbytes(7) for _ in range(n)]
    yield "tokens", raw + ["tokens"], lambda n: [sentence() for _ in range(n)]
    many = [sentence(5, 12) for _ in range(400)]
    yield "distinct, in tokens", raw + ["distinct"], lambda n: [rng.choice(many) for _ in range(n)]
    yield "distinct", raw + ["distinct"], lambda n: [rng.choice(text) for _ in range(n)]
    yield "distinct of one size", raw + ["distinct"], lambda n: [b"%03d" % rng.randrange(9) for _ in range(n)]
    if shutil.which("zstd"):
        yield "zstd", raw + ["zstd"], lambda n: [sentence() for _ in range(n)]
        yield "zstd, some large", raw + ["zstd"], lambda n: [
            rng.randbytes(20000) if i % 300 == 7 else sentence() for i in range(n)]
        yield "zstd, one huge", raw + ["zstd"], lambda n: [
            rng.randbytes(3 << 20) if i == 100 else sentence() for i in range(n)]
        yield "zstd, random", raw + ["zstd"], lambda n: [rng.randbytes(30) for _ in range(n)]
        yield "zstd, one a block", raw + ["zstd"], lambda n: [sentence(300, 500) for _ in range(n)]


def weights(rng, kind):
    """A function from a number of keys to weights."""
    make = {"small": lambda: rng.randrange(200), "large": lambda: (1 << 64) - 1 - rng.randrange(9),
            "zero": lambda: 0, "of all sizes": lambda: rng.randrange(1 << rng.randint(0, 58))}[kind]
    return lambda n: [make() for _ in range(n)]


# ---- comparing

def text_of(value):
    return escape(value) if isinstance(value, bytes) else b"%d" % value


def build(folder, name, pairs, options, weight, target):
    source = folder / "source.tsv"
    keys = sorted(pairs)
    with open(source, "wb") as file:
        for key in keys:
            value = pairs[key]
            row = escape(key)
            if value is not None:
                row += b"\t" + text_of(value)
            if weight:
                row += b"\t%d" % weight[key]
            file.write((row or rb"\&") + b"\n")
    lines = weight is None and "u64" not in options and (not pairs or pairs[keys[0]] is None)
    form = ["--format", "lines" if lines else "tsv"]
    form += ["--weights", "column"] if weight is not None else []
    built = subprocess.run([TOOL, "build", "-q", *form, *options, "-o", target, source], capture_output=True)
    said = built.stderr.decode(errors="replace")
    check(built.returncode == 0, f"{name}: not built, status {built.returncode}: {said}")
    return built.returncode == 0


def read_back(folder, name, pairs, options, weight=None, shards=False, form=0):
    """`weight`: of each key, for --weights column. `shards`: in several shards, too. `form`: normal."""
    target = folder / "out.kf"
    if form:
        options = options + ["--normalise", ",".join(n for i, n in enumerate(NAMES) if form >> i & 1)]
    if not build(folder, name, pairs, options, weight, target):
        return
    if form:
        pairs = {normal(key, form): value for key, value in pairs.items()}
        check(read(target).form == form, f"{name}: another normal form")
        seen.add(f"form {form}")
    compare_file(name, pairs, target, weight)
    small = not form and weight is None and len(pairs) < 3000
    if small and build(folder, name, pairs, [*options, "--similarity", "--filter"], None, target):
        compare_file(f"{name}, in blocks and filtered", pairs, target, None)
    parts, keys = [], sorted(pairs)
    for i in range(5 if shards else 0):
        parts.append(folder / f"{i}.kf")
        some = keys[i * len(keys) // 5:(i + 1) * len(keys) // 5]
        build(folder, name, {key: pairs[key] for key in some}, options, weight, parts[-1])
    for kind, out, files in shards * (("embed", target, parts), ("embed", folder / "some.kf", parts[2:4]),
                                      ("manifest", target, [*parts[4:], *parts[:2], folder / "some.kf"])):
        made = subprocess.run([MAKE_SHARDS, kind, out, *files], capture_output=True, cwd=folder)
        check(made.returncode == 0, f"{name}, {kind}: {made.stderr.decode(errors='replace')}")
        if out == target:
            compare_file(f"{name}, {kind}", pairs, target, weight)


NAMES = "case", "nfc", "nfkc", "accents"


def texts(rng, form):
    """Keys whose normal forms differ."""
    pool = ["Straße", "café", "cafe\u0301", "ÅNGSTRÖM", "ﬁre", "Ⅷ", "ＡＢＣ", "ΆΣ", "ᾳ\u0301", "가",
            "か\u3099", "q\u0323\u0307", "q\u0307\u0323", "z", "Z", "ñ", "\udcff", "\udce2\u0301", "क\u093c"]
    keys = {}
    for _ in range(600):
        key = "".join(rng.choices(pool, k=rng.randint(1, 4))).encode("utf-8", "surrogateescape")
        keys.setdefault(normal(key, form), key)
    return keys.values()


def compare_file(name, pairs, target, weight):
    try:
        compare(name, pairs, sorted(pairs), target, weight)
    except FormatError as error:
        check(False, f"{name}: not read: {error}")


def compare(name, pairs, keys, target, weight):
    dictionary = read(target)
    found = list(dictionary.keys())
    check(found == keys, f"{name}: other keys")
    if isinstance(dictionary, Dictionary):
        dictionary.check_blocks(found)
        passes = dictionary.check_filter(found)
        strangers = passes and sum(passes(b"\xff" + key + b"\0") for key in found)
        check(not passes or len(found) < 500 or strangers < len(found) / 50, f"{name}: {strangers} strangers pass")
    check(dictionary.count == len(keys), f"{name}: another number of keys")
    values = None
    if dictionary.values:
        values = [dictionary.values[i] for i in range(len(found))]
        check(values == [pairs[key] for key in keys], f"{name}: other values")
    dump = subprocess.run([TOOL, "dump", target], check=True, capture_output=True).stdout
    lines = [escape(key) for key in found]
    if values is not None:
        lines = [line + b"\t" + text_of(value) for line, value in zip(lines, values)]
    if weight is not None:
        check([dictionary.weights[i] for i in range(len(found))] == [weight[key] for key in keys],
              f"{name}: other weights")
        lines = [line + b"\t%d" % weight[key] for line, key in zip(lines, keys)]
    there = [b"\t".join(escape(unescape(part)) for part in line.split(b"\t")) if b"\\" in line else line
             for line in dump.split(b"\n")[:-1]]
    check(there == lines, f"{name}: dump says something else")
    look_up(name, dictionary, keys)
    seen.update(dictionary.seen)


def look_up(name, dictionary, keys):
    rng = random.Random(22)
    ordinal = {key: i for i, key in enumerate(keys)}
    for key in rng.sample(keys, min(len(keys), 150)):
        at = rng.randint(0, len(key))
        front, back = key[:at], key[at + 1:]
        for query in (key, front, key + b"x", front + rng.randbytes(1) + back, front + back):
            answers = dictionary.find(query), dictionary.find(query, use_top=False)
            right = ordinal.get(normal(query, dictionary.form) if dictionary.form else query)
            if answers != (right, right):
                check(False, f"{name}: {query!r} has ordinals {answers}, not {right}")
                return
    check(dictionary.find(b"") == ordinal.get(b""), f"{name}: the empty key")


EXPECTED = {
    *(f"lcp mode {mode}" for mode in range(14)), *(f"length mode {mode}" for mode in range(4)),
    "all jumps", "some jumps", "indexed", "direct", "table", "residual", "slope", "shared bucket", "shared node",
    "escape", "bigs", "no bigs", "buckets", "no buckets", "top", "endings",
    "wide endings",
    *(f"path width {width}" for width in (0, 1, 2, 4)), "tokens 8",
    *(f"characters {bits}" for bits in range(1, 5)),
    *(f"packed mode {mode}" for mode in range(4)), "width 64", "layout 1, store 0", "layout 2, store 0",
    "layout 3, store 1", "layout 3, store 2", "layout 3, store 3", "layout 4, store 1", "layout 4, store 2",
    "layout 4, store 3",
    "weights of their own", "weights that are the values", "maxima of 64 bits", "maxima of fewer bits",
    "embedding", "manifest", *(f"form {form}" for form in FORMS),
    "sorted tokens", "tokens in their order", *(f"frequency {times}" for times in range(4)), "run", "single slot",
    "long tokens", "the empty token", "attribute with list", "attribute without list", "payloads",
    "keys in blocks", "filter", "classes", "classes that are shared",
    "letters without a kind",
    *(f"form at the {end} {what}" for end in ("start", "end") for what in (1, 2)),
}
ZSTD = {"layout 5, store 0", "zstd dictionary", "zstd alone", "large value", "zstd frame that ends by itself"}


def names():
    """Rows of an id, a name, an attribute and a payload, for indexes of many kinds."""
    rng = random.Random(26)
    for rows in plain_names():
        yield [(*row, b"", b"") for row in rows]
        if rows and rng.random() < .7:
            yield [(*row, rng.choice([b"", b"DE", b"%d" % rng.randrange(90)]), b"") for row in rows]
            yield [(*row, b"", rng.choice([b"", b"%d" % rng.randrange(9), b"y" * rng.randrange(90)])) for row in rows]
    yield [(b"%d" % i, b"name %d" % (i % 7), b"\xff\x00\n%d" % (i % 5), b"\t\x00%d" % i) for i in range(90)]


def plain_names():
    rng = random.Random(25)
    yield []
    yield [(b"1", b"")]
    yield [(b"%d" % i, b"one name") for i in range(40)]
    tokens = [word.decode() for word in words(rng, 4000)] + ["", "\u00e9", "e\u0301", "\U0001f600", "x" * 70, "y" * 300]
    frequent = ["LIMITED", "LTD", "AND", "OF"]
    for count, most in ((300, 4), (3000, 6), (400, 30)):
        yield [(b"%d" % (count * 7 - i), " ".join(rng.choice(frequent if rng.random() < .4 else tokens) for _ in
                                                 range(rng.randint(1, most))).encode()) for i in range(count)]
    yield [(b"id %d" % (i % 50), b"name %d" % i) for i in range(200)]
    many = [f"{a}{b}" for a in range(300) for b in "abcdefghij"]
    yield [(b"0", " ".join(rng.sample(many, 3)).encode()) for _ in range(4000)] + [(b"1", chr(c).encode())
                                                                                  for c in range(0x4e00, 0x4e80)]


def escaped(part):
    return part.replace(b"\\", rb"\\").replace(b"\t", rb"\t").replace(b"\n", rb"\n").replace(b"\0", rb"\0")


PROCESSING = (["--fold-case"], ["--nfkc", "--squeeze"], ["--no-accents", "--no-punctuation"], ["--separators", "N+/"],
              ["--legal", "canonical"], ["--fold-case", "--no-punctuation", "--squeeze", "--legal", "ignore"])


def processed_names(rng):
    """Names on which processing does something."""
    parts = ["ACME", "\u00c9cole", "e\u0301t\u00e9", "Stra\u00dfe", "A.B.", "n/o", "x+y", "\ufb01n", "\u00bd", "", "",
             "O'Neil", "(UK)", "\u041e\u041e\u041e", "PT", "S.A.", "Ltd", "LIMITED", "G.m.b.H.", "&", "Co.", "KG",
             "Sp.", "z", "o.o."]
    return [(b"%d" % i, " ".join(rng.choice(parts) for _ in range(rng.randint(1, 6))).encode(), b"", b"")
            for i in range(400)]


def read_names(folder):
    rng = random.Random(27)
    for options in PROCESSING:
        read_index(folder, processed_names(rng), *options)
    for rows in names():
        read_index(folder, rows)


def read_index(folder, rows, *options):
    source, path = folder / "names.tsv", folder / "names.kf"
    source.write_bytes(b"".join(b"\t".join(map(escaped, row)) + b"\n" for row in rows))
    subprocess.run([TOOL, "names", "build", "-q", "--equal-ids", "-f", "tsv", *options, "-o", path, source], check=True)
    index = Names(path.read_bytes())
    found = [(b"%d" % number if isinstance(number, int) else number, *row) for number, *row in index.rows]
    check(found == rows, f"{len(rows)} names")
    seen.update(index.seen)


def main():
    with tempfile.TemporaryDirectory(prefix="keyfold-reader-") as folder:
        folder = pathlib.Path(folder)
        for name, keys in shapes():
            read_back(folder, name, dict.fromkeys(keys), ["--values", "none"])
        keys = sorted(words(random.Random(23), 3000))
        for name, options, make in columns():
            read_back(folder, name, dict(zip(keys, make(len(keys)))), options)
        for _, options, make in [column for column in columns() if column[0] == "numbers"]:
            pairs, weight = dict(zip(keys, make(len(keys)))), dict(zip(keys, range(len(keys))))
            read_back(folder, "numbers in shards", pairs, options, shards=True)
            read_back(folder, "numbers with maxima in shards", pairs, options + ["--weights", "value"], shards=True)
            read_back(folder, "weights in shards", dict.fromkeys(keys, b"v"), ["--values", "bytes"], weight, True)
            read_back(folder, "keys in shards", dict.fromkeys([b"", *keys]), ["--values", "none"], shards=True)
        rng = random.Random(24)
        for count in (0, 64, 65, 300):
            some = sorted(rng.sample(keys, count))
            for kind in ("small", "large", "zero", "of all sizes"):
                chosen = dict(zip(some, weights(rng, kind)(count)))
                name = f"{count} weights, {kind}"
                read_back(folder, name, chosen, ["--values", "u64", "--weights", "value"])
                read_back(folder, name, dict.fromkeys(some), ["--values", "none"], chosen)
                read_back(folder, name, dict.fromkeys(some, b"value"), ["--values", "bytes"], chosen)
        for form in FORMS:
            some = list(texts(rng, form))
            read_back(folder, f"form {form}", dict(zip(some, range(len(some)))), ["--values", "u64"], form=form)
        read_names(folder)
        many = [b"%07d" % i for i in range(64 * 64 * 2 + 5)]
        read_back(folder, "two levels", dict(zip(many, weights(rng, "of all sizes")(len(many)))),
                  ["--values", "u64", "--weights", "value"])
    for variant in sorted(EXPECTED | (ZSTD if shutil.which("zstd") else set())):
        check(variant in seen, f"no dictionary has: {variant}")
    print("also seen: " + ", ".join(sorted(seen - EXPECTED - ZSTD)))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
