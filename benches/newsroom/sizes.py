#!/usr/bin/env python3
"""A 304 against a 200, by the size of the answer: the server's CPU per request.

    benches/newsroom/sizes.py                       a minute and a half; writes its part of docs/performance/sizes.md
    benches/newsroom/sizes.py --rounds 1 --dry      a quick look; writes nothing

Starts the newsroom over a SQLite file, once with its memo and once without, and loads by wrk lists of as many articles as make a
document of about 1 KiB to 1 MiB: made anew, from the memo, and asked for with its current tag. The three take turns. Needs cargo (or
`--binary`) and wrk.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

import figures
import scaling
import targets

SIZES = [1 << power for power in range(10, 21, 2)]
CONNECTIONS, ARTICLES = 16, 3_000
WAYS = {"made": "200, made anew", "remembered": "200, from the memo", "unchanged": "304"}


def length(server, count):
    return len(server.get(path(count))[2])


def path(count):
    return f"/articles?page%5Bsize%5D={count}"


def lists(server):
    """How many articles make each size, and the bytes that they really are."""
    of_one = (length(server, 1_000) - length(server, 10)) / 990
    beside = length(server, 10) - 10 * of_one
    counts = [max(1, round((size - beside) / of_one)) for size in SIZES]
    return [(count, length(server, count)) for count in counts]


def measure(binary, options):
    """Rows of articles, bytes, and the rounds' figures of each way; and what other work used."""
    rows, others = [], []
    with tempfile.TemporaryDirectory(prefix="sizes-") as folder:
        place = pathlib.Path(folder) / "sizes.db"
        scaling.make(place, ARTICLES)
        servers = []
        try:
            for memo in ("0", scaling.MEMO):
                servers.append(scaling.Server(binary, place, memo))
            without, with_memo = servers
            for count, size in lists(without):
                status, tag, body = with_memo.get(path(count))
                if status != 200 or not tag or len(json.loads(body)["data"]) != count:
                    sys.exit(f"{count} articles: {status}, tag {tag}, {body[:200]}")
                ways = {"made": (without, None), "remembered": (with_memo, None), "unchanged": (with_memo, tag)}
                found = {way: [] for way in ways}
                for _ in range(options.rounds):
                    for way, (server, known) in ways.items():
                        run = server.run(path(count), CONNECTIONS, options.seconds, known)
                        found[way].append(run.cost)
                        others.append(run.others)
                rows.append({"articles": count, "bytes": size, **found})
                print(f"{size:>9,} bytes " + ", ".join(f"{WAYS[way]}: {statistics.median(runs):.1f} µs" for way, runs in found.items()),
                      file=sys.stderr, flush=True)
        finally:
            for server in servers:
                server.stop()
    return rows, others


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1, help="of one run (1)")
    parser.add_argument("--rounds", type=int, default=3, help="of each size and way (3)")
    parser.add_argument("--binary", type=pathlib.Path, help="a newsroom that is built already, in release")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/performance alone")
    options = parser.parse_args()
    # Lists of up to 1 MiB are longer than clients may ask for otherwise.
    os.environ["ROCKET_JSONAPI"] = f"{{max_page_size={ARTICLES}}}"
    rows, others = measure(targets.newsroom(options.binary), options)
    medians = [{way: statistics.median(row[way]) for way in WAYS} for row in rows]
    record = {"command": f"benches/newsroom/sizes.py --seconds {options.seconds} --rounds {options.rounds}"}
    text = "\n\n".join([
        figures.made_by(figures.record(record["command"], others, options.rounds), targets.wrk(),
                        f"2 workers, {CONNECTIONS} connections, {options.rounds} rounds of {options.seconds} s"),
        "CPU of the server per request, µs, medians:",
        figures.table(["bytes", "articles", *WAYS.values(), "304 of the 200 made anew"],
                      [[f"{row['bytes']:,}", f"{row['articles']:,}", *(figures.number(of[way]) for way in WAYS),
                        f"{statistics.median(new / old for old, new in zip(row['made'], row['unchanged'])):.3f}"]
                       for row, of in zip(rows, medians)]),
    ])
    print(text)
    if not options.dry:
        figures.publish("sizes.md", "sizes", text)
        figures.keep("sizes", record["command"], others, options.rounds, connections=CONNECTIONS,
                     sizes=[{"articles": row["articles"], "bytes": row["bytes"], **of} for row, of in zip(rows, medians)])


if __name__ == "__main__":
    main()
