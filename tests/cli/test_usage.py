"""Usage errors, output errors, --help, man pages, completion."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from support import ROOT, TOOL, CliTest

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
        self.assertRegex(self.out("--version"), rb"^keyfold \d+\.\d+\.\d+\n$")

    def test_no_command(self):
        self.assertIn("Usage: keyfold COMMAND", self.err(expect=2))

    def test_unknown(self):
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
                    self.assertIn(" | ".join(choices), text)
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
        for restore, codes in ((True, (-signal.SIGPIPE,)), (False, (128 + signal.SIGPIPE,))):
            child = subprocess.Popen([TOOL, "dump", self.kf], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     restore_signals=restore)
            child.stdout.read(10)
            child.stdout.close()
            error = child.stderr.read()
            child.stderr.close()
            self.assertIn(child.wait(60), codes)
            self.assertEqual(error, b"")


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
            text = subprocess.run([TOOL, *command.split(), "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
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
        self.assertEqual(self.complete("names", ""), ["build", "match", "score", "--help"])

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
