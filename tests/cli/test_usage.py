"""Usage errors, output errors, --help, man pages, completion."""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

from support import ROOT, TOOL, WINDOWS, CliTest

COMMANDS = ["build", "get", "scan", "fuzzy", "nearest", "match", "complete", "find",
            "union", "intersect", "subtract", "diff", "merge", "bundle",
            "stat", "verify", "dump", "graph", "names"]
ALL_COMMANDS = COMMANDS + ["names build", "names match", "names score"]


def list_options(command):
    """[(--name, -letter or -, kind, [choices])] as the tool lists them for the completion."""
    text = subprocess.run([TOOL, *command.split(), "--list-options"], stdout=subprocess.PIPE, check=True).stdout
    rows = [line.split("\t") for line in text.decode().splitlines()]
    return [(name, letter, kind, choices.split()) for name, letter, kind, choices in rows]


class Usage(CliTest):
    def test_version(self):
        first, *others = self.out("--version").decode().splitlines()
        self.assertRegex(first, r"^keyfold \d+\.\d+\.\d+$")
        features = dict(line.split(": ") for line in others)
        self.assertEqual(set(features), {"instructions", "zstd", "utf8proc", "pointers", "inputs"})
        used, built_in = features["instructions"].split(", of ")
        self.assertIn(used, built_in.split())
        self.assertIn("portable", built_in.split())
        self.assertIn(features["pointers"], ("32", "64"))
        self.assertEqual(features["inputs"].split()[:3], ["plain", "gzip", "zstd"])
        limited = self.run_tool("--version", env={**os.environ, "KEYFOLD_ISA": "portable"}).stdout
        self.assertIn(b"instructions: portable, of ", limited)

    def test_no_command(self):
        self.assertIn("Usage: keyfold COMMAND", self.err(expect=2))

    def test_unknown(self):
        self.assertIn("python -m keyfold", self.err("publish", "a.kf", "b.kf", expect=2))
        self.assertIn("did you mean 'build'?", self.err("biuld", expect=2))
        self.assertNotIn("did you mean", self.err("frobnicate", expect=2))
        self.assertIn("did you mean --prefix?", self.err("scan", "--prefx", "a", "x", expect=2))
        self.assertIn("unknown option --foo", self.err("scan", "--foo=bar", "x", expect=2))
        self.assertIn("unknown option -z", self.err("scan", "-z", "x", expect=2))
        self.assertIn("unknown option --foo", self.err("--foo", expect=2))
        self.err("help", "nonsense", expect=2)

    def test_bad_arguments(self):
        for args, message in (
                (["build", "x"], "-o FILE"), (["build", "-o", "x"], "INPUT"), (["get"], "FILE"),
                (["build", "-o", "x", "-", "-"], "only once"), (["scan", "a", "b"], "one FILE"),
                (["stat"], "FILE"), (["verify"], "FILE"), (["dump"], "FILE"), (["scan", "--limit", "x", "f"], "number"),
                (["scan", "--limit=-1", "f"], "number"), (["scan", "f", "--limit"], "needs a value"),
                (["scan", "f", "-l"], "needs a value"), (["scan", "--count=1", "f"], "takes no value"),
                (["build", "-f", "xml", "-o", "x", "-"], "tsv, csv, jsonl, lines, nul"),
                (["build", "-D", "ab", "-o", "x", "-"], "one byte"), (["build", "-D", '"', "-o", "x", "-"], "one byte"),
                (["build", "--key-field=a", "--value-field=a", "-o", "x", "-"], "the same")):
            with self.subTest(args=args):
                error = self.err(*args, expect=2)
                self.assertIn(message, error)
                self.assertIn("Try 'keyfold " + args[0] + " --help'", error)

    def test_help(self):
        overview = self.out("help").decode()
        self.assertEqual(overview, self.out("--help").decode())
        listed = self.out("--list-commands").decode().split()
        self.assertEqual(listed, COMMANDS + ["help"])
        for command in ALL_COMMANDS:
            text = self.out(*command.split(), "--help").decode()
            self.assertEqual(text, self.out(*command.split(), "-h").decode())
            if command in COMMANDS:
                self.assertRegex(overview, rf"(?m)^  {command} ")
                self.assertEqual(text, self.out("help", command).decode())
            for name, letter, _, choices in list_options(command):
                self.assertRegex(text, rf"(?m)^  (?:{letter}, |    ){name}( |$)")
                if choices:
                    self.assertIn(" | ".join(choices), " ".join(text.split()))
            self.assertLessEqual(max(map(len, text.splitlines())), 90)

    def test_option_forms(self):
        self.build(b"a\tx\nb\ty\n")
        for args in (["--limit", "1"], ["--limit=1"], ["-l1"], ["-l", "1"], ["-kl1", "--ordinal"]):
            self.assertEqual(len(self.out("scan", *args, self.kf).splitlines()), 1)
            self.assertEqual(len(self.out("scan", self.kf, *args).splitlines()), 1)


class Output(CliTest):
    def setUp(self):
        super().setUp()
        self.build(b"".join(b"key%06d\tvalue value value\n" % n for n in range(50000)))

    def test_full_disk(self):
        for args, stdin in ((["scan", self.kf], b""), (["get", self.kf, "key000001"], b""), (["stat", self.kf], b""),
                            (["get", self.kf], b"key000001\n"), (["stat", "--json", self.kf], b""),
                            (["dump", self.kf], b""), (["verify", self.kf], b""), (["help"], b""),
                            (["scan", "--count", self.kf], b""),
                            (["build", "--json", "-o", self.path("x.kf"), "-"], b"a\n")):
            with self.subTest(args=args), open("/dev/full", "wb") as full:
                done = subprocess.run([TOOL, *args], input=stdin, stdout=full, stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(done.returncode, 3)
                self.assertIn(b"standard output", done.stderr)
                self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_closed_pipe(self):
        ended = 128 + signal.SIGPIPE
        for restore, code in ((True, ended if WINDOWS else -signal.SIGPIPE), (False, ended)):
            child = subprocess.Popen([TOOL, "dump", self.kf], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     restore_signals=restore)
            child.stdout.read(10)
            child.stdout.close()
            error = child.stderr.read()
            child.stderr.close()
            self.assertEqual(child.wait(60), code)
            self.assertEqual(error, b"")


class WithoutEffect(CliTest):
    """An option that would do nothing is an error, not passed over in silence."""

    def test_build(self):
        for options, words in (
                (["-H", "towns.tsv"], "--header is about csv"), (["-K", "2", "towns.tsv"], "--key-column is about csv"),
                (["-V", "2", "towns.txt"], "--value-column is about csv"),
                (["-D", ";", "-"], "--delimiter is about csv"),
                (["-H", "-f", "tsv", "x.csv"], "--format is tsv"),
                (["-K", "1", "x.jsonl"], "--key-column is about csv"),
                (["--key-field", "k", "x.csv"], "--key-field is about jsonl"),
                (["--value-field", "k", "-f", "lines", "x"], "--value-field is about jsonl"),
                (["-r", "x.csv"], "--raw is about tsv and lines"),
                (["--raw", "-f", "jsonl", "-"], "--raw is about tsv"),
                (["--raw", "-f", "nul", "-"], "--raw is about"), (["--pairs", "x.tsv"], "--pairs needs --format nul"),
                (["-W", "2", "x.csv"], "--weight-column does nothing without --weights"),
                (["--weight-field", "w", "x.jsonl"], "--weight-field does nothing without --weights"),
                (["-W", "2", "-w", "value", "-v", "u64", "x.csv"], "need --weights column"),
                (["-V", "2", "-v", "none", "x.csv"], "--values none passes over"),
                (["--value-field", "x", "-v", "none", "x.jsonl"], "--values none passes over"),
                (["--encoding", "zstd", "-v", "u64", "-"], "encoding"),
                (["--encoding", "raw", "-v", "none", "-"], "encoding"),
                (["-d", "sum", "-"], "sum")):
            with self.subTest(options=options):
                self.assertIn(words, self.err("build", "-o", self.kf, *options, stdin=b"a\t1\n", expect=2))
                self.assert_nothing_built()

    def test_build_of_several_formats(self):
        """One input that an option is about is enough."""
        table, lines = self.write("a.csv", b"k;v\na;1\n"), self.write("b.tsv", b"b\\t\t2\n")
        self.run_tool("build", "-o", self.kf, "-H", "-D", ";", table, lines)
        self.assertEqual(self.pairs(), [(b"a", b"1"), (b"b\t", b"2")])
        self.run_tool("build", "-o", self.kf, "--raw", "-D;", "-H", table, lines)
        self.assertEqual(self.pairs(), [(b"a", b"1"), (b"b\\t", b"2")])

    def test_others(self):
        self.build(b"ant\t1\nbee\t2\n", "-v", "u64", "-w", "value")
        kf, text = self.kf, self.write("text", b"ant bee\n")
        for args in (["get", "-e", kf], ["scan", "-ck", kf], ["scan", "-cn", kf], ["scan", "-cr", kf],
                     ["scan", "-jr", kf],
                     ["scan", "-e", kf], ["match", "-ck", kf, "a"], ["match", "-cn", kf, "a"],
                     ["match", "-jr", kf, "a"],
                     ["match", "-e", kf, "a"], ["fuzzy", "-c", "--keys-only", kf, "a"],
                     ["fuzzy", "-c", "--ordinal", kf],
                     ["nearest", "--keys-only", "--ordinal", kf], ["fuzzy", "-e", kf], ["complete", "-e", kf],
                     ["complete", "-kv", kf], ["find", "-ck", kf, text], ["find", "-cn", kf, text],
                     ["find", "-j", "--offset", kf, text], ["find", "-jr", kf, text], ["union", "-ck", kf],
                     ["union", "-jr", kf], ["intersect", "-e", kf], ["subtract", "-cr", kf], ["diff", "-qj", kf, kf],
                     ["diff", "-qk", kf, kf], ["diff", "-cr", kf, kf], ["dump", "-f", "jsonl", "-r", kf],
                     ["dump", "-f", "nul", "-r", kf], ["graph", "-e", kf], ["merge", "-e", "-o", "x", kf],
                     ["merge", "-O", "difference", "-v", "max", "-o", "x", kf],
                     ["merge", "--encoding", "zstd", "-o", "x", kf],
                     ["fuzzy", "-i", text, kf, "a"], ["fuzzy", "-0", kf, "a"], ["get", "-0", kf, "a"]):
            with self.subTest(args=args):
                self.err(*args, expect=2, cwd=self.folder)
        self.assertEqual(json.loads(self.out("scan", "-cj", kf)), {"count": 2})
        self.assertEqual(json.loads(self.out("union", "-cj", kf, kf)), {"count": 2})
        self.assertEqual(self.out("fuzzy", "-e", "-p", "a\\&", kf, stdin=b"ant\n"), b"ant\tant\t0\t1\n")


class Targets(CliTest):
    def test_what_is_there(self):
        source = self.write("x.tsv", b"a\tb\n")
        self.run_tool("build", "-o", self.path("a.kf"), source)
        for command in (["build", source], ["merge", self.path("a.kf")], ["bundle", self.path("a.kf")]):
            for content in (b"my text", b"\x89KF", b"\0", b"\x89KFDxxxxxxx"):
                target = self.write("mine", content)
                with self.subTest(command=command[0], content=content):
                    error = self.err(command[0], "-o", target, *command[1:], expect=2 if command[0] != "bundle" else 3)
                    self.assertIn(f"'{target}' exists and is not a keyfold file", error)
                    self.assertIn("--force", error)
                    with open(target, "rb") as file:
                        self.assertEqual(file.read(), content)
            self.run_tool(command[0], "--force", "-o", target, *command[1:])
            self.assertEqual(self.out("get", target, "a"), b"a\tb\n")
            self.run_tool(command[0], "-o", target, *command[1:])
            self.run_tool(command[0], "-o", self.write("empty", b""), *command[1:])
            self.assertEqual(self.out("get", self.path("empty"), "a"), b"a\tb\n")

    def test_swapped_arguments(self):
        """The text stays, whether the dictionary is there or not."""
        source = self.write("fruit.txt", b"apple\npear\n")
        self.err("build", "-o", source, self.path("fruit.kf"), expect=3)
        self.run_tool("build", "-o", self.path("fruit.kf"), source)
        self.assertIn("a keyfold dictionary", self.err("build", "-o", source, self.path("fruit.kf"), expect=3))
        with open(source, "rb") as file:
            self.assertEqual(file.read(), b"apple\npear\n")

    def test_paths(self):
        source = self.write("x.tsv", b"a\tb\n")
        self.run_tool("build", "-o", self.kf, source)
        os.mkdir(self.path("folder"))
        for command in (["build", source], ["merge", self.kf], ["bundle", self.kf]):
            for path, words in (("-", "standard output"), ("", "empty"), (self.path("folder"), "is a folder"),
                                (self.path("folder/"), "folder"), (self.path("x.tsv/y"), "cannot open the folder"),
                                (self.path("absent/y"), "cannot open the folder"), ("/dev/null", "not a regular file")):
                with self.subTest(command=command[0], path=path):
                    self.assertIn(words, self.err(command[0], "-o", path, *command[1:], expect=None))
        self.run_tool("build", "-o", "./-", source, cwd=self.folder)
        self.assertEqual(self.out("get", self.path("-"), "a"), b"a\tb\n")


class Paths(CliTest):
    def test_inputs(self):
        not_there = "No such file" if WINDOWS else "Not a directory"
        for path, words in (("", "an empty path names no file"), (self.folder, "this is a folder"),
                            (self.path("absent"), "No such file"), ("/dev/null/x", not_there)):
            with self.subTest(path=path):
                error = self.err("build", "-o", self.kf, path, expect=3)
                self.assertIn(words, error)
                self.assertIn(path or "''", error)
                self.assert_nothing_built()
        if WINDOWS:
            return   # Wine does not wait for who writes into a pipe that has a name
        os.mkfifo(self.path("fifo"))
        with subprocess.Popen(["sh", "-c", f"printf 'a\tb\n' >'{self.path('fifo')}'"]):
            self.run_tool("build", "-o", self.kf, self.path("fifo"))
        self.assertEqual(self.pairs(), [(b"a", b"b")])

    def test_dictionaries(self):
        for command in ("get", "scan", "stat", "verify", "dump", "find", "fuzzy"):
            self.assertIn("the path is empty", self.err(command, "", expect=3 if command == "verify" else 2))


class Manual(unittest.TestCase):
    def page(self, name):
        with open(os.path.join(ROOT, "tools", "man", name), encoding="utf-8") as file:
            return file.read().replace("\\-", "-")

    def test_options(self):
        for command in ALL_COMMANDS:
            with self.subTest(command=command):
                page = self.page(f"keyfold-{command.replace(' ', '-')}.1")
                # The line after .TP heads an option: .BR -o ", " --output " \fIFILE\fR"
                heads = re.findall(r"\n\.TP\n\.BR (?:(-\w) \", \" )?(--[\w-]+)(?: \" \\fI(\S+)\\fR\")?\n", page)
                documented = {(name, letter or "-", bool(value)) for letter, name, value in heads}
                listed = {(name, letter, kind != "flag") for name, letter, kind, _ in list_options(command)}
                self.assertEqual(documented, listed)
                for name, _, _, choices in list_options(command):
                    start = page.index(name, page.index(".SH OPTIONS"))
                    text = page[start:].split("\n.TP\n")[0]
                    for choice in choices:
                        self.assertRegex(text, rf"\b{choice}\b", f"{name} {choice}")

    def test_arguments_are_called_as_in_help(self):
        for command in ALL_COMMANDS:
            page = self.page(f"keyfold-{command.replace(' ', '-')}.1")
            text = subprocess.run([TOOL, *command.split(), "--help"], stdout=subprocess.PIPE,
                                  check=True).stdout.decode()
            in_help = dict(re.findall(r"(?m)^  (?:-\w, |    )(--[\w-]+) ([A-Z=]+)(?: |$)", text))
            in_page = dict(re.findall(r"(--[\w-]+) \" \\fI(\S+)\\fR\"", page))
            self.assertEqual(in_help, in_page)

    def test_commands(self):
        page = self.page("keyfold.1")
        for command in COMMANDS:
            self.assertIn(f"keyfold-{command} (1)", page)

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_pages_format_without_warnings(self):
        for name in ["keyfold.1"] + [f"keyfold-{command.replace(' ', '-')}.1" for command in ALL_COMMANDS]:
            path = os.path.join(ROOT, "tools", "man", name)
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", path], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=True)
            self.assertEqual(done.stderr, b"")


class Completion(CliTest):
    def complete(self, *words):
        """What the completion offers for the last of the words."""
        os.makedirs(self.path("bin"), exist_ok=True)
        if not os.path.exists(self.path("bin/keyfold")):
            os.symlink(TOOL, self.path("bin/keyfold"))
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _keyfold; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        environment = dict(os.environ, PATH=self.path("bin") + ":" + os.environ["PATH"])
        done = subprocess.run(["bash", "-c", script, "bash", os.path.join(ROOT, "tools/completion/keyfold"),
                               "keyfold", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment, cwd=self.folder, check=True)
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode().split()

    def test_commands(self):
        self.assertEqual(set(self.complete("")), set(COMMANDS) | {"help", "--version", "--help"})
        self.assertEqual(self.complete("bui"), ["build"])
        self.assertEqual(self.complete("bu"), ["build", "bundle"])
        self.assertEqual(self.complete("help", "ver"), ["verify"])

    def test_options(self):
        for command in ALL_COMMANDS:
            names = {name for name, _, _, _ in list_options(command)}
            self.assertEqual(set(self.complete(*command.split(), "--")), names)
        self.assertEqual(self.complete("names", ""), ["build", "match", "dedupe", "score", "--help"])

    def test_choices(self):
        self.assertEqual(self.complete("build", "--on-error", ""), ["fail", "skip"])
        self.assertEqual(self.complete("build", "--format", "=", "js"), ["jsonl"])
        self.assertEqual(self.complete("build", "--format", "="), self.complete("build", "-f", ""))
        self.assertEqual(self.complete("scan", "--limit", ""), [])

    def test_files(self):
        self.write("table.tsv", b"")
        os.mkdir(self.path("tables"))
        self.assertEqual(set(self.complete("build", "ta")), {"table.tsv", "tables"})
        self.assertEqual(set(self.complete("build", "--quiet", "ta")), {"table.tsv", "tables"})
        self.assertEqual(self.complete("build", "--tmpdir", "ta"), ["tables"])
