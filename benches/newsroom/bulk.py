#!/usr/bin/env python3
"""100 new articles by one request of operations, beside 100 POSTs: the CPU of the server, and of PostgreSQL.

    benches/newsroom/bulk.py              five rounds; writes its part of docs/performance/bulk.md
    benches/newsroom/bulk.py --dry        the same, and writes nothing

Starts one newsroom over a SQLite file and one over a PostgreSQL of its own, both in temporary folders. In each round both
ways make the same number of articles, in turn, over one connection, one request after the other. Takes the CPU (user +
system) of the node and that of PostgreSQL. Needs cargo and PostgreSQL's programs.
"""

import argparse
import http.client
import json
import pathlib
import statistics
import sys
import tempfile
import time
import types

import figures
import targets
from postgres_servers import MEDIA_TYPE, Postgres, Process, between, processor_time, program, sqlite_file, tree

ATOMIC = f'{MEDIA_TYPE};ext="https://jsonapi.org/ext/atomic"'
ADDS = 100
# At most this part of the CPU of the POSTs.
AT_MOST = {"SQLite": 0.25, "PostgreSQL": 0.2}


def article(number, author):
    return {"type": "articles",
            "attributes": {"title": f"Article {number}", "body": "b" * 800, "viewCount": number % 1000,
                           "published": number % 2 == 0, "createdAt": "2027-06-12T09:40:00Z"},
            "relationships": {"author": {"data": {"type": "people", "id": author}}}}


def send(connection, path, kind, document, expected):
    connection.request("POST", path, json.dumps(document), {"Accept": kind, "Content-Type": kind})
    response = connection.getresponse()
    text = response.read()
    if response.status != expected:
        sys.exit(f"POST {path}: {response.status} {text.decode()}")
    return json.loads(text)


def one_by_one(connection, author, requests):
    for number in range(requests * ADDS):
        send(connection, "/articles", MEDIA_TYPE, {"data": article(number, author)}, 201)


def at_once(connection, author, requests):
    for _ in range(requests):
        adds = [{"op": "add", "data": article(number, author)} for number in range(ADDS)]
        results = send(connection, "/operations", ATOMIC, {"atomic:operations": adds}, 200)["atomic:results"]
        if [result["data"]["attributes"]["viewCount"] for result in results] != list(range(ADDS)):
            sys.exit("the results are not in the order of the operations")


def measured(way, connection, author, requests, processes):
    """Of 100 articles: milliseconds of CPU of each process, and of the clock."""
    before, started = [processor_time(tree(pid)) for pid in processes], time.time()
    way(connection, author, requests)
    took = time.time() - started
    used = [between(then, processor_time(tree(pid))) / 1e3 for pid, then in zip(processes, before)]
    return [value / requests for value in used + [took * 1e3]]


def rounds_of(node, processes, options):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
    person = {"type": "people", "attributes": {"name": "Ada", "email": "ada@example.com"}}
    author = send(connection, "/people", MEDIA_TYPE, {"data": person}, 201)["data"]["id"]
    rounds = []
    for number in range(options.rounds + 1):
        # In turn, so that neither is always the first.
        ways = [(one_by_one, options.requests), (at_once, options.requests * 4)]
        of_way = {way: measured(way, connection, author, requests, processes)
                   for way, requests in (ways if number % 2 else ways[::-1])}
        # The first warms up.
        rounds += [(of_way[one_by_one], of_way[at_once])] if number else []
    connection.close()
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5, help="times 100 POSTs a round, and four times as many of 100 adds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", type=pathlib.Path, help="the newsroom, built already")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    binary = targets.newsroom(options.binary)
    rounds_on, others = {}, figures.others_now()
    with tempfile.TemporaryDirectory(prefix="bulk-") as folder, open(f"{folder}/log", "w") as log:
        kind = types.SimpleNamespace(name="the newsroom", command=[str(binary)], environment={"MEMO": "64 MiB"}, folder=folder)
        node = Process(kind, sqlite_file(folder), log)
        try:
            rounds_on["SQLite"] = rounds_of(node, [node.process.pid], options)
        finally:
            node.stop()
        database = Postgres()
        try:
            database.database("bulk")
            node = Process(kind, database.url("bulk"), log)
            try:
                rounds_on["PostgreSQL"] = rounds_of(node, [node.process.pid, database.process.pid], options)
            finally:
                node.stop()
        finally:
            database.stop()

    number, rows, verdicts, judged, medians_of, kept = figures.number, [], [], [], {}, True
    for store, rounds in rounds_on.items():
        for way, place in (("100 POSTs", 0), ("100 adds in one request", 1)):
            medians = [statistics.median(values) for values in zip(*(of[place] for of in rounds))]
            medians_of[f"{store}: {way}"] = medians
            of_database = number(medians[1]) if len(medians) > 2 else ""
            rows.append(f"| {store}: {way} | {number(medians[0])} | {of_database} | {number(sum(medians[:-1]))} | {number(medians[-1])} |")
        # Of the node alone, and of the node with the database, where that is a process of its own.
        for name, parts in (("node", 1), ("node and PostgreSQL together", 2))[:len(rounds[0][0]) - 1]:
            ratios = sorted(sum(new[:parts]) / sum(old[:parts]) for old, new in rounds)
            middle = statistics.median(ratios)
            kept &= middle <= AT_MOST[store]
            judged.append(figures.target(f"{store} {parts}", f"100 adds in one request over {store}, {name}", "100 POSTs", AT_MOST[store], ratios))
            verdicts.append(f"{store}, {name}: {middle:.3f} ({ratios[0]:.3f}–{ratios[-1]:.3f}), at most {AT_MOST[store]}: "
                            f"{'kept' if middle <= AT_MOST[store] else '**missed**'}")
    machine = targets.machine()
    command = "benches/newsroom/bulk.py" + "".join(
        f" --{name} {value}" for name, value, default in (("requests", options.requests, 5), ("rounds", options.rounds, 5)) if value != default)
    text = "\n".join([
        f"Made by `{command}` on {time.strftime('%Y-%m-%d')}: {machine['cores']} cores ({machine['processor']}), {machine['rustc']}, "
        f"{targets.tell(program('postgres'), '--version')}, one connection, {options.rounds} rounds. CPU for 100 new articles, and the "
        "clock, ms, medians:", "",
        "| 100 articles | node | PostgreSQL | both | clock |", "|---|---:|---:|---:|---:|", *rows, "",
        "One request of 100 POSTs, median of the rounds' ratios (range): " + "; ".join(verdicts) + "."])
    print(text)
    if not options.dry:
        figures.publish("bulk.md", "bulk", text)
        figures.keep("bulk", command, others, options.rounds, judged, milliseconds=medians_of)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
