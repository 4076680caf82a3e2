"""Every input format of build, good and bad."""

import bz2
import gzip
import json
import lzma
import os
import random
import shutil
import subprocess
import unittest

from support import CliTest, escape, on_posix, zstd_frame


class Tsv(CliTest):
    def test_value_is_the_rest_of_the_line(self):
        self.build(b"b\t1\t2\na\t\n\tempty key\n")
        self.assertEqual(self.pairs(), [(b"", b"empty key"), (b"a", b""), (b"b", b"1\t2")])

    def test_last_line_needs_no_newline(self):
        self.build(b"a\tx\nb\ty")
        self.assertEqual(self.pairs(), [(b"a", b"x"), (b"b", b"y")])

    def test_escapes(self):
        self.build(rb"a\tb\n\r\0\\" + b"\t" + rb"\\t\x41\xfF\x0a" + b"\n")
        self.assertEqual(self.pairs(), [(b"a\tb\n\r\0\\", b"\\tA\xff\n")])

    def test_invalid_escapes_are_bad_lines(self):
        for text in (rb"a\q", b"a\\", rb"a\x4", rb"a\xg0", rb"\x"):
            for line in (text + b"\tv", b"k\t" + text):
                with self.subTest(line=line):
                    error = self.build(b"ok\tv\n" + line + b"\n", expect=3)
                    self.assertIn("<stdin>:2: invalid escape", error)
                    self.assert_nothing_built()

    def test_raw(self):
        self.build(b"a\\t\tv\\q\r\n", "--raw")
        self.assertEqual(self.pairs(), [(b"a\\t", b"v\\q\r")])

    def test_crlf(self):
        self.build(b"a\tx\r\nb\ty\r\r\nc\tz\r")
        self.assertEqual(self.pairs(), [(b"a", b"x"), (b"b", b"y\r"), (b"c", b"z")])

    def test_bad_lines(self):
        for data, line, reason in ((b"a\t1\nb\n", 2, "no tab"), (b"a\t1\n\nb\t2\n", 2, "empty line"),
                                   (b"a\t1\nb\t1\n\r\n", 3, "empty line")):
            with self.subTest(data=data):
                error = self.build(data, expect=3)
                self.assertIn(f"<stdin>:{line}: {reason}", error)
                self.assert_nothing_built()

    def test_values_none_passes_values_over(self):
        self.build(b"a\tx\nb\nc\t\\q\n", "--values", "none", "--format", "tsv")
        self.assertEqual(self.pairs(), [(b"a",), (b"b",), (b"c",)])

    def test_byte_order_mark(self):
        error = self.build(b"\xef\xbb\xbfa\tx\n")
        self.assertIn("byte order mark", error)
        self.assertEqual(self.pairs(), [(b"a", b"x")])
        self.assertEqual(self.build(b"\xef\xbb\xbfa\tx\n", "--quiet"), "")
        self.build(b"\xef\xbb\tx\n")
        self.assertEqual(self.pairs(), [(b"\xef\xbb", b"x")])

    def test_long_key_is_a_bad_line(self):
        limit = 1 << 20
        self.build(b"k" * limit + b"\tv\n")
        self.assertEqual(len(self.pairs()[0][0]), limit)
        os.remove(self.kf)
        error = self.build(b"a\tv\n" + b"k" * (limit + 1) + b"\tv\n", expect=3)
        self.assertIn(f"<stdin>:2: the key has {limit + 1} bytes", error)

    def test_long_value(self):
        value = random.Random(1).randbytes(5 << 20) * 4
        self.build(b"a\tx\nb\t" + escape(value) + b"\nc\ty\n")
        self.assertEqual(self.pairs(), [(b"a", b"x"), (b"b", value), (b"c", b"y")])


class Lines(CliTest):
    def test_keys(self):
        self.build(b"b\n\\&\na\\tb\r\nc", "--format", "lines")
        self.assertEqual(self.pairs(), [(b"",), (b"a\tb",), (b"b",), (b"c",)])

    def test_raw(self):
        self.build(b"C:\\temp\r\nx\ty\n", "--format", "lines", "--raw")
        self.assertEqual(self.pairs(), [(b"C:\\temp\r",), (b"x\ty",)])

    def test_invalid_escape(self):
        self.assertIn("<stdin>:1: invalid escape", self.build(b"C:\\q\n", "-f", "lines", expect=3))

    def test_values_are_refused(self):
        for kind in ("u64", "bytes"):
            self.assertIn("has no values", self.build(b"a\n", "-f", "lines", "-v", kind, expect=2))


class Nul(CliTest):
    def test_keys(self):
        self.build(b"b\na\0\0c\\t\0\xef\xbb\xbfz", "--format", "nul")
        self.assertEqual(self.pairs(), [(b"",), (b"b\na",), (b"c\\t",), (b"\xef\xbb\xbfz",)])

    def test_pairs(self):
        self.build(b"b\t\n\0v\\n\0a\0\0c\0last", "--format", "nul", "--pairs")
        self.assertEqual(self.pairs(), [(b"a", b""), (b"b\t\n", b"v\\n"), (b"c", b"last")])

    def test_key_without_value(self):
        for data in (b"a\0b\0c", b"a\0b\0c\0"):
            error = self.build(data, "--format", "nul", "--pairs", expect=3)
            self.assertIn("<stdin>:2: the last key has no value", error)

    def test_pairs_needs_nul(self):
        self.assertIn("--pairs needs", self.build(b"a\n", "--pairs", expect=2))


class Csv(CliTest):
    def test_rfc_4180(self):
        data = (b'a,one\r\n"b","two, ""2""\nlines"\r\n"",empty key\r\nd,\r\n'
                b'e,5" pipe\r\nf,""\r\n"g\r\n""",x')
        self.build(data, name="x.csv")
        self.assertEqual(self.pairs(), [
            (b"", b"empty key"), (b"a", b"one"), (b"b", b'two, "2"\nlines'), (b"d", b""),
            (b"e", b'5" pipe'), (b"f", b""), (b'g\r\n"', b"x")])

    def test_columns_and_delimiter(self):
        data = b"x;2;a\ny;3;b\n"
        self.build(data, "-f", "csv", "-D", ";", "--key-column=3", "--value-column=1")
        self.assertEqual(self.pairs(), [(b"a", b"x"), (b"b", b"y")])
        self.build(b"1\t\"q\"\n", "-f", "csv", "-D", "\\t", "-K2", "-V1")
        self.assertEqual(self.pairs(), [(b"q", b"1")])

    def test_header(self):
        data = b'id,"the ""name""",x\n7,seven,1\n8,eight,1\n'
        self.build(data, "-f", "csv", "-H", "-K", 'the "name"', "-V", "id", "-v", "u64")
        self.assertEqual(self.pairs(), [(b"eight", b"8"), (b"seven", b"7")])
        error = self.build(data, "-f", "csv", "-H", "-K", "nme", "-V", "id", expect=3)
        self.assertTrue(error.endswith("the header has no column 'nme'\n"), error)
        error = self.build(b"id;name\n1;one\n", "-f", "csv", "-H", "-K", "id", "-V", "name", expect=3)
        self.assertIn("no column 'id' (are they delimited by semicolons? --delimiter ';')", error)
        self.assertIn("needs --header", self.build(data, "-f", "csv", "-K", "id", expect=2))
        self.assertIn("from 1", self.build(data, "-f", "csv", "-K", "0", expect=2))

    def test_header_of_each_file(self):
        first = self.write("1.csv", b"k,v\na,1\n")
        second = self.write("2.csv", b"v,k\n2,b\n")
        self.run_tool("build", "-o", self.kf, "-H", "-Kk", "-Vv", first, second)
        self.assertEqual(self.pairs(), [(b"a", b"1"), (b"b", b"2")])

    def test_keys_only(self):
        self.build(b"a,1\nb\n", "-f", "csv", "--values", "none")
        self.assertEqual(self.pairs(), [(b"a",), (b"b",)])

    def test_bad_records(self):
        for data, line, reason in (
                (b"a,1\nb\n", 2, "1 field, column 2 is needed"),
                (b'a,"x\ny"\n\nb,1\n', 3, "empty line"), (b'a,"x\ny"\nb\n', 3, "1 field, column 2 is needed"),
                (b'a,1\nb,"x"y\nc,2\n', 2, "text after a closing quote"),
                (b'a,1\nb,"x\n\nc,2\n', 2, "a quote is not closed"),
                (b'a,1\nb,"', 2, "a quote is not closed")):
            with self.subTest(data=data):
                self.assertIn(f"<stdin>:{line}: {reason}", self.build(data, "-f", "csv", expect=3))

    def test_line_numbers_after_quoted_newlines(self):
        data = b'a,"1\n2\n3"\nb,x\nc\nd,"\n'
        error = self.build(data, "-f", "csv", "--on-error", "skip")
        self.assertIn("<stdin>:5: 1 field", error)
        self.assertIn("<stdin>:6: a quote is not closed", error)
        self.assertEqual(self.pairs(), [(b"a", b"1\n2\n3"), (b"b", b"x")])

    def test_more_fields_than_columns(self):
        data = b"name,text\nwell,deep hole, with water\npit,shallow\n"
        error = self.build(data, "-f", "csv", "-H", expect=3)
        self.assertIn("<stdin>:2: 3 fields, the header has 2: a field that holds a delimiter needs quotes", error)
        error = self.build(data, "-f", "csv", expect=3)
        self.assertIn("<stdin>:2: 3 fields, the first record has 2", error)
        self.build(data, "-f", "csv", "-H", "--on-error", "skip")
        self.assertEqual(self.pairs(), [(b"pit", b"shallow")])
        # The last fields may be left out if they are not needed, and columns that nobody needs be there.
        self.build(b"a,b,c\n1,x,7\n2,y\n3,z,\n", "-f", "csv", "-H", "-Ka", "-Vb")
        self.assertEqual(self.pairs(), [(b"1", b"x"), (b"2", b"y"), (b"3", b"z")])
        # A header of each file.
        self.run_tool("build", "-o", self.kf, "-H", self.write("1.csv", b"a,b\n1,2\n"),
                      self.write("2.csv", b"a,b,c\n3,4,5\n"))
        self.assertEqual(self.pairs(), [(b"1", b"2"), (b"3", b"4")])

    def test_spaces_and_text_around_quotes(self):
        for record, words in ((b'b, "x, y"', "a space before the quote"), (b'b,\t"x"', "a space before the quote"),
                              (b' "b",x', "a space before the quote"), (b'b,"x" ', "text after a closing quote"),
                              (b'"b" ,x', "text after a closing quote"), (b'b,"x"y', "text after a closing quote")):
            with self.subTest(record=record):
                self.assertIn("<stdin>:2: " + words, self.build(b"a,1\n" + record + b"\nc,2\n", "-f", "csv", expect=3))
                self.build(b"a,1\n" + record + b"\nc,2\n", "-f", "csv", "--on-error=skip")
                self.assertEqual(self.pairs(), [(b"a", b"1"), (b"c", b"2")])
        self.build(b'a,x "y"\nb, z\nc,5" pipe\n', "-f", "csv")
        self.assertEqual(self.pairs(), [(b"a", b'x "y"'), (b"b", b" z"), (b"c", b'5" pipe')])

    def test_a_quote_that_stays_open(self):
        lines = [b"k%05d,value %d" % (n, n) for n in range(20000)]
        lines[7] = b'k00007,"value 7'
        error = self.build(b"\n".join(lines), "-f", "csv", expect=3)
        self.assertIn("<stdin>:8: a quote is not closed: it is opened in this line, and all 19993 lines up to the end "
                      "would belong to it", error)
        error = self.build(b"\n".join(lines) + b"\n", "-f", "csv", "--on-error", "skip")
        self.assertIn("<stdin>:8: a quote is not closed", error)
        self.assertIn("1 bad record skipped", error)
        self.assertEqual([key for key, _ in self.pairs()], [line[:6] for n, line in enumerate(lines) if n != 7])

    def test_a_quote_that_is_closed_elsewhere(self):
        """The next quote, lines later, opens a field really; the stray one takes one line, not those between."""
        lines = [b"k%03d,v%d" % (n, n) for n in range(500)]
        lines[7] = b'k007,"v7'
        lines[300] = b'k300,"two\nlines"'
        error = self.build(b"\n".join(lines), "-f", "csv", expect=3)
        self.assertIn("<stdin>:8: text after a closing quote, 293 lines after the one where it is opened: 294 lines "
                      "would belong to it", error)
        self.build(b"\n".join(lines), "-f", "csv", "--on-error", "skip")
        found = dict(self.pairs())
        self.assertEqual(len(found), 499)
        self.assertEqual(found[b"k300"], b"two\nlines")
        self.assertNotIn(b"k007", found)

    def test_stray_quotes_at_random(self):
        """Good records are found whatever a stray quote in one line does, but for those right behind it."""
        rng = random.Random(12)
        for _ in range(60):
            rows = [[b"k%03d" % n, rng.choice((b"plain", b'"quoted"', b'"a, b"', b'"x ""y"" z"', b'"two\nlines"', b""))]
                    for n in range(40)]
            stray = rng.randrange(40)
            rows[stray][1] = b'"open'
            data = b"".join(key + b"," + value + b"\n" for key, value in rows)
            error = self.build(data, "-f", "csv", "--on-error", "skip")
            line = data[:data.index(rows[stray][0])].count(b"\n") + 1
            self.assertIn(f"<stdin>:{line}: ", error)
            keys = {key for key, _ in self.pairs()}
            self.assertLessEqual({key for key, _ in rows[:stray]}, keys)
            self.assertGreaterEqual(len(keys & {key for key, _ in rows}), 36)

    def test_another_delimiter(self):
        self.assertIn("--delimiter ';'", self.build(b"a;1\n", "-f", "csv", expect=3))
        self.assertIn("--delimiter '\\t'", self.build(b"a\t1\n", "-f", "csv", expect=3))
        self.assertIn("by commas", self.build(b"a,1\n", "-f", "csv", "-D;", expect=3))

    def test_a_line_that_names_the_delimiter(self):
        """sep=; as spreadsheets write it."""
        for end in (b"\n", b"\r\n"):
            self.build(b"sep=;" + end + b"k;v" + end + b"a;1" + end, "-f", "csv", "-D;", "-H")
            self.assertEqual(self.pairs(), [(b"a", b"1")])
            self.build(b"sep=\t" + end + b"a\t1" + end, "-f", "csv", "-D", "\\t")
            self.assertEqual(self.pairs(), [(b"a", b"1")])
            self.assertIn("<stdin>:2: 1 field", self.build(b"sep=;" + end + b"a" + end, "-f", "csv", "-D;", expect=3))
        self.assertIn("delimited otherwise: --delimiter '\\t'", self.build(b"sep=\t\na\t1\n", "-f", "csv", expect=3))
        self.build(b"sep=;;\na;1\n", "-f", "csv", "-D;", "-v", "none")
        self.assertEqual(self.pairs(), [(b"a",), (b"sep=",)])

    def test_columns_of_one_name(self):
        error = self.build(b"a,b,a\n1,2,3\n", "-f", "csv", "-H", "-Ka", "-Vb", expect=3)
        self.assertIn("two columns 'a'", error)
        self.build(b"a,b,a\n1,2,3\n", "-f", "csv", "-H", "-K1", "-Vb")
        self.assertEqual(self.pairs(), [(b"1", b"2")])

    def test_empty_lines(self):
        """One rule for all formats of lines."""
        for kind, line in (("tsv", b"a\t1\n"), ("csv", b"a,1\n"), ("jsonl", b'["a",1]\n'), ("lines", b"a\n")):
            for empty in (b"\n", b"\r\n"):
                for values in ([], ["--values", "none"]):
                    with self.subTest(kind=kind, empty=empty, values=values):
                        data = line + empty + line.replace(b"a", b"b")
                        error = self.build(data, "-f", kind, *values, expect=3)
                        self.assertIn("<stdin>:2: empty line: take it out, or pass over such lines with", error)
                        self.build(data + empty, "-f", kind, *values, "--on-error=skip")
                        self.assertEqual([pair[0] for pair in self.pairs()], [b"a", b"b"])

    def test_nul_bytes(self):
        """And one for NUL bytes, wherever they are."""
        for kind, line in (("tsv", b"%s\t1\n"), ("csv", b"%s,1\n"), ("jsonl", b'["%s",1]\n'), ("lines", b"%s\n")):
            data = b"".join(line % (b"key %d" % n) for n in range(20000))
            with self.subTest(kind=kind):
                self.assertIn("binary data", self.build(line % b"a\0b" + data, "-f", kind, expect=3))
                error = self.build(data + line % b"a\0b", "-f", kind, expect=3)
                self.assertRegex(error, r"<stdin>:20001: a NUL byte \(byte \d of the line\), which text has not")
                self.assertIn("1 bad record", self.build(data + line % b"a\0b", "-f", kind, "--on-error=skip"))
                self.assertEqual(len(self.pairs()), 20000)

    def test_against_the_csv_module(self):
        import csv
        import io
        rng = random.Random(4180)
        text, model = io.StringIO(newline=""), {}
        writer = csv.writer(text)
        for number in range(500):
            row = ["".join(rng.choice('ab,"\n\r x') for _ in range(rng.randrange(8)))
                   for _ in range(3)]
            row[1] += str(number)
            writer.writerow(row)
            model[row[1].encode()] = row[2].encode()
        self.build(text.getvalue().encode(), "-f", "csv", "-K2", "-V3")
        self.assertEqual(dict(self.pairs()), model)


class Jsonl(CliTest):
    def test_arrays_and_objects(self):
        data = (b'["a","one"]\n{"key":"b","value":"two"}\n { "value" : "3" , "more":[1], "key":"c" } \r\n'
                b'["d\\u0000\\n\\u00e9\\ud83d\\ude00","\\"\\\\\\/"]\n')
        self.build(data, name="x.jsonl")
        self.assertEqual(self.pairs(), [
            (b"a", b"one"), (b"b", b"two"), (b"c", b"3"),
            ("d\0\né\U0001f600".encode(), b'"\\/')])

    def test_other_values_keep_their_json_text(self):
        data = (b'["a", 1.10]\n["b",{ "x" : [ 1, "y z\\"" ] , "z":null}]\n["c",null]\n["d", true ]\n'
                b'["e",18446744073709551616]\n["f",-0.0e+5]\n["g",[ ]]\n')
        self.build(data, "-f", "jsonl")
        self.assertEqual(self.pairs(), [
            (b"a", b"1.10"), (b"b", b'{"x":[1,"y z\\""],"z":null}'), (b"c", b"null"), (b"d", b"true"),
            (b"e", b"18446744073709551616"), (b"f", b"-0.0e+5"), (b"g", b"[]")])

    def test_numbers_keep_their_spelling(self):
        for number in (b"1e309", b"-1E+99999", b"1" * 400, b"0." + b"3" * 400, b"1e-400", b"-0"):
            self.build(b'["a",' + number + b']\n["b",{"x":[' + number + b"]}]\n", "-f", "jsonl")
            self.assertEqual(self.pairs(), [(b"a", number), (b"b", b'{"x":[' + number + b"]}")])

    def test_nesting(self):
        for depth, code in ((1, 0), (2048, 0), (2049, 3), (1000000, 3)):
            error = self.build(b'["a",' + b"[" * depth + b"]" * depth + b"]\n", "-f", "jsonl", expect=code)
            if code:
                self.assertRegex(error, "<stdin>:1: not valid JSON at byte 205[0-9] of the line: arrays and objects "
                                 "are nested more than 2048 deep")
        self.build(b'["a",' + b'{"x":[' * 1024 + b"]}" * 1024 + b"]\n", "-f", "jsonl")
        self.assertEqual(self.pairs(), [(b"a", b'{"x":[' * 1024 + b"]}" * 1024)])

    def test_what_is_wrong(self):
        for line, words in (
                (b'["\\ud800","b"]', "byte 3 of the line: half of a surrogate pair"),
                (b'["a","\\udc00x"]', "byte 7 of the line: half of a surrogate pair"),
                (b'["a",["\\ud800\\u0041"]]', "half of a surrogate pair"),
                (b'["a",NaN]', "NaN and Infinity are no JSON"),
                (b'["a",-Infinity]', "a number"), (b"['a',1]", "double quotes only"), (b'["a",1', "it ends early"),
                (b'["a","b]', "it ends early"), (b'["a","\\x41"]', "an escape that JSON has not"),
                (b'["a","\\u12"]', "without four hexadecimal digits"), (b'["a","\tb"]', "a control character"),
                (b'["a",01]', "begins with 0"), (b'["a",1.]', "a number"), (b'["a",.5]', "a value is expected"),
                (b'["a",+1]', "a value is expected"), (b'["a",tru]', "a value is expected"),
                (b'["a",{b:1}]', "a name in double"),
                (b'["a",{"b" 1}]', "a colon"), (b'["a",[1 2]]', "a comma or ]"),
                (b'["a",{"b":1 "c":2}]', "a comma or }"),
                (b'["a",[1,]]', "a value is expected"), (b'["a",1] x', "more follows"), (b'["a","\xff"]', "not UTF-8"),
                (b'{"key":"a","value":1,}', "a name in double"), (b'["a" "b"]', "a comma or ]")):
            with self.subTest(line=line):
                self.assertIn(words, self.build(b'["ok",1]\n' + line + b"\n", "-f", "jsonl", expect=3))

    def test_syntax_against_the_json_module(self):
        """Changed texts are valid for both or for none."""
        rng = random.Random(8259)
        seeds = [b'["k",{"a":[1,-2.5e3,"x\\n\\u00e9",true,null],"b":{}}]',
                 b'["k",[[],{},[{}],"\\ud83d\\ude00"]]', b'["k",0.1]']
        lines = []
        for _ in range(1500):
            text = bytearray(rng.choice(seeds))
            for _ in range(rng.randrange(1, 3)):
                at = rng.randrange(5, len(text))
                change = rng.choice(b'[]{},:"\\0123eE.+-tn u')
                if rng.random() < 0.5:
                    text[at] = change
                elif rng.random() < 0.5:
                    text.insert(at, change)
                else:
                    del text[at]
            try:
                value = json.loads(text, parse_constant=lambda name: 1 / 0)
                valid = isinstance(value, list) and len(value) == 2 and value[0] == "k" and \
                    not any(0xd800 <= ord(letter) < 0xe000 for letter in json.dumps(value, ensure_ascii=False))
            except (ValueError, ZeroDivisionError):
                valid = False
            lines.append((bytes(text), valid))
        good = sum(valid for _, valid in lines)
        self.assertGreater(min(good, len(lines) - good), 100)
        data = b"".join(b'["%d",' % n + line[5:] + b"\n" for n, (line, _) in enumerate(lines))
        self.build(data, "-f", "jsonl", "--on-error=skip")
        found = {int(key): value for key, value in self.pairs()}
        for n, (line, valid) in enumerate(lines):
            self.assertEqual(n in found, valid, line)
            if valid:
                wanted = json.loads(line)[1]
                self.assertEqual(found[n].decode() if isinstance(wanted, str) else json.loads(found[n]), wanted)

    def test_u64(self):
        self.build(b'["a",18446744073709551615]\n["b","12"]\n["c",0]\n', "-f", "jsonl", "-v", "u64")
        self.assertEqual(self.pairs(), [(b"a", b"18446744073709551615"), (b"b", b"12"), (b"c", b"0")])
        for value in (b"-1", b"1.0", b"1e3", b"18446744073709551616", b'""', b"null", b'"x"'):
            error = self.build(b'["a",' + value + b"]\n", "-f", "jsonl", "-v", "u64", expect=3)
            self.assertIn("<stdin>:1: the value is not an integer", error)

    def test_field_names(self):
        self.build(b'{"id":"a","n":1,"key":5}\n', "-f", "jsonl", "--key-field=id", "--value-field=n")
        self.assertEqual(self.pairs(), [(b"a", b"1")])

    def test_hex_fields(self):
        self.build(b'{"key_hex":"fF00","value_hex":""}\n', "-f", "jsonl")
        self.assertEqual(self.pairs(), [(b"\xff\0", b"")])

    def test_keys_only(self):
        self.build(b'"a"\n["b"]\n{"key":"c"}\n["d",4]\n', "-f", "jsonl", "--values", "none")
        self.assertEqual(self.pairs(), [(b"a",), (b"b",), (b"c",), (b"d",)])

    def test_bad_lines(self):
        for line, reason in (
                (b"", "empty line"), (b"x", "not valid JSON at byte 1"), (b'["a"', "not valid JSON"),
                (b'["a","b"', "not valid JSON"), (b'["a","b"]x', "not valid JSON at byte 10"),
                (b'["a","b","c"]', "an array of more than"), (b'["a"]', "no value"), (b'"a"', "no value"),
                (b'[1,"b"]', "the key is not a string"), (b'{"key":"a"}', "no value"),
                (b'{"value":"a"}', 'no field "key"'), (b'{}', 'no field "key"'), (b"[]", "not valid JSON"),
                (b'{"key":"a","key":"b","value":1}', 'the field "key" comes twice'),
                (b'{"key" "a"}', "not valid JSON"),
                (b'{"key":"a","key_hex":"61","value":1}', 'the field "key" comes twice'),
                (b'{key:1}', "not valid JSON"),
                (b'{"key_hex":"6","value":1}', "a _hex field"), (b'{"key_hex":6,"value":1}', "a _hex field"),
                (b'{"key_hex":"0g","value":1}', "a _hex field"), (b'["\xff","b"]', "not valid JSON"),
                (b'["\\ud800","b"]', "not valid JSON"), (b"[" * 100000, "not valid JSON"),
                (b'["a",01]', "not valid JSON"), (b'["a",]', "not valid JSON")):
            with self.subTest(line=line[:40]):
                error = self.build(b'["ok",1]\n' + line + b"\n", "-f", "jsonl", expect=3)
                self.assertIn("<stdin>:2: " + reason, error)
                self.assert_nothing_built()

    def test_against_the_json_module(self):
        rng = random.Random(8259)
        model = {}
        for number in range(500):
            key = "".join(chr(rng.choice((0, 9, 34, 92, 65, 233, 8364, 0x1F600))) for _ in range(6))
            value = "".join(chr(rng.choice((0, 10, 34, 92, 66, 0x7FF, 0xFFFF))) for _ in range(5))
            model[key + str(number)] = value
        for ascii_only in (False, True):
            data = "".join(json.dumps([k, v], ensure_ascii=ascii_only) + "\n" for k, v in model.items())
            self.build(data.encode(), "-f", "jsonl")
            found = {k.decode(): v.decode() for k, v in self.pairs()}
            self.assertEqual(found, model)


class Compressed(CliTest):
    data = b"".join(b"key%06d\tvalue %d\n" % (n, n * n) for n in range(40000))

    def check(self, packed, name):
        self.build(packed, name=name)
        self.assertEqual(self.out("dump", self.kf), self.data)

    def test_gzip(self):
        self.check(gzip.compress(self.data), "x.tsv.gz")
        self.check(gzip.compress(self.data), "-")

    def test_gzip_members_and_padding(self):
        half = self.data.index(b"key020000") + 5
        members = gzip.compress(self.data[:half]) + gzip.compress(b"") + gzip.compress(self.data[half:])
        self.check(members, "misnamed.tsv")
        self.check(members + bytes(1000), "x.tsv.gz")

    def test_zstd(self):
        half = self.data.index(b"key020000") + 5
        self.check(zstd_frame(self.data), "x.tsv.zst")
        skippable = b"\x53\x2a\x4d\x18\x05\0\0\0hello"
        self.check(skippable + zstd_frame(self.data[:half]) + zstd_frame(b"") + skippable +
                   zstd_frame(self.data[half:]), "misnamed.tsv")

    @unittest.skipUnless(shutil.which("zstd"), "no zstd program")
    def test_zstd_program(self):
        packed = subprocess.run(["zstd", "-qc"], input=self.data, stdout=subprocess.PIPE, check=True)
        self.check(packed.stdout, "-")

    def test_damage(self):
        whole = gzip.compress(self.data)
        cases = {"cut.gz": whole[:-10], "cut2.gz": whole[:3], "flip.gz": whole[:-8] + b"1234" + whole[-4:],
                 "tail.gz": whole + b"garbage", "padding.gz": whole + b"\0\0x",
                 "cut.bz2": bz2.compress(self.data)[:-10], "tail.bz2": bz2.compress(self.data) + b"garbage",
                 "flip.bz2": bz2.compress(self.data)[:-9] + b"12345" + bz2.compress(self.data)[-4:],
                 "cut.xz": lzma.compress(self.data)[:-10], "tail.xz": lzma.compress(self.data) + b"garbage",
                 "flip.xz": lzma.compress(self.data)[:90] + b"12345" + lzma.compress(self.data)[95:],
                 "cut.zst": zstd_frame(self.data)[:-10], "tail.zst": zstd_frame(self.data) + b"garbage",
                 "type.zst": zstd_frame(b"a\tb\n")[:9] + b"\x07\0\0"}
        for name, data in cases.items():
            with self.subTest(name=name):
                error = self.build(data, "-f", "tsv", expect=3, name=name)
                self.assertIn(name + ": ", error)
                self.assert_nothing_built()

    def test_bzip2(self):
        self.check(bz2.compress(self.data), "x.tsv.bz2")
        self.check(bz2.compress(self.data[:100]) + bz2.compress(b"") + bz2.compress(self.data[100:]), "misnamed.tsv")
        self.check(bz2.compress(self.data) + bytes(1000), "-")

    @on_posix("built without liblzma")
    def test_xz(self):
        self.check(lzma.compress(self.data), "x.tsv.xz")
        self.check(lzma.compress(self.data[:100]) + lzma.compress(b"") + lzma.compress(self.data[100:]), "-")
        self.check(lzma.compress(self.data, preset=0, check=lzma.CHECK_SHA256) + bytes(8), "misnamed.tsv")


class Formats(CliTest):
    def test_auto_by_extension(self):
        for name, data in (("x.csv", b"a,1\n"), ("x.JSONL", b'["a","1"]\n'), ("x.ndjson", b'["a","1"]\n'),
                           ("x.tsv", b"a\t1\n"), ("x.tab", b"a\t1\n"), ("csv", b"a\t1\n"),
                           ("x.csv.gz", b"a,1\n"), ("x.csv.zst", gzip.compress(b"a,1\n"))):
            with self.subTest(name=name):
                self.build(data, name=name)
                self.assertEqual(self.pairs(), [(b"a", b"1")])

    def test_auto_by_first_line(self):
        self.build(b"a\tb\n", name="x.txt")
        self.assertEqual(self.pairs(), [(b"a", b"b")])
        self.build(b"a,b\nc\n", name="words.txt")
        self.assertEqual(self.pairs(), [(b"a,b",), (b"c",)])

    def test_extension_of_a_folder_is_none(self):
        os.mkdir(self.path("d.csv"))
        self.build(b"a\t1\n", name="d.csv/x")
        self.assertEqual(self.pairs(), [(b"a", b"1")])

    def test_empty_input(self):
        for options in ([], ["-f", "csv"], ["-f", "jsonl"], ["-f", "nul"], ["-v", "u64", "-f", "tsv"]):
            self.build(b"", *options)
            self.assertEqual(self.out("dump", self.kf), b"")

    def test_several_files(self):
        first = self.write("1.tsv", b"b\t1\n")
        second = self.write("2.csv.gz", gzip.compress(b"a,2\n"))
        self.run_tool("build", "-o", self.kf, first, "-", second, stdin=b"c\t3")
        self.assertEqual(self.pairs(), [(b"a", b"2"), (b"b", b"1"), (b"c", b"3")])

    def test_files_that_differ_in_having_values(self):
        keys, pairs = self.write("keys", b"a\n"), self.write("pairs", b"b\tx\n")
        error = self.err("build", "-o", self.kf, keys, pairs, expect=3)
        self.assertIn("pairs: taken for tsv, which has values", error)
        error = self.err("build", "-o", self.kf, pairs, keys, expect=3)
        self.assertIn("keys: taken for lines, which has no values", error)
        self.assert_nothing_built()
        self.run_tool("build", "-o", self.kf, "--values", "none", pairs, keys)
        self.assertEqual(self.pairs(), [(b"a",), (b"b",)])

    def test_bad_line_names_its_file(self):
        good, bad = self.write("good.tsv", b"a\t1\nb\t2\n"), self.write("bad.tsv", b"c\t1\nd\n")
        error = self.err("build", "-o", self.kf, good, bad, expect=3)
        self.assertIn(f"{bad}:2: no tab", error)
