"""12 of FORMAT.md for the second reader: indexes of names."""

import unicodedata

import blocks
import normal
from blocks import width
from fields import aligned, field, fields, need, number, varint
from reader import VALUES, Dictionary, Frame
from values import Column

NAMES, VOCABULARY, BLOCKS, FORWARD, ORDERS, POSITIONS, POSTINGS = range(11, 18)
TEXTS, PROCESSING, ATTRIBUTES, PAYLOADS, LETTERS = range(18, 23)
ORDER_BITS = (0, 0, 1, 3, 5, 7, 10, 13, 16)


class Names(Frame):
    """`rows`: id, name, attribute and payload of each position. Everything that is there twice is compared."""

    def __init__(self, file):
        super().__init__(file)
        need(self.features == 4 and self.value_type, "a dictionary")
        head = self.section(NAMES)
        self.tokens, self.most, bands, groups = (number(head, at, 4) for at in (0, 4, 8, 12))
        need(len(head) == 64 + 48 * bands + 32 * groups and bands <= 16 and groups <= 2048, "the size of NAMES")
        properties = number(head, 24, 8)
        need(properties <= 1 and not any(head[32:64]), "a property that is unknown")
        self.bands = [head[64 + 48 * i:112 + 48 * i] for i in range(bands)]
        self.groups = [head[64 + 48 * bands + 32 * i:][:32] for i in range(groups)]
        self.texts = self.read_vocabulary()
        positions = fields(self.section(POSITIONS), 0, self.count, width(self.count))
        self.slots = self.read_forward(positions)
        self.check_postings(number(head, 16, 8))
        self.check_letters(blocks.check(self.section(BLOCKS), self.texts, 64, self.seen))
        need(sorted(positions) == list(range(self.count)), "positions")
        ids, names = Column(self.section(VALUES), self.count, self.seen), [b""] * self.count
        for position, tokens in zip(positions, self.slots):
            names[position] = b" ".join(self.texts[token] for token in tokens)
        need(self.longest == max(map(len, names), default=0), "the longest name")
        need(number(file, 56, 8) == sum(map(len, names)), "the sum of the names' lengths")
        if properties:
            names = self.check_processing(names)
        attributes, payloads = self.read_attributes(positions), [b""] * self.count
        if PAYLOADS in self.sections:
            payloads = Column(self.section(PAYLOADS), self.count, self.seen)
            self.seen.add("payloads")
        self.rows = [(ids[position], names[position], attributes[position], payloads[position])
                     for position in range(self.count)]

    def read_vocabulary(self):
        """12.3: the text of each id."""
        texts, data = [], self.section(VOCABULARY)
        for band in self.bands:
            first, count, frequency = (number(band, at, 4) for at in (0, 4, 8))
            image, size = number(band, 16, 8), number(band, 24, 8)
            need(first == len(texts) and count and frequency <= 3, "a band")
            dictionary = Dictionary(data[image:image + size])
            texts += list(dictionary.keys())
            need(len(texts) == first + count, "the count of a band")
        need(len(texts) == self.tokens == len(set(texts)), "the number of tokens")
        return texts

    def read_forward(self, positions):
        """12.5: the ids of each slot's tokens, in the order of the name."""
        slots, data, orders, before = [], self.section(FORWARD), self.section(ORDERS), 0
        firsts = [number(group, 0, 4) for group in self.groups] + [self.count]
        for group, first, end in zip(self.groups, firsts, firsts[1:]):
            tokens, records, order = number(group, 4, 4), number(group, 16, 8), number(group, 24, 8)
            sizes = [size for i in range(4) for size in [i + 1] * number(group, 8 + 2 * i, 2)]
            need(len(slots) == first < end and before <= tokens == len(sizes) > 0, "a group")
            before = tokens
            self.seen.add("sorted tokens" if tokens <= 8 else "tokens in their order")
            last = []
            for slot in range(end - first):
                at, ids = records + slot * sum(sizes), []
                for size in sizes:
                    ids.append(number(data, at, size))
                    at += size
                need((ids, positions[first + slot]) > (last, -1 if slot == 0 else positions[first + slot - 1]),
                     "names that are not in order")
                last = ids.copy()
                if tokens <= 8:
                    need(ids == sorted(ids), "ids that descend")
                    rank = field(orders, order, slot * ORDER_BITS[tokens], ORDER_BITS[tokens])
                    ids = self.in_order(ids, rank)
                slots.append(ids)
        need(len(slots) == self.count and self.most == max(map(len, slots), default=0), "names in no group")
        return slots

    @staticmethod
    def in_order(ids, rank):
        digits, result = [], []
        for base in range(1, len(ids) + 1):
            rank, digit = divmod(rank, base)
            digits.append(digit)
        need(rank == 0, "an order that there is not")
        for digit in reversed(digits):
            result.append(ids.pop(digit))
        return result

    def check_postings(self, total):
        """12.6"""
        expected = [[] for _ in range(self.tokens)]
        for slot, ids in enumerate(self.slots):
            for token in set(ids):
                expected[token].append(slot)
        need(total == sum(map(len, expected)), "the sum of frequencies")
        data, bits = self.section(POSTINGS), width(self.count)
        for band in self.bands:
            first, count, frequency = (number(band, at, 4) for at in (0, 4, 8))
            at, directory = number(band, 32, 8), number(band, 40, 8)
            self.seen.add(f"frequency {frequency}")
            for i in range(count):
                if frequency:
                    found = fields(data, at, frequency, bits, i * frequency * bits)
                else:
                    found, at = self.read_list(data, at, number(band, 32, 8), directory, band[12:14], i)
                need(found == expected[first + i], "the names of a token")

    def read_list(self, data, at, base, directory, widths, i):
        entry = i * sum(widths)
        end = base + field(data, directory, entry, widths[0])
        frequency = field(data, directory, entry + widths[0], widths[1])
        found, following = [], 0
        while at < end:
            gap, at = varint(data, at)
            more, at = varint(data, at) if gap & 1 else (-1, at)
            self.seen.add("run" if gap & 1 else "single slot")
            start = following + (gap >> 1)
            following = start + more + 2
            found += range(start, following)
        need(at == end and len(found) == frequency, "a list")
        return found, at

    def check_processing(self, names):
        """12.8: the names as they were given, each of which becomes what is compared."""
        data, column = self.section(PROCESSING), Column(self.section(TEXTS), self.count, self.seen)
        texts = [column[position] for position in range(self.count)]
        process = Process(data)
        for text, name in zip(texts, names, strict=True):
            need(process.apply(text.decode()).encode() == name, f"what becomes of {text}")
        self.seen |= process.seen
        return texts

    def read_attributes(self, positions):
        """12.7: the attribute of each position."""
        if ATTRIBUTES not in self.sections:
            return [b""] * self.count
        data = self.section(ATTRIBUTES)
        count = number(data, 0, 4)
        image, slots, postings, directory = (number(data, at, 8) for at in (8, 16, 24, 32))
        need(not any(data[6:8]) and not any(data[40:64]) and slots == 64 + image, "the head of ATTRIBUTES")
        need(postings == slots + aligned(self.count * width(count)), "the place of lists")
        need(len(data) == directory + aligned(count * (data[4] + data[5])), "the size of ATTRIBUTES")
        texts = list(Dictionary(data[64:slots]).keys())
        need(len(texts) == count and texts == sorted(texts), "the number of attributes")
        numbers = fields(data, slots, self.count, width(count))
        at = postings
        for i in range(count):
            expected = [slot for slot, has in enumerate(numbers) if has == i]
            entry = i * (data[4] + data[5])
            need(expected and field(data, directory, entry + data[4], data[5]) == len(expected), "a frequency")
            if len(expected) > self.count // 16:
                need(postings + field(data, directory, entry, data[4]) == at, "a list that is not due")
                self.seen.add("attribute without list")
            else:
                found, at = self.read_list(data, at, postings, directory, data[4:6], i)
                need(found == expected, "the names of an attribute")
                self.seen.add("attribute with list")
        result = [b""] * self.count
        for slot, position in enumerate(positions):
            result[position] = texts[numbers[slot]]
        return result

    def check_letters(self, in_blocks):
        """12.9"""
        if LETTERS not in self.sections:
            return
        data, kinds = self.section(LETTERS), {}
        count = number(data, 0, 4)
        need(count <= 64 and not any(data[4:64]) and not any(data[64 + 4 * count:320]), "the head of LETTERS")
        for i in range(count):
            kinds[number(data, 64 + 4 * i, 3)] = data[67 + 4 * i]
        need(len(kinds) == count and list(kinds) == sorted(kinds) and max(kinds.values(), default=0) < 16, "kinds")
        letters = {ord(letter) for text in self.texts for letter in text.decode()}
        self.seen |= {"letters without a kind"} if letters - set(kinds) else set()
        expected = []
        for tokens in self.slots:
            counts = [0] * 16
            for letter in "".join(self.texts[token].decode() for token in tokens):
                counts[kinds.get(ord(letter), ord(letter) % 16)] += 1
            expected.append(sum(min(most, 3) << 2 * kind for kind, most in enumerate(counts)))
        chunks = -(-self.count // 64)
        for slot in range(64 * chunks):
            at, shift = 320 + slot // 64 * 256 + slot % 32, slot % 64 // 32 * 4
            sketch = sum((data[at + 32 * j] >> shift & 15) << 4 * j for j in range(8))
            need(sketch == (expected[slot] if slot < self.count else 0), "a sketch")
        places, where = width(self.tokens + 1), {token: i for i, token in enumerate(in_blocks)}
        need(len(data) == 320 + 256 * chunks + aligned(self.tokens * places), "the size of LETTERS")
        found = fields(data, 320 + 256 * chunks, self.tokens, places)
        need(found == [where.get(token, len(in_blocks)) for token in range(self.tokens)], "places")


class Process:
    """12.8, for texts of code points that Python's Unicode has as 13.0 has them."""

    def __init__(self, data):
        self.seen = set()
        self.flags, self.forms_do = number(data, 0, 4), data[4]
        need(self.flags < 64 and self.forms_do <= 2 and data[5:8] == b"\x0d\0\0" and not any(data[16:32]), "processing")
        separators, forms = number(data, 8, 4), number(data, 12, 4)
        codes = [number(data, 32 + 4 * i, 4) for i in range(separators)]
        need(codes == sorted(set(codes)), "separators")
        self.separators = set(map(chr, codes))
        at, start = 32 + 4 * separators, 0
        texts, self.forms = data[at + 8 * forms:], {}
        before = b""
        for i in range(forms):
            middle, end = number(data, at + 8 * i, 4), number(data, at + 8 * i + 4, 4)
            letters, canonical = texts[start:middle], texts[middle:end]
            need(before < letters and canonical, "a form")
            self.forms[letters.decode()] = canonical.decode()
            before, start = letters, end
        need(start == len(texts), "the size of PROCESSING")

    def apply(self, name):
        if self.flags & 15:
            name = normal.normal(name.encode(), self.flags & 15).decode()
        name = "".join(" " if self.becomes_space(c) else c for c in name)
        if self.flags & 32:
            name = " ".join(part for part in name.split(" ") if part)
        before = None
        while self.forms_do and before != name:
            before = name
            name = self.match(name, False)
            if name == before:
                name = self.match(name, True)
        return name

    def becomes_space(self, c):
        kind = unicodedata.category(c)
        return c in self.separators or self.flags & 16 and kind[0] == "P" or self.flags & 32 and (
            kind[0] == "Z" or c in "\t\n\v\f\r\x85")

    @staticmethod
    def letters(token):
        form = normal.normal(token.encode(), normal.CASE | normal.NFKC | normal.ACCENTS).decode()
        return "".join(c for c in form if unicodedata.category(c)[0] in "LMN")

    def match(self, name, at_start):
        tokens, most = name.split(" "), 0
        for k in range(1, len(tokens) + 1):
            part = tokens[:k] if at_start else tokens[-k:]
            letters = "".join(map(self.letters, part))
            if letters and "^" * at_start + letters in self.forms:
                most, form = k, self.forms["^" * at_start + letters]
        if not most or self.forms_do == 2 and most == len(tokens):
            return name
        self.seen.add(f"form {'at the start' if at_start else 'at the end'} {self.forms_do}")
        kept = [] if self.forms_do == 2 else [form]
        return " ".join(kept + tokens[most:] if at_start else tokens[:-most] + kept)
