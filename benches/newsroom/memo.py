#!/usr/bin/env python3
"""What the memo counts, and what the process takes, while it fills up to 64 MiB.

    benches/newsroom/memo.py            two minutes; writes its part of docs/performance/memory.md
    benches/newsroom/memo.py --dry      the same, and writes nothing

Starts the newsroom over a SQLite file and asks for different records and pages, one after the other, until the memo is full and all of it
was replaced once more. In steps it reads what the memo counts (`etag_memo_bytes` of `/metrics`) and the resident memory. The same
requests to a newsroom without a memo tell what the process takes for everything else. Then once more with the C library's allocator
instead of mimalloc. Needs cargo (or `--binary` and `--plain`).
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile

import figures
import scaling
import targets

LIMIT, ARTICLES, STEPS = 64, 4_000, 24
# Of these many bytes are asked for, so that the memo is full after about half of them.
ASKED = 2 * LIMIT << 20


def ask(connection, target):
    connection.request("GET", target, headers={"Accept": scaling.MEDIA_TYPE})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        sys.exit(f"{target}: {response.status} {body[:200]}")
    return body


def requests():
    """Pages of several sizes, and a record between two of them: each another one."""
    record = 0
    for size in (number * 37 % 97 + 3 for number in range(97)):
        for page in range(1, ARTICLES // size):
            record += 1
            yield f"/articles/{record % ARTICLES + 1}"
            yield f"/articles?page%5Bsize%5D={size}&page%5Bnumber%5D={page}"


def fill(binary, place, memo):
    """Of each step: MiB that were sent, that the memo counts, and that the process takes beyond what it took at first."""
    os.environ["METRICS"] = "1"
    server = scaling.Server(binary, place, memo)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        counted = lambda: sum(map(float, re.findall(r"^etag_memo_bytes\S* (\S+)", ask(connection, "/metrics").decode(), re.M))) / (1 << 20)
        # What is made at the first requests is not the memo's.
        for target in ("/articles/1", "/articles?page%5Bsize%5D=100"):
            ask(connection, target)
        counted()
        at_first, before, sent, steps = server.memory(), counted(), 0, [[0.0, 0.0, 0.0]]
        for target in requests():
            sent += len(ask(connection, target))
            if sent >= len(steps) * ASKED / STEPS:
                steps.append([sent / (1 << 20), counted() - before, server.memory() - at_first])
            if len(steps) > STEPS:
                break
    finally:
        server.stop()
    return steps


def filled(program, place):
    """Of each step of one start: MiB that were sent, that the memo counts, and that the process takes for it."""
    found, without = (fill(program, place, memo) for memo in (f"{LIMIT} MiB", "0"))
    # What the process takes for other things, such as the database's pages, it takes without a memo, too.
    steps = [(sent, counted, taken - other[2]) for (sent, counted, taken), other in zip(found, without)]
    print(f"at the end {steps[-1][1]:.1f} MiB are counted, and {steps[-1][2]:.1f} taken", file=sys.stderr, flush=True)
    return steps


def said(of):
    least = min(of["values"])
    return f"{figures.measured(of)}, at most {of['at_most']} and at least 0.9: {figures.verdict(of) if least >= 0.9 else '**missed**'}."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, help="a newsroom that is built already, in release")
    parser.add_argument("--plain", type=pathlib.Path, help="one that is built already without its default features")
    parser.add_argument("--rounds", type=int, default=3, help="starts, each with a memo and without (3)")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/performance alone")
    options = parser.parse_args()
    # First, as the other build takes its place.
    plain, others = targets.plain_newsroom(options.plain), figures.others_now()
    binary, judged = targets.newsroom(options.binary), []
    with tempfile.TemporaryDirectory(prefix="memo-") as folder:
        place = pathlib.Path(folder) / "memo.db"
        scaling.make(place, ARTICLES)
        runs, of_plain = ([filled(program, place) for _ in range(options.rounds)] for program in (binary, plain))
    for key, allocator, found in (("memo", "mimalloc", runs), ("memo, C library", "the C library's allocator", of_plain)):
        judged.append(figures.target(key, f"memory of a full memo of {LIMIT} MiB, {allocator}", "what it counts", 1.1,
                                     [steps[-1][2] / steps[-1][1] for steps in found]))
    steps = [[statistics.median(values) for values in zip(*of_all)] for of_all in zip(*runs)]
    command = "benches/newsroom/memo.py" + ("" if options.rounds == 3 else f" --rounds {options.rounds}")
    text = "\n\n".join([
        figures.made_by(figures.record(command, others, options.rounds), f"medians of {options.rounds} starts") + " MiB:",
        figures.table(["answers sent", "the memo counts", "the process has taken for it"],
                      [[f"{value:.1f}" for value in step] for step in steps[::4]]),
        f"Full, taken of counted: {said(judged[0])} Of the limit it is {steps[-1][2] / LIMIT:.2f}."
        f" With the C library's allocator: {said(judged[1])}"])
    print(text)
    if not options.dry:
        figures.publish("memory.md", "memo", text)
        figures.keep("memo", command, others, options.rounds, judged, limit=LIMIT, steps=steps)


if __name__ == "__main__":
    main()
