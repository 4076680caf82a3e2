"""Where a C source can be mutated, and how.

A mutant is (file, function, old text, new text), the texts with single spaces and cut to the lines or the statement
concerned: so it is known again when lines move.
"""
import collections
import dataclasses
import hashlib
import re

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<directive>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|'(?:[^'\\\n]|\\[^\n])[^'\n]*')[uUlLfF]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<mark><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\S)
""", re.X | re.S | re.M)
KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "break", "continue", "goto",
            "sizeof"}
TYPES = re.compile(r"(const|static|struct|enum|union|unsigned|signed|int|char|long|short|float|double|void|size_t"
                   r"|ssize_t|u?int\d+_t|_Atomic|_Static_assert|register|volatile|inline)$")
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}

# Pattern by pattern: what stands in the place of a mark. `+` and `-` only between two operands.
COMPARISONS = {"<": "<=", ">": ">=", "<=": "<", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
SUMS = {"+": "-", "-": "+"}
# What stands in these calls' parentheses is text for people, or only a hint.
MUTE = re.compile(r"kfi_fail\w*$|__builtin_prefetch$|KFI_PREFETCH$|_Static_assert$")


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclasses.dataclass
class Mutant:
    file: str
    line: int
    function: str
    pattern: str
    start: int
    end: int
    replacement: str
    old: str
    new: str
    nth: int = 1                  # of those that are alike in the function

    @property
    def key(self):
        return self.file, self.function, self.old, self.new, self.nth

    @property
    def place(self):
        return self.function + (f" #{self.nth}" if self.nth > 1 else "")

    @property
    def id(self):
        return hashlib.sha256(repr(self.key).encode()).hexdigest()[:8]

    def apply(self, text):
        return text[:self.start] + self.replacement + text[self.end:]


def flat(text):
    return " ".join(text.split())


def tokens_of(text):
    for match in TOKEN.finditer(text):
        if match.lastgroup not in ("comment", "directive"):
            yield Token(match.lastgroup, match.group(), match.start(), match.end())


class Source:
    def __init__(self, name, text):
        self.name, self.text = name, text
        self.tokens = list(tokens_of(text))
        self.partner = self._partners()
        self.found = []

    def _partners(self):
        """For each bracket the index of the one that it belongs to."""
        partner, opened = {}, []
        for i, token in enumerate(self.tokens):
            if token.kind == "mark" and token.text in "([{":
                opened.append(i)
            elif token.kind == "mark" and token.text in ")]}" and opened:
                partner[i] = opened.pop()
                partner[partner[i]] = i
        return partner

    def is_mark(self, i, *texts):
        return 0 <= i < len(self.tokens) and self.tokens[i].kind == "mark" and self.tokens[i].text in texts

    def word(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) and self.tokens[i].kind == "name" else ""

    def functions(self):
        """(name, first, last token) of each function's body."""
        i = 0
        while i < len(self.tokens):
            if self.is_mark(i, "{") and i in self.partner:
                if self.is_mark(i - 1, ")"):
                    name = self.partner[i - 1] - 1
                    if self.is_mark(name, ")"):             # a name made by a macro: KFI_VARIANT(find)(...)
                        name -= 1
                    yield self.word(name), i, self.partner[i]
                i = self.partner[i]
            i += 1

    def add(self, pattern, first, last, replacement, function):
        """The tokens first .. last are replaced."""
        start, end = self.tokens[first].start, self.tokens[last].end
        top = self.text.rfind("\n", 0, start) + 1
        bottom = self.text.find("\n", end)
        changed = self.text[top:start] + replacement + self.text[end:bottom]
        self.found.append(Mutant(self.name, self.text.count("\n", 0, start) + 1, function, pattern, start, end,
                                 replacement, flat(self.text[top:bottom]), flat(changed)))

    def raw(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last].end]

    # ---- statements

    def statement_end(self, i):
        """Index of the `;` that ends the statement at i, None where a block comes first."""
        while i < len(self.tokens):
            if self.is_mark(i, ";"):
                return i
            if self.is_mark(i, "}"):
                return None
            if self.is_mark(i, "(", "[", "{"):
                i = self.partner.get(i, len(self.tokens))
            i += 1
        return None

    def is_declaration(self, i):
        if TYPES.match(self.word(i)):
            return True
        k = i + 1
        while self.is_mark(k, "*"):
            k += 1
        return bool(self.word(i)) and bool(self.word(k))

    def statement(self, i, function):
        """Mutates the statement that begins at token i; where it is a declaration, nothing."""
        word = self.word(i)
        if word == "if":
            close = self.partner[i + 1]
            self.add("condition removed", i + 2, close - 1, f"0 && ({self.raw(i + 2, close - 1)})", function)
            return
        if not word and not self.is_mark(i, "*", "(", "++", "--"):
            return
        if word in KEYWORDS - {"return"} or self.is_declaration(i) and word != "return":
            return
        end = self.statement_end(i)
        if end is None or end == i:
            return
        if word == "return":
            self.returned(i + 1, end, function)
            return
        depth_zero, k = [], i
        while k < end:
            depth_zero.append(k)
            k = self.partner[k] if self.is_mark(k, "(", "[", "{") else k + 1
        if any(self.tokens[k].text in ASSIGNMENTS | {"++", "--"} for k in depth_zero if self.tokens[k].kind == "mark"):
            self.add("assignment dropped", i, end, ";", function)
        elif word and self.is_mark(i + 1, "(") and self.partner[i + 1] == end - 1 and not MUTE.match(word):
            self.add("call dropped", i, end, ";", function)

    def returned(self, i, end, function):
        if i >= end:
            return
        word, alone = self.word(i), end == i + 1
        if alone and word == "KF_OK":
            self.add("return value", i, i, "KF_CORRUPT", function)
        elif alone and (re.match(r"KF_[A-Z_]+$", word) or word == "status"):
            self.add("return value", i, i, "KF_OK", function)
        elif alone and self.tokens[i].text in ("0", "1"):
            self.add("return value", i, i, "10"[int(self.tokens[i].text)], function)
        elif re.match(r"kfi_fail\w*$", word) and self.partner.get(i + 1) == end - 1:
            self.add("return value", i, end - 1, f"({self.raw(i, end - 1)}, KF_OK)", function)

    # ---- tokens

    def is_operand_before(self, i):
        token = self.tokens[i - 1]
        if token.kind == "mark":
            return token.text in (")", "]") and not self.is_cast(i - 1)
        return token.text not in KEYWORDS

    def is_cast(self, close):
        if not self.is_mark(close, ")"):
            return False
        inside = self.tokens[self.partner[close] + 1:close]
        return bool(inside) and bool(TYPES.match(inside[0].text)) and not self.word(self.partner[close] - 1)

    def is_length_of_array(self, i):
        """Whether the number is an array's length in a declaration."""
        return self.is_mark(i - 1, "[") and self.word(i - 2) and (self.word(i - 3) or self.is_mark(i - 3, "*")) \
            and self.word(i - 3) not in KEYWORDS

    def token(self, i, function):
        token = self.tokens[i]
        if token.kind == "number":
            self.number(i, token.text, function)
        elif token.kind == "mark" and token.text in COMPARISONS:
            self.add("comparison flipped", i, i, COMPARISONS[token.text], function)
        elif token.kind == "mark" and token.text in LOGIC:
            self.add("and, or", i, i, LOGIC[token.text], function)
        elif token.kind == "mark" and token.text in SUMS and self.is_operand_before(i):
            self.add("plus, minus", i, i, SUMS[token.text], function)
        elif token.kind == "mark" and token.text == "!":
            self.add("not", i, i, "", function)

    def number(self, i, text, function):
        match = re.match(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)$", text)
        in_return = self.word(i - 1) == "return" and self.is_mark(i + 1, ";") and text in ("0", "1")
        expected = self.is_mark(i + 1, ")") and self.word(self.partner[i + 1] - 1) == "__builtin_expect"
        if not match or in_return or expected or self.is_length_of_array(i):
            return
        value = int(match[1], 8 if match[1].isdigit() and match[1][0] == "0" else 0)
        for changed in (value + 1, value - 1):
            if changed >= 0:
                self.add("one more or less", i, i, f"{changed}{match[2]}", function)

    def mutants(self):
        for function, first, last in self.functions():
            begins, i = True, first + 1
            while i < last:
                if begins:
                    self.statement(i, function)
                if self.word(i) and MUTE.match(self.word(i)) and self.is_mark(i + 1, "("):
                    i, begins = self.partner[i + 1] + 1, False
                    continue
                self.token(i, function)
                begins = self.ends_statement(i)
                i += 1
        alike = collections.Counter()
        for mutant in self.found:
            alike[mutant.key] += 1
            mutant.nth = alike[mutant.key]
        return self.found

    def ends_statement(self, i):
        if self.is_mark(i, ";"):
            return not self.in_header(i)
        if self.is_mark(i, "{", "}") or self.word(i) in ("else", "do"):
            return True
        if self.is_mark(i, ":"):                            # a label; not `?:`
            k = i - 1
            while k >= 0 and not self.is_mark(k, ";", "{", "}", "?"):
                k -= 1
            return not self.is_mark(k, "?")
        return self.is_mark(i, ")") and self.word(self.partner[i] - 1) in ("if", "for", "while", "switch")

    def in_header(self, i):
        """Whether the `;` stands in a for's parentheses."""
        while i >= 0 and not self.is_mark(i, "{", "}"):
            if self.is_mark(i, ")"):
                i = self.partner[i]
            elif self.is_mark(i, "("):
                return True
            i -= 1
        return False


def mutants_of(name, text):
    return Source(name, text).mutants()
