"""Watches a build from outside: processor time by phase, peak memory and what it holds on disk."""
import json
import os
import stat
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time so far; None when the process is gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    except (OSError, IndexError):
        return None


def memory(pid):
    """Fields of /proc/PID/status in bytes."""
    found = {}
    try:
        with open("/proc/%d/status" % pid) as f:
            for line in f:
                if line.startswith(("VmHWM:", "RssAnon:")):
                    found[line.split(":")[0]] = int(line.split()[1]) * 1024
    except OSError:
        pass
    return found


def on_disk(pid, folders):
    """Bytes of the blocks of regular files below the folders and of those that the process has open for
    writing, which may have no name any more."""
    seen = {}

    def look(path):
        try:
            facts = os.stat(path)
        except OSError:
            return
        if stat.S_ISREG(facts.st_mode):
            seen[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                look(os.path.join(root, name))
    base = "/proc/%d/fd" % pid
    try:
        for name in os.listdir(base):
            if os.lstat(os.path.join(base, name)).st_mode & stat.S_IWUSR:
                look(os.path.join(base, name))
    except OSError:
        pass
    return sum(seen.values())


class Watch:
    """Follows a process that tells its phases as lines of JSON on `stream`; other lines go to `say`."""

    def __init__(self, process, folders, say, every=30.0):
        self.process, self.folders, self.say, self.every = process, folders, say, every
        self.started = time.monotonic()
        self.phases = []            # [name, first wall second, CPU second at that time]
        self.peak = {"rss": 0, "anon": 0, "disk": 0, "disk_told": 0}
        self.last_told, self.last_line = self.started, None
        self.is_over = False
        self.messages = []
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._read, self._sample)]
        for thread in self.threads:
            thread.start()

    def _read(self):
        for raw in self.process.stderr:
            line = raw.decode("utf-8", "replace").strip()
            try:
                told = json.loads(line)
                self._phase(str(told["phase"]), told)
            except (ValueError, KeyError, TypeError):
                if line:
                    self.messages.append(line)
                    self.say(line)

    def _phase(self, name, told):
        now = time.monotonic() - self.started
        if not self.phases or self.phases[-1][0] != name:
            self.phases.append([name, now, cpu_seconds(self.process.pid) or 0.0])
            self.say("phase %s" % name)
        for field in ("bytes_on_disk", "temporary_bytes"):
            self.peak["disk_told"] = max(self.peak["disk_told"], told.get(field) or 0)
        self.last_line = told

    def _sample(self):
        while not self.is_over:
            found = memory(self.process.pid)
            self.peak["rss"] = max(self.peak["rss"], found.get("VmHWM", 0))
            self.peak["anon"] = max(self.peak["anon"], found.get("RssAnon", 0))
            self.peak["disk"] = max(self.peak["disk"], on_disk(self.process.pid, self.folders))
            now = time.monotonic()
            if now - self.last_told >= self.every:
                self.last_told = now
                cpu, anon = cpu_seconds(self.process.pid) or 0, found.get("RssAnon", 0) / (1 << 20)
                self.say("%.0f s, CPU %.0f s, anonymous memory %.0f MiB, disk up to %.2f GB: %s" % (
                    now - self.started, cpu, anon, self.peak["disk"] / 1e9, json.dumps(self.last_line)))
            time.sleep(0.2)

    def finish(self):
        """Waits for the process. Returns wall and CPU seconds, peaks, and seconds by phase in the order in
        which they first came."""
        _, status, usage = os.wait4(self.process.pid, 0)
        wall = time.monotonic() - self.started
        self.is_over = True
        self.process.returncode = os.waitstatus_to_exitcode(status)
        for thread in self.threads:
            thread.join()
        cpu = usage.ru_utime + usage.ru_stime
        self.peak["rss"] = self.peak["rss"] or usage.ru_maxrss * 1024
        phases = {}
        ends = [p[1:] for p in self.phases[1:]] + [[wall, cpu]]
        for (name, wall_start, cpu_start), (wall_end, cpu_end) in zip(self.phases, ends):
            known = phases.setdefault(name, {"wall_s": 0.0, "cpu_s": 0.0})
            known["wall_s"] += wall_end - wall_start
            known["cpu_s"] += cpu_end - cpu_start
        return {"wall_s": wall, "cpu_s": cpu, "peak": self.peak, "phases": phases}
