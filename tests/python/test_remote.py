"""Tables behind URLs: what is fetched and when, the cache, and what can go wrong. fsspec's memory file system, an HTTP
server and, where moto is, S3."""
import http.server
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

import keyfold

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYFOLD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "remote"


@pytest.fixture
def store():
    """The URL of an empty folder in memory."""
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]
    return "memory://bucket"


class Server(http.server.ThreadingHTTPServer):
    """Files of a folder, with ranges; `cut`: how many bytes of each whole file it sends; `status`: instead of one;
    `wait`: for what before it sends a whole one."""

    daemon_threads = True

    def __init__(self, folder):
        self.folder, self.asked, self.cut, self.status, self.ranges, self.wait = folder, [], None, None, True, None
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def whole(self):
        """How many times a whole file was asked for."""
        return sum(1 for method, ranged in self.asked if method == "GET" and not ranged)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server = self.server
        path = os.path.join(server.folder, self.path.partition("?")[0].lstrip("/"))
        ranged = server.ranges and self.headers.get("Range")
        server.asked.append((self.command, bool(ranged)))
        if server.wait and self.command == "GET" and not ranged:
            server.wait.wait(60)
        if server.status or not os.path.exists(path):
            self.send_error(server.status or 404)
            return
        with open(path, "rb") as file:
            content = file.read()
        if ranged:
            first, last = ranged.partition("=")[2].split("-")
            part = content[int(first):int(last) + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}")
        else:
            part = content
            self.send_response(200)
        if server.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.command == "GET":
            try:
                self.wfile.write(part[:server.cut] if server.cut is not None and not ranged else part)
            except OSError:     # who asked was killed
                pass

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    pytest.importorskip("aiohttp")
    folder = tmp_path / "served"
    folder.mkdir()
    found = Server(folder)
    yield found
    found.shutdown()
    found.server_close()


def words(count):
    return {f"key {number:05}": number for number in range(count)}


def test_http(server, cache):
    keyfold.compile(server.folder / "t.kf", words(5000))
    table = keyfold.open(f"{server.url}/t.kf")
    assert dict(table) == words(5000) and table.path == f"{server.url}/t.kf" and server.whole() == 1
    asked = len(server.asked)
    again = keyfold.open(f"{server.url}/t.kf")
    assert again == table and len(server.asked) == asked        # nothing is asked
    assert keyfold.open(f"{server.url}/t.kf", max_age=0)["key 00007"] == 7
    assert server.whole() == 1 and len(server.asked) > asked
    assert os.stat(cache).st_mode & 0o077 == 0


def test_no_ranges(server):
    """A server without them sends the file once all the same."""
    server.ranges = False
    keyfold.compile(server.folder / "t.kf", words(5000))
    assert dict(keyfold.open(f"{server.url}/t.kf")) == words(5000) and server.whole() == 1


OPEN = "import keyfold, sys; print(sum(keyfold.open(sys.argv[1]).values()))"


def test_one_download(server):
    """Eight processes open one URL at once: one fetches it."""
    keyfold.compile(server.folder / "t.kf", words(20000))
    url = f"{server.url}/t.kf"
    running = [subprocess.Popen([sys.executable, "-c", OPEN, url], stdout=subprocess.PIPE) for _ in range(8)]
    assert [int(each.communicate(timeout=60)[0]) for each in running] == [sum(range(20000))] * 8
    assert server.whole() == 1


def test_killed_while_fetching(server):
    """Another that waits for the file then fetches it."""
    keyfold.compile(server.folder / "t.kf", words(20000))
    url, server.wait = f"{server.url}/t.kf", threading.Event()
    one = subprocess.Popen([sys.executable, "-c", OPEN, url])
    while not server.whole():
        time.sleep(0.01)
    other = subprocess.Popen([sys.executable, "-c", OPEN, url], stdout=subprocess.PIPE)
    one.kill()
    one.wait()
    server.wait.set()
    assert int(other.communicate(timeout=60)[0]) == sum(range(20000)) and server.whole() == 2


def test_changed_member(store, cache, tmp_path):
    """What a manifest names must be what it was."""
    shards = keyfold.Shards(f"{store}/all.kfm")
    table = shards.finish([shards([(letter, 1)]) for letter in "ab"])
    fs = fsspec.filesystem("memory")
    one, two = (name for name in fs.ls("/bucket/all.kfm.d", detail=False) if name.endswith(".kf"))
    fs.pipe_file(one, fs.cat_file(two))
    del table
    shutil.rmtree(cache)
    with pytest.raises(keyfold.Replaced, match=os.path.basename(one)):
        keyfold.open(f"{store}/all.kfm")


def test_pickles(server, python):
    keyfold.compile(server.folder / "t.kf", words(100))
    table = keyfold.open(f"{server.url}/t.kf?signature=secret")
    sent = pickle.dumps(table)
    assert b"secret" not in sent and "secret" not in repr(table)
    done = python("import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1]))['key 00042'])", sent.hex())
    assert done.stdout == "42\n", done.stderr
    keyfold.compile(server.folder / "t.kf", words(101))         # another build under the same URL
    del table
    shutil.rmtree(os.environ["KEYFOLD_CACHE"])
    with pytest.raises(keyfold.Replaced, match="t.kf has changed"):
        pickle.loads(sent)["key 00042"]


def test_failures(server, cache, tmp_path):
    keyfold.compile(server.folder / "t.kf", words(5000))
    url = f"{server.url}/t.kf"
    with pytest.raises(keyfold.NoFile, match="none.kf"):
        keyfold.open(f"{server.url}/none.kf?token=secret")
    try:
        keyfold.open(f"{server.url}/none.kf?token=secret")
    except keyfold.NoFile as problem:
        assert "secret" not in str(problem)
    server.status = 403
    with pytest.raises(keyfold.IOError_, match="t.kf"):
        keyfold.open(url)
    server.status = None
    server.cut = 1000
    with pytest.raises((keyfold.IOError_, keyfold.FormatError, keyfold.CorruptError), match="t.kf"):
        keyfold.open(url)
    server.cut = None
    (server.folder / "text.kf").write_bytes(b"no dictionary" * 100)
    with pytest.raises(keyfold.FormatError, match="not a keyfold file"):
        keyfold.open(f"{server.url}/text.kf")
    content = bytearray((server.folder / "t.kf").read_bytes())
    content[len(content) // 2] ^= 1
    (server.folder / "bad.kf").write_bytes(content)
    with pytest.raises(keyfold.CorruptError, match="damaged"):
        keyfold.open(f"{server.url}/bad.kf")
    assert not list(cache.glob("*.kf")) and not list(cache.glob(".*.tmp"))
    assert keyfold.open(url)["key 00001"] == 1
    with pytest.raises(keyfold.ArgumentError, match="nothing"):
        keyfold.open("nothing://a/b.kf")


@pytest.mark.parametrize("secret", ["http://me:secret@127.0.0.1:9/t.kf", "http://127.0.0.1:9/t.kf?token=secret"])
def test_unreachable(server, secret):
    with pytest.raises(keyfold.IOError_, match="http://127.0.0.1:9/t.kf") as caught:
        keyfold.open(secret)
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None


FULL = """
import resource, sys
import keyfold
resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
try:
    keyfold.open(sys.argv[1])
except keyfold.IOError_ as problem:
    print(problem)
"""


def test_full_cache(server, cache, python):
    """A cache folder that takes no more is named; nothing is left there, and once there is room it works."""
    keyfold.compile(server.folder / "t.kf", words(5000))
    done = python(FULL, f"{server.url}/t.kf")
    assert str(cache) in done.stdout and "KEYFOLD_CACHE" in done.stdout and "t.kf" in done.stdout, done
    assert not list(cache.glob("*.kf")) and not list(cache.glob(".*.tmp"))
    assert len(keyfold.open(f"{server.url}/t.kf")) == 5000


def test_changed(server):
    """What is open stays; what is opened next is the new one, once the server is asked."""
    keyfold.compile(server.folder / "t.kf", {"a": 1})
    url = f"{server.url}/t.kf"
    table = keyfold.open(url)
    keyfold.compile(server.folder / "t.kf", {"a": 2})
    assert keyfold.open(url)["a"] == 1
    fresh = table.refresh()
    assert (table["a"], fresh["a"], keyfold.open(url)["a"]) == (1, 2, 2) and fresh.refresh() is fresh


def test_eviction(store, cache, monkeypatch, tmp_path, python):
    """The least recently used go, but none that a process has open."""
    fs = fsspec.filesystem("memory")
    sizes = []
    for number in range(4):
        path = tmp_path / "t.kf"
        keyfold.compile(path, {f"{number} {key}": value for key, value in words(3000).items()})
        sizes.append(path.stat().st_size)
        fs.put_file(str(path), f"/bucket/{number}.kf")
    monkeypatch.setenv("KEYFOLD_REMOTE_LIMIT", str(2 * max(sizes) + 10))
    held = keyfold.open(f"{store}/0.kf")
    for number in range(1, 4):
        table = keyfold.open(f"{store}/{number}.kf")
        del table
    left = {path.name for path in cache.glob("*.kf")}
    assert f"{held.build_id.hex()}.kf" in left and len(left) == 2
    assert held["0 key 00007"] == 7


def test_lazy_manifest(store, cache, tmp_path):
    shards = keyfold.Shards(f"{store}/all.kfm")
    shards.finish([shards([(f"{letter}{number}", number) for number in range(500)]) for letter in "abcd"])
    shutil.rmtree(cache)
    table = keyfold.open(f"{store}/all.kfm", lazy=True)
    assert len(table) == 2000 and len(list(cache.glob("*.kf"))) == 1
    assert table["b7"] == 7 and len(list(cache.glob("*.kf"))) == 2
    shutil.rmtree(cache)
    table = keyfold.open(f"{store}/all.kfm")
    assert len(list(cache.glob("*.kf"))) == 5
    fs = fsspec.filesystem("memory")
    victim = fs.ls("/bucket/all.kfm.d", detail=False)
    victim = [name for name in victim if name.endswith(".kf")]
    for name in victim:
        fs.rm(name)
    del table
    shutil.rmtree(cache)
    table = keyfold.open(f"{store}/all.kfm", lazy=True)
    for call in (lambda: table["a1"], lambda: dict(table), lambda: table.get_many(["a1", "b2"]), table.stat):
        with pytest.raises(keyfold.NoFile, match="all.kfm.d/"):
            call()
    with pytest.raises(keyfold.NoFile, match="all.kfm.d/"):
        keyfold.open(f"{store}/all.kfm")


def test_missing_members(tmp_path):
    """Of a manifest in a folder: told by whatever touches one, or at once with check=True."""
    parts = [keyfold.compile(tmp_path / f"{letter}.kf", {letter: 1}) for letter in "ab"]
    keyfold.bundle(tmp_path / "all.kfm", parts)
    os.unlink(tmp_path / "b.kf")
    table = keyfold.open(tmp_path / "all.kfm")
    assert table["a"] == 1 and "a1" not in table
    for call in (lambda: table["b"], lambda: list(table), lambda: table.get_many(["b"]), lambda: "b" in table):
        with pytest.raises(keyfold.NoFile, match="b.kf"):
            call()
    with pytest.raises(keyfold.NoFile, match="b.kf"):
        keyfold.open(tmp_path / "all.kfm", check=True)


def test_publish(store, tmp_path):
    for target in (f"{store}/now.kfm", str(tmp_path / "now.kfm")):
        seen = []
        for day in range(4):
            shards = keyfold.Shards(tmp_path / f"day{day}.kfm")
            rows = [shards([(f"{letter} {day}", day)]) for letter in "ab"] + [shards([("z", 1)])]
            table = keyfold.publish(target, shards.finish(rows))
            assert dict(table) == {f"a {day}": day, f"b {day}": day, "z": 1}
            seen.append(table)
        assert [len(table) for table in seen] == [3] * 4
        assert seen[0].refresh() == table and seen[3].refresh() is seen[3]
        assert list(seen[0]) == ["a 0", "b 0", "z"]         # what readers have stays
        fs, folder = fsspec.core.url_to_fs(f"{target}.d")
        names = [name for name in fs.ls(folder, detail=False) if name.endswith(".kf")]
        assert len(names) == 5                              # two generations, one file in both
    one = keyfold.publish(f"{store}/one.kf", keyfold.compile(tmp_path / "one.kf", {"a": 1}))
    assert one["a"] == 1 and one.path == f"{store}/one.kf"
    fsspec.filesystem("memory").pipe_file("/bucket/text", b"something else")
    with pytest.raises(keyfold.ArgumentError, match="not a keyfold file"):
        keyfold.publish(f"{store}/text", one)
    with pytest.raises(keyfold.ArgumentError, match="must have none"):
        keyfold.publish("https://me:secret@host/t.kf", one)


def test_compile_and_command(store, server, tmp_path, tool):
    table = keyfold.compile(f"{store}/made.kf", {"a": 1, "b": 2})
    assert table.path == f"{store}/made.kf" and table["b"] == 2
    shards = keyfold.Shards(server.folder / "all.kfm", codec="u64")
    shards.finish([shards([("a", 1)]), shards([("b", 2)])])
    assert tool("get", f"{server.url}/all.kfm", "b").stdout == b"b\t2\n"
    done = tool("get", f"{server.url}/none.kf?token=secret", "b")
    assert done.returncode == 3 and b"none.kf" in done.stderr and b"secret" not in done.stderr


def test_bundle(store, cache, tmp_path):
    """A manifest behind a URL, of files beside it and of those of another manifest there."""
    for day, name in enumerate(("days/mon.kf", "days/tue.kf", "wed.kf")):
        keyfold.publish(f"{store}/{name}", keyfold.compile(tmp_path / "day.kf", {name: day}))
    shards = keyfold.Shards(f"{store}/old.kfm", codec="u64")
    shards.finish([shards([("a", 7)]), shards([("b", 8)])])
    table = keyfold.bundle(f"{store}/all.kfm", [f"{store}/days/mon.kf", keyfold.open(f"{store}/days/tue.kf"),
                                                f"{store}/wed.kf", f"{store}/old.kfm"])
    wanted = {"a": 7, "b": 8, "days/mon.kf": 0, "days/tue.kf": 1, "wed.kf": 2}
    assert dict(table) == wanted and table.path == f"{store}/all.kfm"
    del table
    shutil.rmtree(cache)
    assert dict(keyfold.open(f"{store}/all.kfm", lazy=True)) == wanted
    one = keyfold.compile(tmp_path / "one.kf", {"z": 1})
    for members, target, said in (([one], f"{store}/x.kfm", "publish puts files"),
                                  ([f"{store}/wed.kf"], f"{store}/days/x.kfm", "does not lie in"),
                                  ([f"{store}/wed.kf"], tmp_path / "x.kfm", "let its path be a URL"),
                                  ([f"{store}/wed.kf"], f"{store}/wed.kf", "member of itself")):
        with pytest.raises(keyfold.ArgumentError, match=said):
            keyfold.bundle(target, members)
    with pytest.raises(keyfold.ArgumentError, match="absolute"):
        keyfold.bundle(f"{store}/x.kfm", [f"{store}/wed.kf"], absolute=True)
    with pytest.raises(keyfold.NoFile, match="thu.kf"):
        keyfold.bundle(f"{store}/x.kfm", [f"{store}/thu.kf"])
    fs = fsspec.filesystem("memory")
    assert not fs.exists("/bucket/x.kfm")
    fs.pipe_file("/bucket/wed.kf?signature=secret", fs.cat_file("/bucket/wed.kf"))
    keyfold.bundle(f"{store}/signed.kfm", [f"{store}/wed.kf?signature=secret"])
    assert b"secret" not in fs.cat_file("/bucket/signed.kfm")


def test_publish_command(s3, tmp_path, tool):
    """By the command, behind a URL and in a folder; then a bundle of what was put there."""
    keyfold.compile(f"{s3}/1.kf", {"b": 2})
    keyfold.compile(tmp_path / "0.kf", {"a": 1})
    for target in (f"{s3}/0.kf", tmp_path / "now.kf"):
        done = tool("publish", target, tmp_path / "0.kf")
        assert done.returncode == 0 and done.stderr == f"keyfold: {target}: 1 keys\n".encode(), done.stderr
        assert dict(keyfold.open(str(target))) == {"a": 1}
    done = tool("bundle", "-q", "-o", f"{s3}/all.kfm", f"{s3}/0.kf", f"{s3}/1.kf")
    assert (done.returncode, done.stderr) == (0, b"")
    assert dict(keyfold.open(f"{s3}/all.kfm")) == {"a": 1, "b": 2}
    done = tool("publish", "-q", "--keep", "0", tmp_path / "all.kfm", f"{s3}/all.kfm")
    assert (done.returncode, done.stderr) == (0, b"") and tool("get", tmp_path / "all.kfm", "b").stdout == b"b\t2\n"
    for arguments, code, said in ((["publish", tmp_path / "x.kf"], 2, b"FILE"),
                                  (["publish", tmp_path / "x.kf", tmp_path / "no.kf"], 3, b"no.kf"),
                                  (["publish", "--keep", "-1", "x", "y"], 2, b"keep"),
                                  (["bundle", f"--output={s3}/x.kfm", f"{s3}/9.kf"], 3, b"9.kf"),
                                  (["publish", "s3://nobucket/x.kf", tmp_path / "0.kf"], 3, b"nobucket")):
        done = tool(*arguments)
        assert done.returncode == code and said in done.stderr and b"verysecret" not in done.stderr, done.stderr


def test_names(server):
    keyfold.compile_names(server.folder / "names.kf", {1: "New York", 2: "York"})
    hay = keyfold.NameIndex(f"{server.url}/names.kf")
    assert hay.best("Yorck").id == 2
    with pytest.raises(keyfold.ValueTypeError, match="NameIndex"):
        keyfold.open(f"{server.url}/names.kf")


@pytest.fixture
def s3(monkeypatch):
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (("AWS_ENDPOINT_URL", f"http://{host}:{port}"), ("AWS_ACCESS_KEY_ID", "someone"),
                        ("AWS_SECRET_ACCESS_KEY", "verysecret"), ("AWS_DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    import s3fs
    s3fs.S3FileSystem.clear_instance_cache()
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    s3fs.S3FileSystem().mkdir("bucket")
    yield "s3://bucket"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


def test_s3(s3, cache, python):
    shards = keyfold.Shards(f"{s3}/tables/all.kfm", codec="u64")
    assert b"verysecret" not in pickle.dumps(shards)
    rows = [pickle.loads(pickle.dumps(shards))([(f"{letter}{number}", number) for number in range(100)])
            for letter in "abc"]
    table = shards.finish(rows, pairs=300)
    assert len(table) == 300 and table["b42"] == 42
    whole = dict(table)
    del table
    shutil.rmtree(cache)
    lazy = keyfold.open(f"{s3}/tables/all.kfm", lazy=True)
    assert lazy["c7"] == 7 and len(list(cache.glob("*.kf"))) == 2
    done = python("import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1]))['a9'])", pickle.dumps(lazy).hex())
    assert done.stdout == "9\n", done.stderr
    again = keyfold.publish(f"{s3}/one.kf", keyfold.merge(cache.parent / "one.kf", [lazy]))
    assert dict(again) == whole
    with pytest.raises(keyfold.NoFile, match="s3://bucket/none.kf"):
        keyfold.open(f"{s3}/none.kf")
