"""Turns results.json into markdown tables; plot.py draws the picture."""
import math

from plot import plot  # noqa: F401  (run asks this module for both)


def geometric_mean(numbers):
    return math.exp(sum(map(math.log, numbers)) / len(numbers))


def cell(value, digits):
    return "-" if value is None else "%.*f" % (digits, value)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["--:"] * (len(header) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


class Figures:
    """One kind of figure over corpora and peers, with the best peer and ratios."""

    def __init__(self, results, facts, kinds, value, digits=0, more_is_better=False, files=False):
        """files: the figure is one of the file, so a peer measured on another's file has none."""
        self.facts, self.digits, self.more = facts, digits, more_is_better
        self.rows = {}
        for name, corpus in results["corpora"].items():
            if corpus["values"] in kinds:
                row = {peer: value(line) for peer, line in corpus["peers"].items()
                       if not facts[peer].get("yardstick") and not (files and "of" in facts[peer])}
                self.rows[name] = {peer: number for peer, number in row.items() if number is not None}
        self.rows = {name: row for name, row in self.rows.items() if row}

    def peers(self):
        return [p for p in self.facts if any(p in row for row in self.rows.values())]

    def best(self, name, maps_only=False):
        """(figure, peer) of the best peer; a set alone (no number a key) can be left out."""
        others = [(number, peer) for peer, number in self.rows[name].items()
                  if not peer.startswith("keyfold") and not (maps_only and self.facts[peer].get("set_only"))]
        return (max if self.more else min)(others) if others else (None, None)

    def ratio(self, name, other):
        ours = self.rows[name].get("keyfold")
        return ours / other if ours and other else None

    def table(self):
        peers = self.peers()
        rows = []
        for name, row in self.rows.items():
            number, best = self.best(name)
            rows.append([name] + [cell(row.get(peer), self.digits) for peer in peers]
                        + [best or "-", cell(self.ratio(name, number), 2)])
        return table(["corpus"] + peers + ["best peer", "keyfold / best"], rows)

    def means(self, label):
        """Rows of the summary: geometric means of keyfold / peer over the corpora that both have."""
        rows = []
        others = [("the best peer of each corpus", lambda n: self.best(n)[0]),
                  ("the best that maps keys to numbers", lambda n: self.best(n, maps_only=True)[0])]
        if not any(self.facts[p].get("set_only") for p in self.peers()):
            others.pop()
        others += [(p, lambda n, p=p: self.rows[n].get(p)) for p in self.peers()
                   if not p.startswith("keyfold")]
        for other, value in others:
            ratios = {n: self.ratio(n, value(n)) for n in self.rows}
            ratios = {n: r for n, r in ratios.items() if r}
            if ratios:
                worst = (min if self.more else max)(ratios, key=ratios.get)
                rows.append([label, other, "%.2f" % geometric_mean(ratios.values()),
                             "%.2f (%s)" % (ratios[worst], worst), str(len(ratios))])
        return rows


def get(figure, scale=1.0):
    return lambda line: line[figure] * scale if line.get(figure) else None


def per_key(line):
    return line["bytes"] / line["keys"] if line.get("keys") else None


def corpora_table(results):
    rows = []
    for name, corpus in results["corpora"].items():
        sticks = corpus.get("yardsticks", {})
        rows.append([name, str(corpus["keys"]), "%.1f" % (corpus["key_bytes"] / corpus["keys"]),
                     cell(corpus["value_bytes"] / corpus["keys"] if "value_bytes" in corpus else None, 1)]
                    + [cell(sticks[s] / corpus["keys"] if s in sticks else None, 2)
                       for s in ("zstd-19", "xz-9")] + [corpus["about"]])
    return table(["corpus", "entries", "B a key", "B a value", "zstd -19, B an entry", "xz -9, B an entry",
                  "what"], rows)


def keyfold_table(results):
    """Figures that only keyfold has, or that are about itself."""
    columns = [("hit", "hit_ns"), ("batch hit", "batch_ns"), ("miss", "miss_ns"),
               ("batch miss", "batch_miss_ns"),
               ("count prefix", "count_ns"), ("list prefix", "prefix_ns"), ("ordinal to key", "key_at_ns"),
               ("ordinal to value", "value_at_ns"), ("ordinal of a pair's key", "ordinal_ns")]
    rows = []
    for name, corpus in results["corpora"].items():
        for peer in ("keyfold", "keyfold-avx2", "keyfold-portable"):
            line = corpus["peers"].get(peer)
            if line and "hit_ns" in line:
                rows.append([name + peer[len("keyfold"):].replace("-", ", ")]
                            + [cell(line.get(f), 0) for _, f in columns])
    return table(["corpus"] + [c for c, _ in columns], rows)


def parts_table(results):
    parts = ["key_bytes", "token_bytes", "shared_bytes", "value_bytes", "checksum_bytes"]
    rows = []
    for name, corpus in results["corpora"].items():
        line = corpus["peers"].get("keyfold", {})
        if "key_bytes" in line:
            rows.append([name, "%.3f" % per_key(line)]
                        + ["%.3f" % (line.get(p, 0) / line["keys"]) for p in parts]
                        + [cell(line.get("states_extra"), 0)])
    return table(["corpus", "whole file", "keys", "of it tokens", "of it shared", "values", "checksums",
                  "states above the minimum"], rows)


def wrong_answers(results):
    """Every answer is checked while measuring; this says what was not as it should be."""
    found = []
    for name, corpus in results["corpora"].items():
        lines = corpus["peers"]
        listed = [line["prefix_listed"] for line in lines.values()
                  if "prefix_listed" in line and not line.get("skipped")]
        for peer, line in lines.items():
            excuse = " (%d keys are too long for it)" % line["skipped"] if line.get("skipped") else ""
            for figure, what in (("wrong", "wrong answers"), ("batch_wrong", "wrong answers in batches"),
                                 ("enumerated_wrong", "keys enumerated")):
                if line.get(figure) or figure == "enumerated_wrong" and figure in line:
                    found.append("- %s on %s: %d %s%s" % (peer, name, line[figure], what, excuse))
            if "prefix_listed" in line and line["prefix_listed"] != max(listed, key=listed.count) \
                    and not excuse:
                found.append("- %s on %s: %d keys under the prefixes, unlike others" % (
                    peer, name, line["prefix_listed"]))
    return "\n".join(found) or "Every peer's answers were right: ordinals, numbers and values of all hits, " \
        "absence of all misses, keys under prefixes, number of keys enumerated."


def markdown(results, facts):
    keys, pairs, all_kinds = ["none"], ["bytes", "u64"], ["none", "u64", "bytes"]
    machine, options = results["machine"], results["options"]
    sizes = Figures(results, facts, keys, per_key, 3, files=True)
    hits = Figures(results, facts, keys, get("hit_ns"))
    misses = Figures(results, facts, keys, get("miss_ns"))
    builds = Figures(results, facts, all_kinds, get("build_cpu_s"), 2)
    peaks = Figures(results, facts, all_kinds, get("build_peak_rss_kib", 1 / 1024), 0)
    walks = Figures(results, facts, keys, get("enumerate_keys_per_s", 1e-6), 1, more_is_better=True)
    lists = Figures(results, facts, keys, get("prefix_ns"))
    opens = Figures(results, facts, all_kinds, get("open_us"), 1)
    pair_sizes = Figures(results, facts, pairs, per_key, 2, files=True)
    pair_hits = Figures(results, facts, pairs, get("hit_ns"))
    pair_misses = Figures(results, facts, pairs, get("miss_ns"))
    parts = ["# Results\n", "\n".join("- %s: %s" % (k.replace("_", " "), v) for k, v in machine.items()),
             "\nOne thread, %d hits and as many misses, median of %d rounds in each of %d passes over all "
             "peers, thread CPU time, everything in memory.\n"
             % (options["queries"], options["rounds"], options["passes"]),
             wrong_answers(results), "\n## Summary: keyfold / peer\n"]
    summary = []
    for figures, label in ((sizes, "bytes a key"), (hits, "hit, ns"), (misses, "miss, ns"),
                           (walks, "enumeration, keys/s"), (builds, "build, CPU s"),
                           (pair_sizes, "pairs: bytes an entry"), (pair_hits, "pairs: get, ns")):
        summary += figures.means(label)
    parts.append(table(["figure", "against", "geometric mean", "worst corpus", "corpora"], summary))
    sections = [("Corpora", corpora_table(results)),
                ("Bytes a key, ordinals included (fst-set and keyvi-key store none)", sizes.table()),
                ("Hit, ns", hits.table()), ("Miss, ns", misses.table()),
                ("keyfold alone, ns", keyfold_table(results)),
                ("keyfold's file, bytes a key", parts_table(results)),
                ("Pairs: bytes an entry, keys and values", pair_sizes.table()),
                ("Pairs: get a value, ns", pair_hits.table()), ("Pairs: miss, ns", pair_misses.table()),
                ("Enumeration, million keys a second", walks.table()),
                ("Up to 10 keys under a prefix, ns", lists.table()),
                ("Build, CPU seconds", builds.table()), ("Build, peak MiB", peaks.table()),
                ("Open, microseconds", opens.table())]
    for title, text in sections:
        if text.count("\n") > 2:
            parts.append("## %s\n\n%s" % (title, text))
    return "\n".join(parts)
