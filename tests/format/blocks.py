"""12.4 of FORMAT.md for the second reader: keys, or tokens, side by side."""

from collections import Counter

from fields import aligned, fields, need, number

NO_ID = 2 ** 32 - 1


def width(count):
    return (count - 1).bit_length() if count else 0


def units(key):
    """Code points, and bytes outside of well-formed UTF-8."""
    points = map(ord, key.decode("utf-8", "surrogateescape"))
    return [0x110000 + point - 0xdc00 if 0xdc80 <= point < 0xdd00 else point for point in points]


def check(data, keys, longest, seen):
    """`keys`: by id. Returns the ids in the order of their places."""
    texts, lengths = [units(key) for key in keys], []
    points, groups, tokens, longs, empty = (number(data, at, 4) for at in range(0, 20, 4))
    classes = {number(data, 32 + 4 * i, 3): data[35 + 4 * i] for i in range(points)}
    at = 32 + 4 * points
    for i in range(groups):
        lengths.append((number(data, at, 4), number(data, at + 4, 4)))
        at += 8
    blocks = [(length, start, min(32, count - start)) for length, count in lengths for start in range(0, count, 32)]
    signatures = at + sum(32 * length for length, _, _ in blocks)
    ids = fields(data, signatures + 32 * len(blocks), tokens, width(len(texts)))
    end = signatures + 32 * len(blocks) + aligned(tokens * width(len(texts)))
    entries = [(number(data, end + 8 * i, 4), number(data, end + 8 * i + 4, 4)) for i in range(longs)]
    need(len(data) == end + 8 * longs and sum(count for _, count in lengths) == tokens, "the size of BLOCKS")
    met = ids + [token for token, _ in entries] + ([empty] if empty != NO_ID else [])
    need(sorted(met) == list(range(len(texts))), "keys in no block")
    need(empty == NO_ID or not texts[empty], "the empty key")
    need(all(len(texts[token]) == length > longest for token, length in entries), "a long key")
    need(all(1 <= length <= longest for length, _ in lengths), "the length of a group")
    seen |= ({"long tokens"} if longs else set()) | ({"the empty token"} if empty != NO_ID else set())
    seen |= {"classes that are shared"} if len(set(classes.values())) < points else set()
    place = 0
    for number_of, (length, _, lanes) in enumerate(blocks):
        most = [0] * 32
        for lane in range(lanes):
            text = bytes(classes[unit] for unit in texts[ids[place]])
            place += 1
            need(text == data[at + lane:at + 32 * length:32], "the letters of a block")
            for c, count in Counter(letter % 32 for letter in text).items():
                most[c] = max(most[c], count)
        need(bytes(most) == data[signatures + 32 * number_of:][:32], "a signature")
        at += 32 * length
    return ids
