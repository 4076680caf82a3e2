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
        self.bits, self.classes, count, size = data[0], data[1], number(data, 8, 4), number(data, 12, 4)
        need(4 <= self.bits <= 16 and 1 <= self.classes <= 64, "token dictionary: bits or classes")
        need(count <= self.classes << self.bits and size <= 1 << 21, "token dictionary: count or pool")
        first = 16 + (256 if self.classes > 1 else 0)
        need(len(data) == first + 4 * count + size + 16, "token dictionary: size")
        self.class_of = data[16:first] or bytes(256)
        need(max(self.class_of) < self.classes, "a class")
        self.tokens = []
        for i in range(count):
            entry = number(data, first + 4 * i, 4)
            offset, letters, length = entry >> 11, entry >> 5 & 63, entry & 31
            if entry or self.classes == 1:
                need(1 <= length <= 16 and offset + length <= size, "a token beyond the pool")
            token = data[first + 4 * count + offset:][:length]
            need(not token or self.class_of[token[-1]] == letters, "a token's class")
            self.tokens.append(token)

    def text(self, codes, before=b""):
        """What codes stand for that follow the text `before`."""
        text = before
        for code in codes:
            place = code + ((self.class_of[text[-1]] if text else 0) << self.bits)
            need(place < len(self.tokens) and self.tokens[place], "an unknown token")
            text += self.tokens[place]
        return text[len(before):]
