#!/usr/bin/env python3
"""Writes that share commits: POSTs over SQLite, by how many clients write at once.

    benches/newsroom/writes.py --bench BENCH        a minute and a half; writes its part of docs/performance/writes.md
    benches/newsroom/writes.py --rounds 1 --dry     a quick look; writes nothing

The newsroom waits for the disk at each commit (`synchronous = "full"`, its default elsewhere), beside the same rows written by one
program without a server, a commit each: no server that commits each write by itself can be faster than that on this disk. Then it
waits at checkpoints only (`normal`), beside a server written by hand on Rocket that does the same and commits each write, from BENCH
(the folder of a side-by-side bench that is no part of this project). Each over its own copy of one file; all take turns. Needs cargo (or `--binary`) and wrk.
"""

import argparse
import dataclasses
import json
import pathlib
import shlex
import sqlite3
import statistics
import sys
import tempfile
import time

import figures
import targets
from postgres_servers import Process, sqlite_file
from postgres_works import load

CLIENTS = [1, 8, 64, 256]
FULL, ALONE, NORMAL = "newsroom, disk", "one by one, disk", "newsroom"
BY_HAND = "Rocket by hand"


@dataclasses.dataclass
class Kind:
    name: str
    command: list
    folder: pathlib.Path
    environment: dict


class Server:
    """As `load` takes it."""

    database = network = None

    def __init__(self, kind, place, log):
        self.kind, self.tags, self.works = kind, {}, {"R7s"}
        self.process = [Process(kind, place, log)]


def kinds(binary, bench):
    found = [Kind(FULL, [str(binary)], bench or pathlib.Path("."), {"SYNCHRONOUS": "full"}),
             Kind(NORMAL, [str(binary)], bench or pathlib.Path("."), {})]
    if bench:
        peers = json.loads((bench / "peers.json").read_text())["peers"]
        peer = next(peer for peer in peers if peer["name"] == targets.BARE)
        found.append(Kind(BY_HAND, shlex.split(peer["start"]), bench / peer["cwd"], peer.get("env", {})))
    return found


def alone(place, seconds):
    """The same rows, a commit each, and each waits for the disk: how many in a second."""
    database = sqlite3.connect(place, isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        database.execute("INSERT INTO comments (text, article_id, author_id) VALUES (?, ?, ?)", ("c" * 120, 1001 + count % 64, 1 + count % 64))
        count += 1
    rate = count / (time.monotonic() - began)
    database.close()
    return rate


def measure(binary, options):
    """Rounds by server and number of clients."""
    runs, servers = {}, []
    with tempfile.TemporaryDirectory(prefix="writes-") as folder, open(f"{folder}/log", "w") as log:
        place = sqlite_file(folder)
        copy = lambda name: pathlib.Path(folder) / f"{name.replace(' ', '-')}.db"
        for name in (ALONE, *(kind.name for kind in kinds(binary, options.bench))):
            copy(name).write_bytes(place.read_bytes())
        try:
            for kind in kinds(binary, options.bench):
                try:
                    servers.append(Server(kind, copy(kind.name), log))
                except (RuntimeError, OSError) as error:
                    print(f"skipped: {kind.name}: {error}", file=sys.stderr)
            for clients in CLIENTS:
                for _ in range(options.rounds):
                    if clients == 1:
                        runs.setdefault((ALONE, clients), []).append({"rps": alone(copy(ALONE), options.seconds)})
                    for server in servers:
                        run = load(server, "R7s", clients, options.seconds, folder)
                        if run["bad"]:
                            sys.exit(f"{server.kind.name}, {clients} clients: {run['bad']} failed")
                        runs.setdefault((server.kind.name, clients), []).append(run)
                for name in dict.fromkeys(name for name, count in runs if count == clients):
                    of = runs[name, clients]
                    print(f"{clients:3} {name:18} {statistics.median(run['rps'] for run in of):9,.0f} POSTs/s", file=sys.stderr, flush=True)
        finally:
            for server in servers:
                server.process[0].stop()
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=lambda path: pathlib.Path(path).resolve(), help="the folder of the side-by-side bench")
    parser.add_argument("--seconds", type=int, default=1, help="of one run (1)")
    parser.add_argument("--rounds", type=int, default=3, help="of every server and number of clients (3)")
    parser.add_argument("--binary", type=pathlib.Path, help="a newsroom that is built already, in release")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/performance alone")
    options = parser.parse_args()
    runs = measure(targets.newsroom(options.binary), options)
    middle = lambda name, clients, what: statistics.median(run[what] for run in runs[name, clients])
    cells = {}
    for name, clients in runs:
        kept = [what for what in ("rps", "p50", "p99", "node") if what in runs[name, clients][0]]
        cells.setdefault(name, {})[clients] = {what: middle(name, clients, what) for what in kept}
    others = [run["others"] for of in runs.values() for run in of if "others" in run]
    command = "benches/newsroom/writes.py" + " --bench BENCH" * bool(options.bench) + f" --seconds {options.seconds} --rounds {options.rounds}"

    def cell(of):
        return f"{of['rps']:,.0f}; {of['p50']:.2f}; {figures.number(of['node'])}" if "node" in of else f"{of['rps']:,.0f}"

    rows = [[name, *(cell(of[clients]) if clients in of else "" for clients in CLIENTS)] for name, of in cells.items()]
    text = "\n\n".join([
        figures.made_by(figures.record(command, others, options.rounds), targets.wrk(), f"{options.rounds} rounds of {options.seconds} s"),
        "By the number of clients: POSTs per second; median of the latency, ms; CPU of the server per POST, µs.",
        figures.table(["", *map(str, CLIENTS)], rows)])
    print(text)
    if not options.dry:
        figures.publish("writes.md", "writes", text)
        figures.keep("writes", command, others, options.rounds, cells=cells)


if __name__ == "__main__":
    main()
