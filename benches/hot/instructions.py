#!/usr/bin/env python3
"""How many instructions a request on a hot path takes, compared with what it took when it was last written down.

    benches/hot/instructions.py             fails if a case takes over 5 % more than instructions.json says
    benches/hot/instructions.py --update    writes down what each case takes now

It fails, too, if an answer from the memo takes over 1.2 times as many instructions in a content coding as it does as it is.

Instructions don't depend on what else the machine does, so that a small change is seen. They are counted by valgrind
(callgrind), in two runs that differ by so many requests, whose difference leaves start and end out. They do depend on
the compiler: with another one than the last time the comparison is shown, and fails nothing.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
WRITTEN = HERE / "instructions.json"
FEW, MANY = 20, 220
TOLERANCE = 0.05
# What a page from the memo may cost in a content coding, as a multiple of the same page as it is.
CODED, CODED_AT_MOST = {"page_200_br": "page_200", "page_200_gzip": "page_200", "page_304_br": "page_304"}, 1.2


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, cwd=TOP, **options)


def collected(binary, case, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(binary), case, str(times)]
    told = run(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE).stderr
    return int(re.search(r"Collected : (\d+)", told).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    run("cargo", "build", "--release", "-q", "-p", "etag-fairing-benches", "--bin", "hot")
    target = json.loads(run("cargo", "metadata", "--no-deps", "--format-version", "1", capture_output=True).stdout)
    binary = pathlib.Path(target["target_directory"]) / "release" / "hot"
    compiler = run("rustc", "-V", capture_output=True).stdout.strip()
    cases = run(str(binary), capture_output=True).stdout.split()
    now = {}
    for case in cases:
        now[case] = (collected(binary, case, MANY) - collected(binary, case, FEW)) // (MANY - FEW)
    if arguments.update:
        WRITTEN.write_text(json.dumps({"compiler": compiler, "instructions": now}, indent=2) + "\n")
    written = json.loads(WRITTEN.read_text())
    slower = []
    for case in cases:
        before = written["instructions"].get(case)
        change = now[case] / before - 1 if before else 0.0
        mark = ""
        if change > TOLERANCE:
            slower.append(case)
            mark = "  <- slower"
        print(f"{case:28}{now[case]:>12,}{change:>+9.1%}{mark}")
    for coded, plain in CODED.items():
        times = now[coded] / now[plain]
        print(f"{coded} takes {times:.2f} times what {plain} takes")
        if times > CODED_AT_MOST:
            sys.exit(f"{coded} takes more than {CODED_AT_MOST} times what {plain} takes")
    if compiler != written["compiler"]:
        print(f"{compiler} here, {written['compiler']} there: nothing to compare; --update writes down what holds here")
    elif slower:
        sys.exit(f"over {TOLERANCE:.0%} more instructions: {', '.join(slower)}")


if __name__ == "__main__":
    main()
