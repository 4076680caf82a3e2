"""Files that are handed to `build` and `compile` although they are no plain lines of text, made here.

READABLE   name: bytes; all of them hold PAIRS
FOREIGN    name: (bytes, words); none can be read, and a message has the words
LEGITIMATE name: (bytes, keys); text that begins like something else, but is none
"""

import bz2
import dbm.dumb
import gzip
import io
import itertools
import json
import lzma
import os
import pickle
import plistlib
import random
import sqlite3
import struct
import tarfile
import tempfile
import zipfile
import zlib

PAIRS = {"one": "1", "two": "zwei", "drei": "\u20ac \U0001f600 \u0416"}
TSV = "".join(f"{key}\t{value}\n" for key, value in PAIRS.items())
CSV = "".join(f"{key},{value}\r\n" for key, value in PAIRS.items())
JSONL = "".join(json.dumps([key, value]) + "\n" for key, value in PAIRS.items())
PLAIN = TSV.encode()
LONG = "".join(f"key {n}\tvalue {n}\n" for n in range(5000)).encode()


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        info = tarfile.TarInfo("data.tsv")
        info.size = len(PLAIN)
        archive.addfile(info, io.BytesIO(PLAIN))
    return file.getvalue()


def sqlite():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.db")
        database = sqlite3.connect(path)
        with database:
            database.execute("create table t (k, v)")
            database.executemany("insert into t values (?, ?)", PAIRS.items())
        database.close()
        with open(path, "rb") as file:
            return file.read()


def npy():
    head = b"{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"
    head += b" " * (118 - len(head) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack("<3q", 1, 2, 3)


def msgpack(value):
    """What the package makes of dicts and lists of short texts and small numbers."""
    if isinstance(value, dict):
        return b"\xde" + struct.pack(">H", len(value)) + b"".join(map(msgpack, itertools.chain(*value.items()))) \
            if len(value) > 15 else bytes([0x80 + len(value)]) + b"".join(map(msgpack, itertools.chain(*value.items())))
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(map(msgpack, value))
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    return bytes([value]) if isinstance(value, int) else bytes([0xa0 + len(value.encode())]) + value.encode()


def cbor(value):
    def head(major, size):
        return bytes([major << 5 | size]) if size < 24 else bytes([major << 5 | 25]) + struct.pack(">H", size)

    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(map(cbor, itertools.chain(*value.items())))
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    return head(0, value) if isinstance(value, int) else head(3, len(value.encode())) + value.encode()


NOISE = random.Random(12).randbytes(3000)
MANY = {f"key{n}": f"value {n}" for n in range(9000)}       # more than the head that is looked at
OFFICE = {"[Content_Types].xml": "<Types/>", "_rels/.rels": "<r/>"}

READABLE = {
    "plain.tsv": PLAIN, "mark.tsv": b"\xef\xbb\xbf" + PLAIN, "crlf.tsv": PLAIN.replace(b"\n", b"\r\n"),
    "excel.csv": b"\xef\xbb\xbf" + CSV.encode(), "lines.jsonl": JSONL.encode(), "lines.json": JSONL.encode(),
    "utf16.tsv": TSV.encode("utf-16"), "utf16le.tsv": b"\xff\xfe" + TSV.encode("utf-16-le"),
    "utf16be.tsv": b"\xfe\xff" + TSV.encode("utf-16-be"), "utf16.csv": CSV.encode("utf-16"),
    "no-mark-le.tsv": TSV.encode("utf-16-le"), "no-mark-be.tsv": TSV.encode("utf-16-be"),
    "utf16.jsonl": JSONL.encode("utf-16"), "utf32.tsv": TSV.encode("utf-32"),
    "utf32be.tsv": TSV.encode("utf-32-be"), "unicode.txt": TSV.encode("utf-16"),
    "a.tsv.gz": gzip.compress(PLAIN), "a.tsv.xz": lzma.compress(PLAIN), "a.tsv.bz2": bz2.compress(PLAIN),
    "a.csv.xz": lzma.compress(CSV.encode()), "misnamed.tsv": bz2.compress(PLAIN),
    "utf16.tsv.gz": gzip.compress(TSV.encode("utf-16")), "utf16.tsv.xz": lzma.compress(TSV.encode("utf-16-le")),
}

FOREIGN = {
    "archive.zip": (zipped({"data.tsv": LONG}), "zip archive"),
    "stored.zip": (b"PK\5\6" + bytes(18), "zip archive"),
    "book.xlsx": (zipped({**OFFICE, "xl/workbook.xml": "<w/>"}), "Excel workbook"),
    "book.ods": (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}).replace(b"xx", b"xx"),
                 "zip archive|OpenDocument"),
    "text.docx": (zipped({**OFFICE, "word/document.xml": "<w/>"}), "Word document"),
    "arrays.npz": (zipped({"a.npy": npy()}), "NumPy arrays"),
    "a.jar": (zipped({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n"}), "Java archive"),
    "archive.7z": (b"7z\xbc\xaf\x27\x1c\0\4" + NOISE, "7z archive"),
    "archive.rar": (b"Rar!\x1a\7\1\0" + NOISE, "RAR archive"),
    "old.rar": (b"Rar!\x1a\7\0" + NOISE, "RAR archive"),
    "archive.tar": (tarred(), "tar archive"),
    "archive.tar.gz": (gzip.compress(tarred()), "tar archive"),
    "archive.tar.xz": (tarred("w:xz"), "tar archive"),
    "archive.tar.bz2": (tarred("w:bz2"), "tar archive"),
    "twice.tsv.gz": (gzip.compress(gzip.compress(PLAIN)), "twice"),
    "xz.gz": (gzip.compress(lzma.compress(PLAIN)), "twice"),
    "a.lz4": (b"\x04\x22\x4d\x18\x64\x40\xa7" + NOISE, "lz4"),
    "a.lz": (b"LZIP\1\x0c" + NOISE, "lzip"),
    "a.lzma": (lzma.compress(LONG, format=lzma.FORMAT_ALONE), "lzma"),
    "a.Z": (b"\x1f\x9d\x90" + NOISE, "compress"),
    "a.sz": (b"\xff\6\0\0sNaPpY" + NOISE, "snappy"),
    "a.zlib": (zlib.compress(NOISE), "zlib"),
    "t.parquet": (b"PAR1\x15\4\x15\x10\x15\x14L\x15\2\x15\0\x12" + NOISE + b"PAR1", "Parquet"),
    "t.feather": (b"ARROW1\0\0\xff\xff\xff\xff\x10\1\0\0" + NOISE, "Arrow"),
    "t.arrow": (b"ARROW1\0\0\xff\xff\xff\xff\x10\1\0\0" + NOISE + b"ARROW1", "Arrow"),
    "stream.arrow": (b"\xff\xff\xff\xff\x10\1\0\0\x10\0\0\0" + NOISE, "Arrow stream"),
    "v1.feather": (b"FEA1" + bytes(4) + NOISE, "Feather"),
    "t.orc": (b"ORC\x11\0\0\x0a\6\x12\4" + NOISE, "ORC"),
    "t.avro": (b"Obj\1\4\x14avro.codec\x08null" + b"\0" + NOISE, "Avro"),
    "t.db": (sqlite(), "SQLite"),
    "t.duckdb": (NOISE[:8].replace(b"\0", b"x") + b"DUCK\x40" + bytes(7) + NOISE, "DuckDB"),
    "data.mdb": (bytes(8) + b"\0\0\x08\0\0\0\0\0\xde\xc0\xef\xbe\1\0\0\0" + bytes(32), "LMDB"),
    "t.gdbm": (b"\xcf\x9a\x57\x13\0\x10\0\0" + NOISE, "GDBM"),
    "berkeley.db": (bytes(12) + b"\x61\x15\6\0" + NOISE, "Berkeley DB"),
    "dump.rdb": (b"REDIS0011\xfa\tredis-ver\x057.0.0\xfe\0" + NOISE, "Redis"),
    "t.dump": (b"PGDMP\1\x0e\0\4" + NOISE, "PostgreSQL"),
    "t.marisa": (b"We love Marisa.\0" + bytes(64), "marisa"),
    "plain.fst": (b"\xd6\xfd\xb2\x7e\6\0\0\0vector" + NOISE, "OpenFst"),
    "t.h5": (b"\x89HDF\r\n\x1a\n\0\0" + NOISE, "HDF5"),
    "t.nc": (b"CDF\1\0\0\0\0" + NOISE, "NetCDF"),
    "t.npy": (npy(), "NumPy array"),
    "t.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\1IM" + NOISE, "MATLAB"),
    "t.plist": (plistlib.dumps(PAIRS, fmt=plistlib.FMT_BINARY), "property list"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + NOISE, "Office document"),
    "t.rtf": (b"{\\rtf1\\ansi{\\fonttbl}\none\ttwo\\par\n}", "RTF"),
    "t.pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "PDF"),
    "t.ps": (b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 1 1\n", "PostScript"),
    "program": (b"\x7fELF\2\1\1\0" + NOISE, "program"),
    "t.exe": (b"MZ\x90\0\3\0\0\0" + NOISE, "Windows program"),
    "t.class": (b"\xca\xfe\xba\xbe\0\0\0\x34" + NOISE, "Java class"),
    "t.wasm": (b"\0asm\1\0\0\0" + NOISE, "WebAssembly"),
    "t.pyc": (b"\xa7\r\r\n\0\0\0\0" + NOISE, "compiled Python"),
    "t.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + NOISE, "PNG"),
    "t.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + NOISE, "JPEG"),
    "t.gif": (b"GIF89a\x01\0\x01\0" + NOISE, "GIF"),
    "t.mp4": (b"\0\0\0\x20ftypisom" + NOISE, "MP4"),
    "secret": (b"Salted__" + NOISE, "encrypted"),
    "noise.bin": (NOISE, "binary data"),
    "print0": (b"./a\0./b\0./c/d\0", "NUL"),
    "mac.tsv": (PLAIN.replace(b"\n", b"\r"), "CR alone"),
    "mac.csv": (CSV.encode().replace(b"\r\n", b"\r"), "CR alone"),
    "utf16-mac.tsv": (TSV.replace("\n", "\r").encode("utf-16"), "CR alone"),
    "pretty.json": (json.dumps(PAIRS, indent=2).encode(), "JSON document"),
    "pretty.txt": (json.dumps(PAIRS, indent="\t").encode(), "JSON document"),
    "array.json": (json.dumps(list(PAIRS.items()), indent=1).encode(), "JSON document"),
    "compact.json": (json.dumps(PAIRS).encode(), "JSON"),
    "array.jsonl": (json.dumps(list(PAIRS.items()), indent=1).encode(), "JSON document"),
    "json-lines.txt": (JSONL.encode(), "JSON value in each line"),
    "large.json": (json.dumps({str(n): n for n in range(20000)}, indent=1).encode(), "JSON document"),
    "error.csv": (b"<!DOCTYPE html>\n<html><head><title>404</title></head>\n<body>a, b</body></html>\n", "HTML"),
    "sheet.tsv": (b"<?xml version=\"1.0\"?>\n<table>\n\t<row>one</row>\n</table>\n", "XML"),
    "sheet.xml.gz": (gzip.compress(b"<?xml version=\"1.0\"?>\n<table>\n\t<row>one</row>\n</table>\n"), "XML"),
    "big.tsv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "Git LFS"),
    "nul-later.tsv": (LONG + b"bad\0key\tvalue\n", "NUL byte"),
    "nul-later.csv": (LONG.replace(b"\t", b",") + b"bad\0key,value\n", "NUL byte"),
    "t.msgpack": (msgpack(PAIRS), "MessagePack"),
    "large.msgpack": (msgpack(MANY), "MessagePack"),
    "rows.tsv": (b"".join(msgpack([key, value, 1, 0.7]) for key, value in PAIRS.items()), "MessagePack"),
    "t.cbor": (cbor(PAIRS), "CBOR"),
    "large.cbor": (cbor(MANY), "CBOR"),
    "tagged.cbor": (b"\xd9\xd9\xf7" + cbor([PAIRS, 7]), "CBOR"),
    "t.sas7bdat": (bytes(84) + b"\xc2\xea\x81\x60" + NOISE, "SAS"),
    "t.xpt": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!".ljust(80), "SAS transport"),
    "t.por": (b"ASCII SPSS PORT FILE".ljust(80) + b"\n", "SPSS"),
    "t.arff": (b"@relation x\n@attribute a numeric\n@data\n1\n", "ARFF"),
    "text.rds": (b"A\n3\n262402\n197888\n5\nUTF-8\n531\n", "R data"),
    "t.mo": (b"\xde\x12\x04\x95\0\0\0\0" + NOISE, "translations"),
    "t.ttf": (b"\0\1\0\0\0\x0c\0\x80" + NOISE, "font"),
    "t.pcap": (b"\xd4\xc3\xb2\xa1\2\0\4\0" + NOISE, "packets"),
    "place.kml": (b"<?xml version=\"1.0\"?>\n<kml/>\n", "XML"),
    "t.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'>\n<g/>\n</svg>\n", "XML"),
    "rows.xml": (b"<rows>\n" + b"<row><k>one</k></row>\n" * 3 + b"</rows>\n", "XML"),
    "large.xml": (b"<rows xmlns=\"urn:x\">\n" + b"<row><k>one</k></row>\n" * 9000 + b"</rows>\n", "XML"),
    "t.yaml": (b"one: 1\ntwo: zwei\n", "YAML"),
    "list.yml.gz": (gzip.compress(b"- one\n- two\n"), "YAML"),
    "yaml.txt": (b"---\none: 1\ntwo: zwei\n", "YAML"),
    "t.toml": (b"[one]\ntwo = 'zwei'\n", "TOML"),
    "settings": (b"[one]\r\ntwo=zwei\r\n", "INI"),
    "t.sql": (b"insert into t values ('one', 1);\n", "SQL"),
    "dump.txt": (b"--\n-- PostgreSQL database dump\n--\n\nSET x = 0;\n", "SQL"),
    "mysql.tsv": (b"-- MySQL dump 10.13\n--\n-- Host:\tlocalhost\n", "SQL"),
    "sqlite.txt": (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "SQL"),
    "other.csv": (b"sep=;\r\none;1\r\n", "delimited otherwise: --delimiter ';'"),
    "bars.csv": (b"one|1\ntwo|2\n", "--delimiter '\\|'"),
    "cut-pair.tsv": (b"\xff\xfea\0\t\0\x00\xd8\n\0", "UTF-16"),
    "odd.tsv": (TSV.encode("utf-16")[:-1], "UTF-16"),
    "in-gzip.gz": (gzip.compress(sqlite()), "SQLite"),
    "in-xz.xz": (lzma.compress(NOISE), "binary data"),
}
for protocol in range(6):
    FOREIGN[f"protocol-{protocol}.pickle"] = (pickle.dumps(PAIRS, protocol), "pickle")
FOREIGN["list.pickle"] = (pickle.dumps(list(PAIRS), 2), "pickle")

LEGITIMATE = {
    "pk.tsv": (b"PK\tprimary key\nPK\\x03\\x04\tzip\n", [b"PK", b"PK\3\4"]),
    "marks.tsv": (b"%PDF-1.4\ta document\nBZh9\tbzip2\nGIF89a\tan image\nMZ\ta program\n",
                  [b"%PDF-1.4", b"BZh9", b"GIF89a", b"MZ"]),
    "bzh.tsv": (b"BZh91AY\tnearly\n", [b"BZh91AY"]),
    "brackets.txt": (b"[\n]\n{\n}\n<\n>\n", [b"<", b">", b"[", b"]", b"{", b"}"]),
    "empty-brackets.txt": (b"[]\n{}\n()\n", [b"()", b"[]", b"{}"]),
    "json-keys.tsv": (b"[\"a\", 1]\tx\n{\"b\": 2}\ty\n", [b'["a", 1]', b'{"b": 2}']),
    "tags.txt": (b"<!DOCTYPE>\n<a>\n<html>\n", [b"<!DOCTYPE>", b"<a>", b"<html>"]),
    "words.txt": (b"DUCK\nORC\nPAR1\nRIFF\nustar\n", [b"DUCK", b"ORC", b"PAR1", b"RIFF", b"ustar"]),
    "latin-1.tsv": ("\xfcber\tover\n\xe9t\xe9\tsummer\n".encode("latin-1"), [b"\xe9t\xe9", b"\xfcber"]),
    "fffe.tsv": (b"\xff\xfe\x01\x02\tv\n\xff\xff\xff\xff\tw\n", [b"\xff\xfe\x01\x02", b"\xff\xff\xff\xff"]),
    "80.tsv": (b"\x80\x02}q\x01\tv\n", [b"\x80\x02}q\x01"]),
    "controls.tsv": (b"\x01\x02\x03\tv\n\x7f\x1b[0m\tw\n", [b"\x01\x02\x03", b"\x7f\x1b[0m"]),
    "cr.tsv": (b"one\tline\r", [b"one"]),
    "starts.tsv": (b"---\ta: b\n--\tx\nCREATE TABLE t\tx\n%YAML\ty\n",
                   [b"%YAML", b"--", b"---", b"CREATE TABLE t"]),
    "starts.txt": (b"---\nCREATE\nINSERT INTO\n[one]\ntwo\n<a>\n</a>\n",
                   [b"---", b"</a>", b"<a>", b"CREATE", b"INSERT INTO", b"[one]", b"two"]),
    "tags-only.txt": (b"<a>\n</a>\n<b>\n</b>\n", [b"</a>", b"</b>", b"<a>", b"<b>"]),
    "shift-jis.tsv": ("".join(f"\u30ad\u30fc{n:05}\t\u5024\u30c6\u30b9\u30c8\n" for n in range(9000))
                      .encode("shift-jis"), ["\u30ad\u30fc{:05}".format(n).encode("shift-jis") for n in range(9000)]),
    "gbk.txt": ("".join(f"\u4e2d\u6587{n:05}\n" for n in range(300)).encode("gbk"),
                ["\u4e2d\u6587{:05}".format(n).encode("gbk") for n in range(300)]),
    "euro.txt": ("\u20acuro\n\u201equoted\u201c\n".encode("cp1252"), [b"\x80uro", b"\x84quoted\x93"]),
    "empty-key.tsv": (b"\t{\"a\": \"b c d\"}\n", [b""]),
}
