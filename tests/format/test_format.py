#!/usr/bin/env python3
"""Builds the worked examples of FORMAT.md and compares every byte that is shown there: test_format.py KEYFOLD

Ends with "N passed, N failed", an example byte row each.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "lib/format/FORMAT.md").read_text(encoding="utf-8")
ROW = re.compile(r"^([0-9a-f]{4})  ((?:[0-9a-f]{2} {1,2})*[0-9a-f]{2})(?: {2,}\S.*)?$")
DIGITS = "0123456789abc"

passed = failed = 0


def check(good, message):
    global passed, failed
    passed, failed = passed + good, failed + (not good)
    if not good:
        print(message)


def build(folder, text, *options):
    source, target = folder / "source", folder / "example.kf"
    source.write_text(text, encoding="utf-8")
    subprocess.run([sys.argv[1], "build", "-q", *options, "-o", str(target), str(source)], check=True)
    return target.read_bytes()


def compare(name, block, file, rest_is_zero):
    """Each row of the block against the file; `rest_is_zero`: what no row shows must be 0."""
    shown = bytearray(len(file))
    for line in filter(None, block.splitlines()):
        row = ROW.match(line)
        if not row:
            check(False, f"{name}: not a row of bytes: {line}")
            continue
        at, bytes_there = int(row[1], 16), bytes.fromhex(row[2])
        found = file[at:at + len(bytes_there)]
        check(found == bytes_there,
              f"{name}, {at:04x}: {bytes_there.hex(' ')} in the text, {found.hex(' ')} in the file")
        shown[at:at + len(bytes_there)] = found
    if rest_is_zero:
        hidden = next((at for at, byte in enumerate(file) if byte and not shown[at]), None)
        check(hidden is None and len(shown) == len(file), f"{name}: a byte at {hidden} is not shown")


def main():
    chapter = TEXT[TEXT.index("## 10. Worked examples"):TEXT.index("## 11. ")]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", chapter, re.M | re.S)
    check([kind for kind, _ in blocks] == ["tsv", "hex", "hex"], "other examples than this test expects")
    with tempfile.TemporaryDirectory(prefix="keyfold-format-") as folder:
        folder = pathlib.Path(folder)
        file = build(folder, blocks[0][1], "--format", "tsv", "--values", "u64")
        compare("10.1", blocks[1][1], file, True)
        keys = ["m", "z"] + ["n" + x + y for x in DIGITS for y in DIGITS if x < y]
        file = build(folder, "".join(key + "\n" for key in keys), "--format", "lines")
        compare("10.2", blocks[2][1], file, False)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
