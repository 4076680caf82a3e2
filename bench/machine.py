"""The machine that a run was made on, and a processor for the programs that are timed."""
import datetime
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def facts(script):
    """What the figures of a run of `script` depend on."""
    found = {"date": datetime.date.today().isoformat(), "command": " ".join([script] + sys.argv[1:]),
             "kernel": os.uname().release}
    with open("/proc/cpuinfo") as f:
        info = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    found["cpu"], found["cores"] = (info[0] if info else os.uname().machine), os.cpu_count()
    with open("/proc/meminfo") as f:
        found["memory_gib"] = round(int(f.readline().split()[1]) / (1 << 20), 1)
    with open("/etc/os-release") as f:
        found["system"] = dict(x.rstrip().split("=", 1) for x in f if "=" in x)["PRETTY_NAME"].strip('"')
    caches = "/sys/devices/system/cpu/cpu0/cache"
    for index in sorted(os.listdir(caches)) if os.path.isdir(caches) else []:
        if not index.startswith("index"):
            continue

        def read(name):
            with open(os.path.join(caches, index, name)) as f:
                return f.read().strip()
        if read("type") != "Instruction":
            found["cache_l" + read("level")] = read("size")
    with open("/proc/cpuinfo") as f:
        flags = f.read()
    found["isa"] = "AVX-512 VBMI" if "avx512_vbmi" in flags or "avx512vbmi" in flags else \
        "AVX2" if " avx2" in flags else "no AVX2"
    found["gcc"] = output(["gcc", "-dumpfullversion"])
    found["rustc"] = output(["rustc", "--version"])
    found["commit"] = output(["git", "-C", HERE, "rev-parse", "--short=12", "HEAD"])
    if output(["git", "-C", HERE, "status", "--porcelain", "--untracked-files=no"]):
        found["commit"] += " and uncommitted changes"
    return found


def output(command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.decode().strip()
    except OSError:
        return ""


def pin():
    """Called in a new process: keeps it on the last processor, since interrupts and shells tend to sit on
    the first."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
