#!/usr/bin/env python3
"""The newsroom over PostgreSQL beside servers written by hand: processor time of server and database, latency, round trips.

    benches/newsroom/postgres.py                    everything, within 20 minutes; writes its part of docs/performance/postgres.md
    benches/newsroom/postgres.py --quick            whether it all works, in two minutes; its figures say little
    benches/newsroom/postgres.py --check            only whether all servers answer rightly
    benches/newsroom/postgres.py --bench FOLDER     Django REST framework, too, from a side-by-side bench that is no part of this
    benches/newsroom/postgres.py --dry              prints its part, and leaves docs/performance alone

Starts a PostgreSQL of its own in a temporary folder, with 200 people, 2,000 articles and 10,000 comments, and over copies of
them the newsroom with a memo, without, and as two nodes, a server written by hand on Rocket, one on axum (`peers`), Fastify, and
Django REST framework. They are loaded by wrk in turn, so that runs that are compared lie close in time. Then all are started
again with a network between them and the database, in which a round trip takes a millisecond longer (`peers/src/bin/delay.rs`;
netem would need root, and a kernel that has it), and round trips are counted.

Before each run of R5 a newsroom's page is changed by another node. Needs cargo, wrk and PostgreSQL's programs, and npm for Fastify.
"""

import argparse
import dataclasses
import itertools
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import figures
import postgres_servers
import targets
from figures import is_kept
from postgres_report import report, write_down
from postgres_works import URLS, WORKS, Wrong, check, load, title

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
MEMO = {"MEMO": "64 MiB"}
DELAY = 1.0
# Of all newsrooms together: they have the same data.
CHANGES = itertools.count()
PSYCOPG = "psycopg[binary]==3.3.*"


@dataclasses.dataclass
class Kind:
    """A server that is compared."""

    name: str
    command: list
    folder: pathlib.Path = HERE
    environment: dict = dataclasses.field(default_factory=dict)
    # Its documents equal the newsroom's.
    alike: bool = True
    if_match: bool = True
    # Whose data it has; several nodes have the same.
    database: str = ""
    nodes: int = 1
    works: tuple = tuple(WORKS)
    # Not with many connections and not in all rounds: it takes too long.
    slow: bool = False


class Server:
    """A kind that runs, as one process or as several nodes."""

    def __init__(self, kind, database, address, log, network=None):
        self.kind, self.database, self.network = kind, database, network
        self.works, self.tags, self.process = set(kind.works), {}, []
        try:
            for _ in range(kind.nodes):
                self.process.append(postgres_servers.Process(kind, address, log))
        except RuntimeError:
            self.stop()
            raise

    def change(self):
        """The page of R5 is changed by the last node, and the first must see it."""
        first, last = self.process[0], self.process[-1]
        tag = first.ask("GET", URLS["R5"])[1]["etag"]
        status = last.ask("PATCH", "/articles/101", title(101, f"Change {next(CHANGES)}"))[0]
        if status != 200:
            raise Wrong(f"a node cannot write: {status}")
        status, fields, _ = first.ask("GET", URLS["R5"], fields={"If-None-Match": tag})
        if status != 200 or fields["etag"] == tag:
            raise Wrong("a node does not see what another has written")

    def stop(self):
        for process in self.process:
            process.stop()
        if self.network:
            self.network.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=pathlib.Path, help="the folder of a side-by-side bench that has peers/drf")
    parser.add_argument("--servers", help="only these, divided by commas; without, all")
    parser.add_argument("--works", help=f"only these of {','.join(WORKS)}")
    parser.add_argument("--seconds", type=int, default=1, help="of one run (1)")
    parser.add_argument("--rounds", type=int, default=5, help="with 32 connections; half of them, but two, with others and with the delay (5)")
    parser.add_argument("--binary", type=pathlib.Path, help="the newsroom, built already")
    parser.add_argument("--peers", type=pathlib.Path, help="the folder of the programs of `peers`, built already")
    parser.add_argument("--quick", action="store_true", help="one round, and less of everything")
    parser.add_argument("--check", action="store_true", help="look whether all answer rightly, and end")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/performance alone")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    if options.quick:
        options.rounds = 1
    options.few = options.rounds // 2 if options.rounds > 3 else min(2, options.rounds)
    began, binary, built = time.time(), targets.newsroom(options.binary), build_peers(options.peers)
    options.works = options.works.split(",") if options.works else WORKS
    kinds = chosen(options, binary, built)
    with tempfile.TemporaryDirectory(prefix="newsroom-postgres-") as folder:
        bench = Bench(options, kinds, built, folder)
        try:
            bench.run()
        finally:
            bench.stop()
    if options.check:
        return 1 if bench.wrong else 0
    machine = targets.machine() | {"postgres": targets.tell(postgres_servers.program("postgres"), "--version"),
                                   "minutes": (time.time() - began) / 60, "command": command(options)}
    text, judged = report(bench, machine)
    print(f"\n{text}")
    if not options.dry:
        figures.publish("postgres.md", "postgres", text)
        write_down(bench, machine["command"], judged)
    return 1 if bench.wrong or any(is_kept(of) is False for of in judged) else 0


def command(options):
    words = ["benches/newsroom/postgres.py"]
    words += [f"--{name} {value}" for name, value, default in (("seconds", options.seconds, 1), ("rounds", options.rounds, 5))
              if value != default and not options.quick]
    words += ["--quick"] * options.quick + ["--bench BENCH"] * bool(options.bench)
    return " ".join(words)


def build_peers(given):
    """The folder of their programs, in release as the newsroom is."""
    if given:
        return given.resolve()
    target = os.environ.get("CARGO_TARGET_DIR", targets.TOP / "target")
    subprocess.run(["cargo", "build", "--release", "--locked", "--manifest-path", PEERS / "Cargo.toml", "--target-dir", target],
                   cwd=targets.TOP, check=True)
    return (targets.TOP / target / "release").resolve()


def chosen(options, binary, built):
    newsroom = [str(binary)]
    kinds = [
        Kind("newsroom", newsroom, environment=MEMO, database="newsroom"),
        Kind("newsroom, two nodes", newsroom, environment=MEMO, database="newsroom", nodes=2),
        Kind("newsroom, memo off", newsroom, environment={"MEMO": "0"}, database="newsroom"),
        Kind("Rocket by hand", [str(built / "rocket-by-hand")], database="rocket"),
        Kind("axum by hand", [str(built / "axum-by-hand")], database="axum"),
        fastify(),
        django(options.bench),
        Kind("newsroom on SQLite", newsroom, environment=MEMO, works=("R4", "R5")),
    ]
    kinds = [kind for kind in kinds if kind]
    if options.servers:
        wanted = options.servers.split(",")
        # "newsroom, two nodes" has a comma in it.
        kinds = [kind for kind in kinds if any(kind.name.startswith(name.strip()) for name in wanted)]
    return kinds


def fastify():
    folder = PEERS / "fastify"
    if not (folder / "node_modules").is_dir():
        if not shutil.which("npm"):
            print("skipped: Fastify, as npm is missing")
            return None
        if subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder).returncode:
            print("skipped: Fastify, as its packages could not be installed")
            return None
    return Kind("Fastify", ["node", "server.js"], folder, database="fastify", if_match=False)


def django(bench):
    peer = bench and bench.resolve() / "peers" / "drf"
    if not peer or not (peer / "app.py").is_file():
        print("skipped: Django REST framework, which needs --bench and there peers/drf")
        return None
    environment = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", targets.TOP / "target")).resolve() / "newsroom-django"
    python = environment / "bin" / "python"
    if not (environment / "installed").exists():
        commands = [[sys.executable, "-m", "venv", environment],
                    [python, "-m", "pip", "install", "-q", "-r", peer / "requirements.txt", PSYCOPG]]
        if any(subprocess.run(command).returncode for command in commands):
            print("skipped: Django REST framework, as its packages could not be installed")
            return None
        (environment / "installed").touch()
    # Two processes of eight threads: sixteen connections.
    command = [str(python), "-m", "gunicorn", "-w", "2", "-k", "gthread", "--threads", "8", "--keep-alive", "60", "--no-control-socket",
               "-b", "127.0.0.1:{port}", "over_postgres:app"]
    return Kind("Django REST framework", command, PEERS / "django", {"PYTHONPATH": str(peer), "ETAG": "1", "PYTHONDONTWRITEBYTECODE": "1"},
                alike=False, if_match=False, database="django", slow=True)


class Bench:
    """The runs and what came of them: figures by phase, server, work and connections, a list of rounds each."""

    def __init__(self, options, kinds, built, folder):
        self.options, self.kinds, self.built, self.folder = options, kinds, built, pathlib.Path(folder)
        self.data, self.cells, self.wrong, self.running = postgres_servers.rows(), {}, [], []
        self.log = open(self.folder / "log", "w")
        self.delay = self.longer = None
        self.postgres = postgres_servers.Postgres()

    def run(self):
        few = self.options.few
        self.start()
        if self.options.check:
            return
        quick = self.options.quick
        self.measure("near", WORKS, [32], self.options.rounds)
        crowds = ([1, 64], ["R5"]) if quick else ([1, 8, 64, 512], ["R2", "R5", "R6s"])
        self.measure("near", crowds[1], crowds[0], few, slow=False)
        self.end()
        binary = self.built / "delay"
        self.delay, self.longer = postgres_servers.Network.calibrate(binary, DELAY)
        self.start(binary)
        self.measure("far", ["R1", "R2", "R4", "R5", "R6s"] if quick else WORKS, [1], few, slow=not quick)
        if not quick:
            self.measure("far", ["R2", "R5", "R6s"], [64], few, slow=False)
        self.end()

    def start(self, network=None):
        """All of them, and looks whether they answer rightly."""
        for name in dict.fromkeys(kind.database for kind in self.kinds if kind.database):
            self.postgres.database(name)
        reference = None
        for kind in self.kinds:
            if network and not kind.database:
                continue
            server = None
            try:
                between = postgres_servers.Network(network, self.postgres.port, self.delay) if network else None
                url = self.postgres.url(kind.database, between and between.port)
                address = url if kind.database else postgres_servers.sqlite_file(self.folder)
                try:
                    server = Server(kind, self.postgres if kind.database else None, address, self.log, between)
                except RuntimeError:
                    if between:
                        between.stop()
                    raise
                server.works &= set(self.options.works)
                check(server, self.data, reference)
            except (Wrong, RuntimeError, OSError, KeyError, ValueError) as error:
                self.wrong.append(f"{kind.name}: {error or type(error).__name__}")
                print(f"check {kind.name}: WRONG: {error!r}", flush=True)
                if server:
                    server.stop()
                continue
            reference = reference or (server if kind.name == "newsroom" else None)
            self.running.append(server)
            print(f"check {kind.name}: right{' over the slow network' if network else ''}", flush=True)

    def measure(self, phase, works, connections, rounds, slow=True):
        servers = [server for server in self.running if slow or not server.kind.slow]
        for work in works:
            for count in connections:
                for number in range(rounds):
                    for server in servers:
                        if server.kind.slow and number >= max(1, rounds // 2):
                            continue
                        if work in server.works and count >= server.kind.nodes and (count == 32 or server.database):
                            self.once(phase, server, work, count)
                self.tell(phase, servers, work, count)

    def once(self, phase, server, work, connections):
        try:
            if work == "R5":
                server.change()
            of_run = load(server, work, connections, self.options.seconds, self.folder)
        except (Wrong, OSError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
            self.wrong.append(f"{server.kind.name}, {work}, {connections} connections: {error}")
            print(f"{server.kind.name}, {work}, {connections} connections: {error!r}", flush=True)
            return
        if of_run["bad"]:
            self.wrong.append(f"{server.kind.name}, {work}, {connections} connections: {of_run['bad']} failed")
        self.cells.setdefault((phase, server.kind.name, work, connections), []).append(of_run)

    def tell(self, phase, servers, work, connections):
        for server in servers:
            runs = self.cells.get((phase, server.kind.name, work, connections))
            if runs:
                of = {name: statistics.median(run[name] or 0 for run in runs) for name in runs[0]}
                print(f"{phase:4} {work} {connections:3} {server.kind.name:22} {of['rps']:8,.0f} req/s  p50 {of['p50']:7.2f}  p99 {of['p99']:7.2f} ms"
                      f"  {of['node']:7.1f} + {of['database']:7.1f} µs  trips {of['trips']:.2f}  others {of['others']:.2f}", flush=True)

    def end(self):
        while self.running:
            self.running.pop().stop()

    def stop(self):
        self.end()
        self.postgres.stop()
        self.log.close()


if __name__ == "__main__":
    sys.exit(main())
