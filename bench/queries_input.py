"""What bench/queries asks and builds from: made of the corpora with fixed seeds, the same bytes each time."""
import bisect
import heapq
import os
import random

FILES = 8               # of a union
COMPLETIONS = 10
TEXT_BYTES = 4 << 20
LONGEST_PREFIX = 4

# Patterns over a list of words: literal starts and ends, classes, repeats, alternations, Unicode.
PATTERNS = ["un.*able", ".*ation", "inter.*", "...", "a.{3}e", "[^aeiouy]+", "[a-f]+", "q[^u].*",
            "s?he.{0,4}", "(re|un|dis)[a-z]+ing", ".*(ee|oo).*(ee|oo).*", "[b-df-hj-np-tv-xz]{5}.*",
            "(?i)mac.*", ".*é.*", "\\p{Lu}{2,}.*", "\\w+'\\w{2,}", ".*[xz]{2}.*",
            "[A-Z].*'s", "(un)?(re)?[a-z]{4,6}(ed|ing|s)?", "(a|e|i|o|u).*(a|e|i|o|u).*(a|e|i|o|u)x"]
LETTERS = ["aeiou", "xyz", "qk", "zzz", "keyfold", "nnnnn"]


def read_keys(path, most):
    """All keys of a corpus, or `most` of them at equal distances."""
    with open(path, "rb") as f:
        keys = f.read().split(b"\n")[:-1]
    if most and most < len(keys):
        keys = [keys[i * len(keys) // most] for i in range(most)]
    return keys


def write_lines(path, lines):
    with open(path, "wb") as f:
        f.writelines(line + b"\n" for line in lines)
    return path


def edit(text, generator, letters):
    """One deletion, insertion, substitution or transposition."""
    at, how = generator.randrange(len(text) + 1), generator.randrange(4)
    letter = generator.choice(generator.choice(letters))
    if how == 0:
        return text[:at] + letter + text[at:]
    if how == 1:
        return text[:at] + text[at + 1:]
    if how == 2:
        return text[:at] + letter + text[at + 1:]
    return text[:at] + text[at + 1:at + 2] + text[at:at + 1] + text[at + 2:]


def strange(count):
    """Needles that no key is near to: letters at random."""
    generator = random.Random(6)
    return ["".join(generator.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(generator.randrange(4, 25))).encode()
            for _ in range(count)]


def needles(keys, count):
    """Random keys with no, one or two random edits, their letters from keys."""
    generator = random.Random(1)
    found = []
    while len(found) < count:
        text = generator.choice(keys).decode()
        for _ in range(generator.randrange(3)):
            text = edit(text, generator, [k.decode() for k in generator.choices(keys, k=4) if k] or ["a"])
        if text:
            found.append(text.encode())
    return found


def weights(keys):
    """As in Zipf's law: the key of random rank r has a weight of 10^9 / r."""
    ranks = list(range(1, len(keys) + 1))
    random.Random(2).shuffle(ranks)
    return [10 ** 9 // r for r in ranks]


def prefixes(keys, count):
    """As many of each length, of random keys that are so long."""
    generator = random.Random(3)
    found = []
    for tries in range(100 * count):
        size = 1 + len(found) * LONGEST_PREFIX // count
        key = generator.choice(keys)
        if len(key) >= size:
            found.append(key[:size])
        if len(found) == count:
            break
    return found


def completions(keys, weight_of, prefix):
    """(how many, sum of their weights) of the best completions, by looking at all."""
    low = bisect.bisect_left(keys, prefix)
    high = bisect.bisect_left(keys, prefix + b"\xff" * 64, low)
    best = heapq.nlargest(COMPLETIONS, weight_of[low:high])
    return len(best), sum(best)


def parts(keys, folder):
    """FILES sets of pairs that overlap: of 16 keys one is in all files, three in two as a rule, the others in
    one. Returns their paths, and what union and intersection of them are: keys, bytes of keys, sum of values,
    where a key has the value that the first of its files gives it."""
    generator = random.Random(4)
    paths = [os.path.join(folder, "part%d.tsv" % i) for i in range(FILES)]
    files = [open(path, "wb") for path in paths]
    union, common = [0, 0, 0], [0, 0, 0]
    for ordinal, key in enumerate(keys):
        how, owner = generator.randrange(16), generator.randrange(FILES)
        owners = [owner]
        if how < 4:
            owners = range(FILES) if how == 0 else sorted({owner, generator.randrange(FILES)})
        for i in owners:
            files[i].write(b"%s\t%d\n" % (key, ordinal * FILES + i))
        for total in [union] + ([common] if how == 0 else []):
            for i, x in enumerate((1, len(key), ordinal * FILES + owners[0])):
                total[i] += x
    for f in files:
        f.close()
    return paths, union, common


def text(lines):
    """Lines at equal distances, some MiB of them."""
    step = max(1, sum(map(len, lines)) // TEXT_BYTES)
    return lines[::step]
