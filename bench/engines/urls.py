"""A manifest behind HTTP: urls.py FOLDER OPENS. What eight processes that open it at once fetch, and how long opening
it again takes: first in a new process, which has to import what fetches, then once more there."""
import collections
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading

PROCESSES = 8
OPEN = """
import sys, time
import keyfold
if sys.argv[2] == "wait":
    print("ready", flush=True)
    sys.stdin.readline()
for _ in range(2):
    begun = time.perf_counter()
    table = keyfold.open(sys.argv[1])
    print(time.perf_counter() - begun, len(table), flush=True)
    table.close()
"""


class Handler(http.server.BaseHTTPRequestHandler):
    """Files of a folder, with ranges; counts what is asked for."""

    protocol_version = "HTTP/1.1"
    folder = ""
    whole = collections.Counter()
    requests = 0

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        Handler.requests += 1
        with open(os.path.join(self.folder, self.path.lstrip("/")), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            first, last = 0, size - 1
            ranged = self.headers.get("Range")
            if ranged:
                first, last = (int(text) for text in ranged.partition("=")[2].split("-"))
                last = min(last, size - 1)
            elif self.command == "GET":
                Handler.whole[self.path] += 1
            self.send_response(206 if ranged else 200)
            if ranged:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(last - first + 1))
            self.end_headers()
            if self.command == "GET":
                if ranged:
                    file.seek(first)
                    self.wfile.write(file.read(last - first + 1))
                else:
                    shutil.copyfileobj(file, self.wfile, 1 << 20)

    def log_message(self, *arguments):
        pass


def started(url, how):
    return subprocess.Popen([sys.executable, "-c", OPEN, url, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True)


def figures(process):
    """Seconds and lengths of the two times that it opened the table."""
    words = process.communicate()[0].split()
    return [(float(words[0]), int(words[1])), (float(words[2]), int(words[3]))]


def main(folder, opens):
    manifest = next(name for name in sorted(os.listdir(folder)) if name.endswith(".kfm"))
    Handler.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{manifest}"
    shutil.rmtree(os.environ["KEYFOLD_CACHE"], ignore_errors=True)

    running = [started(url, "wait") for _ in range(PROCESSES)]
    for each in running:
        each.stdout.readline()
    for each in running:
        each.stdin.write("\n")
        each.stdin.flush()
    at_once = [figures(each) for each in running]
    downloads, asked = dict(Handler.whole), Handler.requests
    later = [figures(started(url, "now")) for _ in range(opens)]
    counts = {count for each in at_once + later for _, count in each}
    found = {"files": len(downloads), "downloads": sum(downloads.values()), "most": max(downloads.values()),
             "at_once_s": max(each[0][0] for each in at_once),
             "new_process_s": statistics.median(each[0][0] for each in later),
             "again_s": statistics.median(each[1][0] for each in later), "requests": Handler.requests - asked,
             "wrong": f"lengths {sorted(counts)}" if len(counts) > 1 else None}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
