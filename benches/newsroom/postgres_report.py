"""The tables of `postgres.py`, and which targets are kept."""

import statistics
import time

from figures import is_kept, keep, measured, number, table, target, verdict
from postgres_works import WHAT, WORKS

NEWSROOM, NODES, NO_MEMO, BARE = "newsroom", "newsroom, two nodes", "newsroom, memo off", "Rocket by hand"
SQLITE = "newsroom on SQLite"
# The database's share of a 304 before its revision was asked for by several requests together.
BEFORE = 124

node = lambda run: run["node"]
database = lambda run: run["database"]
both = lambda run: run["node"] + run["database"]

# Its key, what, our server, its work, the other and its, what of a run is compared, at most.
TARGETS = [
    ("R4", "R4: a record's 304, server alone", NEWSROOM, "R4", SQLITE, "R4", node, 1.5),
    ("R5", "R5: a page's 304, both", NEWSROOM, "R5", NO_MEMO, "R2", both, 0.08),
    ("R5 nodes", "R5 of two nodes, both", NODES, "R5", NO_MEMO, "R2", both, 0.08),
    ("R2", "R2: a page, memo off, both", NO_MEMO, "R2", BARE, "R2", both, 1.0),
    ("R3", "R3: a page with includes, memo off, both", NO_MEMO, "R3", BARE, "R3", both, 1.0),
    ("R6", "R6: PATCH with If-Match, both", NEWSROOM, "R6", BARE, "R6", both, 1.0),
    ("R6s", "R6s: the same of 64 articles, both", NEWSROOM, "R6s", BARE, "R6s", both, 1.0),
]


def report(bench, machine):
    """The text, and the targets."""
    options, runs = bench.options, [run for cell in bench.cells.values() for run in cell]
    names = [kind.name for kind in bench.kinds]
    judged = judge(bench)
    others = [run["others"] for run in runs] or [0.0]
    parts = [
        f"Made by `{machine['command']}` on {time.strftime('%Y-%m-%d')} in {machine['minutes']:.0f} minutes: {machine['cores']} cores"
        f" ({machine['processor']}), {machine['rustc']}, {machine['postgres']}, {machine['wrk']}, {options.rounds} rounds of"
        f" {options.seconds} s ({options.few} with other numbers of connections and with the network), two workers and 16 connections to the database for each server. Other work on the machine used"
        f" {statistics.median(others):.2f} cores meanwhile ({min(others):.2f} to {max(others):.2f}). Figures are medians of the rounds, ratios"
        " of the rounds' ratios (their range). Of two nodes the figures are those of both together.",
        "\n".join(f"- **{work}**: {WHAT[work]}" for work in WORKS),
        table(["target", "against", "at most", "measured", ""],
              [[of["what"], of["against"], f"{of['at_most']:g}{of.get('unit', '')}", measured(of), verdict(of)] for of in judged], words=2),
        "Processor time per request, µs: server + PostgreSQL, 32 connections.",
        by_work(bench, names, "near", 32, lambda of: f"{number(of['node'])} + {number(of['database'])}"),
        "Requests per second, and p50 / p99 of the latency in ms, 32 connections.",
        by_work(bench, names, "near", 32, rate),
    ]
    for work in WORKS:
        counts = sorted({count for phase, _, of, count in bench.cells if phase == "near" and of == work} - {32})
        if counts:
            parts += [f"**{work}** by connections: requests per second, p50 / p99 in ms, server + PostgreSQL in µs per request.",
                      by_connections(bench, names, work, sorted({32, *counts}))]
    if bench.delay is not None:
        parts += [f"A round trip to the database takes {bench.longer:.2f} ms longer. One connection: p50 in ms, and round trips per request.",
                  by_work(bench, names, "far", 1, lambda of: f"{of['p50']:.2f} ({of['trips']:.1f})")]
        if any(phase == "far" and count == 64 for phase, _, _, count in bench.cells):
            parts += ["The same with 64 connections: requests per second, and p50 / p99 in ms.", by_work(bench, names, "far", 64, rate)]
    if bench.wrong:
        parts.append("**Not right**: " + "; ".join(bench.wrong) + ".")
    return "\n\n".join(parts), judged


def rate(of):
    return f"{of['rps']:,.0f}; {of['p50']:.2f} / {of['p99']:.1f}"


def middle(runs):
    return {name: statistics.median(run[name] or 0 for run in runs) for name in runs[0]}


def shown(bench, phase, name, work, count, form):
    runs = bench.cells.get((phase, name, work, count))
    return form(middle(runs)) if runs else "–"


def by_work(bench, names, phase, count, form):
    works = [work for work in WORKS if any(key[0] == phase and key[2:] == (work, count) for key in bench.cells)]
    rows = [[name, *(shown(bench, phase, name, work, count, form) for work in works)] for name in names]
    return table(["", *works], [row for row in rows if set(row[1:]) != {"–"}])


def by_connections(bench, names, work, counts):
    def form(of):
        return f"{rate(of)}; {number(of['node'])} + {number(of['database'])}"

    rows = [[name, *(shown(bench, "near", name, work, count, form) for count in counts)] for name in names]
    return table(["", *map(str, counts)], [row for row in rows if set(row[1:]) != {"–"}])


def judge(bench):
    """The targets and what was measured of each."""
    found = []
    for key, what, ours, work, peer, other, figure, limit in TARGETS:
        mine, theirs = (bench.cells.get(("near", name, of, 32), []) for name, of in ((ours, work), (peer, other)))
        found.append(target(key, what, peer if work == other else f"{other} of {peer}", limit,
                            [figure(one) / figure(two) for one, two in zip(mine, theirs)]))
        if work == "R4":
            found.append(target("R4 database", "R4: the database alone", f"{BEFORE} µs", 0.1, [database(run) / BEFORE for run in mine]))
    for work in ("R4", "R5"):
        runs = bench.cells.get(("far", NEWSROOM, work, 1), [])
        found.append(target(f"{work} far", f"{work} with 1 ms to the database, one connection: p50", "one round trip", 1.2,
                            [run["p50"] for run in runs], " ms"))
    return found


def write_down(bench, command, targets):
    """Writes down what the plots are made of: the medians."""
    runs = [run for cell in bench.cells.values() for run in cell]
    cells = [{"phase": phase, "server": server, "work": work, "connections": count, **middle(of)}
             for (phase, server, work, count), of in bench.cells.items()]
    keep("postgres", command, [run["others"] for run in runs], bench.options.rounds, targets, longer=bench.longer,
         cells=[{name: value for name, value in cell.items() if name not in ("bad", "others")} for cell in cells])
