"""The value column: FORMAT.md, 5."""

import subprocess
import tempfile

from fields import MASK, Tokens, aligned, field, fields, need, number, varint

NONE, U64, BYTES = range(3)


class Packed:
    """5.1"""

    def __init__(self, section, descriptor, count, seen):
        at, size, directory = (number(section, descriptor + 8 * i, 8) for i in range(3))
        self.base_bytes = section[descriptor + 24]
        self.count, self.seen = count, seen
        need(at + size <= len(section) and self.base_bytes <= 8, "packed array: payload")
        self.payload = section[at:at + size]
        self.directory = [number(section, directory + 8 * i, 8) for i in range((count + 127) // 128)]

    def __getitem__(self, index):
        need(0 <= index < self.count, "packed array: index")
        entry, i = self.directory[index // 128], index % 128
        width, mode, m, at = entry & 127, entry >> 7 & 7, (entry >> 10 & 127) + 1, entry >> 17
        data, base = self.payload, 0
        self.seen |= {f"packed mode {mode}"} | ({"width 64"} if width == 64 else set())
        need(width <= 57 or width == 64, "packed array: width")
        if self.base_bytes:
            base = number(data, at, self.base_bytes)
            base -= (base >> 8 * self.base_bytes - 1) << 8 * self.base_bytes
        at += self.base_bytes
        if mode == 1:
            changes = number(data, at, 16)
            i = bin(changes >> 1 & (1 << i) - 1).count("1")
            at += 16
        elif mode == 2:
            i = field(data, at + aligned(m * width), i * (m - 1).bit_length(), (m - 1).bit_length())
        elif mode == 3:
            size = min(self.base_bytes + 1, 8)
            base += (number(data, at, size) * i & MASK) >> 8
            at += size
        else:
            need(mode == 0, "packed array: mode")
        return base + field(data, at, i * width, width) & MASK


class Column:
    """5"""

    def __init__(self, section, values, seen):
        need(len(section) >= 160, "a value section that is cut")
        self.layout, self.type, self.store, self.width = section[:4]
        self.per_block, self.seen = number(section, 4, 4), seen
        seen.add(f"layout {self.layout}, store {self.store}")
        count, self.items, at, size, dictionary, dictionary_size, self.largest = (
            number(section, 8 + 8 * i, 8) for i in range(7))
        need(count == values, "another number of values than of keys")
        need(max(at + size, dictionary + dictionary_size) <= len(section), "values beyond their section")
        self.count = count
        self.data = section[at:at + size]
        self.dictionary = section[dictionary:dictionary + dictionary_size]
        if self.layout == 2 or self.layout == 4:
            self.codes = Packed(section, 64, count, seen)
        if self.layout == 5:
            need(1 <= self.per_block <= 64, "values a block")
            self.codes = Packed(section, 64, -(-count // self.per_block), seen)
            self.large = None
            seen.add("zstd dictionary" if self.dictionary else "zstd alone")
        elif self.store >= 2:
            self.ends = Packed(section, 96, self.items, seen)
            if self.store == 3:
                self.tokens = Tokens(self.dictionary)

    def item(self, i):
        """5.3"""
        need(i < self.items, "an unknown item")
        if self.store == 1:
            return self.data[i * self.width:(i + 1) * self.width]
        start, end = self.ends[i - 1] if i else 0, self.ends[i]
        if self.store == 2:
            return self.data[start:end]
        bits = self.tokens.bits
        return self.tokens.text(fields(self.data, 0, end - start, bits, start * bits))

    def __getitem__(self, i):
        need(0 <= i < self.count, "an unknown ordinal")
        if self.layout == 1:
            value = self.data
        elif self.layout == 2:
            return self.codes[i]
        elif self.layout == 3:
            value = self.item(i)
        elif self.layout == 4:
            value = self.item(self.codes[i])
        else:
            need(self.layout == 5, "an unknown layout")
            return self.zstd(i)
        return int.from_bytes(value, "little") if self.type == U64 else value

    # 5.4: all blocks are decoded at once, since each decompression is a process

    def zstd(self, i):
        if self.large is None:
            self.decode_all()
        value = self.blocks[i]
        return value if isinstance(value, bytes) else self.large[value]

    def frame(self, at):
        """The content size and the frame of the block at `at`."""
        size, at = varint(self.data, at)
        frame_size, at = varint(self.data, at)
        need(size <= self.largest, "a content larger than the largest")
        self.seen |= {"zstd frame that ends by itself"} if not frame_size else set()
        return size, self.data[at:at + (frame_size or frame_length(self.data[at:]))]

    def decode_all(self):
        starts = [self.codes[b] for b in range(self.codes.count)]
        contents = self.contents(starts)
        self.blocks, large = [], []
        for b, content in enumerate(contents):
            if self.per_block == 1:
                self.blocks.append(content)
                continue
            at, sizes = 0, []
            for _ in range(min(self.per_block, self.count - b * self.per_block)):
                size, at = varint(content, at)
                sizes.append(size)
            for size in sizes:
                if size & 1:
                    offset = number(content, at, 8)
                    need((starts[b - 1] if b else 0) <= offset < starts[b], "a large value out of place")
                    self.seen.add("large value")
                    large.append(offset)
                    self.blocks.append(offset)
                else:
                    self.blocks.append(content[at:at + size // 2])
                at += 8 if size & 1 else size // 2
            need(at == len(content), "a content of another size than its values")
        self.large = dict(zip(large, self.contents(large)))

    def contents(self, starts):
        blocks = [self.frame(at) for at in starts]
        result = [None] * len(blocks)
        for small in (True, False):
            chosen = [i for i, (size, _) in enumerate(blocks) if (size < 1 << 14) == small]
            text = unzstd(b"".join(blocks[i][1] for i in chosen), self.dictionary if small else b"")
            for i in chosen:
                size = blocks[i][0]
                need(size <= len(text), "a frame with too little content")
                result[i], text = text[:size], text[size:]
            need(not text, "a frame with too much content")
        return result


class Weights:
    """5.5; all maxima are checked."""

    def __init__(self, section, count, values, seen):
        need(len(section) >= 192, "a weight section that is cut")
        self.own = any(section[:160])
        self.column = Column(section, count, set()) if self.own else values
        need(self.column is not None and self.column.type == U64, "weights that are no integers")
        at, width = number(section, 160, 8), section[168]
        need(width <= 57 or width == 64, "weights: width")
        seen.add("weights of their own" if self.own else "weights that are the values")
        below = [self.column[i] for i in range(count)]
        while len(below) > 64:
            level = [max(below[i:i + 64]) for i in range(0, len(below), 64)]
            need(fields(section, at, len(level), width) == level, "a maximum that is none")
            at += aligned(len(level) * width)
            below = level
            seen.add(f"maxima of {'64' if width == 64 else 'fewer'} bits")
        need(at == len(section), "weights: more than maxima")

    def __getitem__(self, i):
        return self.column[i]


def unzstd(frames, dictionary):
    if not frames:
        return b""
    with tempfile.NamedTemporaryFile() as file:
        file.write(dictionary)
        file.flush()
        more = ["-D", file.name] if dictionary else []
        done = subprocess.run(["zstd", "-dcq", "--no-check", *more], input=frames, capture_output=True)
    need(done.returncode == 0, "zstd: " + done.stderr.decode(errors="replace"))
    return done.stdout


def frame_length(data):
    """Of a zstd frame that ends by itself: RFC 8878, 3.1.1."""
    flags = data[4]
    at = 5 + (not flags & 32) + (0, 1, 2, 4)[flags & 3] + (1 if flags & 32 else 0, 2, 4, 8)[flags >> 6]
    last = False
    while not last:
        head = number(data, at, 3)
        last, kind = head & 1, head >> 1 & 3
        at += 3 + (1 if kind == 1 else head >> 3)
    return at + (4 if flags & 4 else 0)
