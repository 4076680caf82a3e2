"""Turns the figures of bench/names/run into markdown."""
from report import cell, table

BEGIN = "<!-- from here to the end mark: bench/names/run --record -->\n"
END = "<!-- end of bench/names/run -->\n"
MIB = 1 << 20
LABELS = {"setratio loop": "python-Levenshtein, setratio in a loop", "ratio": "RapidFuzz extractOne, ratio",
          "token_sort_ratio": "RapidFuzz extractOne, token_sort_ratio",
          "token_set_ratio": "RapidFuzz extractOne, token_set_ratio", "WRatio": "RapidFuzz extractOne, WRatio",
          "cdist": "RapidFuzz cdist, ratio, 8 needles at once", "tfidf": "TF-IDF trigram cosine, sparse_dot_topn",
          "simstring": "simstring, trigram cosine from 0.6 on"}


def way_name(way):
    scorer, limit, cutoff = way
    return scorer + (f", best {limit}" if limit > 1 else "") + (f", cutoff {cutoff}" if cutoff else "")


def over(classes, names, figure, by):
    return by(row[figure] for row in classes if row["class"] in names)


def mean(figures):
    figures = list(figures)
    return sum(figures) / len(figures)


def class_table(classes):
    return table(["needles", "mean ms", "p50", "p90", "p99", "max", "names seen", "scored"],
                 [[row["class"]] + [cell(row[figure], 2) for figure in ("mean", "p50", "p90", "p99", "max")]
                  + [cell(row["seen"], 0), cell(row["scored"], 0)] for row in classes])


def way_table(ways, mixed, hard):
    rows = [[way_name(found["way"]), found["isa"], cell(over(found["classes"], mixed, "mean", mean), 2),
             cell(over(found["classes"], mixed, "p99", max), 1), cell(over(found["classes"], mixed, "max", max), 1),
             cell(over(found["classes"], hard, "max", max), 1)] for found in ways]
    return table(["CPU ms a needle", "instructions", "mean", "greatest p99 of a class", "max", "max of hard needles"],
                 rows)


def peer_table(results):
    peers, built = results["peers"], results["build"]
    rows = [["keyfold, setratio", cell(peers["keyfold"]["ms"], 2), "-", "100.0", cell(built["cpu_s"], 1),
             cell(results["memory"]["private"] / MIB, 1) if "memory" in results else "-",
             str(peers["keyfold"]["needles"])]]
    for name, label in LABELS.items():
        peer = peers[name]
        rows.append([label, cell(peer["ms"], 1), cell(peer["ours_ms"], 2), cell(100 * peer["recall"], 1),
                     cell(peer["prepare_s"], 1), cell(peer["peak_mib"], 0), str(peer["needles"])])
    return table(["", "CPU ms a needle", "keyfold, the same score", "best setratio found, %", "preparing, CPU s",
                  "memory of a process, MiB", "needles"], rows)


def build_table(results):
    rows = [[label, cell(found["cpu_s"], 1), cell(found["wall_s"], 1), cell(found["peak_mib"], 0)]
            for label, found in (("default", results["build"]),
                                 ("--memory " + results["build_small"]["memory"], results["build_small"]))]
    count = results["options"]["names"]
    size = results["build"]["bytes"]
    return table(["build", "CPU s", "wall s", "peak, MiB"], rows) + \
        f"\n{size / count:.2f} bytes a name of {results['name_bytes'] / count:.1f}, ids included; " \
        f"opened in {results['open_ms']:.3f} ms.\n"


def memory_text(found):
    return (f"Eight processes that have each searched: {found['pss'] / MIB:.1f} MiB together (sum of Pss), "
            f"{found['pss'] / found['file']:.2f} times the file; in one of them {found['private'] / MIB:.1f} MiB are "
            "private, the C library's included.\n")


def dedupe_table(found):
    ours, peer = found["keyfold"], found["string_grouper"]
    rows = [["keyfold names dedupe -C 0.9", cell(ours["cpu_s"], 1), cell(ours["peak_mib"], 0), str(ours["pairs"]), "-"],
            ["string_grouper, cosine from 0.8 on", cell(peer["cpu_s"], 1), cell(peer["peak_mib"], 0),
             str(peer["pairs"]), cell(100 * peer["shared"] / max(ours["pairs"], 1), 1)]]
    return table([f"pairs among {found['names']} names", "CPU s", "peak, MiB", "pairs", "of keyfold's, %"], rows)


def goals(results, mixed, hard):
    """The goals of the 4 million names that this run has figures for."""
    rows = []
    size = results["options"]["names"]

    def add(what, goal, measured, is_met):
        rows.append([what, goal, measured, "yes" if is_met else "no"])
    limits = {"setratio": 5, "setratio, best 5": 35, "setratio, cutoff 0.9": 2, "ratio": 12}
    for found in results.get("search", []):
        name = way_name(found["way"])
        if found["isa"] != "as found" or name not in limits:
            continue
        classes = found["classes"]
        value = over(classes, mixed, "mean", mean)
        add(f"{name}, mean", f"<= {limits[name]} ms", f"{value:.2f} ms", value <= limits[name])
        if name == "setratio":
            value = over(classes, hard, "max", max)
            add("setratio, hard needles", "max <= 120 ms", f"{value:.1f} ms", value <= 120)
            value = over(classes, mixed, "max", max)
            add("setratio, mixed needles", "max <= 150 ms", f"{value:.1f} ms", value <= 150)
    per_name = results["build"]["bytes"] / size
    add("index", "<= 26 bytes a name", f"{per_name:.2f}", per_name <= 26)
    add("build", "<= 20 s CPU, <= 1 GiB", f"{results['build']['cpu_s']:.1f} s, {results['build']['peak_mib']:.0f} MiB",
        results["build"]["cpu_s"] <= 20 and results["build"]["peak_mib"] <= 1024)
    small = results["build_small"]
    add(f"build --memory {small['memory']}", "within it", f"{small['peak_mib']:.0f} MiB",
        small["peak_mib"] <= int(small["memory"][:-1]))
    add("open", "< 1 ms", f"{results['open_ms']:.3f} ms", results["open_ms"] < 1)
    if "memory" in results:
        found = results["memory"]
        add("private memory of a process", "<= 3 MiB", f"{found['private'] / MIB:.1f} MiB",
            found["private"] <= 3 * MIB)
        add("8 workers", "sum of Pss <= 1.1x the file", f"{found['pss'] / found['file']:.2f}x",
            found["pss"] <= 1.1 * found["file"])
    if "batch" in results:
        found = results["batch"]
        seconds = found["wall_s"] * 30000 / found["needles"]
        add("30 000 needles, 2 threads", "<= 90 s", f"{found['wall_s']:.1f} s for {found['needles']}", seconds <= 90)
    return table(["what, goals being for 4 million names", "goal", "measured", "met"], rows)


def page(results, mixed, hard):
    facts, options = results["machine"], results["options"]
    parts = ["# Names\n\n" + f"{facts['date']}, {facts['cpu']}, {facts['cores']} cores, {facts['isa']}, "
             f"{facts['system']}; keyfold {facts['commit']}; `{facts['command']}`.\n\n"
             f"{options['names']} made-up names, {options['needles']} needles of each of {len(mixed)} mixed and "
             f"{len(hard)} hard classes. [README.md](README.md#names) says what the figures mean.\n",
             "## Against the goals: names\n\n" + goals(results, mixed, hard),
             "## Building an index of names\n\n" + build_table(results)]
    if "search" in results:
        parts += ["## Searching for names\n\n" + way_table(results["search"], mixed, hard),
                  "## By class of needle, setratio, the best one\n\n" + class_table(results["search"][0]["classes"])]
    if "peers" in results:
        parts.append("## Names: today's tools\n\n" + peer_table(results))
    if "memory" in results:
        parts.append("## Names: eight processes\n\n" + memory_text(results["memory"]))
    if "batch" in results:
        found = results["batch"]
        parts.append(f"## Names: a batch\n\n{found['needles']} mixed needles by `keyfold names match -T 2`: "
                     f"{found['wall_s']:.1f} s, {found['cpu_s']:.1f} s CPU, {found['peak_mib']:.0f} MiB.\n")
    if "dedupe" in results:
        parts.append("## Names: alike ones within a list\n\n" + dedupe_table(results["dedupe"]))
    return "\n".join(parts)
