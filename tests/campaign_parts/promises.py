"""The table: each promise, the figures that it needs, and how far they are."""
from proofs import FAULTS, FUZZED, MODELS, SWEPT, THREADED

BEGIN = "<!-- from here to the end mark: tests/campaign --record -->\n"
END = "<!-- end of tests/campaign -->\n"
DAMAGE = ["damage", "damage-names", "damage-shards"]
SANITIZED = [name + "-sanitize" for name in DAMAGE]
FAULTY = [name + "-sanitize" for name in FAULTS]
THREADS = ["readers-thread", *(name + "-thread" for name in THREADED)]
EVERY = [f"every-call-{test}" for test in SWEPT]
CHAINS = ["chain", "chain_query"]
ELSEWHERE = [f"bytes-{target}" for target in ("arm64", "s390x", "i386", "riscv64", "musl", "windows-x64")]
LARGE = 10 ** 9

# Each figure: what is counted, the proofs that do it, the count's name, and the goal; DONE: by passing once at the
# commit, the count being shown.
DONE = None
PROMISES = [
    ("a damaged file never faults, hangs or over-reads",
     [("lookups", DAMAGE, "lookups", LARGE), ("damaged files", DAMAGE, "files", 10 ** 6),
      ("lookups under sanitizers", SANITIZED, "lookups", 10 ** 7)]),
    ("verifying finds damage", [("flipped bits of a file of 64 KiB", ["every-bit"], "bits", DONE)]),
    ("a cut or grown file is refused at open", [("lengths", ["every-length"], "lengths", DONE)]),
    ("fuzzed", [(target, [f"fuzz-{target}"], "inputs", 10 ** 7) for target in FUZZED]
     + [("the command, by AFL++", ["afl"], "inputs", 10 ** 6)]),
    ("an allocation fails: an error, no leak",
     [("failed allocations, sampled under sanitizers", FAULTY, "failing allocations", 10 ** 5),
      ("all of a sweep", EVERY, "failing allocations", DONE)]),
    ("I/O error or full disk: reported, the old file intact, no litter",
     [("failed calls, sampled under sanitizers", FAULTY + ["room"], "failing calls", 10 ** 5),
      ("all of a sweep", EVERY, "failing calls", DONE), ("full disks", ["room", "kill"], "full disks", 100)]),
    ("a builder that is killed leaves the old file or the new one, whole",
     [("killed before each system call of the commands", ["killed-at-every-call"], "kills before system calls", DONE),
      ("before others", ["killed", "kill", "resume-sanitize"], ("kills", "kills before system calls"), 10 ** 4),
      ("at random times", ["kill", "resume_build-sanitize"], "kills at random times", 10 ** 4),
      ("crashes with what was not synced lost or torn", ["power"], "crashes", 10 ** 5),
      ("Python's Shards, publish and freeze, killed", ["python-crashes"],
       ("kills before system calls", "kills at random times"), 10 ** 3),
      ("and with what was not synced lost or torn", ["python-crashes"], "crashes", 10 ** 4)]),
    ("32 readers while a file is replaced by rename",
     [("replacements", ["readers"], "replacements", 1000), ("answers", ["readers"], "answers", 10 ** 6)]),
    ("threads and forks",
     [("programs under the thread sanitizer", THREADS, "checks", 100),
      ("forks of an open handle", ["readers"], "forks", 64)]),
    ("the same bytes everywhere", [("files here", ["bytes"], "checks", DONE),
                                   ("files elsewhere", ELSEWHERE, "checks", DONE)]),
    ("beyond 4 GiB and 2^32", [("answers about 2^33 keys and more", CHAINS, "answers beyond 2^32", 10 ** 6),
                               ("values beyond 4 GiB", ["huge"], "values beyond 4 GiB", DONE)]),
    ("strange input is never silent", [("checks", ["input"], "checks", DONE)]),
    ("right answers", [("dictionaries", MODELS, "dictionaries", 10 ** 5), ("answers", MODELS, "answers", 10 ** 8),
                       ("patterns against Python's", ["patterns"], "checks", DONE)]),
    ("bombs", [("checks", ["bombs"], "checks", DONE)]),
    ("versions", [("checks", ["versions"], "checks", DONE)]),
    ("coverage", [("of all of the tests", ["coverage"], "lines", DONE)]),
    ("hygiene", [("rules", ["house"], "checks", DONE), ("readers in a jail", ["right"], "checks", DONE)]),
    ("one process for hours holds no more than at first",
     [("rounds of building, opening, asking and failing", ["soak"], "rounds", 10 ** 6)]),
]


def short(number):
    """1234 -> 1234; 12345678 -> 12.3 million."""
    for size, word in ((10 ** 9, "billion"), (10 ** 6, "million")):
        if number >= size:
            return f"{number / size:.3g} {word}"
    return str(number)


def coverage(state):
    """Its text, and whether it is enough: all branches of the readers, 95 % of the lines of all else."""
    counts = state.of("coverage")["counts"]
    parts, enough = [], True
    for folder in sorted({name.split(":")[0] for name in counts if ": " in name}):
        if folder.count("/") < 2:
            lines, branches = ([counts.get(f"{folder}: {name}", 0) for name in pair] for pair in
                               (("lines run", "lines"), ("branches taken", "branches")))
            enough &= lines[0] >= 0.95 * lines[1] and (folder != "lib/read" or branches[0] == branches[1])
            parts.append(f"{folder} {100 * lines[0] / max(1, lines[1]):.1f} % of lines, "
                         f"{100 * branches[0] / max(1, branches[1]):.1f} % of branches")
    return "; ".join(parts), enough and bool(parts)


def figure(state, label, proofs, count, goal):
    """A figure's text, and whether its goal is reached."""
    number = sum(state.total(proofs, each) for each in ([count] if isinstance(count, str) else count))
    if goal is not DONE:
        return f"{label}: {short(number)} of {short(goal)}", number >= goal
    done = [name for name in proofs if state.of(name)["done"] and not state.of(name)["failures"]]
    if proofs == ["coverage"]:
        text, enough = coverage(state)
        return text or "not yet", enough and bool(done)
    return f"{label}: {short(number) if done else 'not yet'}", len(done) == len(proofs)


def is_reached(state, proof, promises=None):
    """Whether all figures that a proof adds to have their goals."""
    return all(figure(state, *each)[1] for _, figures in promises or PROMISES for each in figures if proof in each[1])


def rows(state, promises=None):
    """Number, promise, figures, whether all are reached, failures at this commit."""
    for number, (promise, figures) in enumerate(promises or PROMISES, 1):
        texts, met = zip(*(figure(state, *each) for each in figures))
        names = {name for _, proofs, _, _ in figures for name in proofs}
        yield number, promise, texts, all(met), sum(state.of(name)["failures"] for name in names)


def table(state, facts, promises=None):
    commits = [f"{commit} ({state.hours(commit):.2f} h)" for commit in state.work if state.hours(commit)]
    lines = ["# Proofs", "",
             f"`tests/campaign --record`, {facts['date']}, commit {state.commit}; {facts['cpu']}, {facts['cores']} "
             f"cores. {state.hours():.2f} hours of proofs in all, at {', '.join(commits)}. Counts are of all of them; "
             "what is done once, and failures, are of the last commit.", "",
             "| # | promise | figures | reached | failures |", "|--:|---|---|---|--:|"]
    for number, promise, texts, met, failures in rows(state, promises):
        lines.append(f"| {number} | {promise} | {'; '.join(texts)} | {'yes' if met else 'not yet'} | {failures} |")
    old = sum(failure["commit"] != state.commit for failure in state.failures)
    if old:
        lines += ["", f"Failures at earlier commits: {old}."]
    return "\n".join(lines)


def listing(state, promises=None):
    """For a terminal."""
    lines = []
    for number, promise, texts, met, failures in rows(state, promises):
        lines.append(f"{number:2} {promise}: {'reached' if met else 'not yet'}, {failures} failures")
        lines += [f"      {text}" for text in texts]
    return "\n".join(lines)
