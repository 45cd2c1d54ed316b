#!/usr/bin/env python3
"""Lists of a million rows: totals, pages far in, and looking into text, on SQLite and on PostgreSQL.

    benches/newsroom/big.py --postgres postgres://me@%2Frun/empty    a few minutes; both databases
    benches/newsroom/big.py --size 100000 --dry                      a quick look at SQLite; writes nothing

Starts the newsroom over a database of that size and asks for one page after the other, each once, so that none comes from the
memo as a whole. Each figure is the median time of an answer in ms, over one connection. Rewrites its part of
docs/performance/big.md. Needs cargo (or `--binary`), psql for PostgreSQL, and 2 GB in the folder for temporary files.
"""

import argparse
import datetime
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import scaling

REPORT = scaling.TOP / "docs" / "performance" / "big.md"
ROWS = """
INSERT INTO people (id, name, email) SELECT n, 'Writer ' || n, 'w' || n || '@example.com' FROM generate_series(1, {people}) AS n;
INSERT INTO articles (id, title, body, view_count, published, created_at, author_id)
  SELECT n, 'Article ' || (n::bigint * 7919 % {size}), repeat('b', 200), n % 50, n % 2 = 1, '2027-06-12T09:40:00Z', n % {people} + 1
  FROM generate_series(1, {size}) AS n;
VACUUM ANALYZE;
"""
INDEX = {"SQLite": "CREATE INDEX by_title ON articles (title)",
         "PostgreSQL": 'CREATE INDEX by_title ON articles (title COLLATE "C", id)'}


class Sqlite:
    name = "SQLite"

    def __init__(self, binary, size):
        self.folder = tempfile.TemporaryDirectory()
        self.place = str(pathlib.Path(self.folder.name) / "big.db")
        scaling.make(self.place, size)
        # In another order than their ids, and 50 values of the other attribute.
        self.run(f"UPDATE articles SET title = 'Article ' || (id * 7919 % {size}), view_count = id % 50")

    def run(self, sql):
        database = sqlite3.connect(self.place)
        database.execute(sql)
        database.commit()
        database.close()


class Postgres:
    name = "PostgreSQL"

    def __init__(self, binary, size, url):
        self.place = url
        server = scaling.Server(binary, url, "1 MiB")
        server.stop()
        self.run(ROWS.format(size=size, people=max(1, size // 50)))

    def run(self, sql):
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", self.place], input=sql, text=True, check=True)


def cases(size):
    """What is asked, and the targets: as many as are asked for, each another one."""
    few = "/articles?fields[articles]=title&page[size]=50"
    far = lambda sort: [f"{few}{sort}&page[number]={size // 50 * 9 // 10 + n}" for n in range(3)]
    viewed = f"{few}&filter[viewCount]=7"
    return {
        "filtered, another page": [f"{viewed}&page[number]={n}" for n in range(1, 8)],
        "the same with totals": [f"{viewed}&page[totals]&page[number]={n}" for n in range(1, 8)],
        "page far in, by id": far(""),
        "page far in, by title": far("&sort=title"),
        "title equals": [f"{few}&filter[title]=Article {n}" for n in range(3)],
        "title begins": [f"{few}&filter[title][startswith]=Article {n}99" for n in range(1, 4)],
        "title contains": [f"{few}&filter[title][contains]=zz{n}" for n in range(3)],
        "title contains, whatever case": [f"{few}&filter[title][ilike]=%25Zz{n}%25" for n in range(3)],
    }


def measure(server, targets):
    times = []
    for target in targets:
        begun = time.perf_counter()
        status, _, body = server.get(urllib.parse.quote(target, safe="/?&=[]%"))
        times.append((time.perf_counter() - begun) * 1000)
        if status == 503:
            # It took longer than `read_timeout`.
            return None
        if status != 200:
            sys.exit(f"{target}: {status} {body[:300]}")
    # The first one of a total counts; the others are what is asked for.
    return times[0], statistics.median(times[1:])


def column(database, binary, size):
    server = scaling.Server(binary, database.place, "64 MiB")
    found = {}
    try:
        for name, targets in cases(size).items():
            found[name] = measure(server, targets)
    finally:
        server.stop()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", action="append", default=[], help="NAME=PATH of a newsroom; several stand side by side")
    parser.add_argument("--postgres", help="the URL of an empty database")
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    binaries = dict(it.split("=", 1) for it in options.binary)
    if not binaries:
        subprocess.run(["cargo", "build", "--release", "-q", "-p", "newsroom"], cwd=scaling.TOP, check=True)
        binaries = {"now": str(scaling.TOP / "target" / "release" / "newsroom")}
    first = next(iter(binaries.values()))
    databases = [Sqlite(first, options.size)] + ([Postgres(first, options.size, options.postgres)] if options.postgres else [])
    columns = {}
    for database in databases:
        for indexed in (False, True):
            if indexed:
                database.run(INDEX[database.name])
                database.run("ANALYZE")
            for name, binary in binaries.items():
                columns[f"{database.name}{', index' if indexed else ''}, {name}"] = column(database, binary, options.size)
    lines = [f"Made by `benches/newsroom/big.py` on {datetime.date.today()}: {options.size:,} articles, "
             f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}. Median time of an answer, ms; in brackets the first one; 503: longer than "
             "`read_timeout`.", "",
             "| list | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for case in next(iter(columns.values())):
        lines.append(f"| {case} | " + " | ".join((f"{it[case][1]:,.1f} ({it[case][0]:,.0f})" if it[case] else "503") for it in columns.values()) + " |")
    table = "\n".join(lines)
    print(table)
    if not options.dry:
        head, _, rest = REPORT.read_text().partition("<!-- big: begin -->")
        tail = rest.partition("<!-- big: end -->")[2]
        REPORT.write_text(f"{head}<!-- big: begin -->\n{table}\n<!-- big: end -->{tail}")


if __name__ == "__main__":
    main()
