#!/usr/bin/env python3
"""What a small request costs, function by function: the newsroom beside servers written by hand.

    benches/newsroom/small.py BENCH             counts, and rewrites its part of docs/performance/small-requests.md
    benches/newsroom/small.py BENCH --dry       prints it instead
    benches/newsroom/small.py BENCH --binary FILE --requests 100

BENCH is the folder of the side-by-side bench that `targets.py` describes; of it, rocket-bare and axum-hand must be built with
`debug = "line-tables-only"`, as the newsroom is, so that inlined functions have their names.

Each server runs under valgrind (callgrind) and is asked over one connection that is kept alive. Counted is what happens between
the first and the last of so many requests, after as many that aren't counted. It doesn't depend on what else the machine does.
It is not time: threads don't meet, the kernel isn't seen, and valgrind has no SHA instructions, so that SHA-1 is counted as it is
computed without them. System calls are counted by strace in the same way. What a cache nearest to the processor has not got is counted
of a simulated one.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
REPORT = TOP / "docs" / "performance" / "small-requests.md"
BEGIN, END = "<!-- small: begin -->", "<!-- small: end -->"
MEDIA_TYPE = "application/vnd.api+json"
PORT = 18620

CONSTANT, RECORD = "/b0", "/articles/42"
# What, the server, its environment, the path, whether it is asked with the current tag.
CASES = {
    "B0 of rocket-bare": ("rocket-bare", {}, CONSTANT, False),
    "B0 of the newsroom": ("newsroom", {}, CONSTANT, False),
    "R4 of the newsroom": ("newsroom", {}, RECORD, True),
    "R4 of axum-etag": ("axum-hand", {}, "/etag" + RECORD, True),
    "R1 of rocket-bare": ("rocket-bare", {}, RECORD, False),
    "R1 of the newsroom, memo off": ("newsroom", {"MEMO": "0"}, RECORD, False),
}
RATIOS = [
    ("B0", "B0 of the newsroom", "B0 of rocket-bare"),
    ("R4 against B0", "R4 of the newsroom", "B0 of rocket-bare"),
    ("R4", "R4 of the newsroom", "R4 of axum-etag"),
    ("R1", "R1 of the newsroom, memo off", "R1 of rocket-bare"),
]
# The first that fits counts.
GROUPS = [
    ("the allocator", r"^(malloc|free|realloc|calloc|_int_\w+|malloc_consolidate|unlink_chunk.*|sysmalloc|systrim.*|_?mi_\w+)$"),
    ("memory copied and compared", r"^__mem"),
    ("SHA-1", r"sha1"),
    ("names hashed (SipHash)", r"sip::|DefaultHasher|BuildHasher::hash_one"),
    ("SQLite", r"sqlite"),
    ("this crate", r"etag_fairing|foldhash|quick_cache"),
    ("the handler by hand", r"^rocket_bare|^axum_hand|^common::|serde_json"),
    ("Rocket, its maps of fields and of state", r"rocket|indexmap|hashbrown|^state::|axum|tower|matchit"),
    ("hyper, http", r"hyper|http|^bytes::"),
    ("tokio", r"tokio|mio::"),
]
# What takes memory: the C library's, and what mimalloc is asked for by a program in Rust.
TAKING = ("malloc", "calloc", "realloc", "mi_malloc_aligned", "mi_zalloc_aligned", "mi_realloc_aligned")
OTHER = "other"
SMALLEST = 250
# Of instructions and of data each: 32 KiB, eight ways, lines of 64 bytes, as most processors have them.
NEAREST_CACHE = "32768,8,64"
# What is counted of it, by callgrind's names of events.
MISSES = {
    "lines of code missed by the nearest cache": ("I1mr",),
    "lines of data missed by the nearest cache": ("D1mr", "D1mw"),
}
THREAD, ATTEMPTS = "sqlite::worker::Reply", 5


class Server:
    """A server with a copy of the data, perhaps run by another program."""

    def __init__(self, command, data, environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="small-"))
        shutil.copy(data, self.folder / "base.db")
        variables = {**os.environ, **environment, "PORT": str(PORT), "DB": str(self.folder / "base.db")}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=self.folder, env=variables, **quiet)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self):
        for _ in range(600):
            try:
                connection = socket.create_connection(("127.0.0.1", PORT))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("the server has ended")
                time.sleep(0.1)
        sys.exit("the server takes no connections")


def ask(connection, path, tag):
    """The head of the answer, all of which is read."""
    condition = f"If-None-Match: {tag}\r\n" if tag else ""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {MEDIA_TYPE}\r\n{condition}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1 << 16)
    head, body = answer.split(b"\r\n\r\n", 1)
    expected = 304 if tag else 200
    if not head.startswith(b"HTTP/1.1 %d " % expected):
        sys.exit(f"{path}: {head.splitlines()[0].decode()} instead of {expected}")
    length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
    missing = int(length[1]) - len(body) if length and not tag else 0
    while missing > 0:
        missing -= len(connection.recv(1 << 16))
    return head.decode()


def prepared(server, path, conditional, times):
    """A connection that has asked so often."""
    connection = server.connect()
    tag = re.search(r"(?i)\netag: *(\S+)", ask(connection, path, None))[1] if conditional else None
    for _ in range(times):
        ask(connection, path, tag)
    return connection, tag


def profile(program, data, environment, path, conditional, times):
    """Instructions of one request by function, what each function costs with what it calls, calls of the allocator, and what the
    nearest cache has not got."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--cache-sim=yes", f"--I1={NEAREST_CACHE}",
                   f"--D1={NEAREST_CACHE}", str(program)]
        with Server(command, data, environment) as server:
            connection, tag = prepared(server, path, conditional, times)
            control = lambda option: subprocess.run(
                ["callgrind_control", option, str(server.process.pid)], check=True, capture_output=True)
            control("-z")
            for _ in range(times):
                ask(connection, path, tag)
            control("-d")
            # The file is written by the program itself, as soon as it goes on.
            ask(connection, path, tag)
            time.sleep(0.5)
        dumped = sorted(pathlib.Path(folder).glob("callgrind.out.*"))
        return parse(dumped[-1].read_text(), times)


def parse(text, times):
    names, own, within, calls = {}, collections.Counter(), collections.Counter(), collections.Counter()

    def name(compressed):
        number, rest = re.match(r"\((\d+)\)(?: (.*))?$", compressed).groups()
        names[number] = rest or names[number]
        # A recursive function has a number of its own at each level.
        return names[number].split("'")[0]

    misses, events = collections.Counter(), []
    function = callee = called = None
    for line in text.splitlines():
        if line.startswith("fn="):
            function = name(line[3:])
        elif line.startswith("events:"):
            events = line.split()[1:]
        elif line.startswith("cfn="):
            callee = name(line[4:])
        elif line.startswith("calls="):
            called = int(line[6:].split()[0])
        elif line[:1].isdigit() or line[:1] in ("+", "-", "*"):
            cost = int(line.split()[1])
            within[function] += cost
            # A call that had begun before is called 0 times.
            if called is not None:
                calls[callee] += called
                called = None
            else:
                own[function] += cost
                # Noughts at the end of a line are left out.
                counts = dict(zip(events, map(int, line.split()[1:])))
                for missed, of_events in MISSES.items():
                    misses[missed] += sum(counts.get(event, 0) for event in of_events)
    each = lambda counter: {key: count / times for key, count in counter.items()}
    return each(own), each(within), each(calls), each(misses)


def system_calls(program, data, environment, path, conditional, times):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "strace.out"
        with Server([str(program)], data, environment) as server:
            connection, tag = prepared(server, path, conditional, times)
            tracing = subprocess.Popen(["strace", "-f", "-c", "-o", str(out), "-p", str(server.process.pid)],
                                       stderr=subprocess.DEVNULL)
            time.sleep(1)
            for _ in range(times):
                ask(connection, path, tag)
            tracing.terminate()
            tracing.wait()
        counted = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", out.read_text(), re.MULTILINE)
    often = [(name, int(count) / times) for count, name in counted if int(count) >= times / 10 and name != "total"]
    return sorted(often, key=lambda pair: (-pair[1], pair[0]))


def group(function):
    return next((group for group, pattern in GROUPS if re.search(pattern, function)), OTHER)


def table(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def readable(function):
    function = re.sub(r"(::)?\{\{(closure|impl)\}\}", "", function)
    function = re.sub(r"<impl (\S+) for ([^<>]+)>", r"<\2 as \1>", function)
    return re.sub(r"\b(?:\w+::)+(?=\w+ as|\w+>)", "", function).replace("etag_fairing::", "").replace("|", "\\|")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=pathlib.Path)
    parser.add_argument("--binary", type=pathlib.Path, help="a newsroom that is built already, in release")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--dry", action="store_true")
    options = parser.parse_args()
    bench, binary, times = options.bench.resolve(), options.binary, options.requests
    if not binary:
        subprocess.run(["cargo", "build", "--release", "-q", "-p", "newsroom"], check=True, cwd=TOP)
        binary = TOP / "target" / "release" / "newsroom"
    peers = bench / "peers" / "rust" / "target" / "release"
    programs = {"newsroom": binary.resolve(), "rocket-bare": peers / "rocket-bare", "axum-hand": peers / "axum-hand"}
    data = bench / "data" / "base.db"
    profiles, kernel = {}, {}
    for case, (server, *rest) in CASES.items():
        for _ in range(ATTEMPTS):
            profiles[case] = profile(programs[server], data, *rest, times)
            # What took long by the clock is read by a thread the next times, as it is on a busy machine under valgrind.
            if not any(THREAD in function for function in profiles[case][0]):
                break
        else:
            print(f"{case}: a thread has read in each of {ATTEMPTS} runs", file=sys.stderr)
        kernel[case] = system_calls(programs[server], data, *rest, times)
        print(f"{case}: {sum(profiles[case][0].values()):,.0f}", file=sys.stderr)
    part = section(profiles, kernel, times)
    if options.dry:
        print(part)
        return
    text = REPORT.read_text()
    REPORT.write_text(text[:text.index(BEGIN)] + part + text[text.index(END) + len(END):])


def section(profiles, kernel, times):
    cases = list(profiles)
    total = {case: sum(profiles[case][0].values()) for case in cases}
    sums = {case: collections.Counter() for case in cases}
    for case in cases:
        for function, count in profiles[case][0].items():
            sums[case][group(function)] += count
    compiler = subprocess.run(["rustc", "-V"], check=True, capture_output=True, text=True).stdout.split()[1]
    rows = [["**in all**", *(f"**{total[case]:,.0f}**" for case in cases)]]
    rows += [[name, *(f"{sums[case][name]:,.0f}" for case in cases)] for name in [*(group for group, _ in GROUPS), OTHER]]
    taken = lambda case: sum(profiles[case][2].get(name, 0) for name in TAKING)
    rows.append(["pieces of memory taken", *(f"{taken(case):.0f}" for case in cases)])
    rows += [[missed, *(f"{profiles[case][3].get(missed, 0):,.0f}" for case in cases)] for missed in MISSES]
    rows.append(["system calls", *(", ".join(f"{name} {count:.1f}" for name, count in kernel[case]) for case in cases)])
    without = lambda case: total[case] - sums[case]["SHA-1"]
    ratios = [[name, f"{ours}, of {other}", f"{total[ours] / total[other]:.2f}", f"{without(ours) / without(other):.2f}"]
              for name, ours, other in RATIOS]
    parts = [
        BEGIN,
        f"Made by `benches/newsroom/small.py BENCH --requests {times}` on {time.strftime('%Y-%m-%d', time.gmtime())}, rustc {compiler}.",
        table(["instructions of one request", *cases], rows),
        table(["ratio", "", "instructions", "without SHA-1"], ratios),
    ]
    for case in ("R4 of the newsroom", "R1 of the newsroom, memo off", "B0 of the newsroom"):
        own, within, *_ = profiles[case]
        functions = [(count, function) for function, count in within.items()
                     if re.match(r"<?etag_fairing|<?impl.*etag_fairing", function) and count >= SMALLEST]
        listed = [[f"`{readable(function)}`", f"{own.get(function, 0):,.0f}", f"{count:,.0f}"]
                  for count, function in sorted(functions, reverse=True)]
        parts.append(f"{case}, functions of this crate that cost {SMALLEST} or more with what they call:")
        parts.append(table(["function", "itself", "with what it calls"], listed))
    return "\n\n".join([*parts, END])


if __name__ == "__main__":
    main()
