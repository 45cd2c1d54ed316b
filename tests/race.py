#!/usr/bin/env python3
"""Races clients against a running open-event and counts lost updates.

    python3 tests/race.py [BASE_URL [CLIENTS [ROUNDS]]] [--without-if-match]

BASE_URL defaults to http://127.0.0.1:8000, CLIENTS to 32, ROUNDS to 50.

1. Each client, in each round, reads one session, adds one to `favourites` and PATCHes it with If-Match. All
   clients of a round hold the same tag when they write. The final value must be the number of 200s, and every
   other answer must be 412.
2. All clients DELETE the session with one tag: exactly one may get 204.

--without-if-match leaves the precondition out, to see what is lost then: the script fails.

It works on a session of its own, which is gone at the end. Exit code 0 if no update was lost, 1 otherwise.
Only the standard library is needed.
"""

import http.client
import json
import sys
import threading
import urllib.parse

MEDIA_TYPE = "application/vnd.api+json"


class Client:
    """One connection, kept alive."""

    def __init__(self, base_url):
        url = urllib.parse.urlsplit(base_url)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(url.netloc, timeout=60)
        self.prefix = url.path.rstrip("/")

    def request(self, method, path, document=None, tag=None):
        headers = {"Accept": MEDIA_TYPE}
        if tag is not None:
            headers["If-Match"] = tag
        body = None
        if document is not None:
            headers["Content-Type"] = MEDIA_TYPE
            body = json.dumps(document)
        self.connection.request(method, self.prefix + path, body, headers)
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()


def session(attributes, session_id=None):
    data = {"type": "sessions", "attributes": attributes}
    if session_id is not None:
        data["id"] = session_id
    return {"data": data}


def together(count, work):
    """Runs work(barrier) in as many threads; their results. An exception in one is raised here."""
    results, problems = [None] * count, []
    barrier = threading.Barrier(count)

    def run(number):
        try:
            results[number] = work(barrier)
        except Exception as problem:  # noqa: BLE001: whatever it is, it is told below
            problems.append(problem)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for problem in problems:
        if not isinstance(problem, threading.BrokenBarrierError):
            raise problem
    return results


def race(base_url, clients, rounds, with_if_match):
    """The problems found, as sentences."""
    status, headers, body = Client(base_url).request("POST", "/v1/sessions", session({"title": "Race"}))
    if status != 201:
        return [f"POST /v1/sessions gave {status}: {body.decode(errors='replace')}"]
    path = headers["Location"]
    session_id = json.loads(body)["data"]["id"]
    try:
        return patches(base_url, path, session_id, clients, rounds, with_if_match) + deletes(
            base_url, path, clients, with_if_match
        )
    finally:
        Client(base_url).request("DELETE", path)


def patches(base_url, path, session_id, clients, rounds, with_if_match):
    def client(barrier):
        connection = Client(base_url)
        answers = []
        for _ in range(rounds):
            status, headers, body = connection.request("GET", path)
            tag = headers["ETag"]
            if status != 200 or (with_if_match and tag is None):
                raise ValueError(f"GET {path} gave {status} with the entity tag {tag}")
            one_more = json.loads(body)["data"]["attributes"]["favourites"] + 1
            barrier.wait(60)
            document = session({"favourites": one_more}, session_id)
            answers.append(connection.request("PATCH", path, document, tag if with_if_match else None)[0])
            barrier.wait(60)
        return answers

    answers = [status for answers in together(clients, client) for status in answers]
    won, refused = answers.count(200), answers.count(412)
    _, _, body = Client(base_url).request("GET", path)
    final = json.loads(body)["data"]["attributes"]["favourites"]
    print(f"PATCH: {len(answers)} writes: {won} times 200, {refused} times 412; the counter says {final}")
    problems = []
    if final != won:
        problems.append(f"{won - final} of {won} successful updates were lost")
    if won + refused != len(answers):
        others = sorted(set(answers) - {200, 412})
        problems.append(f"there were other answers than 200 and 412: {others}")
    if won < 1:
        problems.append("no update went through")
    return problems


def deletes(base_url, path, clients, with_if_match):
    _, headers, _ = Client(base_url).request("GET", path)
    tag = headers["ETag"] if with_if_match else None

    def client(barrier):
        connection = Client(base_url)
        barrier.wait(60)
        return connection.request("DELETE", path, tag=tag)[0]

    answers = together(clients, client)
    deleted = answers.count(204)
    print(f"DELETE: {len(answers)} with one tag: {deleted} times 204")
    problems = []
    if deleted != 1:
        problems.append(f"{deleted} of {clients} deletes of one session succeeded")
    if set(answers) - {204, 404, 412}:
        problems.append(f"there were other answers than 204, 404 and 412: {sorted(set(answers))}")
    return problems


def main(arguments):
    with_if_match = "--without-if-match" not in arguments
    arguments = [argument for argument in arguments if argument != "--without-if-match"]
    if len(arguments) > 3 or any(argument.startswith("-") for argument in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    base_url, clients, rounds = (arguments + ["http://127.0.0.1:8000", "32", "50"][len(arguments):])
    try:
        problems = race(base_url, int(clients), int(rounds), with_if_match)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        problems = [f"{type(problem).__name__}: {problem}"]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print("no update was lost")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
