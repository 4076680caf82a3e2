"""Turns the figures of bench/queries into markdown, and puts them into RESULTS.md."""
import statistics

from report import cell, table

BEGIN = "<!-- from here to the end mark: bench/queries --record -->\n"
END = "<!-- end of bench/queries -->\n"
PEERS = {"fst": "fst crate", "rapidfuzz": "RapidFuzz"}


def summary(figures, of=None):
    """Median, 90th percentile, mean and largest microseconds of the queries that have an answer (and that
    also `of` has one for), and how many have none."""
    times = [us for i, (us, hits) in enumerate(zip(figures["us"], figures["hits"]))
             if hits is not None and (of is None or i < len(of["hits"]) and of["hits"][i] is not None)]
    found = {"failed": figures["hits"].count(None), "n": len(figures["us"])}
    if times:
        times.sort()
        found.update(median=statistics.median(times), p90=times[len(times) * 9 // 10],
                     mean=statistics.mean(times), most=times[-1])
    return found


def ratio(found, peer):
    """keyfold's median / the peer's, over the queries that both answered; None without any."""
    if peer not in found:
        return None
    ours, theirs = summary(found["keyfold"], found[peer]), summary(found[peer], found["keyfold"])
    return ours["median"] / theirs["median"] if "median" in ours and "median" in theirs else None


def cells(figures, of=None):
    s = summary(figures, of) if figures else {}
    return [cell(s.get(x), 0) for x in ("median", "p90", "mean")] + [str(s.get("failed", "-"))]


def timed_table(results, peer, hits):
    """A row a kind of query; `hits`: with the mean number of hits."""
    rows = []
    for name, found in results.items():
        row = [name, str(len(found["keyfold"]["us"]))]
        if hits:
            row.append(cell(statistics.mean(h or 0 for h in found["keyfold"]["hits"]), 1))
        row += cells(found["keyfold"]) + cells(found.get(peer)) + [cell(ratio(found, peer), 3)]
        rows.append(row)
    label = PEERS[peer]
    return table(["query", "needles"] + (["mean hits"] if hits else [])
                 + ["keyfold median", "p90", "mean", "failed"]
                 + [label + " median", "p90", "mean", "failed", "keyfold / " + label], rows)


def patterns_table(results):
    rows = []
    for kind, found in results.items():
        ours, theirs = found["keyfold"], found["fst"]
        for i, pattern in enumerate(found["patterns"]):
            both = None not in (ours["hits"][i], theirs["hits"][i])
            rows.append(["%s `%s`" % (kind, pattern.replace("|", "\\|")), cell(ours["hits"][i], 0),
                         cell(ours["us"][i], 0), cell(ours["compile_us"][i], 0),
                         cell(theirs["us"][i] if both else None, 0),
                         cell(theirs["compile_us"][i] if both else None, 0),
                         cell(ours["us"][i] / theirs["us"][i] if both else None, 3)])
    return table(["pattern", "keys", "keyfold us", "of it compiling", "fst crate us", "of it compiling",
                  "keyfold / fst crate"], rows)


def completion_table(results):
    rows = []
    for corpus, found in results.items():
        for size in [None] + sorted(set(found["sizes"])):
            chosen = [i for i, x in enumerate(found["sizes"]) if size in (None, x)]
            s = summary({figure: [found[figure][i] for i in chosen] for figure in ("us", "hits")})
            rows.append([corpus, str(found["keys"]), "%.2f" % (found["bytes"] / found["keys"]),
                         "all" if size is None else "%d bytes" % size, str(len(chosen)), str(s["failed"])]
                        + [cell(s.get(x), 1) for x in ("median", "p90", "mean", "most")])
    return table(["corpus", "keys", "B a key with weights", "prefixes", "number", "failed", "median", "p90",
                  "mean", "most"], rows)


def rate(figures, of):
    return figures[of] / figures["cpu_s"] / 1e6 if figures["cpu_s"] else None


def sets_table(results):
    """Rates are of the distinct keys of all files, for the intersection too."""
    rows = []
    labels = {"union": "union of 8, with values", "intersection": "intersection of 8, with values",
              "merge": "merge of 8 into a file", "build": "build of the same file from text"}
    for kind, label in labels.items():
        ours, theirs = (dict(results[kind][peer], all=results["keys"]) for peer in ("keyfold", "fst"))
        rows.append([label, str(ours["keys"]), cell(rate(ours, "all"), 2), cell(rate(theirs, "all"), 2),
                     cell(rate(ours, "all") / rate(theirs, "all"), 2)])
    return table(["operation", "keys of the result", "keyfold, M keys/s", "fst crate, M keys/s",
                  "keyfold / fst crate"], rows)


def find_table(results):
    labels = {"all": "every occurrence, anywhere", "longest": "leftmost-longest, anywhere",
              "words": "leftmost-longest, at word boundaries"}
    rows = []
    for how, found in results.items():
        ours, theirs = found["keyfold"], found.get("aho-corasick")
        rows.append([labels[how], str(ours["found"]), cell(rate(ours, "text_bytes"), 2),
                     cell(theirs and rate(theirs, "text_bytes"), 2),
                     cell(rate(ours, "text_bytes") / rate(theirs, "text_bytes") if theirs else None, 2),
                     cell(theirs and theirs["build_s"], 2), cell(theirs and theirs["memory"] / (1 << 20), 0)])
    return table(["what", "found", "keyfold, MB/s", "aho-corasick, MB/s", "keyfold / aho-corasick",
                  "its build, s", "its memory, MiB"], rows)


def goals(results):
    """The goals that this run has figures for."""
    rows = []

    def add(what, goal, measured, is_met):
        rows.append([what, goal, measured, "yes" if is_met else "no"])
    fuzzy = results.get("fuzzy", {})
    for k in (1, 2):
        found = fuzzy.get("levenshtein, %d" % k)
        if found:
            r = ratio(found, "fst")
            add("fuzzy, distance %d" % k, "<= 1/5 of the fst crate's median",
                cell(r, 3) + " (%s against %s us)" % (cell(summary(found["keyfold"]).get("median"), 0),
                                                      cell(summary(found["fst"]).get("median"), 0)),
                r is not None and r <= 0.2)
    if "levenshtein, 3" in fuzzy:
        median = summary(fuzzy["levenshtein, 3"]["keyfold"]).get("median")
        add("fuzzy, distance 3", "<= 10 ms median", cell(median and median / 1000, 2) + " ms",
            median is not None and median <= 10000)
    if fuzzy:
        failed = sum(summary(found["keyfold"])["failed"] for found in fuzzy.values())
        add("needles that fail, any distance", "0", str(failed), failed == 0)
    for corpus, found in results.get("complete", {}).items():
        median = summary(found).get("median")
        add("10 best completions, %s (%d keys)" % (corpus, found["keys"]), "<= 20 us at 1 M keys",
            cell(median, 1) + " us median", median is not None and median <= 20)
    if "merge" in results.get("sets", {}):
        r = rate(results["sets"]["union"]["keyfold"], "keys")
        add("union of 8 files", ">= 1 M keys/s", cell(r, 2) + " M keys/s", r >= 1)
    return "\n## Against the goals\n\n" + table(["what", "goal", "measured", "met"], rows) if rows else ""


def checked(results):
    if not results["wrong"]:
        return "Every answer that a peer has too was compared and agrees: hits and the sum of their " \
            "ordinals with the fst crate's, nearest scores with RapidFuzz's, completions with a look at " \
            "all keys, sets with counts, places in a text with the aho-corasick crate's."
    shown = ["- " + line for line in results["wrong"][:20]]
    return "%d answers differ:\n\n%s" % (len(results["wrong"]), "\n".join(shown))


def markdown(results):
    facts, options, words = results["machine"], results["options"], results.get("words")
    parts = ["# Queries\n", "\n".join("- %s: %s" % (k.replace("_", " "), v) for k, v in facts.items()),
             "\nOne thread, thread CPU time of whole queries in microseconds, everything in memory; the time "
             "of a query is the median of %d passes in which all programs answer in turn. `bench/README.md` "
             "says what is asked.\n" % options["passes"]]
    if words:
        parts.append("Dictionary: %s, %d keys; keyfold %.2f B a key, the fst crate's map %.2f.\n" % (
            words["name"], words["keys"], words["keyfold"] / words["keys"], words["fst"] / words["keys"]))
    parts += [checked(results), goals(results)]
    if "fuzzy" in results:
        parts.append("## Fuzzy: all keys within a distance, in code points, us\n\nRatios are of the needles "
                     "that both answered; the fst crate fails where its automaton has more than 10 000 "
                     "states.\n\n"
                     + timed_table(results["fuzzy"], "fst", hits=True))
    if "patterns" in results:
        parts.append("## Patterns, us\n\n" + patterns_table(results["patterns"]))
    if "nearest" in results:
        parts.append("## Nearest: the one best key, us\n\nRapidFuzz's extractOne over a list of all keys, "
                     "for the first %d needles; the ratio is of these. With --similarity the dictionary has %.2f B a "
                     "key.\n\n" % (options["sample"], results["similar"]["bytes"] / results["similar"]["keys"])
                     + timed_table(results["nearest"], "rapidfuzz", hits=False))
    if "complete" in results:
        parts.append("## Completion: the 10 largest weights under a prefix, us\n\n"
                     + completion_table(results["complete"]))
    if "build" in results.get("sets", {}):
        parts.append("## Sets: 8 files that overlap, made of %s\n\n" % results["sets"]["corpus"]
                     + sets_table(results["sets"]))
    if results.get("find"):
        size = results["find"]["all"]["keyfold"]["text_bytes"]
        parts.append("## All keys in a text, %.1f MB\n\n%s" % (size / 1e6, find_table(results["find"])))
    return "\n".join(parts)


def record(path, text, begin_mark=BEGIN, end_mark=END):
    """Replaces what an earlier run put there, or appends."""
    with open(path) as f:
        known = f.read()
    begin, end = known.find(begin_mark), known.find(end_mark)
    rest = known[end + len(end_mark):] if 0 <= begin < end else ""
    known = known[:begin] if 0 <= begin < end else known.rstrip("\n") + "\n\n"
    with open(path, "w") as f:
        f.write(known + begin_mark + "\n" + text.rstrip("\n") + "\n\n" + end_mark + rest)
