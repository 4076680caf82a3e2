#!/usr/bin/env python3
"""Patterns against Python's own: test_patterns.py MATCHER

Random regular expressions, globs and subsequences, of code points and of bytes, with and without case, each
with random texts (invalid UTF-8 among them): what the library
matches is what `re` does. Then the classes and properties, code point by code point, against unicodedata.
MATCHER is built from matcher.c. Ends with "N passed, N failed".
"""

import os
import random
import re
import struct
import subprocess
import sys
import unicodedata
import warnings

REGEX, GLOB, SUBSEQUENCE = range(3)
IGNORE_CASE, BYTES = 1, 2
LEVEL = os.environ.get("KEYFOLD_TESTS", "run")
PATTERNS = {"quick": 600, "long": 25000}.get(LEVEL, 2500)
SEED = int(os.environ.get("KEYFOLD_TEST_SEED", 3))

# Small alphabets, so that texts match now and then; of the second kind are characters with several cases.
PLAIN = "aab-\n" "\u00e9\u00ea\u20ac\u20ad\U0001f600\U0001f640\uffff"
CASED = "aAkK\u212asS\u017f\u03c3\u03c2\u03a3\u01c4\u01c5\u01c6\u00df\u1e9e\u0411\u0431"
OCTETS = b"aA\n\0\x80\xbf\xc3\xa9\xe2\x82\xac\xed\xa0\xf0\x9f\x98\xff"


def literal(unit, octets):
    """(for Python, for the library)"""
    if octets:
        code = ord(unit)
        return (f"\\x{code:02x}",) * 2 if code in b"\n\0" or code >= 0x80 else (re.escape(unit),) * 2
    written = random.choice((re.escape(unit), f"\\x{{{ord(unit):X}}}", re.escape(unit)))
    return re.escape(unit), written


class Generator:
    """Random expressions in both notations."""

    def __init__(self, alphabet, octets):
        self.alphabet, self.octets = alphabet, octets

    def unit(self):
        return random.choice(self.alphabet)

    def members(self):
        parts = []
        for _ in range(random.randint(1, 3)):
            kind = random.random()
            if kind < 0.5:
                parts.append(literal(self.unit(), self.octets))
            elif kind < 0.75:
                low, high = sorted((self.unit(), self.unit()))
                low, high = literal(low, self.octets), literal(high, self.octets)
                parts.append((f"{low[0]}-{high[0]}", f"{low[1]}-{high[1]}"))
            elif kind < 0.9:
                parts.append((random.choice(["\\d", "\\w", "\\s", "\\D", "\\W", "\\S"]),) * 2)
            else:
                parts.append(random.choice([("0-9", "[:digit:]"), ("a-zA-Z", "[:alpha:]"),
                                            ("a-z", "[:lower:]"), ("!-/:-@\\[-`{-~", "[:punct:]")]))
        negated = "^" * (random.random() < 0.35)
        return tuple(f"[{negated}{''.join(column)}]" for column in zip(*parts))

    def atom(self, depth):
        kind = random.random()
        if kind < 0.45 or (depth == 0 and kind < 0.6):
            return literal(self.unit(), self.octets)
        if kind < 0.6:
            inner = self.alternation(depth - 1)
            group = random.choice(["(", "(?:"])
            return f"{group}{inner[0]})", f"{group}{inner[1]})"
        if kind < 0.75:
            return ".", "."
        if kind < 0.9:
            return self.members()
        if kind < 0.96:
            return (random.choice(["\\d", "\\w", "\\s", "\\D", "\\W", "\\S"]),) * 2
        return random.choice([("(?:^)", "(?:^)"), ("(?:\\Z)", "(?:$)"), ("(?:\\Z)", "(?:\\z)"),
                              ("\\A", "\\A")])

    def piece(self, depth):
        atom = self.atom(depth)
        kind = random.random()
        if kind < 0.6:
            return atom
        least, more = random.randint(0, 2), random.randint(0, 2)
        suffix = random.choice(["*", "*", "+", "?", f"{{{least}}}", f"{{{least},}}",
                                f"{{{least},{least + more}}}"])
        suffix += "?" * (random.random() < 0.2)
        return atom[0] + suffix, atom[1] + suffix

    def concatenation(self, depth):
        parts = [self.piece(depth) for _ in range(random.randint(0 if random.random() < 0.1 else 1, 4))]
        return tuple("".join(column) for column in zip(*parts)) if parts else ("", "")

    def alternation(self, depth):
        parts = [self.concatenation(depth) for _ in range(random.choice((1, 1, 1, 2, 3)))]
        return tuple("|".join(column) for column in zip(*parts))


def text_of(alphabet, octets):
    """Bytes; outside of byte patterns mostly well-formed UTF-8."""
    if octets or random.random() < 0.25:
        return bytes(random.choice(OCTETS) for _ in range(random.randint(0, 7)))
    text = "".join(random.choice(alphabet) for _ in range(random.randint(0, 6))).encode()
    if text and random.random() < 0.2:
        at = random.randrange(len(text))
        text = text[:at] + bytes([random.choice(OCTETS)]) + text[at + random.randint(0, 1):]
    return text


class Cases:
    def __init__(self):
        self.input, self.expected = bytearray(), []

    def add(self, kind, flags, pattern, texts, matches):
        self.input += struct.pack("<BBII", kind, flags, len(pattern), len(texts)) + pattern
        for text in texts:
            self.input += struct.pack("<I", len(text)) + text
        self.expected.append((kind, flags, pattern, texts, matches))

    def run(self, matcher):
        """Cases passed and failed (a pattern with all its texts is one), texts that match and texts altogether."""
        output = subprocess.run([matcher], input=bytes(self.input), stdout=subprocess.PIPE, check=True).stdout
        passed = failed = at = matched = compared = 0
        for kind, flags, pattern, texts, matches in self.expected:
            status, offset = struct.unpack_from("<BI", output, at)
            found = [bool(byte) for byte in output[at + 5:at + 5 + len(texts)]]
            at += 5 + len(texts)
            matched += sum(matches)
            wrong = [(text, here) for text, here, there in zip(texts, found, matches) if here != there]
            good = not wrong and status == 0
            passed, failed, compared = passed + good, failed + (not good), compared + len(texts)
            if not good and failed < 40:
                print(f"seed {SEED} kind {kind} flags {flags} {pattern!r}: status {status} at {offset}; {wrong[:4]}")
        assert at == len(output)
        return passed, failed, matched, compared


# Stray bytes are units beyond all of the alphabets', so that no range has them in it.
STRAYS = {0xdc80 + byte: 0x10ff00 + byte for byte in range(128)}


def units_of(text):
    return text.decode("utf-8", "surrogateescape").translate(STRAYS)


def add_regex(cases):
    octets, ignore = random.random() < 0.25, random.random() < 0.3
    alphabet = [chr(byte) for byte in OCTETS] if octets else CASED if ignore else PLAIN
    if random.random() < 0.15 and not octets:
        alphabet = PLAIN + CASED
    generator = Generator(alphabet, octets)
    python, ours = generator.alternation(2)
    dot_all = random.random() < 0.3
    flags = (BYTES if octets else 0) | (IGNORE_CASE if ignore else 0)
    options = re.DOTALL if dot_all else 0
    if ignore:
        options |= re.IGNORECASE
    texts = list({text_of(alphabet, octets) for _ in range(8)})
    # Byte patterns are given to Python as such: \w and case are those of ASCII there.
    try:
        model = re.compile(python.encode("latin-1") if octets else python, options)
    except re.error as error:
        assert "nothing to repeat" in str(error)        # Python does not repeat what is empty
        return
    matches = [bool(model.fullmatch(text if octets else units_of(text))) for text in texts]
    prefix = "(?s)" if dot_all else ""
    if ignore and random.random() < 0.5:
        flags &= ~IGNORE_CASE
        prefix = "(?is)" if dot_all else "(?i)"
    cases.add(REGEX, flags, (prefix + ours).encode("latin-1" if octets else "utf-8"), texts, matches)


def add_search(cases):
    """Loops of anything among literals, where the automaton leaves out what they cover."""
    alphabet = "ab\n\u00e9"
    parts = (".*", ".*", ".+", "[^a]*", "a", "b", "\n", "\u00e9", "ab", "ba", "(?:a|b.*a)", "\u00e9a")
    model = "".join(random.choice(parts) for _ in range(random.randint(3, 9)))
    texts = list({text_of(alphabet, False) + text_of(alphabet, False) for _ in range(12)})
    prefix = random.choice(("", "(?s)"))
    matches = [bool(re.fullmatch(prefix + model, units_of(text))) for text in texts]
    cases.add(REGEX, 0, (prefix + model).encode(), texts, matches)


def add_glob(cases):
    octets, ignore = random.random() < 0.2, random.random() < 0.2
    alphabet = "ab\u00ff\n" if octets else CASED if ignore else PLAIN

    def pieces(depth):
        python, ours = "", ""
        for _ in range(random.randint(0, 6)):
            kind = random.random()
            unit = random.choice(alphabet)
            if kind < 0.4:
                python, ours = python + re.escape(unit), ours + random.choice(("", "\\")) + unit
            elif kind < 0.6:
                python, ours = python + ".*", ours + random.choice(("*", "*", "**"))
            elif kind < 0.75:
                python, ours = python + ".", ours + "?"
            elif kind < 0.9 or not depth:
                low, high = sorted((unit, random.choice(alphabet)))
                low, high = (("\\" if c in "-" else "") + c for c in (low, high))
                negated = random.random() < 0.3
                inside = random.choice((f"{low}-{high}", low, low + high))
                python += f"[{'^' * negated}{inside}]"
                ours += f"[{random.choice('!^') * negated}{inside}]"
            else:
                options = [pieces(depth - 1) for _ in range(random.randint(1, 3))]
                python += f"(?:{'|'.join(option[0] for option in options)})"
                ours += f"{{{','.join(option[1] for option in options)}}}"
        return python, ours

    python, ours = pieces(2)
    options = re.DOTALL | (re.IGNORECASE if ignore else 0)
    encoding = "latin-1" if octets else "utf-8"
    model = re.compile(python.encode(encoding) if octets else python, options)
    texts = list({text_of("ab\n" if octets else alphabet, octets) for _ in range(8)})
    matches = [bool(model.fullmatch(text if octets else units_of(text))) for text in texts]
    flags = (BYTES if octets else 0) | (IGNORE_CASE if ignore else 0)
    cases.add(GLOB, flags, ours.encode(encoding), texts, matches)


def add_subsequence(cases):
    octets, ignore = random.random() < 0.3, random.random() < 0.3
    alphabet = "ab\u00ff\n" if octets else CASED if ignore else PLAIN
    letters = "".join(random.choice(alphabet) for _ in range(random.randint(0, 4)))
    texts = list({text_of("ab\n" if octets else alphabet, octets) for _ in range(8)})
    options = re.DOTALL | (re.IGNORECASE if ignore else 0)
    python = ".*" + "".join(re.escape(letter) + ".*" for letter in letters)
    encoding = "latin-1" if octets else "utf-8"
    model = re.compile(python.encode(encoding) if octets else python, options)
    matches = [bool(model.fullmatch(text if octets else units_of(text))) for text in texts]
    flags = (BYTES if octets else 0) | (IGNORE_CASE if ignore else 0)
    cases.add(SUBSEQUENCE, flags, letters.encode(encoding), texts, matches)


def add_classes(cases):
    """Every category and class on code points about which all versions of Unicode since 3.2 agree."""
    old = unicodedata.ucd_3_2_0
    codes = [code for code in list(range(0x600)) + random.sample(range(0x600, 0x30000), 2500)
             if not 0xd800 <= code < 0xe000 and unicodedata.category(chr(code)) != "Cn"
             and unicodedata.category(chr(code)) == old.category(chr(code))]
    texts = [chr(code).encode() for code in codes]
    categories = [unicodedata.category(chr(code)) for code in codes]
    for name in sorted(set(categories)) + sorted({name[0] for name in categories}):
        wanted = [category.startswith(name) for category in categories]
        cases.add(REGEX, 0, b"\\p{%s}" % name.encode(), texts, wanted)
        cases.add(REGEX, 0, b"[^\\p{%s}]" % name.encode(), texts, [not yes for yes in wanted])
    controls = [0x1c <= code <= 0x1f for code in codes]     # blank to Python, not to Unicode
    for name in "dws":
        wanted = [bool(re.fullmatch("\\" + name, chr(code))) and not (name == "s" and control)
                  for code, control in zip(codes, controls)]
        cases.add(REGEX, 0, b"\\" + name.encode(), texts, wanted)
        cases.add(REGEX, 0, b"\\" + name.upper().encode(), texts, [not yes for yes in wanted])

    # A letter without regard to its case: what folds to the same, where the folding is one code point.
    folds = {}
    for code in codes:
        folds.setdefault(chr(code).casefold(), []).append(code)
    groups = [(key, group) for key, group in folds.items() if len(group) > 1 and len(key) == 1]
    for key, group in groups:
        others = random.sample(codes, 20)
        chosen = group + [code for code in others if code not in group]
        cases.add(REGEX, IGNORE_CASE, chr(random.choice(group)).encode(),
                  [chr(code).encode() for code in chosen], [code in group for code in chosen])


def main():
    warnings.simplefilter("ignore", FutureWarning)      # sets with "--" or "[" in them
    random.seed(SEED)
    cases = Cases()
    for _ in range(PATTERNS):
        add_regex(cases)
    for _ in range(PATTERNS // 4):
        add_search(cases)
        add_glob(cases)
        add_subsequence(cases)
    add_classes(cases)
    passed, failed, matched, compared = cases.run(sys.argv[1])
    # Cases of which few match would show little.
    if matched < compared // 12:
        print(f"only {matched} texts match")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
