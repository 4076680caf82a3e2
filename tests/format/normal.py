"""Normal forms, 2.8: for texts of code points that Unicode 13.0 knows, of which none but marks join."""
import unicodedata

CASE, NFC, NFKC, ACCENTS = 1, 2, 4, 8
FORMS = (1, 2, 3, 4, 5, 10, 11, 12, 13)


def _normal(text, form):
    def strip(text):
        return "".join(c for c in text if not form & ACCENTS or unicodedata.combining(c) in (0, 7, 8, 9))

    def decompose(name, text):
        return strip(unicodedata.normalize(name, text))

    if form == CASE:
        return text.casefold()
    last = "NFKD" if form & NFKC else "NFD"
    if form & CASE:
        text = decompose(last, decompose("NFD", text).casefold())
    if form & CASE and form & NFKC:
        text = text.casefold()
    return unicodedata.normalize("NFC", decompose(last, text))


def normal(data, form):
    """The normal form of bytes."""
    text, done, run = data.decode("utf-8", "surrogateescape"), b"", ""
    for at, c in enumerate(text):
        stray = "\udc80" <= c <= "\udcff"
        after_stray = not run and at and form != CASE and unicodedata.combining(c)
        if not stray and not after_stray:
            run += c
            continue
        done += _normal(run, form).encode() + c.encode("utf-8", "surrogateescape")
        run = ""
    return done + _normal(run, form).encode()
