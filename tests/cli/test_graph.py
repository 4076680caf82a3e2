"""graph."""

import os
import random
import re
import shutil
import stat
import unittest
import xml.etree.ElementTree

from support import WINDOWS, CliTest, escape, on_posix, unescape


def read_dot(text):
    """(final states, {state: {label: target}}) of what graph prints without --compact."""
    final, edges = set(), {}
    for line in text.decode().splitlines():
        found = re.fullmatch(r'  (\d+) -> (\d+) \[label="(.*)"\];', line)
        if found:
            label = found[3].replace('\\"', '"').replace("\\\\", "\\").replace("\u2423", " ")
            label = unescape(label.encode())
            assert len(label) == 1 and label not in edges.setdefault(int(found[1]), {}), line
            edges[int(found[1])][label] = int(found[2])
        elif re.fullmatch(r"  \d+ \[shape=doublecircle\];", line):
            final.add(int(line.split()[0]))
    return final, edges


def language(final, edges, state=0, prefix=b""):
    if state in final:
        yield prefix
    for label, target in edges.get(state, {}).items():
        yield from language(final, edges, target, prefix + label)


def states_of_minimal(keys):
    """The number of different right languages."""
    prefixes = {key[:n] for key in keys for n in range(len(key) + 1)} | {b""}
    return len({frozenset(key[len(p):] for key in keys if key.startswith(p)) for p in prefixes})


class Graph(CliTest):
    def build_keys(self, keys):
        self.build(b"".join((escape(key) or rb"\&") + b"\n" for key in keys), "-f", "lines")

    def test_small(self):
        self.build_keys([b"tap", b"taps", b"top", b"tops"])
        text = self.out("graph", self.kf)
        self.assertTrue(text.startswith(b"// 4 keys, 5 states, 5 transitions\ndigraph keyfold {\n"))
        self.assertEqual(text.count(b" -> "), 6)
        self.assertEqual(read_dot(text), ({3, 4}, {0: {b"t": 1}, 1: {b"a": 2, b"o": 2}, 2: {b"p": 3}, 3: {b"s": 4}}))

    def test_model(self):
        rng = random.Random(7)
        for case in range(60):
            letters = rng.choice([b"ab", b"abc", bytes(range(256)), b' "\\[]-\n\0'])
            keys = {bytes(rng.choices(letters, k=rng.randrange(rng.choice([4, 9])))) for _ in range(rng.randrange(60))}
            self.build_keys(keys)
            with self.subTest(case=case):
                text = self.out("graph", self.kf)
                final, edges = read_dot(text)
                self.assertEqual(sorted(language(final, edges)), sorted(keys))
                states = states_of_minimal(keys)
                count = sum(map(len, edges.values()))
                self.assertTrue(text.startswith(b"// %d keys, %d states, %d tr" % (len(keys), states, count)))

    def test_prefix(self):
        keys = [b"%s%d" % (word, n) for word in (b"ant", b"bee") for n in range(40)]
        self.build_keys(keys + [b"b\tc"])
        self.assertEqual(sorted(language(*read_dot(self.out("graph", "-p", "bee", self.kf)))),
                         sorted(key for key in keys if key.startswith(b"bee")))
        self.assertEqual(list(language(*read_dot(self.out("graph", "-ep", "b\\t", self.kf)))), [b"b\tc"])
        self.assertEqual(self.out("graph", "-p", "cow", self.kf, expect=1), b"")
        self.err("graph", "-ep", "\\q", self.kf, expect=2)

    def test_most(self):
        self.build_keys([b"%d" % n for n in range(1001)])
        self.assertIn("1001 keys are more than the 1000 that --most allows", self.err("graph", self.kf, expect=3))
        self.assertEqual(self.out("graph", self.kf, expect=3), b"")
        self.out("graph", "--most", "1001", self.kf)
        self.out("graph", "-p", "1", self.kf)
        self.build_keys([bytes([n]) * 1000000 for n in b"abcde"])
        self.assertIn("--prefix", self.err("graph", self.kf, expect=3))

    def test_compact(self):
        self.build_keys([b"tap", b"taps", b"top", b"tops"])
        self.assertIn(b'0 -> 1 [label="t"]', self.out("graph", "-c", self.kf))
        self.assertIn(b'1 -> 2 [label="[ao]"]', self.out("graph", "-c", self.kf))
        self.build_keys(["straße weg".encode(), b"st9", b"st0", b"st2", b"st1", b"st]", b"st-"])
        text = self.out("graph", "-c", self.kf).decode()
        self.assertIn('[label="st"]', text)
        self.assertIn('[label="raße\u2423weg"]', text)
        self.assertIn('[label="[\\\\-0-29\\\\]]"]', text)
        self.assertEqual(text.count(" -> "), 4)
        self.build_keys([b"\xc3a\x01\\\"", b"x" * 1000])
        text = self.out("graph", "-c", self.kf).decode()
        self.assertIn('[label="\\\\xc3a\\\\x01\\\\\\\\\\""]', text)
        self.assertIn('[label="' + "x" * 256 + '..."]', text)

    def test_none(self):
        self.build(b"", "-f", "lines")
        self.assertIn(b"// 0 keys, 1 states, 0 transitions", self.out("graph", self.kf))
        self.build_keys([b""])
        self.assertIn(b"  0 [shape=doublecircle];", self.out("graph", self.kf))

    def test_usage(self):
        self.err("graph", expect=2)
        self.err("graph", "a", "b", expect=2)
        self.assertIn("lost.kf", self.err("graph", self.path("lost.kf"), expect=3))

    @unittest.skipUnless(WINDOWS, "dot is started")
    def test_svg_on_windows(self):
        self.build_keys([b"a"])
        self.assertIn("| dot -Tsvg -o ", self.err("graph", "--svg", self.path("x.svg"), self.kf, expect=3))
        self.assertEqual(os.listdir(self.folder), ["out.kf"])

    @on_posix("dot is not started there")
    def test_svg_without_dot(self):
        self.build_keys([b"a"])
        svg = self.write("old.svg", b"old")
        message = self.err("graph", "--svg", svg, self.kf, env=dict(os.environ, PATH=self.folder), expect=3)
        self.assertIn("'dot' was not found", message)
        with open(svg, "rb") as file:
            self.assertEqual(file.read(), b"old")
        self.assertEqual(sorted(os.listdir(self.folder)), ["old.svg", "out.kf"])

    def fake_dot(self, script):
        os.mkdir(self.path("bin"))
        with open(self.path("bin/dot"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(self.path("bin/dot"), 0o755)
        return dict(os.environ, PATH=self.path("bin") + ":" + os.environ["PATH"])

    @on_posix("dot is not started there")
    def test_svg(self):
        self.build_keys([b"%d" % n for n in range(1000)])
        environment = self.fake_dot('echo "$@"; cat\n')
        svg = self.path("new.svg")
        self.assertEqual(self.out("graph", "-c", "--svg", svg, self.kf, env=environment), b"")
        with open(svg, "rb") as file:
            self.assertEqual(file.read(), b"-Tsvg\n" + self.out("graph", "-c", self.kf))
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(stat.S_IMODE(os.stat(svg).st_mode), 0o666 & ~mask)
        self.assertIn("No such file", self.err("graph", "--svg", self.path("no/x.svg"), self.kf, expect=3))

    @on_posix("dot is not started there")
    def test_svg_fails(self):
        self.build_keys([bytes(random.Random(n).choices(range(256), k=300)) for n in range(1000)])
        for number, script in enumerate(("echo part; cat >/dev/null; exit 1\n", "exec 0<&-; exit 0\n", "kill -9 $$\n")):
            with self.subTest(script=script):
                environment = self.fake_dot(script)
                error = self.err("graph", "--svg", self.path("new.svg"), self.kf, env=environment, expect=3)
                self.assertIn("dot failed", error)
                self.assertEqual(sorted(os.listdir(self.folder)), ["bin", "out.kf"], number)
                shutil.rmtree(self.path("bin"))

    @unittest.skipUnless(shutil.which("dot") and not WINDOWS, "no Graphviz")
    def test_graphviz_reads_it(self):
        rng = random.Random(9)
        keys = {bytes(rng.choices(range(256), k=rng.randrange(1, 5))) for _ in range(100)}
        self.build_keys(keys | {"näh".encode(), b'"', b"\\", b"\xef\xbf\xbf", b"\xc2\x80x", "\u2028".encode()})
        for options in ([], ["-c"]):
            done = self.run_tool("graph", *options, "--svg", self.path("new.svg"), self.kf)
            self.assertEqual(done.stderr, b"")
            root = xml.etree.ElementTree.parse(self.path("new.svg")).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
