"""What all parts of a keyfold file are made of: FORMAT.md, 1 and 4.4."""

MASK = (1 << 64) - 1


class FormatError(Exception):
    pass


def need(condition, message):
    if not condition:
        raise FormatError(message)


def number(data, at, size):
    need(0 <= at and at + size <= len(data), "a number beyond its section")
    return int.from_bytes(data[at:at + size], "little")


def varint(data, at):
    """1.4: the number and the offset behind it."""
    value = shift = 0
    while True:
        byte = number(data, at, 1)
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value & MASK, at
        need(shift < 70, "an endless varint")


def field(data, start, bit, width):
    """1.3: `width` bits that begin `bit` bits after the byte `start`."""
    first, last = start + bit // 8, start + (bit + width + 7) // 8
    need(last <= len(data), "a field beyond its section")
    return int.from_bytes(data[first:last], "little") >> bit % 8 & (1 << width) - 1


def fields(data, start, count, width, bit=0):
    found, mask = [], (1 << width) - 1
    for first in range(0, count, 64):       # a field of many at once: Python takes longest for calls
        some = min(64, count - first)
        whole = field(data, start, bit + first * width, some * width)
        found += [whole >> i & mask for i in range(0, some * width, width)] if width else [0] * some
    return found


def aligned(bits):
    return (bits + 7) // 8


class Tokens:
    """4.4"""

    def __init__(self, data):
        need(len(data) >= 32, "a token dictionary that is cut")
        self.bits, count, size = data[0], number(data, 8, 4), number(data, 12, 4)
        need(8 <= self.bits <= 16 and count <= 1 << self.bits, "token dictionary: bits or count")
        need(len(data) == 16 + 4 * count + size + 16, "token dictionary: size")
        self.tokens = []
        for i in range(count):
            entry = number(data, 16 + 4 * i, 4)
            offset, length = entry >> 5, entry & 31
            need(1 <= length <= 16 and offset + length <= size, "a token beyond the pool")
            self.tokens.append(data[16 + 4 * count + offset:][:length])

    def text(self, codes):
        need(all(code < len(self.tokens) for code in codes), "an unknown token")
        return b"".join(self.tokens[code] for code in codes)
