"""The programs that are compared: which exist, what they need, how they are built."""
import glob
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
KEYVI = "keyvi==0.7.7"
RAPIDFUZZ = "rapidfuzz==3.14.6"

# variant: program, kinds of corpus, and whether it maps a key to a number (a set alone stores less).
# "of" means: measured on the file that another variant built; "env" goes to the program.
PEERS = {
    "keyfold": dict(program="bench_keyfold", kinds="keys u64 bytes"),
    "keyfold-avx2": dict(program="bench_keyfold", kinds="keys u64 bytes", of="keyfold",
                         env={"KEYFOLD_ISA": "avx2"}),
    "keyfold-filter": dict(program="bench_keyfold", kinds="keys u64 bytes", optional=True),
    "keyfold-portable": dict(program="bench_keyfold", kinds="keys", of="keyfold",
                             env={"KEYFOLD_ISA": "portable"}, optional=True),
    "fst-map": dict(program="bench-rust", kinds="keys u64"),
    "fst-set": dict(program="bench-rust", kinds="keys", set_only=True),
    "marisa-3": dict(program="marisa", kinds="keys"),
    "marisa-8": dict(program="marisa", kinds="keys"),
    "keyvi-key": dict(program="keyvi", kinds="keys", set_only=True),
    "keyvi-int": dict(program="keyvi", kinds="keys u64"),
    "keyvi-string": dict(program="keyvi", kinds="bytes"),
    "lmdb": dict(program="lmdb", kinds="keys u64 bytes"),
    "sparkey": dict(program="bench-rust", kinds="keys u64 bytes"),
    "sparkey-snappy": dict(program="bench-rust", kinds="bytes"),
    "unordered_map": dict(program="unordered_map", kinds="keys u64 bytes"),
    "xxh3": dict(program="yardstick", kinds="keys", yardstick=True),
}
# The rest would need tens of GiB or many minutes on a corpus of this size.
HUGE_PEERS = ["keyfold", "keyfold-avx2", "fst-map", "marisa-3", "lmdb", "xxh3"]

APT = ["gcc", "g++", "meson", "ninja-build", "pkg-config", "libzstd-dev", "libxxhash-dev", "zlib1g-dev",
       "libutf8proc-dev", "libmarisa-dev", "liblmdb-dev", "libsnappy-dev",
       "libboost1.81-dev", "libboost-iostreams1.81-dev", "libboost-filesystem1.81-dev",
       "libboost-program-options1.81-dev", "zstd", "xz-utils"]

# Peers are compiled for this very machine; keyfold is measured as it is released, for any.
PEER_FLAGS = ["-O3", "-march=native", "-DNDEBUG"]
SIMPLE = {
    "marisa": ("peers/marisa.cpp", ["-lmarisa"]),
    "unordered_map": ("peers/unordered_map.cpp", []),
    "lmdb": ("peers/lmdb.c", ["-llmdb"]),
    "yardstick": ("peers/yardstick.c", ["-lxxhash"]),
}

BILLION_APT = ["gcc", "meson", "ninja-build", "pkg-config", "libzstd-dev", "libxxhash-dev", "zlib1g-dev",
               "libutf8proc-dev"]


def call(command, **more):
    subprocess.run(command, check=True, **more)


def install(packages=APT, rust=True):
    """Debian packages that are missing, and a Rust tool chain unless there is one."""
    wanted = list(packages)
    if not glob.glob("/var/lib/apt/lists/*_Packages*"):
        call(["apt-get", "-q", "update"], stdout=subprocess.DEVNULL)
    if rust and shutil.which("cargo") is None:
        # Debian 12's own cargo is of 2022; cargo-web is a current one, kept so for browsers.
        known = subprocess.run(["apt-cache", "show", "cargo-web"], capture_output=True)
        wanted.append("cargo-web" if known.returncode == 0 else "cargo")
    if rust and subprocess.run(["python3", "-m", "pip", "--version"], capture_output=True).returncode != 0:
        wanted.append("python3-pip")
    state = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"],
                           stdout=subprocess.PIPE, check=True).stdout.decode()
    have = {line.split()[0] for line in state.splitlines() if line.endswith(" installed")}
    commands = {"gcc": "gcc", "g++": "g++", "meson": "meson", "ninja-build": "ninja"}
    missing = [p for p in wanted if p not in have and not (p in commands and shutil.which(commands[p]))]
    if missing:
        print("installing " + " ".join(missing), flush=True)
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        call(["apt-get", "-q", "update"], stdout=subprocess.DEVNULL)
        call(["apt-get", "-q", "install", "-y", "--no-install-recommends"] + missing,
             stdout=subprocess.DEVNULL, env=environment)


def is_newer(target, *sources):
    return os.path.exists(target) and all(
        os.path.getmtime(target) > os.path.getmtime(s) for s in sources)


def build_keyfold(binaries, names=("bench_keyfold",)):
    """A release build of the library, and benchmarks against its public headers alone."""
    tree = os.path.join(TOP, "build", "bench")
    if not os.path.exists(os.path.join(tree, "build.ninja")):
        call(["meson", "setup", tree, TOP, "--buildtype=release", "-Dtests=false"], stdout=subprocess.DEVNULL)
    call(["ninja", "-C", tree, "lib/libkeyfold.a"], stdout=subprocess.DEVNULL)
    for name in names:
        call(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-I", os.path.join(TOP, "include"),
              "-o", os.path.join(binaries, name), os.path.join(HERE, name + ".c"),
              os.path.join(tree, "lib", "libkeyfold.a"), "-lzstd", "-lxxhash", "-lutf8proc", "-lpthread",
              "-lm"])


def build_simple(program, binaries):
    source, libraries = SIMPLE[program]
    source, target = os.path.join(HERE, source), os.path.join(binaries, program)
    if not is_newer(target, source, os.path.join(HERE, "common.h")):
        call(["g++" if source.endswith(".cpp") else "gcc"] + PEER_FLAGS + ["-o", target, source] + libraries)


def build_rust(binaries):
    """In a copy, since cargo writes its lock file beside the manifest."""
    work, target = os.path.join(binaries, "rust"), os.path.join(binaries, "bench-rust")
    source = os.path.join(HERE, "peers", "rust")
    if is_newer(target, os.path.join(source, "Cargo.toml"), *glob.glob(source + "/src/*.rs")):
        return
    shutil.copytree(source, work, dirs_exist_ok=True)
    call(["cargo", "build", "--release", "--quiet"], cwd=work,
         env=dict(os.environ, RUSTFLAGS="-C target-cpu=native",
                  CARGO_TARGET_DIR=os.path.join(work, "target")))
    shutil.copy(os.path.join(work, "target", "release", "bench-rust"), target)


def build_keyvi(binaries):
    """keyvi's C++ headers come with its Python source package; nothing of it is installed."""
    source, target = os.path.join(HERE, "peers", "keyvi.cpp"), os.path.join(binaries, "keyvi")
    if is_newer(target, source, os.path.join(HERE, "common.h")):
        return
    unpacked = os.path.join(binaries, "keyvi-source")
    if not glob.glob(os.path.join(unpacked, "keyvi-*", "src", "cpp")):
        call(["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
              "-d", unpacked, KEYVI])
        archive, = glob.glob(os.path.join(unpacked, "keyvi-*.tar.gz"))
        call(["tar", "xf", archive, "-C", unpacked])
    root, = glob.glob(os.path.join(unpacked, "keyvi-*", "src", "cpp", "keyvi"))
    third = os.path.join(root, "3rdparty")
    include = [os.path.join(root, "include")] + [
        os.path.join(third, x) for x in ("rapidjson/include", "utfcpp/source", "misc", "msgpack-c/include",
                                         "concurrentqueue")]
    call(["g++", "-std=c++17", "-w", "-DRAPIDJSON_HAS_STDSTRING"] + PEER_FLAGS
         + [x for folder in include for x in ("-isystem", folder)]
         + ["-o", target, source, "-lboost_program_options", "-lboost_iostreams", "-lboost_filesystem",
            "-lsnappy", "-lz", "-lzstd", "-lpthread"])


def build_queries(binaries):
    call(["gcc", "-O2", "-o", os.path.join(binaries, "queries"),
          os.path.join(HERE, "generators", "queries.c")])


def build_for_billion(binaries):
    """What bench/billion runs; returns the path of the command."""
    os.makedirs(binaries, exist_ok=True)
    build_keyfold(binaries, ("bench_billion",))
    tree, source = os.path.join(TOP, "build", "bench"), os.path.join(HERE, "generators", "stream")
    call(["ninja", "-C", tree, "tools/keyfold/keyfold"], stdout=subprocess.DEVNULL)
    call(["gcc", "-std=gnu11", "-O3", "-o", os.path.join(binaries, "gen_stream")]
         + sorted(glob.glob(os.path.join(source, "*.c"))))
    return os.path.join(tree, "tools", "keyfold", "keyfold")


def build_for_queries(binaries):
    """What bench/queries runs."""
    os.makedirs(binaries, exist_ok=True)
    build_keyfold(binaries, ("bench_keyfold", "bench_queries", "bench_sets"))
    build_rust(binaries)
    folder = os.path.join(binaries, "python")
    if not os.path.isdir(os.path.join(folder, RAPIDFUZZ.replace("==", "-") + ".dist-info")):
        shutil.rmtree(folder, ignore_errors=True)
        call(["python3", "-m", "pip", "install", "--quiet", "--root-user-action=ignore", "--no-deps",
              "--target", folder, RAPIDFUZZ])


def build(binaries, peers):
    """Builds what the peers need; returns those that could be built. keyfold itself must be."""
    os.makedirs(binaries, exist_ok=True)
    build_queries(binaries)
    builders = {"bench_keyfold": build_keyfold, "bench-rust": build_rust, "keyvi": build_keyvi}
    failed = set()
    for program in {PEERS[p]["program"] for p in peers}:
        try:
            if program in SIMPLE:
                build_simple(program, binaries)
            else:
                builders[program](binaries)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            if program == "bench_keyfold":
                raise
            print("bench: %s cannot be built here and is left out: %s" % (program, error), flush=True)
            failed.add(program)
    return [p for p in peers if PEERS[p]["program"] not in failed]
