"""Turns the figures of bench/python/run into markdown."""
import statistics

from report import cell, table

BEGIN = "<!-- from here to the end mark: bench/python/run --record -->\n"
END = "<!-- end of bench/python/run -->\n"
MIB = 1 << 20


def scaled(value, by, digits):
    return cell(None if value is None else value / by, digits)


def median(runs, figure):
    return statistics.median(run[figure] for run in runs) if runs else None


def single_table(results):
    found, built = results["single"], results["built"]
    ours = median(found.get("keyfold"), "ns")
    rows = []
    for peer in built:
        ns = median(found.get(peer), "ns")
        rows.append([peer, cell(ns, 0), cell(ours / ns if ours and ns else None, 2),
                     scaled(median(found.get(peer), "open_s"), 1e-3, 1),
                     scaled(median(found.get(peer), "rss"), MIB, 0),
                     scaled(built[peer] and built[peer]["bytes"], MIB, 1),
                     cell(built[peer] and built[peer]["build_s"], 2)])
    return table(["in one process", "ns a get", "keyfold / it", "opening, ms", "peak memory, MiB",
                  "file, MiB", "build, s"], rows)


def many_table(results):
    rates = results["many"]["rate"]
    loop = rates["[dict.get(k) for k in list]"]
    return table(["one core", "M keys/s", "times the first"],
                 [[f"`{name}`", cell(rate / 1e6, 2), cell(rate / loop, 2)] for name, rate in rates.items()])


def small_table(results):
    rows = []
    for count, found in results["small"].items():
        if found is None:
            rows.append([cell(int(count), 0)] + ["-"] * 14)
            continue
        compiled, few = found["compile"], found["few"]
        ours = compiled["keyfold"]
        prefix, items = found.get("prefix"), found["items"]
        rows.append([cell(int(count), 0), scaled(ours, 1e-3, 2),
                     *(cell(ours / compiled[peer], 2) for peer in ("pickle", "pickle, published", "marisa",
                                                                   "marisa, published")),
                     cell(compiled["keyfold, not synced"] / compiled["marisa"], 2),
                     *(cell(compiled["keyfold, fast"] / compiled[peer], 2) for peer in ("pickle", "marisa")),
                     cell(compiled["keyfold, of columns"] / ours, 2), cell(100 * compiled["freeze"] / ours, 1),
                     cell(prefix and prefix["keyfold"] / prefix["marisa"], 2),
                     cell(items["keyfold"] / items["lmdb"], 2), scaled(few["get"], 1e-6, 2),
                     " / ".join(scaled(few[f"get_many of {size}"], 1e-6, 2) for size in (1, 10, 100))])
    return table(["pairs", "compile, ms", "pickle.dump = 1", "the same, published", "BytesTrie = 1",
                  "the same, published", "not synced, BytesTrie = 1",
                  "fast, pickle.dump = 1", "fast, BytesTrie = 1",
                  "Arrow columns, dict = 1", "frozen again, % of compile",
                  "ten of a prefix, marisa-trie = 1", "all items, LMDB = 1", "get, us",
                  "get_many of 1 / 10 / 100, us a key"], rows)


def share_table(results):
    found = results["share"]
    idle = (found.get("nothing") or {}).get("pss")
    rows = []
    for how, figures in found.items():
        if figures is None:
            rows.append([how] + ["-"] * 4)
            continue
        rows.append([how, cell(figures["gets_per_s"] if figures["gets_per_s"] else None, 0),
                     scaled(figures["pss"], MIB, 1),
                     scaled(figures["pss"] - idle if idle else None, MIB, 1),
                     cell(figures["start_s"] * 1000, 0)])
    return table([f"{results['options']['workers']} workers", "gets/s, all together", "sum of Pss, MiB",
                  "above workers with nothing", "start of one, ms"], rows)


def load_table(results):
    rows = []
    for how, figures in results["load"].items():
        if figures is None:
            rows.append([how] + ["-"] * 4)
            continue
        rows.append([how, cell(figures["seconds"], 1), cell(figures["pairs"] / figures["seconds"] / 1e6, 2),
                     scaled(figures["peak"], MIB, 0), scaled(figures["bytes"], MIB, 0)])
    return table(["", "seconds", "M pairs/s", "peak of all processes, MiB", "result (Redis: memory), MiB"],
                 rows)


def goals(results):
    rows = []

    def add(what, goal, measured, is_met):
        rows.append([what, goal, measured, "yes" if is_met else "no"])
    single = {peer: median(runs, "ns") for peer, runs in results.get("single", {}).items()}
    if "dict" in single and "keyfold" in single:
        ratio = single["keyfold"] / single["dict"]
        add("single get", "<= 2.5x dict", f"{ratio:.2f}x", ratio <= 2.5)
        others = {peer: ns for peer, ns in single.items() if peer not in ("dict", "keyfold")}
        best = min(others, key=others.get)
        add("single get", "faster than all others",
            f"{single['keyfold']:.0f} ns; {best} {others[best]:.0f} ns", single["keyfold"] < others[best])
    if results.get("many"):
        rates = results["many"]["rate"]
        rate = rates["get_many(arrow), as Arrow"]
        loop = rates["[dict.get(k) for k in list]"]
        add("get_many from pyarrow", ">= 5 M keys/s", f"{rate / 1e6:.2f} M keys/s", rate >= 5e6)
        add("get_many from pyarrow", ">= 3x a loop over dict.get", f"{rate / loop:.2f}x", rate >= 3 * loop)
    for count, found in results.get("small", {}).items():
        if not found:
            continue
        compiled, items = found["compile"], found["items"]
        add(f"compile of {count} pairs", "<= 1x marisa-trie's BytesTrie",
            f"{compiled['keyfold'] / compiled['marisa']:.2f}x", compiled["keyfold"] <= compiled["marisa"])
        add(f"compile of {count} pairs", "<= 1x BytesTrie, published as safely",
            f"{compiled['keyfold'] / compiled['marisa, published']:.2f}x",
            compiled["keyfold"] <= compiled["marisa, published"])
        add(f"compile of {count} pairs, not synced", "<= 1x BytesTrie, which is neither",
            f"{compiled['keyfold, not synced'] / compiled['marisa']:.2f}x",
            compiled["keyfold, not synced"] <= compiled["marisa"])
        if int(count) >= 10000:
            for what, how in (("", "keyfold"), (", effort=\"fast\"", "keyfold, fast")):
                add(f"compile of {count} pairs{what}", "<= 4x pickle.dump",
                    f"{compiled[how] / compiled['pickle']:.2f}x", compiled[how] <= 4 * compiled["pickle"])
        add(f"freeze of {count} pairs again", "<= 10 % of compile",
            f"{100 * compiled['freeze'] / compiled['keyfold']:.1f} %", compiled["freeze"] <= 0.1 * compiled["keyfold"])
        add(f"all items of {count} pairs", "<= 2x LMDB", f"{items['keyfold'] / items['lmdb']:.2f}x",
            items["keyfold"] <= 2 * items["lmdb"])
    share = results.get("share", {})
    ours, idle, bare = (share.get(how) for how in ("keyfold", "keyfold, one pair", "nothing"))
    if ours and idle and bare:
        limit = 1.1 * results["share_file"] + idle["pss"]
        add(f"{results['options']['workers']} workers",
            "sum of Pss <= 1.1x the file + interpreters with keyfold",
            f"{ours['pss'] / MIB:.1f} of {limit / MIB:.1f} MiB", ours["pss"] <= limit)
        more = (ours["start_s"] - bare["start_s"]) * 1000
        add("start of a worker under spawn", "< 50 ms with the table",
            f"{ours['start_s'] * 1000:.0f} ms, {more:.0f} more than one that does nothing",
            ours["start_s"] < 0.05)
    load = results.get("load", {})
    if load.get("keyfold"):
        others = {how: figures["seconds"] for how, figures in load.items() if figures and how != "keyfold"}
        if others:
            best = min(others, key=others.get)
            add("compile of pickled parts", "faster than loading Redis or LMDB",
                f"{load['keyfold']['seconds']:.1f} s; {best} {others[best]:.1f} s",
                load["keyfold"]["seconds"] < others[best])
    return "## Against the goals\n\n" + table(["what", "goal", "measured", "met"], rows) if rows else ""


def markdown(results):
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    facts = dict(results["machine"], versions=versions)
    options = results["options"]
    parts = ["# Python\n", "\n".join(f"- {name.replace('_', ' ')}: {fact}" for name, fact in facts.items()),
             "\nPairs of accession and taxon, both str (bench/generators/accessions.c); every answer was "
             "compared with a dict's.\n"]
    if results["failed"]:
        parts.append("Not measured:\n\n" + "\n".join("- " + line for line in results["failed"]) + "\n")
    parts.append(goals(results))
    if results.get("single"):
        parts.append(f"## Single gets, {options['pairs']} pairs\n\nCPU time of a loop of hits in random order, "
                     "with the loop; the best of 3 in a process, the median of processes on one core: "
                     f"{options['passes']}.\n\n{single_table(results)}")
    if results.get("many"):
        parts.append(f"## Many keys at once, {results['many']['keys']} keys in random order\n\n"
                     f"The best of 5, in turn.\n\n{many_table(results)}")
    if results.get("small"):
        parts.append("## Small tables and calls\n\nCPU time in one process, in turn, the median; values of marisa-trie "
                     "and LMDB are bytes. pickle.dump and BytesTrie.save overwrite a file; published: they write "
                     "beside it, sync, rename and sync the folder, as compile does. Not synced: compile with "
                     "sync=False; fast: with effort=\"fast\".\n\n" + small_table(results))
    if results.get("share"):
        parts.append(f"## {options['workers']} workers, {options['pairs']} pairs\n\nThe file of keyfold has "
                     f"{results['share_file'] / MIB:.1f} MiB. Memory is that of workers, servers and the "
                     "parent. All are spawned but those of fork; the start is from before the process to its "
                     "first get, and the median of all.\n\n" + share_table(results))
    if results.get("load"):
        parts.append(f"## Loading {options['load_pairs']} pairs from {options['parts']} pickled parts\n\n"
                     f"{options['load_workers']} workers read parts (LMDB has one writer); compile may use "
                     f"{options['memory']} MiB besides a part for each worker.\n\n" + load_table(results))
    return "\n".join(parts)
