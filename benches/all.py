#!/usr/bin/env python3
"""All that the plots and the table of docs/performance.md are made of, one after the other, and then both: half an hour.

    benches/all.py --bench BENCH                everything; builds what is not given
    benches/all.py --bench BENCH --list         says only what it would run
    benches/all.py --bench BENCH --only postgres,sizes

BENCH is the folder of a side-by-side bench of hand-written servers and frameworks that is no part of this project, with its servers
built; it is written to. Without it only what needs none is run. On a machine that does nothing else: the scripts write down how much
other work there was. Ends with 1 where a script could not run; that a target is missed is no failure.
"""

import argparse
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
NEWSROOM = HERE / "newsroom"
# Each with its options and about how many minutes it takes; the first ones say most.
FRAMEWORKS, WORKS = "fastify,drf,frj", "B0,R1,R2,R3,R4,R5,R6,R7"


def steps(options):
    bench = [options.bench] if options.bench else None
    binary = ["--binary", options.binary] if options.binary else []
    peers = ["--peers", options.peers] if options.peers else []
    bare = ["--bare", options.peers / "rocket-bare"] if options.peers else []
    plain = ["--plain", options.plain] if options.plain else []
    return {
        "targets": (10, bench and [NEWSROOM / "targets.py", *bench, "--seconds", "1", "--rounds", "4", "--frameworks", FRAMEWORKS,
                                  "--work", WORKS, *binary]),
        "postgres": (11, [NEWSROOM / "postgres.py", "--rounds", "4", *binary, *peers]),
        "big": (4, [NEWSROOM / "big.py", *binary]),
        "sizes": (1.5, [NEWSROOM / "sizes.py", *binary]),
        "writes": (1.5, [NEWSROOM / "writes.py", *(["--bench", *bench] if bench else []), *binary]),
        "memo": (2, [NEWSROOM / "memo.py", *binary, *plain]),
        "memory": (1.5, [NEWSROOM / "memory.py", *binary, *bare]),
        "bulk": (0.5, [NEWSROOM / "bulk.py", *binary]),
        "allocator": (4, bench and [NEWSROOM / "allocator.py", *bench, "--seconds", "1", "--rounds", "3", *binary, *plain]),
        "plots": (0.5, [HERE / "plots" / "plots.py"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=lambda path: pathlib.Path(path).resolve(), help="the folder of the side-by-side bench")
    parser.add_argument("--binary", type=lambda path: pathlib.Path(path).resolve(), help="the newsroom, built already, in release")
    parser.add_argument("--plain", type=lambda path: pathlib.Path(path).resolve(), help="the same without its default features")
    parser.add_argument("--peers", type=lambda path: pathlib.Path(path).resolve(), help="the folder of the programs of `newsroom/peers`, built already")
    parser.add_argument("--only", help="these, divided by commas, in this order")
    parser.add_argument("--list", action="store_true", help="say what would be run")
    options = parser.parse_args()
    known, failed = steps(options), []
    names = options.only.split(",") if options.only else list(known)
    for name in names:
        if name not in known:
            sys.exit(f"{name} is none of {', '.join(known)}")
        minutes, command = known[name]
        if not command:
            print(f"==> {name}: skipped, it needs --bench", flush=True)
            continue
        words = [str(word) for word in command]
        print(f"==> {name}, about {minutes:g} min: {' '.join(words)}", flush=True)
        if options.list:
            continue
        began = time.monotonic()
        # Where targets are missed, a script ends with 1 after it has written what it found.
        before = kept()
        status = subprocess.run(words).returncode
        if status and (status != 1 or kept() == before):
            failed.append(name)
        print(f"==> {name}: {(time.monotonic() - began) / 60:.1f} min, status {status}", flush=True)
    if failed:
        print(f"==> could not run: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def kept():
    """When figures were written down."""
    return [path.stat().st_mtime_ns for path in sorted((HERE.parent / "docs" / "performance" / "figures").glob("*.json"))]


if __name__ == "__main__":
    sys.exit(main())
