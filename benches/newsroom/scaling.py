#!/usr/bin/env python3
"""Cost against size: how a read and its 304 grow with the collection and with the connections.

    benches/newsroom/scaling.py                          100 to 1,000,000 articles, 1 to 512 connections: about 10 minutes
    benches/newsroom/scaling.py --largest 10000 --seconds 1 --dry    a quick look; writes nothing

Starts the newsroom over a database of each size, once with its memo and once without, loads one request after the
other by wrk over loopback, and takes the server's CPU (user + system) per request. Rewrites its part of
docs/performance.md and docs/scaling.svg. Needs cargo and wrk.
"""

import argparse
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
import subprocess
import sys
import tempfile
import time
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]
REPORT, PLOT = TOP / "docs" / "performance.md", TOP / "docs" / "scaling.svg"
BEGIN, END = "<!-- scaling: begin -->", "<!-- scaling: end -->"
TICK = os.sysconf("SC_CLK_TCK")
MEDIA_TYPE = "application/vnd.api+json"
PROFILE = f'{MEDIA_TYPE};profile="https://jsonapi.org/profiles/ethanresnick/cursor-pagination"'
SIZES = [100, 1_000, 10_000, 100_000, 1_000_000]
CONNECTIONS = [1, 8, 64, 512]
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
    database = sqlite3.connect(path)
    database.executescript(SCHEMA)
    people = max(1, size // 10)
    database.executemany("INSERT INTO people VALUES (?, ?, ?)", ((i, f"Writer {i}", f"w{i}@example.com") for i in range(1, people + 1)))
    database.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, '2027-06-12T09:40:00Z', ?)",
                         ((i, f"Article {i}", "b" * 200, i % 1000, i % 2, i % people + 1) for i in range(1, size + 1)))
    database.executemany("INSERT INTO comments VALUES (?, ?, ?, ?)",
                         ((i, "c" * 60, i, i % people + 1) for i in range(1, size + 1)))
    database.commit()
    database.execute("ANALYZE")
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


class Server:
    def __init__(self, binary, path, memo):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # Lists without their total: counting all rows is what grows, and it is the client's to ask for.
        environment = dict(os.environ, PORT=str(self.port), DB=str(path), MEMO=memo, TOTALS="0")
        self.process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                self.get("/articles/1")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the newsroom does not answer")

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

    def load(self, target, connections, seconds, tag=None):
        """CPU per request in µs, and the 99th percentile of latency in ms."""
        fields = ["-H", f"Accept: {MEDIA_TYPE}"] + (["-H", f"If-None-Match: {tag}"] if tag else [])
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency", *fields,
                   f"http://127.0.0.1:{self.port}{target}"]
        before = self.cpu()
        told = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
        used = self.cpu() - before
        requests = int(re.search(r"(\d+) requests in", told).group(1))
        if "Non-2xx" in told and not tag:
            raise RuntimeError(f"{target}: {told}")
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", told).groups()
        return used / max(1, requests) * 1e6, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def targets(server, size):
    """The requests, by name; the cursor is one nine tenths in."""
    far = size * 9 // 10
    query = urllib.parse.urlencode({"page[size]": 1, "filter[id][gt]": far})
    links = json.loads(server.get(f"/articles?{query}", Accept=PROFILE)[2])["links"]
    cursor = re.search(r"page%5Bafter%5D=([^&]+)", links["next"]).group(1)
    page = f"/articles?page%5Bsize%5D=50&page%5Bafter%5D={cursor}"
    return {
        "record": f"/articles/{far}",
        "list": "/articles?page%5Bsize%5D=50",
        "filtered list": "/articles?page%5Bsize%5D=50&filter%5BviewCount%5D=7",
        "cursor page far in": page,
        "include": "/articles?include=author%2Ccomments&page%5Bsize%5D=20",
    }


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def plot(figures, sizes):
    """CPU per request over the size, both logarithmic."""
    width, height, left, bottom, top = 760, 420, 64, 56, 24
    colours = ["#1b6ca8", "#c8553d", "#3d8b57", "#7a4fa3", "#b8860b"]
    highest = max(max(cell) for row in figures.values() for cell in row.values())
    low, high = 0, math.ceil(math.log10(max(10, highest)))
    def x(size):
        return left + (math.log10(size) - 2) / max(1, math.log10(sizes[-1]) - 2) * (width - left - 190)
    def y(value):
        return height - bottom - (math.log10(max(1, value)) - low) / (high - low) * (height - bottom - top)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for power in range(low, high + 1):
        at = y(10 ** power)
        out += [f'<line x1="{left}" y1="{at:.1f}" x2="{width - 190}" y2="{at:.1f}" stroke="#ddd"/>',
                f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{10 ** power:,}</text>']
    for size in sizes:
        out.append(f'<text x="{x(size):.1f}" y="{height - bottom + 18}" text-anchor="middle">{size:,}</text>')
    out += [f'<text x="{(left + width - 190) / 2}" y="{height - 14}" text-anchor="middle">articles</text>',
            f'<text x="14" y="{height / 2}" text-anchor="middle" transform="rotate(-90 14 {height / 2})">CPU per request, µs</text>']
    for place, (name, row) in enumerate(figures.items()):
        colour = colours[place % len(colours)]
        for index, dash in ((0, ""), (1, ' stroke-dasharray="5 4"')):
            points = " ".join(f"{x(size):.1f},{y(row[size][index]):.1f}" for size in sizes)
            out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        out.append(f'<text x="{width - 180}" y="{top + 18 + place * 20}" fill="{colour}">{name}</text>')
    out += [f'<text x="{width - 180}" y="{top + 30 + len(figures) * 20}">solid: 200 without memo</text>',
            f'<text x="{width - 180}" y="{top + 48 + len(figures) * 20}">dashed: 304 with memo</text>', "</svg>"]
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")
    subprocess.run(["cargo", "build", "--release", "-q", "-p", "newsroom"], check=True, cwd=TOP)
    told = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], check=True, cwd=TOP, capture_output=True, text=True).stdout
    binary = pathlib.Path(json.loads(told)["target_directory"]) / "release" / "newsroom"
    sizes = [size for size in SIZES if size <= arguments.largest]
    figures, memory, crowd = {}, [], []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = pathlib.Path(folder) / f"{size}.db"
            make(path, size)
            row = [f"{size:,}"]
            for memo in ("0", "64 MiB"):
                server = Server(binary, path, memo)
                try:
                    row.append(number(server.memory()))
                    for name, target in targets(server, size).items():
                        status, tag, _ = server.get(target)
                        if status != 200 or not tag:
                            raise RuntimeError(f"{target}: {status}")
                        known = tag if memo != "0" else None
                        cost, _ = server.load(target, 16, arguments.seconds, known)
                        cell = figures.setdefault(name, {}).setdefault(size, [0.0, 0.0])
                        cell[0 if memo == "0" else 1] = cost
                        print(f"{size:>9,} {name:20} {'304' if known else '200'} {cost:10.1f} µs", flush=True)
                    row.append(number(server.memory()))
                    if memo != "0" and size == min(10_000, sizes[-1]):
                        target = targets(server, size)["list"]
                        tag = server.get(target)[1]
                        for connections in CONNECTIONS:
                            cells = [f"{connections}"]
                            for known in (None, tag):
                                cost, late = server.load(target, connections, arguments.seconds, known)
                                cells += [number(cost), f"{late:.2f}"]
                            crowd.append(cells + [number(server.memory())])
                            print("connections", *crowd[-1], flush=True)
                finally:
                    server.stop()
            memory.append(row)
            for suffix in ("", "-wal", "-shm"):
                pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)
    rows = [[name] + [f"{number(cells[size][0])} / {number(cells[size][1])}" for size in sizes] for name, cells in figures.items()]
    limits = "" if arguments.largest == SIZES[-1] else f" --largest {arguments.largest}"
    text = "\n\n".join([
        f"Made by `benches/newsroom/scaling.py{limits} --seconds {arguments.seconds}` on {time.strftime('%Y-%m-%d')}: "
        f"{os.cpu_count()} cores, {platform.machine()}, 2 Rocket workers, 16 connections.",
        "CPU of the server per request, µs: 200 without a memo / 304 with it.",
        table(["articles"] + [f"{size:,}" for size in sizes], rows),
        "![CPU per request over the size of the collection](scaling.svg)",
        "Memory of the process, MiB, at rest and after the load.",
        table(["articles", "without memo, at rest", "after", "with memo, at rest", "after"], memory),
        "A page of 50, from the memo, by the number of connections: CPU per request in µs, and the 99th percentile of latency in ms.",
        table(["connections", "200: CPU", "p99", "304: CPU", "p99", "memory, MiB"], crowd),
    ])
    if arguments.dry:
        print(text)
        return
    PLOT.write_text(plot(figures, sizes))
    report = REPORT.read_text()
    before, rest = report.split(BEGIN)
    REPORT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
