"""Draws bytes a key and hit time of every corpus as bars, in SVG, with the standard library alone."""
from xml.sax.saxutils import escape

COLOURS = {"keyfold": "#0b6e4f", "fst-map": "#c8553d", "fst-set": "#e09f7d", "marisa-3": "#5b5f97",
           "marisa-8": "#9a9cc4", "keyvi-key": "#d9b44a", "keyvi-int": "#b08900", "keyvi-string": "#b08900",
           "lmdb": "#7a7a7a", "sparkey": "#a3a3a3", "sparkey-snappy": "#bdbdbd", "unordered_map": "#cfcfcf"}
BAR, GAP, LABEL, PANEL, NUMBER, MARGIN, BLOCK = 14, 3, 112, 300, 52, 24, 34
CLIP = 4.0      # a bar is cut at this many times the second-best, so that small ones stay readable


def text(x, y, content, size=11, anchor="start", weight="normal", colour="#222"):
    return ('<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" font-weight="%s" fill="%s">%s</text>'
            % (x, y, size, anchor, weight, colour, escape(content)))


def bar(x, y, value, scale, colour, digits):
    """One bar with its number; a cut one ends in a white slash."""
    cut = value > scale
    width = PANEL * min(value / scale, 1.0)
    parts = ['<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>'
             % (x, y, max(width, 1), BAR, colour)]
    if cut:
        parts.append('<path d="M%.1f %.1f l6 0 l-8 %d l-6 0 z" fill="#fff"/>' % (x + PANEL - 16, y, BAR))
    parts.append(text(x + width + 4, y + BAR - 3, "%.*f" % (digits, value), 10))
    return parts


def scale_of(values):
    ordered = sorted(values)
    reference = ordered[min(1, len(ordered) - 1)]
    return min(ordered[-1], CLIP * reference) or 1.0


def corpus_block(name, corpus, peers, y):
    left, right = MARGIN + LABEL, MARGIN + LABEL + PANEL + NUMBER + 20
    entries = "%s: %s %s" % (name, "{:,}".format(corpus["keys"]).replace(",", " "),
                             "keys" if corpus["values"] == "none" else "pairs")
    parts = [text(MARGIN, y + 14, entries, 13, weight="bold")]
    lines = corpus["peers"]
    sizes = {p: lines[p]["bytes"] / lines[p]["keys"] for p in peers}
    times = {p: lines[p]["hit_ns"] for p in peers if lines[p].get("hit_ns")}
    size_scale, time_scale = scale_of(sizes.values()), scale_of(times.values()) if times else 1.0
    y += 22
    for peer in peers:
        bold = "bold" if peer == "keyfold" else "normal"
        colour = COLOURS.get(peer, "#888")
        parts.append(text(left - 6, y + BAR - 3, peer, 11, "end", bold))
        parts += bar(left, y, sizes[peer], size_scale, colour, 2)
        if peer in times:
            parts += bar(right, y, times[peer], time_scale, colour, 0)
        y += BAR + GAP
    return parts, y + BLOCK - 22


def plot(results, facts):
    machine = results["machine"]
    width = 2 * MARGIN + LABEL + 2 * (PANEL + NUMBER) + 20
    parts = [text(MARGIN, 30, "keyfold and peers: bytes an entry and time of a hit", 17, weight="bold"),
             text(MARGIN, 48, "%s, %s, commit %s. One thread, warm memory; shorter is better. A slash: the "
                  "bar is cut." % (machine["cpu"], machine["date"], machine["commit"]), 11, colour="#555"),
             text(MARGIN + LABEL, 72, "bytes an entry, whole file", 12, weight="bold"),
             text(MARGIN + LABEL + PANEL + NUMBER + 20, 72, "ns a hit (of a value where there are values)",
                  12, weight="bold")]
    y = 84
    for name, corpus in results["corpora"].items():
        peers = [p for p in facts if p in corpus["peers"] and not facts[p].get("yardstick")
                 and "of" not in facts[p]]
        if peers:
            block, y = corpus_block(name, corpus, peers, y)
            parts += block
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
            'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">\n<rect width="100%%" height="100%%" '
            'fill="#fff"/>\n%s\n</svg>\n' % (width, y, width, y, "\n".join(parts)))
