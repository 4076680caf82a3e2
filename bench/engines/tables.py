"""Turns the figures of bench/engines/run into markdown."""
from report import cell, table

BEGIN = "<!-- from here to the end mark: bench/engines/run --record -->\n"
END = "<!-- end of bench/engines/run -->\n"
MIB = 1 << 20


def seconds(figures):
    return figures["seconds"] if figures else None


def ratio(figures, other):
    return figures["seconds"] / other["seconds"] if figures and other else None


def mib(figures, kind):
    return cell(figures["peak"][kind] / MIB if figures and figures["peak"][kind] else None, 0)


def pair_table(results, ours, theirs, header):
    rows = []
    for name, found in results["engines"].items():
        one, other = found.get(ours), found.get(theirs)
        rows.append([name, cell(seconds(one), 1), cell(seconds(other), 1), cell(ratio(one, other), 2),
                     mib(one, "python"), mib(other, "python"), mib(one, "java"), mib(other, "java")])
    return table([header, "keyfold, s", "engine, s", "engine = 1", "worker with keyfold, MiB", "without, MiB",
                  "Java with keyfold, MiB", "without, MiB"], rows)


def urls_table(found):
    return table(["a manifest behind HTTP", ""], [
        ["files, the manifest among them", cell(found["files"], 0)],
        ["whole files sent to 8 processes that open it at once", cell(found["downloads"], 0)],
        ["of one file at most", cell(found["most"], 0)],
        ["the last of them has it open after, s", cell(found["at_once_s"], 2)],
        ["opening it in a new process, cached, ms", cell(found["new_process_s"] * 1000, 2)],
        ["opening it again there, closed in between, ms", cell(found["again_s"] * 1000, 2)],
        ["requests of all these", cell(found["requests"], 0)]])


def goals(results):
    rows = []

    def add(what, goal, measured, is_met):
        rows.append([what, goal, measured, "yes" if is_met else "no"])
    for name, found in results["engines"].items():
        written, looked = ratio(found.get("write"), found.get("parquet")), ratio(found.get("lookup"), found.get("join"))
        if written:
            add(f"{name}: table of the pairs", "<= 1.5x the engine's sorted Parquet", f"{written:.2f}x", written <= 1.5)
        if looked:
            add(f"{name}: lookups", "<= 1/3 of the engine's join", f"{looked:.2f}x", looked <= 1 / 3)
    found = results.get("urls")
    if found:
        add("a cached URL opened again", "< 2 ms, no byte fetched",
            f"{found['again_s'] * 1000:.2f} ms, {found['requests']} requests",
            found["again_s"] < 0.002 and not found["requests"])
        add("8 processes open an uncached URL", "one download", f"{found['most']} of each file", found["most"] == 1)
    return table(["what", "goal", "measured", "met"], rows)


def markdown(results):
    facts, options, made = results["machine"], results["options"], results["data"]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results["versions"].items()))
    parts = ["# Dask, Spark, Ray and URLs\n",
             f"`{facts['command']}`, {facts['date']}, commit {facts['commit']}; {facts['cpu']}, {facts['cores']} "
             f"cores, {facts['memory_gib']} GiB. {versions}. Clusters of two workers. {made['pairs']:,} pairs in "
             f"{options['files']} Parquet files of {made['bytes'] / MIB:.0f} MiB together, {options['shards']} ranges, "
             f"`memory=\"{options['memory']}\"`; {made['lookups']:,} lookups, one in ten of an absent key.\n"]
    if results["engines"]:
        parts += ["Memory is the most that one process has for itself (anonymous pages); Spark's Java holds its own.\n",
                  pair_table(results, "write", "parquet", "the pairs as a table; sorted to Parquet"),
                  pair_table(results, "lookup", "join", "lookups; join with the pairs")]
    if results.get("urls"):
        parts += [urls_table(results["urls"])]
    parts += [goals(results)]
    for line in results["failed"]:
        parts.append(f"Failed: {line}\n")
    return "\n".join(parts)
