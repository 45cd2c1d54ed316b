#!/usr/bin/env python3
"""Lists of a million rows: totals, pages far in, and looking into text, on SQLite and on PostgreSQL.

    benches/newsroom/big.py                                          a few minutes; SQLite, and a PostgreSQL of its own
    benches/newsroom/big.py --postgres postgres://me@%2Frun/empty    the same with another PostgreSQL
    benches/newsroom/big.py --size 10000 --dry                       a quick look; writes nothing

Starts the newsroom over a database of that size and asks for one page after the other, each once, so that none comes from the
memo as a whole. Each figure is the median time of an answer in ms, over one connection. Rewrites its part of
docs/performance/big.md. Needs cargo (or `--binary`), PostgreSQL's programs, and 2 GB in the folder for temporary files.
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
import figures
import postgres_servers
import scaling

# A total that is known already costs nothing much: the list with it, of the list without.
TOTALS_AT_MOST = 1.1
PAGES = range(1, 12)
LIST, WITH_TOTALS = "filtered, another page", "the same with totals"
ROWS = """
INSERT INTO people (id, name, email) SELECT n, 'Writer ' || n, 'w' || n || '@example.com' FROM generate_series(1, {people}) AS n;
INSERT INTO articles (id, title, body, view_count, published, created_at, author_id)
  SELECT n, 'Article ' || (n::bigint * 7919 % {size}), repeat('b', 200), n % 50, n % 2 = 1, '2027-06-12T09:40:00Z', n % {people} + 1
  FROM generate_series(1, {size}) AS n;
VACUUM ANALYZE;
"""
# What `schema difference` prints for `#[jsonapi(index(order, trigram))]`.
TRIGRAM = ('CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX by_trigram ON articles USING gin ((replace(lower(upper(lower(replace('
           '(CAST("title" AS text) COLLATE "C"), \'ı\', \'\ufdd0\') COLLATE "und-x-icu"))), \'ς\', \'σ\') COLLATE "C") gin_trgm_ops)')
INDEX = {"SQLite": "CREATE INDEX by_title ON articles (title)",
         "PostgreSQL": f'CREATE INDEX by_title ON articles (title COLLATE "C", id); {TRIGRAM}'}


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
        subprocess.run([postgres_servers.program("psql"), "-q", "-v", "ON_ERROR_STOP=1", self.place], input=sql, text=True, check=True)


def cases(size):
    """What is asked, and the targets: as many as are asked for, each another one."""
    few = "/articles?fields[articles]=title&page[size]=50"
    # Each a way before the one before it, so that none follows another.
    far = lambda sort: [f"{few}{sort}&page[number]={size // 50 * 9 // 10 - 2 * n}" for n in range(3)]
    walk = lambda sort: [f"{few}{sort}&page[number]={size // 50 * 8 // 10 + n}" for n in range(6)]
    viewed = f"{few}&filter[viewCount]=7"
    return {
        LIST: [f"{viewed}&page[number]={n}" for n in PAGES],
        WITH_TOTALS: [f"{viewed}&page[totals]&page[number]={n}" for n in PAGES],
        "page far in, by id": far(""),
        "page far in, by title": far("&sort=title"),
        "the pages that follow, by id": walk(""),
        "the pages that follow, by title": walk("&sort=title"),
        "title equals": [f"{few}&filter[title]=Article {n}" for n in range(3)],
        "title begins": [f"{few}&filter[title][startswith]=Article {n}99" for n in range(1, 4)],
        "title contains": [f"{few}&filter[title][contains]=zz{n}" for n in range(3)],
        "title contains, whatever case": [f"{few}&filter[title][ilike]=%25Zz{n}%25" for n in range(3)],
    }


def measure(server, target):
    """In ms; None if it took longer than `read_timeout`."""
    begun = time.perf_counter()
    status, _, body = server.get(urllib.parse.quote(target, safe="/?&=[]%"))
    if status not in (200, 503):
        sys.exit(f"{target}: {status} {body[:300]}")
    return (time.perf_counter() - begun) * 1000 if status == 200 else None


def column(database, binary, size):
    """Of each case the times, one an answer, or None."""
    server = scaling.Server(binary, database.place, "64 MiB")
    found = {}
    try:
        asked = cases(size)
        # In turn, so that a page with its total is compared with the same page a moment before.
        pairs = [[measure(server, target) for target in pair] for pair in zip(asked.pop(LIST), asked.pop(WITH_TOTALS))]
        found[LIST], found[WITH_TOTALS] = map(list, zip(*pairs))
        for name, targets in asked.items():
            found[name] = []
            for target in targets:
                found[name].append(measure(server, target))
                if found[name][-1] is None:
                    break
    finally:
        server.stop()
    return {name: None if None in times else times for name, times in found.items()}


def shown(times):
    """The first one of a total counts; the others are what is asked for."""
    return f"{statistics.median(times[1:]):,.1f} ({times[0]:,.0f})" if times else "503"


def judged(columns):
    """What a total costs that is known, on each database: of the pages after the first."""
    found = []
    for name in ("SQLite", "PostgreSQL"):
        pairs = [pair for title, it in columns.items() if title.split(",")[0] == name and it[LIST] and it[WITH_TOTALS]
                 for pair in zip(it[LIST][1:], it[WITH_TOTALS][1:])]
        found.append(figures.target(f"totals {name}", f"totals of a filtered list, asked again unchanged, {name}", "the list without totals",
                                    TOTALS_AT_MOST, [total / alone for alone, total in pairs]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", action="append", default=[], help="a newsroom, built already, or NAME=PATH; several stand side by side")
    parser.add_argument("--postgres", help="the URL of an empty database; without, one of its own is started")
    parser.add_argument("--sqlite", action="store_true", help="only SQLite")
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    binaries = dict(("=" in it and it or f"now={it}").split("=", 1) for it in options.binary)
    if not binaries:
        subprocess.run(["cargo", "build", "--release", "-q", "-p", "newsroom"], cwd=scaling.TOP, check=True)
        binaries = {"now": str(scaling.TOP / "target" / "release" / "newsroom")}
    others = figures.others_now()
    own = None if options.sqlite or options.postgres else postgres_servers.Postgres()
    try:
        if own:
            own.sql("CREATE DATABASE big;")
        run(options, binaries, own.url("big") if own else options.postgres, others)
    finally:
        if own:
            own.stop()


def run(options, binaries, postgres, others):
    first = next(iter(binaries.values()))
    databases = [Sqlite(first, options.size)] + ([Postgres(first, options.size, postgres)] if postgres else [])
    columns = {}
    for database in databases:
        for indexed in (False, True):
            if indexed:
                database.run(INDEX[database.name])
                database.run("ANALYZE")
            for name, binary in binaries.items():
                columns[f"{database.name}{', index' if indexed else ''}, {name}"] = column(database, binary, options.size)
    command = "benches/newsroom/big.py" + ("" if options.size == 1_000_000 else f" --size {options.size}") + " --sqlite" * options.sqlite
    rows = [[case, *(shown(it[case]) for it in columns.values())] for case in cases(options.size)]
    targets = judged(columns)
    told = [f"{of['what']}: {figures.measured(of)}, at most {of['at_most']}: {figures.verdict(of)}" for of in targets]
    text = "\n\n".join([
        f"Made by `{command}` on {datetime.date.today()}: {options.size:,} articles, {os.cpu_count()} cores, load"
        f" {os.getloadavg()[0]:.0f}, other work {others[0]:.1f} cores before it began. Median time of an answer, ms; in brackets the first one; 503: longer than `read_timeout`.",
        figures.table(["list", *columns], rows),
        "Of the list without totals, page by page: " + "; ".join(told) + "."])
    print(text)
    if not options.dry:
        figures.publish("big.md", "big", text)
        figures.keep("big", command, others, 1, targets, size=options.size, milliseconds={
            name: {case: times and [times[0], statistics.median(times[1:])] for case, times in it.items()} for name, it in columns.items()})


if __name__ == "__main__":
    main()
