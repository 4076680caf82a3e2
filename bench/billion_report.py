"""Turns the runs of bench/billion into markdown."""
from report import cell, table

BEGIN = "<!-- from here to the end mark: bench/billion --record -->\n"
END = "<!-- end of bench/billion -->\n"
FULL = 1750000000


def name(run):
    """What tells one kind of run from another."""
    o = run["options"]
    parts = "" if o["parts"] == 1 else " in %d parts" % o["parts"]
    values = "" if o["value_bytes"] == 15 else ", values of %d bytes" % o["value_bytes"]
    threads = "" if not o["threads"] else ", %d thread%s" % (o["threads"], "" if o["threads"] == 1 else "s")
    return "%d %s, %s%s%s, %s%s" % (o["pairs"], o["shape"], o["order"], parts, values, o["memory"], threads)


def gib(count):
    return count / (1 << 30)


def rate(run):
    """Pairs a second, end to end."""
    return run["options"]["pairs"] / run["build"]["wall_s"]


def goals(runs):
    rows = []

    def add(what, goal, measured, is_met):
        rows.append([what, goal, measured, "yes" if is_met else "no"])
    for label, run in runs.items():
        o, build = run["options"], run["build"]
        if (o["shape"], o["order"]) == ("accessions", "sorted") and o["pairs"] >= FULL:
            add("%d sorted pairs" % o["pairs"], "< 45 min (aim: 20)", "%.1f min" % (build["wall_s"] / 60),
                build["wall_s"] < 45 * 60)
            add("its peak RSS", "<= 4 GiB", "%.2f GiB" % gib(build["peak"]["rss"]),
                build["peak"]["rss"] <= 4 << 30)
            add("its file", "<= 8.6 GB (aim: 4)", "%.2f GB" % (build["file_bytes"] / 1e9),
                build["file_bytes"] <= 8.6e9)
            if "warm" in run:
                found = 1e3 / run["warm"]["batch"]["cpu_ns"]
                add("its lookups in batches, with values, one core", ">= 3 M keys/s", "%.2f M keys/s" % found,
                    found >= 3)
        if o["order"] == "shuffled" and o["parts"] == 64 and o["pairs"] >= 10 ** 8 and o["memory"] == "2G":
            add("%d unsorted pairs in 64 parts, 2G" % o["pairs"], ">= 1 M pairs/s", "%.2f M pairs/s"
                % (rate(run) / 1e6), rate(run) >= 1e6)
        if o["threads"] == 1:
            both = name(dict(run, options=dict(o, threads=2)))
            if both in runs:
                found = build["wall_s"] / runs[both]["build"]["wall_s"]
                add("two threads against one: " + label, ">= 1.7 times", "%.2f times" % found, found >= 1.7)
        largest = max(run["check"]["pairs"][x] for x in ("key_bytes", "value_bytes"))
        if largest > 4 << 30:
            add("a section of %.1f GiB: %s" % (gib(largest), label), "exact", "%d wrong" % len(run["wrong"]),
                not run["wrong"])
    return "## Against the goals\n\n" + table(["what", "goal", "measured", "met"], rows) if rows else ""


def build_table(runs):
    rows = []
    for label, run in runs.items():
        build, pairs = run["build"], run["options"]["pairs"]
        peak = build["peak"]
        facts = run["check"]["pairs"]
        rows.append([label, cell(build["wall_s"], 1), cell(build["cpu_s"], 1), cell(rate(run) / 1e6, 2),
                     cell(peak["rss"] / (1 << 20), 0), cell(peak["anon"] / (1 << 20), 0),
                     cell(peak["disk"] / 1e9, 2), cell(build["told"].get("temporary_peak", 0) / 1e9, 2),
                     cell(build["file_bytes"] / 1e9, 3), cell(build["file_bytes"] / pairs, 2),
                     cell(facts["raw_bytes"] / pairs, 1), str(facts["states_extra"]),
                     cell(run["generator_per_s"] / 1e6, 1)])
    return table(["run", "wall s", "CPU s", "M pairs/s", "peak RSS, MiB", "of it anonymous", "peak disk, GB",
                  "of it temporary", "file, GB", "B a pair", "raw B a pair", "extra states",
                  "generator alone, M lines/s"], rows)


def phase_table(runs):
    rows = []
    for label, run in runs.items():
        for phase, found in run["build"]["phases"].items():
            rows.append([label, phase, cell(found["wall_s"], 1), cell(found["cpu_s"], 1),
                         cell(100 * found["wall_s"] / run["build"]["wall_s"], 0)])
    return table(["run", "phase", "wall s", "CPU s", "% of the wall time"], rows) if rows else \
        "This keyfold tells no phases.\n"


def check_table(runs):
    rows = []
    for label, run in runs.items():
        check, pairs, absent = run["check"], run["check"]["pairs"], run["check"]["absent"]
        rows.append([label, str(pairs["keys"]), str(pairs["pairs"]), str(absent["absent"]),
                     str(pairs["wrong"] + absent["wrong"]), cell(check.get("verify_s"), 1)])
    return table(["run", "keys of the file", "pairs checked", "absent keys checked", "wrong",
                  "keyfold verify, s"], rows)


def speed_table(runs):
    rows = []
    for label, run in runs.items():
        if "cold" in run:
            warm, cold, first = run["warm"], run["cold"], run["cold"]["get"]
            rows.append([label]
                        + [cell(warm[x]["cpu_ns"], 0) for x in ("get", "ordinal", "batch", "batch-ordinals")]
                        + [cell(1e3 / warm["batch"]["cpu_ns"], 2), cell(100 * warm["resident"], 0)]
                        + [cell(cold[x]["wall_ns"] / 1000, 1)
                           for x in ("get", "get-random", "batch", "batch-random")]
                        + ["%.2f / %.1f" % (100 * first["resident"], 100 * first["resident_after"])])
    return table(["run", "get", "ordinal", "batch get", "batch of ordinals", "batch get, M keys/s",
                  "cached, %",
                  "cold get, us", "without read-ahead", "cold batch, us a key", "without read-ahead",
                  "cached before / after, %"], rows)


def process_table(runs):
    rows = []
    for label, run in runs.items():
        if "processes" in run:
            one, *_, many = run["processes"].values()
            rows.append([label, cell(one["keys_per_s"] / 1e6, 2), cell(many["keys_per_s"] / 1e6, 2),
                         cell(many["keys_per_s"] / one["keys_per_s"], 2)]
                        + [cell(size / (1 << 20), 0)
                           for size in (many["pss"], many["pss_dict"], run["build"]["file_bytes"])])
    return table(["run", "one, M keys/s", "eight, M keys/s", "ratio", "Pss of eight, MiB", "of it the file",
                  "the file's size, MiB"], rows)


def markdown(runs):
    known = {label: run for label, run in runs.items() if "build" in run and "check" in run}
    parts = ["# Billions of pairs\n"]
    for label, run in known.items():
        facts = run["machine"]
        parts.append("- %s: `%s`, %s, %s, %s cores, %s GiB, commit %s" % (
            label, facts["command"], facts["date"], facts["cpu"], facts["cores"], facts["memory_gib"],
            facts["commit"]))
    wrong = ["- %s: %s" % (label, line) for label, run in known.items() for line in run["wrong"][:5]]
    parts += ["", "\n".join(["Wrong:", ""] + wrong) if wrong else
              "Every sampled pair and every absent key was answered as the generator has it.", "",
              goals(known),
              "## Build\n\nThe generator runs beside it on the same processors; its time is not in these "
              "figures, its load is.\n\n" + build_table(known),
              "## Build by phase\n\n" + phase_table(known), "## Checked\n\n" + check_table(known),
              "## Lookups of one process\n\nWarm: thread CPU nanoseconds a key, after the whole file was "
              "read. Cold: wall time of the first 5000 keys after the kernel was asked to forget the file; "
              "what lies below a virtual machine's disk may still remember it.\n\n" + speed_table(known),
              "## Eight processes at once\n\nBatches with values, warm. Pss counts a page in parts that the "
              "processes that map it share.\n\n" + process_table(known)]
    return "\n".join(parts)
