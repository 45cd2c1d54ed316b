#!/usr/bin/env python3
"""The targets, kept or missed: the newsroom beside hand-written servers and frameworks.

    benches/newsroom/targets.py BENCH                       every peer and work: about half an hour
    benches/newsroom/targets.py BENCH --seconds 1 --rounds 1 --dry    a quick look; writes nothing
    benches/newsroom/targets.py BENCH --results FILE        judges the results of a run that was made before
    benches/newsroom/targets.py BENCH --memory              the memory at rest and under 512 connections, and only that

BENCH is the folder of a side-by-side bench of hand-written servers and frameworks, which is no part of this project:
`bench.py` there starts the servers that a configuration like its `peers.json` lists, checks their answers, loads them
in turn with wrk, and writes every run to a JSON file. Expected in `peers.json`: rocket-bare, rocket-bare64k,
axum-etag, fastify, jsonapi-server, drf and frj. They must be built; the newsroom is added here.

Rewrites its part of docs/performance/side-by-side.md, or of memory.md beside it. A ratio is taken between runs with the same number of a round, and judged by
its median over the rounds. Ends with 1 where a target is missed or couldn't be measured. Needs cargo (or `--binary`),
wrk, and what the peers need.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

import figures
from figures import TOP, number, table, tell


BARE, BARE64K, AXUM = "rocket-bare", "rocket-bare64k", "axum-etag"
FRAMEWORKS = ["fastify", "jsonapi-server", "drf", "frj"]
HAND_WRITTEN = [BARE, BARE64K, AXUM]
# Their PATCH looks at no `If-Match`.
UNGUARDED = {BARE, "fastify", "jsonapi-server", "drf"}
OURS, NO_MEMO, LARGER = "newsroom", "newsroom-nomemo", "newsroom-larger"

# Constants of 1 KiB, 64 KiB, 1 MiB; a record, a page, a page with include, the first two as 304; PATCH and POST.
WORKS = ["B0", "B1", "B2", "R1", "R2", "R3", "R4", "R5", "R6", "R7"]

# What, our server and work, the peer and its work, at most.
TARGETS = [
    ("B0 with the fairing", OURS, "B0", BARE, "B0", 1.05),
    ("B1 with the fairing", OURS, "B1", BARE, "B1", 0.60),
    ("R1, memo off", NO_MEMO, "R1", BARE, "R1", 1.20),
    ("R2, memo off", NO_MEMO, "R2", BARE64K, "R2", 0.90),
    ("R3, memo off", NO_MEMO, "R3", BARE64K, "R3", 0.90),
    ("R1, memo on, unchanged", OURS, "R1", BARE64K, "R1", 1.00),
    ("R2, memo on, unchanged", OURS, "R2", BARE64K, "R2", 0.35),
    ("R3, memo on, unchanged", OURS, "R3", BARE64K, "R3", 0.15),
    ("R4", OURS, "R4", BARE, "B0", 1.15),
    ("R5", OURS, "R5", OURS, "R4", 1.10),
    ("304 of R5's page with authors and comments", LARGER, "R5", OURS, "R4", 1.10),
    ("R4", OURS, "R4", AXUM, "R4", 1.00),
    ("R5", OURS, "R5", AXUM, "R5", 0.20),
    ("R6", OURS, "R6", BARE, "R6", 1.30),
]
FRAMEWORK_LIMIT = dict.fromkeys(WORKS, 0.5) | {"R6": 0.4, "R7": 0.4}

# What is worth naming of the versions that the peers tell.
PACKAGES = ["rustc", "rocket", "axum", "hyper", "rusqlite", "fastify", "@fastify/etag", "jsonapi-server", "express",
            "django", "djangorestframework", "djangorestframework-jsonapi", "flask", "flask-rest-jsonapi", "gunicorn"]

SPARE_MIB, MEMO_MIB, CROWD = 16, 64, 512
# More different pages than the memo has room for: every size from 20 to 100, every page of it.
DIFFERENT = sum(2000 // size for size in range(20, 101))
DIFFERENT_PAGES = """
wrk.headers["Accept"] = "application/vnd.api+json"
math.randomseed(42)
request = function()
  local size = math.random(20, 100)
  local page = math.random(1, math.floor(2000 / size))
  return wrk.format("GET", "/articles?page%5Bsize%5D=" .. size .. "&page%5Bnumber%5D=" .. page)
end
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def newsroom(given, *features):
    """The path of the program: the given one, or a fresh release build, perhaps with arguments that say which features it has."""
    if given:
        if not given.is_file():
            sys.exit(f"{given}: no such program")
        return given.resolve()
    command = ["cargo", "build", "--release", "-p", "newsroom", *features, "--message-format", "json-render-diagnostics"]
    output = subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout
    return pathlib.Path([message["executable"] for message in map(json.loads, output.splitlines())
                         if message.get("executable") and message["target"]["name"] == "newsroom"][-1])


def plain_newsroom(given):
    """The same with the C library's allocator: the given one, or a copy of a fresh release build, whose place others take."""
    if given:
        return newsroom(given)
    built = newsroom(None, "--no-default-features")
    return pathlib.Path(shutil.copy(built, f"{built}-plain"))


def configuration(folder, binary, frameworks=FRAMEWORKS):
    """The peers that the targets name, and the newsroom, as `bench.py` takes them."""
    known = json.loads((folder / "peers.json").read_text())
    peers = {peer["name"]: peer for peer in known["peers"]}
    missing = [name for name in (*HAND_WRITTEN, *frameworks) if name not in peers]
    if missing:
        sys.exit(f"{folder / 'peers.json'} lacks {', '.join(missing)}")
    page = known["defaults"]["urls"]["R5"]
    nothing = {work: None for work in WORKS if work not in ("B0", "R5")}
    entries = [(OURS, {}, {}), (NO_MEMO, {"MEMO": "0"}, {}),
               # This one only shows that what a 304 costs doesn't grow with the answer. The bench wants B0 to see that a
               # server is up; beside the first newsroom's it shows what two equal servers differ by.
               (LARGER, {}, nothing | {"R5": page + "&include=author%2Ccomments"})]
    own = [{"name": name, "port": free_port(), "cwd": "run", "if_match": True, "start": f"'{binary}'",
            "env": variables, "urls": urls, "why": dict.fromkeys(urls, "the same as newsroom"), "note": name}
           for name, variables, urls in entries]
    # The newsroom stands beside the servers it is compared with most closely: runs that are compared lie near in time.
    chosen = [peers[BARE], own[1], peers[BARE64K], own[0], own[2], peers[AXUM]] + [peers[name] for name in frameworks]
    for peer in chosen:
        peer.pop("off", None)
    return {"defaults": known["defaults"], "peers": chosen}


def machine():
    return figures.machine() | {"wrk": wrk()}


def wrk():
    return " ".join(tell("wrk", "-v").split()[:2])


def measure(folder, options):
    """One run of the whole bench; gives the path of its results."""
    (folder / "run").mkdir(exist_ok=True)
    peers, results = folder / "run" / "targets-peers.json", folder / "run" / "targets.json"
    peers.write_text(json.dumps(configuration(folder, newsroom(options.binary), options.frameworks), indent=1))
    results.unlink(missing_ok=True)
    # Its status is 1 where a check failed, too; which one is in the results, and judged below.
    subprocess.run([sys.executable, "bench.py", "--config", peers, "--out", results, "--work", options.work,
                    "--seconds", str(options.seconds), "--rounds", str(options.rounds)], cwd=folder)
    if not results.is_file():
        sys.exit("the bench ended without results")
    told = json.loads(results.read_text())
    told["machine"] = machine()
    results.write_text(json.dumps(told, indent=1))
    return results


class Line:
    """One target and what became of it."""

    def __init__(self, results, what, ours, work, peer, peer_work, limit, remark="", key=None):
        self.what, self.limit, self.kept, self.missed = what, limit, False, False
        mine, other = cell_of(results, ours, work), cell_of(results, peer, peer_work)
        self.against = peer if peer_work == work else f"{peer_work} of {peer}"
        remarks = [remark for remark, holds in (("its PATCH is unguarded", work == "R6" and peer in UNGUARDED),
                                                (remark, remark)) if holds]
        self.remark = f" ({'; '.join(remarks)})" if remarks else ""
        self.mine, self.other = cost(mine), cost(other)
        self.key, self.ratios = key or f"{peer} {ours} {work}", []
        self.measured, wrong = "–", unusable(mine, results) or unusable(other, results)
        if wrong:
            self.verdict = f"**not measured**: {wrong}"
            return
        ratios = sorted(one["cpu_us"] / another["cpu_us"] for one, another in zip(mine["runs"], other["runs"]))
        self.ratios = ratios
        middle, good = statistics.median(ratios), sum(ratio <= limit for ratio in ratios)
        self.kept, self.missed = middle <= limit, middle > limit
        digits = 2 if (round(middle, 2) <= limit) == self.kept else 4
        self.measured = f"{middle:.{digits}f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        self.verdict = "kept" if self.kept else "**missed**"
        if 0 < good < len(ratios):
            self.verdict += f" ({'' if self.kept else 'kept '}in {good} of {len(ratios)} rounds)"

    def row(self):
        return [self.what, self.against + self.remark, f"{self.limit:.2f}", self.measured, self.mine, self.other, self.verdict]


def cell_of(results, peer, work):
    return results["cells"].get(peer, {}).get(work, {})


def unusable(cell, results):
    """Why a cell can't be judged, or nothing."""
    if "runs" not in cell:
        return cell.get("failed") or cell.get("skipped") or "it wasn't run"
    if len(cell["runs"]) != results["rounds"]:
        return f"{results['rounds'] - len(cell['runs'])} rounds failed"
    if cell["bad"] or cell.get("after"):
        return cell.get("after") or f"{cell['bad']} wrong answers"
    if any(run["cpu_us"] <= 0 for run in cell["runs"]):
        return "runs too short for the clock"
    return None


def cost(cell):
    if "runs" not in cell:
        return "–"
    return ("~" if cell["few"] < 100 else "") + number(cell["cpu_us"]) + ("!" if cell["bad"] or cell.get("after") else "")


def judge(results):
    """Every line of the targets that this run can show."""
    run = results["works"]
    lines = [Line(results, *target) for target in TARGETS if {target[2], target[4]} <= set(run)]
    for work in run:
        cells = {name: cell_of(results, name, work) for name in FRAMEWORKS}
        able = [name for name in FRAMEWORKS if not unusable(cells[name], results)]
        remarks = [f"{name} lacks it" if "skipped" in cells[name] else f"**{name} was not measured**"
                   for name in FRAMEWORKS if name in results["peers"] and name not in able]
        best = min(able, key=lambda name: cells[name]["cpu_us"], default="no framework")
        lines.append(Line(results, f"{work}, best framework", OURS, work, best, work, FRAMEWORK_LIMIT[work], "; ".join(remarks),
                          key=f"framework {work}"))
    return lines


def versions(results):
    """Of the packages that the peers name, each once."""
    found = {}
    for information in results["info"].values():
        for line in information["versions"]:
            line = line.strip(" ├└─┬│+`-")
            if re.fullmatch(r"v\d+\.\d+\.\d+", line):
                found["node"] = line[1:]
            elif line.startswith("Python "):
                found["Python"] = line.split()[1]
            elif named := re.match(r"(@?[\w./-]+?)(?: v?|@|==)(\d[\w.]*)", line):
                if named[1].lower() in PACKAGES:
                    found.setdefault(named[1], named[2])
    return ", ".join(f"{name} {version}" for name, version in found.items())


def section(results):
    lines = judge(results)
    missed, unknown = [line for line in lines if line.missed], [line for line in lines if not line.kept and not line.missed]
    here, arguments = results.get("machine") or machine(), results["args"]
    cells = [cell for row in results["cells"].values() for cell in row.values() if "runs" in cell]
    others = sorted(run["other_cores"] for cell in cells for run in cell["runs"])
    said = [f"All {len(lines)} targets of this table are kept."]
    if missed or unknown:
        said = [f"{len(lines) - len(missed) - len(unknown)} of {len(lines)} targets of this table are kept."]
    if missed:
        said.append(f"**{len(missed)} missed**: " + "; ".join(
            f"{line.what}, against {line.against} ({line.measured.split(' ')[0]}, at most {line.limit:.2f})" for line in missed) + ".")
    if unknown:
        said.append(f"**{len(unknown)} not measured**.")
    sizes = results["info"].get(OURS, {}).get("body_bytes", {}) | {
        "R5 of newsroom-larger": results["info"].get(LARGER, {}).get("body_bytes", {}).get("R5")}
    told_sizes = ", ".join(f"{work} {size:,}" for work, size in sizes.items() if size)
    rows = [[peer] + [rate(cell_of(results, peer, work)) for work in WORKS] for peer in results["peers"]]
    return "\n\n".join([
        f"Made by `{command(results)}`"
        f" on {results['when'][:10]}: {here['cores']} cores ({here['processor']}), {here['rustc']},"
        f" {here['wrk']}, {arguments['connections']} connections, {results['rounds']} rounds of"
        f" {arguments['seconds']:g} s (2.5 times that for a server that is slow). Other work on the machine used"
        f" {statistics.median(others):.2f} cores meanwhile ({others[0]:.2f} to {others[-1]:.2f}).",
        " ".join(said),
        table(["what", "against", "at most", "measured", "newsroom, µs", "the other, µs", "kept?"], [line.row() for line in lines], words=2),
        "*Measured*: the median of the ratios of CPU per request, the newsroom's to the other's, of the same rounds; in"
        " brackets their range. `~`: a round had under 100 requests; `!`: wrong answers; –: no figure. Bytes of the"
        f" newsroom's representations: {told_sizes}.",
        "CPU of the server per request in µs / requests per second, medians over the rounds:",
        table(["server", *WORKS], rows),
        f"Versions that the servers told: {versions(results)}.",
    ])


def command(results):
    arguments, said = results["args"], "benches/newsroom/targets.py BENCH"
    said += f" --seconds {arguments['seconds']:g} --rounds {results['rounds']}"
    left = [name for name in FRAMEWORKS if name in results["peers"]]
    said += "" if left == FRAMEWORKS else f" --frameworks {','.join(left)}"
    return said + ("" if results["works"] == WORKS else f" --work {','.join(results['works'])}")


def rate(cell):
    return f"{cost(cell)} / {cell['rps']:,.0f}" if "runs" in cell else "–"


def side_by_side(folder):
    """`bench.py` as a module: it starts servers, and reads the memory of all their processes."""
    description = importlib.util.spec_from_file_location("side_by_side", folder / "bench.py")
    module = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    return module


def crowd(port, seconds, arguments):
    command = ["wrk", "-t1", f"-c{CROWD}", f"-d{seconds:g}s", "--timeout", "20s", *arguments]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 60).stdout
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", told)
    if "Non-2xx" in told or (errors and any(map(int, errors.groups()))):
        sys.exit(f"port {port}: {told}")
    return int(re.search(r"(\d+) requests in", told)[1])


def memory(folder, options):
    """Its table, and whether all of it is within the limit."""
    for name in ("run", "logs"):
        (folder / name).mkdir(exist_ok=True)
    bench, settings = side_by_side(folder), configuration(folder, newsroom(options.binary), [])
    page = settings["defaults"]["urls"]["R2"]
    script = folder / "run" / "different-pages.lua"
    script.write_text(DIFFERENT_PAGES)
    found = {BARE: [], OURS: []}
    began, used, at_start = time.monotonic(), 0.0, bench.busy()
    for _ in range(options.rounds):
        for name in found:
            peer = bench.Peer(next(peer for peer in settings["peers"] if peer["name"] == name), settings["defaults"])
            peer.env = dict(peer.env, **({"MEMO": f"{MEMO_MIB} MiB"} if name == OURS else {}))
            before = os.times()
            try:
                peer.start_server()
                address = f"http://127.0.0.1:{peer.port}"
                crowd(peer.port, options.seconds, ["-H", f"Accept: {bench.CT}", address + page])
                one = bench.status_kb(peer.proc.pid, "VmHWM")
                crowd(peer.port, options.seconds, ["-s", str(script), address])
                many = bench.status_kb(peer.proc.pid, "VmHWM")
            finally:
                peer.stop()
            after = os.times()
            used += after.children_user + after.children_system - before.children_user - before.children_system
            found[name].append([kib / 1024 for kib in (peer.rss_idle, one, many)])
            print(f"{name:10} at rest {found[name][-1][0]:.1f}, one page {found[name][-1][1]:.1f},"
                  f" different pages {found[name][-1][2]:.1f} MiB", file=sys.stderr, flush=True)
    others = max(0.0, (bench.busy() - at_start - used) / (time.monotonic() - began))
    rows, all_kept = [], True
    for place, what in enumerate(["at rest, after the start", f"peak, {CROWD} connections on R2's page",
                                  f"peak, {CROWD} connections, each request one of {DIFFERENT:,} pages"]):
        bare, ours = ([run[place] for run in found[name]] for name in (BARE, OURS))
        limit = statistics.median(bare) + SPARE_MIB + MEMO_MIB
        kept = statistics.median(ours) <= limit
        all_kept &= kept
        rows.append([what, spread(bare), spread(ours), f"{statistics.median(ours) - statistics.median(bare):+.1f}",
                     f"{limit:.1f}", "kept" if kept else "**missed**"])
    here = machine()
    return "\n\n".join([
        f"Memory, MiB, made by `benches/newsroom/targets.py BENCH --memory --seconds {options.seconds:g} --rounds {options.rounds}` on"
        f" {time.strftime('%Y-%m-%d', time.gmtime())}: {here['cores']} cores ({here['processor']}), {here['rustc']}; other"
        f" work used {others:.2f} cores. Medians of {options.rounds} starts and their range. At most: {BARE}, {SPARE_MIB} MiB and the"
        f" memo's limit of {MEMO_MIB} MiB.",
        table(["when", BARE, "newsroom", "more", "at most", "kept?"], rows),
    ]), all_kept


def spread(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=pathlib.Path, help="the folder of the side-by-side bench")
    parser.add_argument("--seconds", type=float, default=3, help="of one run (3)")
    parser.add_argument("--rounds", type=int, default=5, help="of every server and work; starts for the memory (5)")
    parser.add_argument("--work", default=",".join(WORKS), help="only these; the lines of the others are not measured")
    parser.add_argument("--binary", type=pathlib.Path, help="a newsroom that is built already, in release")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/performance alone")
    parser.add_argument("--frameworks", type=lambda names: [name for name in names.split(",") if name], default=FRAMEWORKS,
                        help=f"only these of {','.join(FRAMEWORKS)}")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--results", type=pathlib.Path, help="judge this file instead of running the bench")
    choice.add_argument("--memory", action="store_true", help="measure the memory instead")
    options = parser.parse_args()
    folder = options.bench.resolve()
    if options.memory:
        part, kept = memory(folder, options)
        page, name = "memory.md", "crowd"
    else:
        results = json.loads((options.results or measure(folder, options)).read_text())
        kept = all(line.kept for line in judge(results))
        part, page, name = section(results), "side-by-side.md", "targets"
    if options.dry:
        print(part)
        return 0 if kept else 1
    figures.publish(page, name, part)
    if not options.memory:
        keep(results)
    return 0 if kept else 1


def keep(results):
    """Writes down what the plots and the table of `docs/performance.md` are made of."""
    lines, cells = judge(results), results["cells"]
    told = {peer: {work: {name: cell[name] for name in ("cpu_us", "rps", "p99_ms", "few")}
                   for work, cell in row.items() if "runs" in cell and not cell["bad"]} for peer, row in cells.items()}
    others = [run["other_cores"] for row in cells.values() for cell in row.values() if "runs" in cell for run in cell["runs"]]
    figures.keep("side-by-side", command(results), others, results["rounds"],
                 [figures.target(line.key, line.what, line.against, line.limit, line.ratios, remark=line.remark) for line in lines
                  if line.ratios],
                 date=results["when"][:10], connections=results["args"]["connections"], seconds=results["args"]["seconds"],
                 bytes=results["info"].get(OURS, {}).get("body_bytes", {}), cells=told)


if __name__ == "__main__":
    sys.exit(main())
