#!/usr/bin/env python3
"""What another memory allocator saves: the newsroom with the C library's and with mimalloc, as it is by default, or with any other one.

    benches/newsroom/allocator.py BENCH                     mimalloc, a default feature of the newsroom: about eight minutes; writes its
                                                            part of docs/performance/allocators.md
    benches/newsroom/allocator.py BENCH --library FILE      another one, and the hand-written Rocket server with it, too
    benches/newsroom/allocator.py BENCH --seconds 1 --rounds 1 --dry    a quick look; writes nothing

BENCH is the folder that `targets.py` takes. FILE is the allocator as a shared library, such as Debian's `libjemalloc.so.2`; it is
loaded before all others (`LD_PRELOAD`), so that the servers are what they are otherwise. The newsroom without a suffix has the C
library's allocator here.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

import figures
import targets

WORKS = ["B0", "R1", "R2", "R3", "R4", "R6", "R7"]
OTHER = "-other"
FEATURE = "mimalloc"


def configuration(folder, options):
    """The servers, each with both allocators, and the framework that is the cheapest of those in the targets."""
    # First, as the other build takes its place.
    with_c_librarys = targets.plain_newsroom(options.plain)
    with_feature = None if options.library else targets.newsroom(options.binary)
    known = targets.configuration(folder, with_c_librarys, [] if options.alone else ["fastify"])
    chosen = []
    for peer in known["peers"]:
        if options.alone and peer["name"] == targets.BARE:
            continue
        if peer["name"] == "fastify":
            chosen.append(peer)
        elif peer["name"] in (targets.BARE, targets.OURS, targets.NO_MEMO):
            chosen.append(peer)
            other = dict(peer, name=peer["name"] + OTHER, port=targets.free_port())
            if options.library:
                chosen.append(dict(other, env=dict(peer.get("env", {}), LD_PRELOAD=str(options.library))))
            elif peer["name"] != targets.BARE:
                chosen.append(dict(other, start=f"'{with_feature}'"))
    return dict(known, peers=chosen)


def measure(folder, options):
    (folder / "run").mkdir(exist_ok=True)
    peers, results = folder / "run" / "allocator-peers.json", folder / "run" / "allocator.json"
    peers.write_text(json.dumps(configuration(folder, options), indent=1))
    results.unlink(missing_ok=True)
    # Its status is 1 where a check failed, too; what came of it is in the results.
    subprocess.run([sys.executable, "bench.py", "--config", peers, "--out", results, "--work", ",".join(WORKS),
                    "--seconds", str(options.seconds), "--rounds", str(options.rounds)], cwd=folder)
    if not results.is_file():
        sys.exit("the bench ended without results")
    return json.loads(results.read_text())


def ratio(results, one, other, work):
    mine, theirs = (targets.cell_of(results, name, work) for name in (one, other))
    if targets.unusable(mine, results) or targets.unusable(theirs, results):
        return "–"
    return f"{statistics.median(a['cpu_us'] / b['cpu_us'] for a, b in zip(mine['runs'], theirs['runs'])):.2f}"


def section(results, options):
    """The text, and what is written down."""
    here, arguments = targets.machine(), results["args"]
    used = [run["other_cores"] for row in results["cells"].values() for cell in row.values() if "runs" in cell
            for run in cell["runs"]]
    servers = [targets.BARE, targets.NO_MEMO, targets.OURS]
    names = [name for server in servers for name in (server, server + OTHER)] + ["fastify"]
    there = results["cells"].keys()
    costs = [[name] + [targets.cost(targets.cell_of(results, name, work)) for work in WORKS]
             for name in names if name in there]
    pairs = [(server + OTHER, server) for server in servers]
    pairs += [(ours + OTHER, targets.BARE + (OTHER if options.library else "")) for ours in (targets.OURS, targets.NO_MEMO)]
    pairs.append((targets.OURS + OTHER, "fastify"))
    ratios = [[f"{one} of {other}"] + [ratio(results, one, other, work) for work in WORKS]
              for one, other in pairs if {one, other} <= there]
    text = "\n\n".join([
        f"Made by `{command(results, options)}` on {results['when'][:10]}: {here['cores']} cores ({here['processor']}), {here['rustc']},"
        f" {arguments['connections']} connections. Other work on the machine used {statistics.median(used):.2f} cores"
        f" meanwhile ({min(used):.2f} to {max(used):.2f}). `{OTHER}`: with {options.library.name if options.library else FEATURE}.",
        "CPU of the server per request in µs, medians over the rounds:",
        targets.table(["server", *WORKS], costs),
        "Medians of the ratios within a round:",
        targets.table(["ratio", *WORKS], ratios),
    ])
    figures_of = lambda rows: {name: {work: float(cell.strip("~!").replace(",", "")) for work, cell in zip(WORKS, cells) if cell != "–"}
                               for name, *cells in rows}
    return text, dict(command=command(results, options), others=used, rounds=results["rounds"], seconds=arguments["seconds"],
                      other=options.library.name if options.library else FEATURE, cpu=figures_of(costs), ratios=figures_of(ratios))


def command(results, options):
    said = "benches/newsroom/allocator.py BENCH" + (f" --library {options.library.name}" if options.library else "")
    return said + " --alone" * options.alone + f" --seconds {results['args']['seconds']:g} --rounds {results['rounds']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=pathlib.Path, help="the folder of the side-by-side bench")
    parser.add_argument("--library", type=pathlib.Path, help="another allocator, a shared library")
    parser.add_argument("--seconds", type=float, default=2, help="of one run (2)")
    parser.add_argument("--rounds", type=int, default=5, help="of every server and work (5)")
    parser.add_argument("--binary", type=pathlib.Path, help=f"a newsroom that is built already, in release, with {FEATURE}")
    parser.add_argument("--plain", type=pathlib.Path, help="one that is built already without its default features")
    parser.add_argument("--alone", action="store_true", help="without the hand-written Rocket server and Fastify, which BENCH has to have built")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/performance alone")
    options = parser.parse_args()
    if options.library:
        if not options.library.is_file():
            sys.exit(f"{options.library}: no such library")
        options.library = options.library.absolute()
    part, found = section(measure(options.bench.resolve(), options), options)
    print(part)
    if not options.dry:
        figures.publish("allocators.md", "allocator", part)
        figures.keep("allocator", **found)


if __name__ == "__main__":
    main()
