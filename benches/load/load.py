#!/usr/bin/env python3
"""What the fairing costs and saves: load over loopback, in interleaved rounds.

    benches/load/load.py                     the whole bench, about six minutes; rewrites docs/performance/fairing.md
    benches/load/load.py --seconds 1 --rounds 1 --dry     a quick look; writes nothing

Needs cargo and, on Debian, nothing else: h2load, which loads over HTTP/1.1 here, is installed by apt where it is
missing.

It builds `load-server` in release, starts it in four variants, checks that each answers as it should, and then loads
them in turn: for each body, for each round, for each variant, so that the runs that are compared lie close in time.
CPU per request is what the server process used (utime + stime of /proc/<pid>/stat) over the requests it completed;
on a machine with other work it is steadier than requests per second. Figures are medians over the rounds, and ratios
are taken within a round, between runs that met about the same machine. Not the best round: other work does not only
make a request dearer; the record was seen to cost less CPU while one of two cores was taken.
"""

import argparse
import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "newsroom"))
import figures
from figures import TOP, number, table

TICK = os.sysconf("SC_CLK_TCK")
MEDIA_TYPE = "application/vnd.api+json"

TARGETS = {"1 KiB": "/b0", "64 KiB": "/b1", "1 MiB": "/b2", "record": "/articles/1"}

# Name, environment of the server, whether requests carry the current tag, and what it is.
VARIANTS = [
    ("bare", {}, False, "no fairing attached: Rocket as it is"),
    ("chunks", {"LOAD_CHUNKS": "large"}, False,
     "no fairing; the handlers of the constants ask for chunks of up to 64 KiB, as the fairing does"),
    ("off", {"LOAD_FAIRING": "attached", "ROCKET_ETAG": "false"}, False, "fairing attached, `ETAG = false`"),
    ("on", {"LOAD_FAIRING": "attached", "ROCKET_ETAG": "true"}, False, "fairing attached, `ETAG = true`: 200 with a tag"),
    ("on, 304", {"LOAD_FAIRING": "attached", "ROCKET_ETAG": "true"}, True,
     "the same server, every request with the current tag in `If-None-Match`"),
]

ARTICLE = {"data": {"type": "articles", "attributes": {
    "title": "The lost update, and how to keep it",
    "language": "en",
    "summary": "Two people open the same form. Both save. One of them finds out a week later. " * 4,
    "published": True,
    "words": 4210,
    "rating": 4.5,
    "writtenAt": "2027-06-12T09:40:00Z",
}}}


def provide_h2load():
    if shutil.which("h2load"):
        return
    root = [] if os.geteuid() == 0 else ["sudo"]
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-yq", "--no-install-recommends", "nghttp2-client"]):
        subprocess.run(root + command, check=True)


def build():
    """The path of the server's program, as cargo says it."""
    command = ["cargo", "build", "--release", "-p", "etag-fairing-benches", "--bin", "load-server",
               "--message-format", "json-render-diagnostics"]
    output = subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout
    programs = [message["executable"] for message in map(json.loads, output.splitlines())
                if message.get("executable") and message["target"]["name"] == "load-server"]
    return programs[-1]


class Server:
    """One variant, running in a folder of its own. Ends with the `with` block."""

    def __init__(self, program, variables, workers):
        self.folder = tempfile.TemporaryDirectory(prefix="load-server-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("ROCKET_", "LOAD_"))}
        environment.update(
            ROCKET_ADDRESS="127.0.0.1", ROCKET_PORT=str(self.port), ROCKET_WORKERS=str(workers), ROCKET_LOG_LEVEL="off",
            ROCKET_DATABASES='{api={url="sqlite:load.db"}}', **variables)
        self.process = subprocess.Popen([program], cwd=self.folder.name, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(200):
            if self.process.poll() is not None:
                sys.exit(f"load-server ended with {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        status, _, body = self.request("POST", "/articles", json.dumps(ARTICLE),
                                       {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE})
        if status != 201 or json.loads(body)["data"]["id"] != "1":
            self.__exit__()
            sys.exit(f"the record could not be made: {status} {body!r}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def cpu(self):
        """Seconds of processor time so far."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat[stat.rindex(")") + 2:].split()
        return (int(fields[11]) + int(fields[12])) / TICK


def check(server, name, path, conditional):
    """Fails unless the variant answers as its name says; gives the fields to send."""
    status, headers, body = server.request("GET", path)
    tag = headers["ETag"]
    if status != 200 or not body or (tag is not None) != name.startswith("on"):
        sys.exit(f"{name} {path}: {status}, tag {tag}")
    if not conditional:
        return []
    status, headers, body = server.request("GET", path, headers={"If-None-Match": tag})
    if (status, headers["ETag"], body) != (304, tag, b"") or headers["Content-Length"] == "0":
        sys.exit(f"{name} {path}: {status} {headers.items()} {body!r}")
    return ["-H", f"If-None-Match: {tag}"]


def busy():
    """Seconds that all processors of the machine were at work so far."""
    user, nice, system, _, _, irq, softirq = map(int, pathlib.Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


def load(server, path, fields, seconds, connections):
    """One run of h2load. It ends by itself after `seconds`; the limit is for one that hangs."""
    url = f"http://127.0.0.1:{server.port}{path}"
    command = ["h2load", "--h1", "-t1", f"-c{connections}", f"-D{seconds}", *fields, url]
    cpu, all_busy, began, own = server.cpu(), busy(), time.monotonic(), os.times()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 30).stdout
    took, done = time.monotonic() - began, os.times()
    cpu, all_busy = server.cpu() - cpu, busy() - all_busy
    client = done.children_user + done.children_system - own.children_user - own.children_system
    requests = int(re.search(r"(\d+) succeeded, 0 failed, 0 errored, 0 timeout", output)[1])
    expected = "3xx" if fields else "2xx"
    wrong = [code for count, code in re.findall(r"(\d+) (\dxx)", output) if count != "0" and code != expected]
    if requests == 0 or wrong:
        sys.exit(f"{url}:\n{output}")
    return {
        "rate": float(re.search(r"([\d.]+) req/s", output)[1]),
        "cpu": cpu / requests * 1e6,
        "others": max(0.0, (all_busy - cpu - client) / took),
    }


def report(cells, command, options):
    """The section as Markdown. A ratio is that to `bare` in the same round."""
    names = [name for name, *_ in VARIANTS]

    def cell(target, name, measure):
        runs, bare = cells[target, name], cells[target, "bare"]
        value = number(statistics.median(run[measure] for run in runs))
        if name == "bare":
            return value
        ratios = sorted(run[measure] / base[measure] for run, base in zip(runs, bare))
        return f"{value} ({statistics.median(ratios):.2f}; {ratios[0]:.2f}–{ratios[-1]:.2f})"

    def rows(measure):
        return [[target, *(cell(target, name, measure) for name in names)] for target in TARGETS]

    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    versions = [subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True).stdout.split(" (")[0],
                subprocess.run(["h2load", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()]
    others = sorted(run["others"] for runs in cells.values() for run in runs)
    return "\n\n".join([
        f"Made by `{command}` on {time.strftime('%Y-%m-%d', time.gmtime())}: {os.cpu_count()} cores"
        f" ({processor[1].strip() if processor else platform.machine()}), {', '.join(versions)}, {options.workers}"
        f" Rocket worker{'s' * (options.workers != 1)}, {options.connections} connections,"
        f" {options.rounds} rounds of {options.seconds} s. Other work on the machine used"
        f" {statistics.median(others):.1f} cores meanwhile ({others[0]:.1f} to {others[-1]:.1f}).",
        "Each cell: the median over the rounds (median of the ratios to `bare` in the same round; their range). With the"
        " fairing off nothing is done, so how far **off** is from 1 is what the machine's other work does to a figure.",
        "\n".join(f"- **{name}**: {what}" for name, _, _, what in VARIANTS),
        "CPU of the server per request, µs:",
        table(["body", *names], rows("cpu")),
        "Requests per second:",
        table(["body", *names], rows("rate")),
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3, help="of one run (3)")
    parser.add_argument("--rounds", type=int, default=5, help="of every variant and body (5)")
    parser.add_argument("--connections", type=int, default=32, help="open at once (32)")
    parser.add_argument("--workers", type=int, default=1, help="threads of the server (1)")
    parser.add_argument("--dry", action="store_true", help="print the section and leave docs/performance alone")
    options = parser.parse_args()
    provide_h2load()
    program = build()

    servers, started = {}, {}
    try:
        for name, variables, _, _ in VARIANTS:
            key = tuple(sorted(variables.items()))
            if key not in started:
                started[key] = Server(program, variables, options.workers)
                started[key].__enter__()
            servers[name] = started[key]
        cells = {}
        for target, path in TARGETS.items():
            fields = {name: check(servers[name], name, path, conditional) for name, _, conditional, _ in VARIANTS}
            runs = {name: [] for name in servers}
            for turn in range(options.rounds):
                for name, server in servers.items():
                    if turn == 0:
                        load(server, path, fields[name], 1, options.connections)
                    run = load(server, path, fields[name], options.seconds, options.connections)
                    runs[name].append(run)
                    print(f"{target:7} {name:8} {run['rate']:9.0f} req/s {run['cpu']:8.1f} µs CPU per request,"
                          f" {run['others']:.1f} cores used by others", file=sys.stderr, flush=True)
            cells.update({(target, name): measured for name, measured in runs.items()})
    finally:
        for server in started.values():
            server.__exit__()

    command = " ".join(["benches/load/load.py", *sys.argv[1:]])
    section = report(cells, command, options)
    if options.dry:
        print(section)
        return
    figures.publish("fairing.md", "load bench", section)
    middle = {target: {name: {measure: statistics.median(run[measure] for run in cells[target, name]) for measure in ("cpu", "rate")}
                       for name, *_ in VARIANTS} for target in TARGETS}
    figures.keep("fairing", command, [run["others"] for runs in cells.values() for run in runs], options.rounds, cells=middle)


if __name__ == "__main__":
    main()
