#!/usr/bin/env python3
"""Two nodes over one PostgreSQL: what a 304 of a page costs, beside the same page as 200 without a memo.

    benches/newsroom/two_nodes.py              five rounds of 3 s each; writes its part of docs/performance.md
    benches/newsroom/two_nodes.py --dry        the same, and writes nothing

Starts a PostgreSQL of its own in a temporary folder, three newsrooms over it (two with a memo, one without), and loads one
of the former and the latter in turn by wrk. Takes the CPU (user + system) of the node and that of PostgreSQL per request.
Between rounds the other node writes, so that what is remembered has to be made anew. Needs cargo, wrk and PostgreSQL's
programs.
"""

import argparse
import glob
import http.client
import json
import os
import pathlib
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import targets

TOP = pathlib.Path(__file__).resolve().parents[2]
REPORT = TOP / "docs" / "performance.md"
BEGIN, END = "<!-- two nodes: begin -->", "<!-- two nodes: end -->"
TICK = os.sysconf("SC_CLK_TCK")
MEDIA_TYPE = "application/vnd.api+json"
PAGE = "/articles?page%5Bsize%5D=50&page%5Bnumber%5D=3"
AT_MOST = 0.25
ROWS = """
INSERT INTO people (id, name, email) SELECT i, 'Writer ' || i, 'w' || i || '@example.com' FROM generate_series(1, 200) i;
INSERT INTO articles (id, title, body, view_count, published, created_at, author_id)
  SELECT i, 'Article ' || i, repeat('b', 800), i % 1000, i % 2 = 0, '2027-06-12T09:40:00Z', i % 200 + 1 FROM generate_series(1, 2000) i;
INSERT INTO comments (id, text, article_id, author_id)
  SELECT i, repeat('c', 60), i % 2000 + 1, i % 200 + 1 FROM generate_series(1, 10000) i;
ANALYZE;
"""


def program(name):
    """One of PostgreSQL's, where it is on the path or where packages put it."""
    found = shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)
    return found or sys.exit(f"PostgreSQL's `{name}` is missing")


class Postgres:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="two-nodes-")
        self.port = targets.free_port()
        # PostgreSQL refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        shutil.chown(self.folder, self.user)
        self.run([program("initdb"), "-D", f"{self.folder}/data", "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-sync"])
        command = [program("postgres"), "-D", f"{self.folder}/data", "-p", str(self.port), "-k", self.folder,
                   "-c", "listen_addresses=127.0.0.1"]
        self.log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen(self.as_user(command), cwd=self.folder, stdout=self.log, stderr=self.log)
        self.url = f"postgres://bench@127.0.0.1:{self.port}/postgres"
        for _ in range(200):
            if subprocess.run([program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0:
                return
            time.sleep(0.05)
        self.process.kill()
        sys.exit(f"PostgreSQL did not start, see {self.folder}/log")

    def as_user(self, command):
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups", *command] if os.geteuid() == 0 else command

    def run(self, command):
        subprocess.run(self.as_user(command), cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def sql(self, text):
        subprocess.run([program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", text], check=True)

    def stop(self):
        self.process.send_signal(2)
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


class Node:
    def __init__(self, binary, url, memo):
        self.port = targets.free_port()
        environment = dict(os.environ, PORT=str(self.port), DB=url, MEMO=memo)
        self.process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.ask("GET", "/b0")
                return
            except OSError:
                time.sleep(0.05)
        self.process.kill()
        sys.exit("the newsroom did not start")

    def ask(self, method, path, body=None, fields=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        kind = {} if body is None else {"Content-Type": MEDIA_TYPE}
        connection.request(method, path, body, dict(fields, Accept=MEDIA_TYPE, **kind))
        response = connection.getresponse()
        text, tag = response.read(), response.getheader("ETag")
        connection.close()
        return response.status, tag, text

    def stop(self):
        self.process.terminate()
        self.process.wait(15)


def cpu(pid):
    """Seconds of a process and of its children, those that have ended included."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
            for task in os.listdir(f"/proc/{one}/task"):
                waiting += map(int, pathlib.Path(f"/proc/{one}/task/{task}/children").read_text().split())
        except OSError:
            pass
    return total / TICK


def load(node, database, seconds, tag, status):
    """CPU per request in µs, of the node and of PostgreSQL, and the requests in a second."""
    answer = node.ask("GET", PAGE, fields={"If-None-Match": tag} if tag else {})
    if answer[0] != status:
        sys.exit(f"expected {status}, got {answer[0]}")
    field = ["-H", f"If-None-Match: {tag}"] if tag else []
    before, started = (cpu(node.process.pid), cpu(database.process.pid)), time.time()
    output = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", "-H", f"Accept: {MEDIA_TYPE}", *field,
                             f"http://127.0.0.1:{node.port}{PAGE}"], check=True, stdout=subprocess.PIPE, text=True).stdout
    took = time.time() - started
    if "Non-2xx or 3xx" in output:
        sys.exit(output)
    requests = int(output.partition(" requests in ")[0].split()[-1])
    after = cpu(node.process.pid), cpu(database.process.pid)
    return [(now - then) / requests * 1e6 for now, then in zip(after, before)] + [requests / took]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", type=pathlib.Path, help="the newsroom, built already")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    binary = targets.newsroom(options.binary)
    database, nodes = Postgres(), []
    try:
        nodes.append(Node(binary, database.url, "64 MiB"))
        database.sql(ROWS)
        nodes += [Node(binary, database.url, memo) for memo in ("64 MiB", "0")]
        asked, other, without = nodes
        rounds = []
        for number in range(options.rounds + 1):
            document = {"data": {"type": "articles", "id": "101", "attributes": {"title": f"Round {number}"}}}
            _, tag, _ = asked.ask("GET", PAGE)
            if other.ask("PATCH", "/articles/101", json.dumps(document))[0] != 200:
                sys.exit("the other node cannot write")
            status, now, _ = asked.ask("GET", PAGE, fields={"If-None-Match": tag})
            if status != 200 or now == tag:
                sys.exit("a node does not see what the other has written")
            # In turn, so that neither is always the first after the change.
            figures = {}
            for status in (200, 304) if number % 2 else (304, 200):
                of = (without, None) if status == 200 else (asked, now)
                figures[status] = load(of[0], database, options.seconds, of[1], status)
            figures = figures[200], figures[304]
            # The first warms up.
            rounds += [figures] if number else []
    finally:
        for node in nodes:
            node.stop()
        database.stop()

    median = lambda values: statistics.median(list(values))
    number = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
    rows = []
    for name, place in (("200, memo off", 0), ("304, memo on", 1)):
        figures = [median(figures[place][kind] for figures in rounds) for kind in range(3)]
        rows.append(f"| {name} | {number(figures[0])} | {number(figures[1])} | {number(sum(figures[:2]))} | {number(figures[2])} |")
    of_node = sorted(new[0] / old[0] for old, new in rounds)
    of_both = sorted(sum(new[:2]) / sum(old[:2]) for old, new in rounds)
    machine = targets.machine()
    spread = lambda ratios: f"{median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
    verdict = "kept" if median(of_node) <= AT_MOST else "**missed**"
    command = "benches/newsroom/two_nodes.py" + "".join(
        f" --{name} {value}" for name, value, default in (("seconds", options.seconds, 3), ("rounds", options.rounds, 5)) if value != default)
    text = "\n".join([
        f"Made by `{command}` on {time.strftime('%Y-%m-%d')}: {machine['cores']} cores ({machine['processor']}), {machine['rustc']}, "
        f"{targets.tell(program('postgres'), '--version')}, 32 connections, {len(rounds)} rounds; before each the other node changed "
        "the page. CPU per request, µs, medians:", "",
        "| page of 50 | node | PostgreSQL | both | req/s |", "|---|---:|---:|---:|---:|", *rows, "",
        f"304 of 200, median of the rounds' ratios (range): node {spread(of_node)}, at most {AT_MOST}: {verdict}; node and PostgreSQL "
        f"together {spread(of_both)}."])
    print(text)
    if not options.dry:
        whole = REPORT.read_text()
        start, end = whole.index(BEGIN) + len(BEGIN), whole.index(END)
        REPORT.write_text(f"{whole[:start]}\n{text}\n{whole[end:]}")
    return 0 if median(of_node) <= AT_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
