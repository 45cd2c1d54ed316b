#!/usr/bin/env python3
"""What connections take: the newsroom's memory at 0, 1,000 and 5,000 connections beside that of Rocket alone.

    benches/newsroom/memory.py                               a few minutes; rewrites its part of docs/performance/memory.md
    benches/newsroom/memory.py --json FILE --dry             the figures as JSON, for a plot; writes nothing else
    benches/newsroom/memory.py --connections 0,200 --dry     a quick look

Each server is started anew for each number of connections. All of them stay open, each asks for 1 KiB, then for something large, one after
the other; then all of them ask for that at once; then they end. Resident memory (RSS) after each step, in MiB. What is large: a
constant of 64 KiB, and a page of 50 articles of as many bytes, from the memo and without it. The kernel's memory of sockets is not in it.
Needs cargo (or `--binary` and `--bare`), and as many open files as connections (`ulimit -n`).

The JSON: `{"made": date, "cores": n, "series": [{"server": name, "connections": n, "rest": MiB, "small": …, "large": …, "at_once": …,
"peak": …, "ended": …}, …]}`.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import figures
import scaling
import targets

HERE = pathlib.Path(__file__).resolve().parent
PAGE = "/articles?page[size]=50"
STEPS = {"rest": "at rest", "small": "each has asked for 1 KiB", "large": "each for the large answer", "at_once": "all at once",
         "peak": "at most meanwhile", "ended": "all ended"}
# Rocket takes as many, and more at once would be refused.
WAVE = 512


def environment(place, memo):
    return dict(os.environ, DB=str(place), MEMO=memo, TOTALS="0")


class Server:
    def __init__(self, command, variables):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(command, env=dict(variables, PORT=str(self.port)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(600):
            if self.process.poll() is not None:
                sys.exit(f"{command[0]} ended with {self.process.returncode}")
            try:
                self.connect().close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        sys.exit(f"{command[0]} does not answer")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def memory(self, field="VmRSS"):
        """After a moment, in which it ends what it is at."""
        time.sleep(0.5)
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return round(int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024, 1)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def request(target):
    return f"GET {target} HTTP/1.1\r\nHost: newsroom\r\nAccept: {scaling.MEDIA_TYPE}, application/json\r\n\r\n".encode()


class Answer:
    """Reads one answer, as much of it as is there."""

    def __init__(self):
        self.head, self.left = b"", None

    def is_whole(self, connection):
        part = connection.recv(1 << 18)
        if not part:
            sys.exit("a connection has ended")
        if self.left is None:
            self.head += part
            head, end, body = self.head.partition(b"\r\n\r\n")
            if not end:
                return False
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(head.decode())
            self.left, part = int(re.search(rb"(?i)content-length: *(\d+)", head)[1]), body
        self.left -= len(part)
        return self.left <= 0


def one_after_the_other(connections, target):
    for connection in connections:
        connection.sendall(request(target))
        answer = Answer()
        while not answer.is_whole(connection):
            pass


def at_once(connections, target):
    """Each in a wave has asked before the first answer is read."""
    for begin in range(0, len(connections), WAVE):
        wave, waiting = connections[begin:begin + WAVE], selectors.DefaultSelector()
        for connection in wave:
            connection.sendall(request(target))
            waiting.register(connection, selectors.EVENT_READ, Answer())
        while waiting.get_map():
            for key, _ in waiting.select(60):
                if key.data.is_whole(key.fileobj):
                    waiting.unregister(key.fileobj)
        waiting.close()


def measure(name, command, variables, large, count):
    server = Server(command, variables)
    try:
        # What is made at the first request is not of a connection.
        first = [server.connect()]
        one_after_the_other(first * 3, "/b0")
        one_after_the_other(first * 3, large)
        first.pop().close()
        found = {"server": name, "connections": count, "rest": server.memory()}
        connections = [server.connect() for _ in range(count)]
        one_after_the_other(connections, "/b0")
        found["small"] = server.memory()
        one_after_the_other(connections, large)
        found["large"] = server.memory()
        at_once(connections, large)
        found["at_once"], found["peak"] = server.memory(), server.memory("VmHWM")
        for connection in connections:
            connection.close()
        found["ended"] = server.memory()
    finally:
        server.stop()
    print(found, file=sys.stderr, flush=True)
    return found


def table(series):
    """A row a server and number; and what one connection takes, of the most connections."""
    rows = ["| server | connections | " + " | ".join(STEPS.values()) + " | KiB a connection, small / large / at once |",
            "|---|---:|" + "---:|" * (len(STEPS) + 1)]
    for found in series:
        of_one = "–"
        if found["connections"]:
            of_one = " / ".join(f"{(found[step] - found['rest']) * 1024 / found['connections']:.1f}" for step in ("small", "large", "at_once"))
        rows.append(f"| {found['server']} | {found['connections']:,} | " + " | ".join(f"{found[step]:.1f}" for step in STEPS) + f" | {of_one} |")
    return "\n".join(rows)


def bare_rocket(given):
    if given:
        return given.resolve()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", scaling.TOP / "target"))
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "rocket-bare", "--manifest-path", HERE / "peers" / "Cargo.toml",
                    "--target-dir", target], cwd=scaling.TOP, check=True)
    return (scaling.TOP / target / "release" / "rocket-bare").resolve()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, help="a newsroom, built in release")
    parser.add_argument("--bare", type=pathlib.Path, help="`rocket-bare` of `peers`, built in release")
    parser.add_argument("--connections", default="0,1000,5000", help="numbers of connections (0,1000,5000)")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there, too")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    counts = [int(count) for count in options.connections.split(",")]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < max(counts) + 100:
        sys.exit(f"{max(counts)} connections need more open files than the {most} that `ulimit -Hn` lets a process have")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    newsroom, bare, series = str(targets.newsroom(options.binary)), str(bare_rocket(options.bare)), []
    others = figures.others_now()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "memory.db"
        scaling.make(place, 1_000)
        # A page of 50 is as large as the constant then.
        servers = [("Rocket alone, a constant", bare, "0", "/b1"), ("newsroom, a constant", newsroom, "64 MiB", "/b1"),
                   ("newsroom, a page", newsroom, "64 MiB", PAGE), ("newsroom, a page, memo off", newsroom, "0", PAGE)]
        for name, program, memo, large in servers:
            for count in counts:
                series.append(measure(name, [program], environment(place, memo), large, count))
    made, rows = str(datetime.date.today()), table(series)
    text = (f"Made by `benches/newsroom/memory.py` on {made}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}. Resident memory, MiB.\n\n{rows}")
    print(text)
    if options.json:
        options.json.write_text(json.dumps({"made": made, "cores": os.cpu_count(), "series": series}, indent=1) + "\n")
    if not options.dry:
        figures.publish("memory.md", "connections", text)
        figures.keep("connections", "benches/newsroom/memory.py", others, 1, series=series)


if __name__ == "__main__":
    main()
