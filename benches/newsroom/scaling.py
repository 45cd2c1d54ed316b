#!/usr/bin/env python3
"""Cost against size: how a read and its 304 grow with the collection and with the connections.

    benches/newsroom/scaling.py                          100 to 1,000,000 articles, 1 to 512 connections: a quarter of an hour
    benches/newsroom/scaling.py --largest 10000 --seconds 1 --rounds 1 --dry    a quick look; writes nothing

Starts the newsroom over a database of each size, once with its memo and once without, loads one request after the
other by wrk over loopback, and takes the server's CPU (user + system) per request. Rewrites its part of
docs/performance/scaling.md and scaling.svg beside it. Needs cargo (or `--binary`) and wrk, and 1 GB in the folder for temporary
files.

Every page has as many articles at every size, so that only the work to find them can grow: as many pass the filters,
and each author has as many, whether there are 100 or 1,000,000.
"""

import argparse
import collections
import http.client
import json
import math
import os
import pathlib
import platform
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

from figures import PAGES, TOP, keep, number, publish, table

PLOT = PAGES / "scaling.svg"
TICK = os.sysconf("SC_CLK_TCK")
MEDIA_TYPE = "application/vnd.api+json"
PROFILE = f'{MEDIA_TYPE};profile="https://jsonapi.org/profiles/ethanresnick/cursor-pagination"'
PAGE = 50
SIZES = [100, 1_000, 10_000, 100_000, 1_000_000]
CONNECTIONS = [1, 8, 64, 512]
CLIENTS, CROWDED, MEMO = 16, 10_000, "64 MiB"
SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE people(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email TEXT NOT NULL);
CREATE TABLE articles(id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, body TEXT NOT NULL,
  view_count INTEGER NOT NULL DEFAULT 0, published BOOLEAN NOT NULL DEFAULT 0, created_at TEXT NOT NULL,
  author_id INTEGER NOT NULL REFERENCES people(id));
CREATE TABLE comments(id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL,
  article_id INTEGER NOT NULL REFERENCES articles(id), author_id INTEGER NOT NULL REFERENCES people(id));
CREATE INDEX articles_author ON articles(author_id);
CREATE INDEX comments_article ON comments(article_id);
CREATE INDEX comments_author ON comments(author_id);
"""


def make(path, size):
    """Articles of which 50 have one viewCount, spread over them all, and 50 each author; a comment each."""
    database = sqlite3.connect(path)
    database.executescript(SCHEMA)
    people = max(1, size // PAGE)
    database.executemany("INSERT INTO people VALUES (?, ?, ?)", ((i, f"Writer {i}", f"w{i}@example.com") for i in range(1, people + 1)))
    database.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, '2027-06-12T09:40:00Z', ?)",
                         ((i, f"Article {i}", "b" * 200, i % people, i % 2, i % people + 1) for i in range(1, size + 1)))
    database.executemany("INSERT INTO comments VALUES (?, ?, ?, ?)",
                         ((i, "c" * 60, i, i % people + 1) for i in range(1, size + 1)))
    database.commit()
    database.execute("ANALYZE")
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


Run = collections.namedtuple("Run", "cost late requests others")


def busy():
    """Seconds that all processors of the machine were at work so far."""
    user, nice, system, _, _, irq, softirq = map(int, pathlib.Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


class Server:
    def __init__(self, binary, path, memo):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # Lists without their total: to count all rows is work that grows, and a server needn't offer it.
        environment = dict(os.environ, PORT=str(self.port), DB=str(path), MEMO=memo, TOTALS="0")
        self.process = subprocess.Popen([binary], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(600):
            if self.process.poll() is not None:
                sys.exit(f"the newsroom ended with {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        sys.exit("the newsroom does not answer")

    def get(self, target, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", target, headers={"Accept": MEDIA_TYPE, **fields})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheader("ETag"), body

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def drain(self):
        """Waits for what it still does for requests that wrk left behind, or the next run would pay for it."""
        for _ in range(100):
            before = self.cpu()
            time.sleep(0.1)
            if self.cpu() - before <= 0.01:
                return

    def load(self, target, connections, options, tag=None):
        """The medians of all rounds; of longer ones where few requests are done in one."""
        seconds, runs = options.seconds, []
        while len(runs) < options.rounds:
            run = self.run(target, connections, seconds, tag)
            if run.requests < 10 * connections and seconds == options.seconds:
                seconds *= 4
            else:
                runs.append(run)
        return Run(*map(statistics.median, zip(*runs)))

    def run(self, target, connections, seconds, tag):
        """CPU per request in µs, the 99th percentile of latency in ms, how many requests, and the cores of other work."""
        fields = ["-H", f"Accept: {MEDIA_TYPE}"] + (["-H", f"If-None-Match: {tag}"] if tag else [])
        expected = 304 if tag else 200
        if (status := self.get(target, **({"If-None-Match": tag} if tag else {}))[0]) != expected:
            sys.exit(f"{target}: {status} instead of {expected}")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "--latency", *fields,
                   f"http://127.0.0.1:{self.port}{target}"]
        self.drain()
        cpu, all_busy, began, own = self.cpu(), busy(), time.monotonic(), os.times()
        told = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120, check=True).stdout
        took, done = time.monotonic() - began, os.times()
        cpu, all_busy = self.cpu() - cpu, busy() - all_busy
        client = done.children_user + done.children_system - own.children_user - own.children_system
        requests = int(re.search(r"(\d+) requests in", told)[1])
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", told)
        if requests == 0 or "Non-2xx" in told or (errors and any(map(int, errors.groups()))):
            sys.exit(f"{target}: {told}")
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", told).groups()
        return Run(cpu / requests * 1e6, float(value) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit],
                   requests, max(0.0, (all_busy - cpu - client) / took))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def targets(server, size):
    """The requests, by name, and how many articles each answers with; the cursor is one some nine tenths in."""
    far = size * 9 // 10 - PAGE
    query = urllib.parse.urlencode({"page[size]": 1, "filter[id][gt]": far})
    links = json.loads(server.get(f"/articles?{query}", Accept=PROFILE)[2])["links"]
    cursor = re.search(r"page%5Bafter%5D=([^&]+)", links["next"])[1]
    page = f"/articles?page%5Bsize%5D={PAGE}"
    return {
        "record": (f"/articles/{far}", 1),
        "list": (page, PAGE),
        "filtered, by an index": (f"{page}&filter%5Bauthor%5D=1", PAGE),
        "filtered, no index": (f"{page}&filter%5BviewCount%5D=1", PAGE),
        "cursor page far in": (f"{page}&page%5Bafter%5D={cursor}", PAGE),
        "include": ("/articles?include=author%2Ccomments&page%5Bsize%5D=20", 20),
    }


def plot(figures, sizes):
    """CPU per request over the size, both logarithmic: the 200s without a memo at the left, the 304s at the right."""
    width, height, left, bottom, top, gap, legend = 860, 400, 74, 56, 44, 24, 180
    panel = (width - left - gap - legend) / 2
    colours = ["#1b6ca8", "#c8553d", "#3d8b57", "#7a4fa3", "#b8860b", "#444444"]
    values = [value for row in figures.values() for cell in row.values() for value in cell]
    low, high = (rounded(math.log10(max(1, value))) for rounded, value in ((math.floor, min(values)), (math.ceil, max(values))))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size, place):
        share = (math.log10(size) - first) / (last - first) if last > first else 0.5
        return left + place * (panel + gap) + 14 + share * (panel - 28)

    def y(value):
        return height - bottom - (math.log10(max(1, value)) - low) / max(1, high - low) * (height - bottom - top)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="16" y="{(top + height - bottom) / 2}" text-anchor="middle" transform="rotate(-90 16'
           f' {(top + height - bottom) / 2})">CPU of the server per request, µs</text>']
    for power in range(low, high + 1):
        out.append(f'<text x="{left - 8}" y="{y(10 ** power) + 4:.1f}" text-anchor="end">{10 ** power:,}</text>')
    for place, title in enumerate(["200, without a memo", "304, with the memo"]):
        start = left + place * (panel + gap)
        out.append(f'<text x="{start + panel / 2:.1f}" y="{top - 18}" text-anchor="middle" font-weight="bold">{title}</text>')
        for power in range(low, high + 1):
            for part in range(1, 10 if power < high else 2):
                at = y(part * 10 ** power)
                out.append(f'<line x1="{start:.1f}" y1="{at:.1f}" x2="{start + panel:.1f}" y2="{at:.1f}"'
                           f' stroke="{"#bbb" if part == 1 else "#eee"}"/>')
        for size in sizes:
            out.append(f'<text x="{x(size, place):.1f}" y="{height - bottom + 18}" text-anchor="middle" font-size="11">{short(size)}</text>')
        out.append(f'<text x="{start + panel / 2:.1f}" y="{height - 12}" text-anchor="middle">articles in the collection</text>')
        for (name, row), colour in zip(figures.items(), colours):
            points = [(x(size, place), y(row[size][place])) for size in sizes]
            out.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
            out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
    start = width - legend + 16
    # In the order in which the lines end, so that names and lines are easily matched.
    ends = sorted(zip(figures, colours), key=lambda item: -figures[item[0]][sizes[-1]][0])
    for place, (name, colour) in enumerate(ends):
        at = top + 12 + place * 22
        out += [f'<line x1="{start}" y1="{at - 4}" x2="{start + 20}" y2="{at - 4}" stroke="{colour}" stroke-width="3"/>',
                f'<text x="{start + 26}" y="{at}">{name}</text>']
    return "\n".join(out + ["</svg>"]) + "\n"


def short(size):
    return f"{size // 1_000_000} M" if size >= 1_000_000 else f"{size // 1_000} k" if size >= 1_000 else str(size)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="articles at most (1,000,000)")
    parser.add_argument("--seconds", type=int, default=3, help="of one run (3)")
    parser.add_argument("--rounds", type=int, default=3, help="of every request and size (3)")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/ alone")
    parser.add_argument("--plot", type=pathlib.Path, help="write the plot here, too")
    parser.add_argument("--binary", type=pathlib.Path, help="a newsroom that is built already, in release")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")
    binary = arguments.binary.resolve() if arguments.binary else build()
    sizes = [size for size in SIZES if size <= arguments.largest]
    figures, cells, memory, crowd, others = {}, {}, [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = pathlib.Path(folder) / f"{size}.db"
            make(path, size)
            row = [f"{size:,}"]
            for place, memo in enumerate(("0", MEMO)):
                server = Server(binary, path, memo)
                try:
                    row.append(number(server.memory()))
                    for name, (target, length) in targets(server, size).items():
                        status, tag, body = server.get(target)
                        found = json.loads(body).get("data") if status == 200 else None
                        if not tag or (len(found) if isinstance(found, list) else 1) != length:
                            sys.exit(f"{target}: {status}, tag {tag}, {body[:200]}")
                        run = server.load(target, CLIENTS, arguments, tag if place else None)
                        others.append(run.others)
                        figures.setdefault(name, {}).setdefault(size, []).append(run.cost)
                        # Some of the CPU went into requests that wrk didn't wait for.
                        few = "~" if run.requests < 10 * CLIENTS else ""
                        cells.setdefault(name, {}).setdefault(size, []).append(few + number(run.cost))
                        print(f"{size:>9,} {name:22} {304 if place else 200} {run.cost:10.1f} µs",
                              file=sys.stderr, flush=True)
                    row.append(number(server.memory()))
                    if place and size == min(CROWDED, sizes[-1]):
                        crowd = connections(server, targets(server, size)["list"][0], arguments, others)
                finally:
                    server.stop()
            memory.append(row)
            for suffix in ("", "-wal", "-shm"):
                pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)
    rows = [[name] + [" / ".join(row[size]) for size in sizes] for name, row in cells.items()]
    limits = "" if arguments.largest == SIZES[-1] else f" --largest {arguments.largest}"
    command = f"benches/newsroom/scaling.py{limits} --seconds {arguments.seconds} --rounds {arguments.rounds}"
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    compiler = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True).stdout.split(" (")[0]
    text = "\n\n".join([
        f"Made by `{command}` on {time.strftime('%Y-%m-%d', time.gmtime())}:"
        f" {os.cpu_count()} cores ({processor[1].strip() if processor else platform.machine()}), {compiler}, 2 Rocket"
        f" workers, {CLIENTS} connections, medians of {arguments.rounds} rounds. Other work on the machine used {statistics.median(others):.2f} cores meanwhile"
        f" ({min(others):.2f} to {max(others):.2f}).",
        f"CPU of the server per request, µs: 200 without a memo / 304 with it. Every page has {PAGE} articles, that with"
        " authors and comments 20, at every size; lists are without their total (`jsonapi.totals = false`)."
        f" `~`: under {10 * CLIENTS} requests.",
        table(["articles"] + [f"{size:,}" for size in sizes], rows),
        "![CPU per request over the size of the collection: 200 without a memo, and 304 with it](scaling.svg)",
        "Memory of the process (RSS), MiB, at rest and after the loads above:",
        table(["articles", "without memo, at rest", "after", "with memo, at rest", "after"], memory),
        f"A page of {PAGE} of {min(CROWDED, sizes[-1]):,} articles, from the memo, by the number of connections: CPU per request in"
        " µs, the 99th percentile of latency in ms, and RSS in MiB after that load:",
        table(["connections", "200: CPU", "200: p99", "304: CPU", "304: p99", "memory"], crowd),
    ])
    picture = plot(figures, sizes)
    if arguments.plot:
        arguments.plot.write_text(picture)
    if arguments.dry:
        print(text)
        return
    PLOT.write_text(picture)
    publish("scaling.md", "scaling", text)
    keep("scaling", command, others, arguments.rounds, cpu_us=figures, connections=crowd)


def connections(server, target, options, others):
    """A row for each number of connections."""
    tag, rows = server.get(target)[1], []
    for count in CONNECTIONS:
        runs = [server.load(target, count, options, known) for known in (None, tag)]
        others += [run.others for run in runs]
        cells = [cell for run in runs for cell in (number(run.cost), f"{run.late:.2f}")]
        rows.append([f"{count}", *cells, number(server.memory())])
        print("connections", *rows[-1], file=sys.stderr, flush=True)
    return rows


def build():
    """The path of the program, as cargo says it."""
    command = ["cargo", "build", "--release", "-p", "newsroom", "--message-format", "json-render-diagnostics"]
    output = subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout
    return pathlib.Path([message["executable"] for message in map(json.loads, output.splitlines())
                         if message.get("executable") and message["target"]["name"] == "newsroom"][-1])


if __name__ == "__main__":
    main()
