#!/usr/bin/env python3
"""A second reader of keyfold files, written from lib/format/FORMAT.md alone; the numbers are its sections.

It is slow and simple: it exists to show that the text suffices. As a program it prints all entries, keys and
values in hexadecimal, integers in decimal: reader.py FILE
It needs the standard library only; for zstd columns also the `zstd` command, for checksums and filters libxxhash.
"""

import bisect
import sys

import blocks
import normal
import xxh3
from fields import MASK, Tokens, aligned, fields, need, number, varint
from values import BYTES, U64, Column, Weights

METADATA, TOKENS, SHARED, TREE, VALUES, CHECKSUMS, TOP, WEIGHTS, SHARDS, IMAGES = range(1, 11)
BLOCKS, FILTER = 13, 23
SHARDED, NORMALISED, NAMED = 1, 2, 4   # features
IN_BLOCKS, IN_FILTER = 1, 2            # compatible ones


class Frame:
    """2 and 3: what every file has."""

    def __init__(self, file):
        self.file = file
        self.seen = set()   # which variants the file uses, for the tests
        self.read_frame()

    def read_frame(self):
        file = self.file
        need(file[:8] == b"\x89KFD\r\n\x1a\n", "not a keyfold file")
        self.features = number(file, 24, 4)
        need(number(file, 8, 2) == 1 and self.features & ~(SHARDED | NORMALISED | NAMED) == 0,
             "a version or a feature that is unknown")
        header_size, sections = number(file, 12, 4), number(file, 44, 4)
        need(1 <= sections <= 32 and header_size == -(-(128 + 32 * sections) // 64) * 64, "header size")
        need(number(file, 16, 8) == len(file), "file size")
        self.count, self.longest = number(file, 32, 8), number(file, 40, 4)
        self.value_type = file[48]
        self.form = file[50] if self.features & NORMALISED else 0
        need(file[50:53] == bytes([self.form, 13, 0]) and self.form in normal.FORMS if self.form else
             not any(file[50:53]) and not self.features & NORMALISED, "normal form")
        need(self.value_type <= BYTES and not any(file[53:56]) and not any(file[104:120]), "header")
        self.sections, at = {}, header_size
        for i in range(sections):
            entry = file[128 + 32 * i:160 + 32 * i]
            kind, offset, size = number(entry, 0, 4), number(entry, 8, 8), number(entry, 16, 8)
            need(offset == at and kind not in self.sections, f"section {kind}")
            need(not any(entry[4:8] + entry[24:32]), f"section {kind}: reserved bytes")
            self.sections[kind] = (offset, size)
            at = (offset + size + 63) // 64 * 64 + 64
            need(at <= len(file) and not any(file[offset + size:at]), f"section {kind}: pad")
        need(at == len(file) and kind == CHECKSUMS, "after the last section")
        need(not any(file[128 + 32 * sections:header_size]), "after the section table")
        sums = self.section(CHECKSUMS)
        parts = range(header_size, self.sections[CHECKSUMS][0], 1 << 18)
        need(len(sums) == 8 * len(parts), "number of checksums")
        if xxh3.of_64:
            head = file[:120] + bytes(8) + file[128:header_size]
            need(xxh3.of_64(head) == number(file, 120, 8), "header checksum")
            for i, start in enumerate(parts):
                block = file[start:min(start + (1 << 18), self.sections[CHECKSUMS][0])]
                need(xxh3.of_64(block) == number(sums, 8 * i, 8), f"checksum {i}")
            head = file[:88] + bytes(16) + file[104:120] + bytes(8) + file[128:header_size]
            build_id = xxh3.of_128(head + sums)
            need(build_id.to_bytes(16, "little") == file[88:104], "build id")

    def section(self, kind):
        offset, size = self.sections.get(kind, (0, 0))
        return self.file[offset:offset + size]

    def metadata(self):
        """3: name, type, content."""
        data, result = self.section(METADATA), []
        for i in range(number(data, 0, 4) if data else 0):
            at = 8 + 32 * i
            kind, name_size, name, content, size = (number(data, at + o, n) for o, n in
                                                    ((0, 4), (4, 4), (8, 8), (16, 8), (24, 8)))
            need(max(name + name_size, content + size) <= len(data), "metadata")
            result.append((data[name:name + name_size], kind, data[content:content + size]))
        return result


class Dictionary(Frame):
    """A file without shards."""

    def __init__(self, file):
        super().__init__(file)
        need(not self.features & SHARDED, "shards")
        tree = self.section(TREE)
        need(len(tree) >= 512, "a TREE section that is cut")
        self.root_kind, self.label_bits, self.character_bits, self.escape, width = tree[:5]
        self.fixed_length = number(tree, 8, 4)
        self.root, count = number(tree, 16, 8), number(tree, 24, 8)
        self.label_code, self.character = tree[64:320], tree[320:336]
        self.label_of = {code: byte for byte, code in enumerate(self.label_code)}
        self.tree, self.shared = tree, self.section(SHARED)
        need(width or not count, "a directory without a width")
        self.directory = fields(self.shared, 0, count, width)
        self.tokens = None if self.character_bits else Tokens(self.section(TOKENS))
        self.code_bits = self.character_bits or self.tokens.bits
        self.seen.add(f"{'characters' if self.character_bits else 'tokens'} {self.code_bits}")
        self.seen |= {"classes"} if self.tokens and self.tokens.classes > 1 else set()
        self.values = Column(self.section(VALUES), self.count, self.seen) if self.value_type else None
        self.weights = self.values if self.value_type == U64 else None
        if WEIGHTS in self.sections:
            self.weights = Weights(self.section(WEIGHTS), self.count, self.weights, self.seen)
        self.cache, self.by_byte = {}, {}
        self.endings = {}
        self.read_endings(number(tree, 40, 8))

    def read_endings(self, at):
        """4.12: all strings below a container, by its place."""
        if not at:
            return
        count = number(self.shared, at, 4)
        need(not self.character_bits and count <= len(self.directory), "endings")
        records = at + 4 + 4 * count
        end = len(self.shared) - 64
        need(records <= end and (end - records) % 8 == 0 and not any(self.shared[end:]), "the end of the endings")
        for index in range(count):
            word = number(self.shared, at + 4 + 4 * index, 4)
            strings, wide, first = word & 63, word >> 6 & 1, word >> 7
            if not word:
                continue
            size = 8 << wide
            need(0 < strings <= 32 and records + 8 * first + strings * size <= end, "a list of endings")
            begin = records + 8 * first
            found = [self.shared[a:a + size] for a in range(begin, begin + strings * size, size)]
            need(all(r[-1] < size and not any(r[r[-1]:-1]) for r in found), "a record of an ending")
            self.endings[self.jump_target(index)] = [r[:r[-1]] for r in found]
            self.seen.add("wide endings" if wide else "endings")
        for place, strings in self.endings.items():
            need(strings == list(self.below(place)), "endings that are not what is below")

    def below(self, place):
        """The strings below a container, in order."""
        final, entries = self.container(place, 0)
        if final:
            yield b""
        for text, _, to in entries:
            yield from [text] if to is None else (text + rest for rest in self.below(to))

    def check_blocks(self, keys):
        """12.4: the keys once more, if they are."""
        if number(self.file, 28, 4) & IN_BLOCKS:
            blocks.check(self.section(BLOCKS), keys, 255, self.seen)
            self.seen.add("keys in blocks")

    def check_filter(self, keys):
        """13: every key passes. Returns whether a key does, or None if there is no filter."""
        if not number(self.file, 28, 4) & IN_FILTER or not xxh3.of_64:
            return None
        data = self.section(FILTER)
        bits, size = number(data, 0, 1), number(data, 8, 8)
        need(len(data) == 16 + size + (16 << bits), "the size of FILTER")
        self.seen.add("filter")

        def passes(key):
            x = xxh3.of_64(key)
            at = 16 + size + 16 * (x >> 64 - bits)
            first, segments, segment_bits, seed = (number(data, at + o, n) for o, n in
                                                   ((0, 8), (8, 4), (12, 1), (13, 1)))
            if not segments:
                return True
            need(first + (segments + 2 << segment_bits) <= size, "a part of FILTER")
            x = x + seed * 0x9e3779b97f4a7c15 & MASK
            x = (x ^ x >> 33) * 0xff51afd7ed558ccd & MASK
            x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53 & MASK
            x ^= x >> 33
            low = (1 << segment_bits) - 1
            place = (x >> 32) * (segments << segment_bits) >> 32
            places = place, place + low + 1 ^ x >> 18 & low, place + 2 * (low + 1) ^ x & low
            total = (x ^ x >> 36) & 255
            for place in places:
                total ^= data[16 + first + place]
            return total == 0

        need(all(map(passes, keys)), "a key that FILTER does not let pass")
        return passes

    # ---- 4: containers; one is named by its section and position

    def text(self, data, start, bit, count, before):
        """4.5: `count` codes behind the label `before`."""
        codes = fields(data, start, count, self.code_bits, bit)
        if self.character_bits:
            return bytes(self.character[code] for code in codes)
        return self.tokens.text(codes, before)

    def container(self, place, depth):
        key = (place, depth if self.fixed_length else 0)
        if key not in self.cache:
            data, at = (self.tree if place[0] == TREE else self.shared), place[1]
            node = number(data, at, 1) & 128
            self.cache[key] = self.read_node(at, depth) if node else self.read_bucket(data, at, depth)
        return self.cache[key]

    def jump_target(self, index):
        """4.3"""
        need(index < len(self.directory), "a jump without a directory entry")
        position = self.directory[index]
        self.seen.add("shared bucket" if position < len(self.shared) else "shared node")
        return (SHARED, position) if position < len(self.shared) else (TREE, position - len(self.shared))

    def read_bucket(self, data, at, depth):
        """4.7: final, and entries (text, keys of the container before it, place of a jump or None)."""
        n, final, flags = (data[at] & 63) + 1, data[at] >> 6 & 1, number(data, at + 1, 1)
        length_mode, lcp_mode = flags >> 4 & 3, flags & 15
        head = (1, 4, 1, 0)[length_mode]
        length_head = number(data, at + 2, head)
        at += 2 + head
        jumps = None
        if flags & 128:
            jumps, at = self.read_reference_header(data, at)
        labels = fields(data, at, n, self.label_bits)
        at += aligned(n * self.label_bits)
        lcps, at, lcp_bits = self.read_lcps(data, at, n, lcp_mode)
        mask = [bool(jumps)] * n
        if jumps and not flags & 64:
            mask = fields(data, at, n, 1)
            at += aligned(n)
        if jumps and jumps["targets"]:
            width = (jumps["targets"] - 1).bit_length()
            jumps["index"] = fields(data, at, sum(mask), width)
            at += aligned(sum(mask) * width)
        bit = 0
        if length_mode < 2:
            unary = fields(data, at, n + length_head, 1)
            ends = [i for i, one in enumerate(unary) if one]
            need(len(ends) == n, "lengths")
            lengths = [end - start - 1 for start, end in zip([-1] + ends, ends)]
            at += aligned(n + length_head)
        elif length_mode == 2:
            lengths = fields(data, at, n, length_head)
            bit = n * length_head
        else:
            need(self.character_bits and not jumps and not self.escape, "lengths that are not stored")
            lengths = [self.fixed_length - 1 - depth - lcp for lcp in lcps]
            at, bit = at - aligned(lcp_bits), lcp_bits
        self.seen |= {f"lcp mode {lcp_mode}", f"length mode {length_mode}"}
        targets = extras = None
        if jumps:
            self.seen |= {
                "all jumps" if all(mask) else "some jumps", "indexed" if jumps["targets"] else "direct",
                "table" if jumps["table"] is not None else "residual" if jumps["residual"] else "slope"}
            targets, extras, bit = self.read_jumps(data, at, bit, jumps, mask)
        need(min(lengths) >= 0 and lcps[0] == 0, "a length or the first lcp")
        entries, text, jump = [], b"", 0
        for i in range(n):
            need(lcps[i] <= len(text), "an lcp")
            escaped = self.escape and labels[i] == (1 << self.label_bits) - 1
            self.seen |= {"escape"} if escaped else set()
            label = b"" if escaped else bytes([self.label_of[labels[i]]])
            text = text[:lcps[i]] + label + self.text(data, at, bit, lengths[i], label)
            bit += lengths[i] * self.code_bits
            rank = i + (extras[jump] if jumps else 0)
            entries.append((text, final + rank, self.jump_target(targets[jump]) if mask[i] else None))
            jump += mask[i]
        return final, entries

    def read_lcps(self, data, at, n, mode):
        """The lcps, where they end, and how many bits they have."""
        need(mode <= 13, "lcp mode")
        table, width = None, mode
        if mode > 8:
            size, width = (4, 6) if mode == 13 else (1, mode - 8)
            count = number(data, at, 1) + 1
            table = [number(data, at + 1 + size * i, size) for i in range(count)]
            at += 1 + size * count
        lcps = fields(data, at, n, width)
        need(not table or max(lcps) < len(table), "an lcp beyond the table")
        return [table[i] for i in lcps] if table else lcps, at + aligned(n * width), n * width

    def read_reference_header(self, data, at):
        """4.8"""
        head = number(data, at, 1)
        j = {"bits": head & 63, "residual": head >> 6 & 1, "residual bits": 0, "targets": 0, "table": None,
             "slope": 0, "base": 0}
        at += 1
        if head & 128:
            j["targets"] = (number(data, at, 1) & 63) + 1
            if number(data, at, 1) & 128:
                need(j["targets"] <= 16 and not j["residual"], "a table of extras")
                j["table"] = data[at + 1:at + 1 + j["targets"]]
                return j, at + 1 + j["targets"]
            at += 1
        j["slope"], at = varint(data, at)
        if j["residual"]:
            j["residual bits"] = number(data, at, 1)
            zigzag, at = varint(data, at + 1)
            j["base"] = zigzag >> 1 ^ -(zigzag & 1)
        return j, at

    def read_jumps(self, data, at, bit, j, mask):
        """Directory indexes by jump, extras by number of jumps before, and the bit behind."""
        count = sum(mask)
        need(count > 0 and j["bits"] <= 40, "jumps")
        references = fields(data, at, j["targets"] or count, j["bits"], bit)
        bit += len(references) * j["bits"]
        sums = count + (not mask[-1])
        residuals = fields(data, at, sums if j["residual"] else 0, j["residual bits"], bit)
        bit += len(residuals) * j["residual bits"]
        if j["table"] is not None:
            extras = [sum(j["table"][t] for t in j["index"][:m]) for m in range(count + 1)]
        else:
            extras = [j["slope"] * m + (j["base"] + residuals[m] if m < len(residuals) else 0)
                      for m in range(count + 1)]
        return [references[t] for t in j["index"]] if j["targets"] else references, extras, bit

    def read_node(self, at, depth):
        """4.6, as if it were a bucket of all entries and edges."""
        data, start = self.tree, at
        head = [number(data, at + i, 1) for i in range(5)]
        big_width, sum_width = (head[0] >> 3 & 7) + 1, (head[0] & 7) + 1
        small_width, path_width = head[1] >> 3 & 15, (0, 1, 2, 4)[head[1] >> 1 & 3]
        bigs, buckets = head[2] | (head[1] & 1) << 8, head[3] | (head[4] >> 3 & 1) << 8
        bucket_width, inner = (head[4] & 7) + 1, max(buckets - 1, 0)
        need(bigs + buckets and max(bigs, buckets) <= 256 and small_width <= 8, "a node's counts")
        labels = data[at + 5:at + 5 + bigs]
        bucket_labels = data[at + 5 + bigs:at + 5 + bigs + inner]
        at += 5 + bigs + inner
        smalls, places, sums = [], [], [0]
        for _ in range(bigs):
            smalls.append(number(data, at, small_width))
            places.append(start - number(data, at + small_width, big_width))
            sums.append(number(data, at + small_width + big_width, sum_width))
            need(0 <= places[-1] < start, "a child that does not lie before its parent")
            at += small_width + big_width + sum_width
        bucket_sum, offset = [0], [0]
        for _ in range(inner):
            bucket_sum.append(number(data, at, small_width))
            offset.append(number(data, at + small_width, bucket_width))
            at += small_width + bucket_width
        paths = [b""] * bigs
        if path_width:
            offsets = [number(data, at + i * path_width, path_width) for i in range(bigs + 1)]
            at += (bigs + 1) * path_width
            for i in range(bigs):
                codes, path = varint(data, at + offsets[i])
                paths[i] = self.text(data, path, 0, codes, labels[i:i + 1])
            at += offsets[bigs]
        final, children = head[0] >> 6 & 1, []
        self.seen |= {f"path width {path_width}", "bigs" if bigs else "no bigs",
                      "buckets" if buckets else "no buckets"}
        for i in range(bigs):
            children.append((labels[i:i + 1] + paths[i], final + sums[i] + smalls[i], (TREE, places[i])))
        for j in range(buckets):
            bucket_final, entries = self.read_bucket(data, at + offset[j], depth)
            need(not bucket_final, "a final bucket in a node")
            need(j == 0 or entries[0][0][0] == bucket_labels[j - 1], "a bucket's label")
            for text, rank, to in entries:
                before = sums[bisect.bisect_left(labels, text[0])]
                children.append((text, final + before + bucket_sum[j] + rank, to))
        return final, sorted(children, key=lambda child: child[0])

    # ---- lookup and order

    def keys(self):
        """All keys in order; their ranks are compared with their numbers."""
        if self.root_kind < 2:
            yield from [b""] * self.root_kind
            return
        ordinal, stack = 0, [(b"", (TREE, self.root), 0)]
        while stack:
            prefix, place, rank = stack.pop()
            need(rank == ordinal, f"rank {rank} where {ordinal} keys came before")
            if place is None:
                yield prefix
                ordinal += 1
                continue
            final, below = self.container(place, len(prefix))
            if final:
                yield prefix
                ordinal += 1
            stack += [(prefix + text, to, rank + before) for text, before, to in reversed(below)]

    def start(self, key, use_top):
        """4.9: place, depth, rank."""
        top = self.section(TOP)
        if not top or not use_top or len(key) < top[0]:
            return (TREE, self.root), 0, 0
        positions, place_bytes, rank_bytes = top[:3]
        cell = sum(top[8 + 4 * positions + 256 * i + key[i]] * number(top, 8 + 4 * i, 4)
                   for i in range(positions))
        need(cell < number(top, 4, 4), "a cell beyond the table")
        self.seen.add("top")
        at = 8 + 260 * positions + cell * (1 + place_bytes + rank_bytes)
        return ((TREE, number(top, at + 1, place_bytes)), number(top, at, 1),
                number(top, at + 1 + place_bytes, rank_bytes))

    def beginning(self, place, depth, below):
        """What is below a container, by its first byte: 4.1."""
        name = (place, depth if self.fixed_length else 0)
        if name not in self.by_byte:
            self.by_byte[name] = groups = {}
            for child in below:
                groups.setdefault(child[0][0], []).append(child)
        return self.by_byte[name]

    def find(self, key, use_top=True):
        """4.10: the ordinal, or None."""
        key = normal.normal(key, self.form) if self.form else key
        if self.root_kind < 2:
            return 0 if self.root_kind == 1 and not key else None
        place, depth, rank = self.start(key, use_top)
        while True:
            final, below = self.container(place, depth)
            if use_top and place in self.endings:
                strings = self.endings[place]
                return rank + strings.index(key[depth:]) if key[depth:] in strings else None
            if depth == len(key):
                return rank if final else None
            for text, before, to in self.beginning(place, depth, below).get(key[depth], ()):
                if key.startswith(text, depth) and (to or len(key) == depth + len(text)):
                    break
            else:
                return None
            place, depth, rank = to, depth + len(text), rank + before
            if to is None:
                return rank


def main():
    with open(sys.argv[1], "rb") as file:
        dictionary = Dictionary(file.read())
    for ordinal, key in enumerate(dictionary.keys()):
        value = dictionary.values[ordinal] if dictionary.values else None
        print(key.hex(), value.hex() if isinstance(value, bytes) else "" if value is None else value)


if __name__ == "__main__":
    main()
