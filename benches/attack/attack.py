#!/usr/bin/env python3
"""How long others wait while clients ask for the worst that the limits allow.

Fills the example's SQLite database with 100,000 sessions, and lets 16 clients ask for random filters, orders, includes
and pages of the worst kind, while 16 others read records and lists, and write. Prints how long the others have waited,
what the attackers were answered, and how much memory the server has taken.

    cargo build --release -p open-event
    benches/attack/attack.py --seconds 60
"""

import argparse
import collections
import http.client
import json
import multiprocessing
import os
import pathlib
import random
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SESSIONS = 100_000
FIRST = 1000
MEDIA_TYPE = "application/vnd.api+json"


def fill(path):
    """As many sessions, in twenty tracks and rooms, each with up to two of 20,000 speakers."""
    rows = f"WITH RECURSIVE n (i) AS (SELECT {FIRST} UNION ALL SELECT i + 1 FROM n WHERE i < {FIRST - 1} + "
    database = sqlite3.connect(path)
    database.executescript(f"""
        BEGIN IMMEDIATE;
        {rows}20) INSERT INTO tracks (id, name) SELECT i, 'track ' || i FROM n;
        {rows}20) INSERT INTO microlocations (id, name) SELECT i, 'room ' || i FROM n;
        {rows}20000) INSERT INTO speakers (id, name) SELECT i, 'speaker ' || i FROM n;
        {rows}{SESSIONS}) INSERT INTO sessions (id, title, short_abstract, state, favourites, track_id, microlocation_id)
            SELECT i, 'session ' || i || ' of an open conference', 'What is said there, and by whom. ' || i, 'draft',
                i % 7, {FIRST} + i * 7 % 20, {FIRST} + i * 13 % 20 FROM n;
        {rows}{SESSIONS}) INSERT INTO session_speakers (session_id, speaker_id)
            SELECT i, {FIRST} + i * 3 % 20000 FROM n UNION SELECT i, {FIRST} + i * 11 % 20000 FROM n;
        COMMIT;""")
    database.close()


def leaf(chance):
    pattern = chance.choice(["%zz9zz%", "%e%", "%o%e%n%c%", "%9%9%"])
    return {"name": "title", "op": chance.choice(["ilike", "like", "notilike"]), "val": pattern}


def deep(chance):
    """As many relationships as are allowed by default."""
    found = leaf(chance)
    for _ in range(2):
        path = chance.choice([
            "track.sessions.microlocation.sessions",
            "microlocation.sessions.track.sessions",
            "speakers.sessions.speakers.sessions",
            "track.sessions.speakers.sessions",
        ])
        found = {"name": path, "op": "any", "val": found}
    return chance.choice([{"not": found}, {"or": [leaf(chance), found]}, found])


def worst(chance):
    parameters = {}
    kind = chance.randrange(4)
    if kind == 1:
        parameters["filter"] = json.dumps([{"or": [leaf(chance) for _ in range(40)]}])
    elif kind > 1:
        parameters["filter"] = json.dumps([deep(chance)])
    sort = ["", "-shortAbstract,title,level,state,favourites", "track.name,microlocation.name,-title", "-title,id"]
    include = ["", "speakers,track,microlocation,sessionType", "speakers.sessions.speakers", "track.sessions"]
    parameters["sort"] = chance.choice(sort)
    parameters["include"] = chance.choice(include)
    page = chance.randrange(3)
    if page == 0:
        parameters |= {"page[offset]": chance.randrange(SESSIONS), "page[limit]": 100}
    elif page == 1:
        parameters |= {"page[number]": chance.randrange(1, 1000), "page[size]": 97}
    else:
        parameters |= {"page[size]": chance.randrange(1, 101), "page[totals]": "true"}
    given = {name: value for name, value in parameters.items() if value != ""}
    return "GET", "/v1/sessions?" + urllib.parse.urlencode(given), None


def little(chance, number):
    id = chance.randrange(FIRST, FIRST + SESSIONS)
    match number % 4:
        case 0:
            return "GET", f"/v1/sessions/{id}", None
        case 1:
            return "GET", f"/v1/sessions?page%5Bnumber%5D={chance.randrange(1, 51)}", None
        case 2:
            return "GET", f"/v1/tracks/{FIRST + id % 20}/sessions", None
        case _:
            attributes = {"favourites": chance.randrange(9)}
            data = {"type": "sessions", "id": str(id), "attributes": attributes}
            return "PATCH", f"/v1/sessions/{id}", json.dumps({"data": data})


def client(kind, number, port, until, results):
    """One client, in a process of its own: until then it asks, and tells how long each answer took."""
    chance = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    answers = []
    while time.monotonic() < until:
        method, url, body = worst(chance) if kind == "attack" else little(chance, number)
        headers = {"Accept": MEDIA_TYPE} | ({"Content-Type": MEDIA_TYPE} if body else {})
        begun = time.monotonic()
        try:
            connection.request(method, url, body, headers)
            response = connection.getresponse()
            response.read()
            status = response.status
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 0
        answers.append((status, time.monotonic() - begun))
        if kind != "attack":
            time.sleep(0.02)
    results.put((kind, answers))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process):
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server ended")


def percentile(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--program", default=ROOT / "target/release/open-event")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        # The example counts each list by itself, and to count so many rows is no small thing.
        environment = os.environ | {
            "ROCKET_PORT": str(port), "ROCKET_LOG_LEVEL": "off", "ROCKET_JSONAPI": "{totals=false}",
        }
        program = pathlib.Path(arguments.program).resolve()
        process = subprocess.Popen([program], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_for(port, process)
            fill(pathlib.Path(folder, "open-event.db"))
            until = time.monotonic() + arguments.seconds
            results = multiprocessing.Queue()
            clients = [
                multiprocessing.Process(target=client, args=(kind, number, port, until, results))
                for kind in ("attack", "other") for number in range(16)
            ]
            for one in clients:
                one.start()
            answers = collections.defaultdict(list)
            for _ in clients:
                kind, given = results.get()
                answers[kind] += given
            for one in clients:
                one.join()
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        finally:
            process.terminate()
            process.wait()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    for kind in ("attack", "other"):
        times = [seconds for _, seconds in answers[kind]]
        statuses = dict(sorted(collections.Counter(code for code, _ in answers[kind]).items()))
        waited = ", ".join(f"{name} {percentile(times, part) * 1000:.0f} ms"
                           for name, part in (("median", 0.5), ("p99", 0.99), ("longest", 1)))
        print(f"{kind}: {len(times)} answers {statuses}; {waited}")
    print(f"memory of the server: {memory / 1024:.0f} MiB at most")


if __name__ == "__main__":
    main()
