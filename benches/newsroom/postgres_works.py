"""What `postgres.py` asks of the servers, whether they answer rightly, and the load."""

import json
import os
import pathlib
import subprocess
import time

from postgres_servers import MEDIA_TYPE, between, busy, processor_time, tree

URLS = {
    "R1": "/articles/42",
    "R2": "/articles?page%5Bsize%5D=50&page%5Bnumber%5D=3",
    "R3": "/articles?include=author%2Ccomments&page%5Bsize%5D=20&page%5Bnumber%5D=2",
    "R4": "/articles/42",
    "R5": "/articles?page%5Bsize%5D=50&page%5Bnumber%5D=3",
    "R6": "/articles/43",
    "R6s": "/articles/43",
    "R7": "/comments",
    "R7s": "/comments",
}
WHAT = {
    "R1": "one record, 200", "R2": "a page of 50 of 2,000, 200", "R3": "a page of 20 with its authors and comments, 200",
    "R4": "R1 with the current tag in `If-None-Match`: 304", "R5": "R2 with the current tag: 304",
    "R6": "PATCH of the title of one article, with `If-Match` where the server knows it: all wait for each other",
    "R6s": "the same, of 64 articles in turn",
    "R7": "POST of a comment on one article by one author", "R7s": "the same, on 64 articles by 64 authors in turn",
}
WORKS = list(URLS)
CONDITIONAL = ("R4", "R5")
# What R6s and R7s are about: more articles than there are connections to the database.
SPREAD = range(1001, 1065)
# Set in turn. Few enough that all tags can be named in `If-Match`, and so many that hardly a PATCH sets the title that is there.
TITLES = [f"{letter * 6} {letter * 53}" for letter in "abcdefgh"]
DONE = """
done = function(summary, latency, requests)
  io.write(string.format('@@{"requests":%d,"us":%d,"p50":%d,"p99":%d,"bad":%d}\\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status + summary.errors.connect + summary.errors.read +
    summary.errors.write + summary.errors.timeout))
end
"""


class Wrong(Exception):
    """A server doesn't answer as it should."""


def expect(holds, what):
    if not holds:
        raise Wrong(what)


def title(id, text):
    return json.dumps({"data": {"type": "articles", "id": str(id), "attributes": {"title": text}}})


def comment(article=1900, author=7):
    return json.dumps({"data": {"type": "comments", "attributes": {"text": "c" * 120}, "relationships": {
        "article": {"data": {"type": "articles", "id": str(article)}}, "author": {"data": {"type": "people", "id": str(author)}}}}})


def content(text):
    """A document without what may differ: the version of JSON:API and the order of what is included."""
    document = json.loads(text)
    document.pop("jsonapi", None)
    if "included" in document:
        document["included"].sort(key=lambda resource: (resource["type"], int(resource["id"])))
    return document


def attributes(row):
    _, title, body, views, published, created, _ = row
    return {"title": title, "body": body, "viewCount": views, "published": bool(published), "createdAt": created}


def check(server, data, reference):
    """Every work once and what it must refuse. Documents equal those of the reference, if the server's kind says so."""
    kind, ask = server.kind, server.process[0].ask
    alike = kind.alike and reference and reference is not server

    def read(work, ids, rows):
        status, fields, text = ask("GET", URLS[work])
        expect(status == 200, f"{work}: status {status}")
        expect("etag" in fields, f"{work}: no tag")
        document = content(text)
        found = document["data"] if isinstance(document["data"], list) else [document["data"]]
        expect([int(resource["id"]) for resource in found] == ids, f"{work}: other articles")
        for resource, row in zip(found, rows):
            expect(resource["attributes"] == attributes(row), f"{work}: other attributes: {resource['attributes']}")
            expect(resource["relationships"]["author"]["data"] == {"type": "people", "id": str(row[6])}, f"{work}: another author")
        if alike:
            theirs = content(reference.process[0].ask("GET", URLS[work])[2])
            expect(document == theirs, f"{work}: another document than {reference.kind.name}'s")
        status, _, text = ask("GET", URLS[work], fields={"If-None-Match": fields["etag"]})
        expect(status == 304 and not text, f"{work}: {status} for the current tag")
        expect(ask("GET", URLS[work], fields={"If-None-Match": '"other"'})[0] == 200, f"{work}: not 200 for another tag")
        return document

    of = {row[0]: row for row in data["articles"]}
    if server.works & {"R1", "R4"}:
        read("R1", [42], [of[42]])
        expect(ask("GET", "/articles/4200")[0] == 404, "R1: not 404 for an article that there isn't")
    if server.works & {"R2", "R5"}:
        read("R2", list(range(101, 151)), [of[id] for id in range(101, 151)])
    if "R3" in server.works:
        document = read("R3", list(range(21, 41)), [of[id] for id in range(21, 41)])
        expected = {("people", str(of[id][6])) for id in range(21, 41)} | {
            ("comments", str(row[0])) for row in data["comments"] if row[2] in range(21, 41)}
        expect({(resource["type"], resource["id"]) for resource in document["included"]} == expected, "R3: other resources included")
    if server.works & {"R6", "R6s"}:
        check_change(kind, ask)
    if server.works & {"R7", "R7s"}:
        status, fields, text = ask("POST", URLS["R7"], comment())
        expect(status == 201, f"R7: status {status}")
        made = json.loads(text)["data"]
        expect(made["attributes"]["text"] == "c" * 120, "R7: another text")
        expect(made["relationships"]["article"]["data"] == {"type": "articles", "id": "1900"}, "R7: another article")
        if kind.alike:
            expect(fields.get("location") == f"/comments/{made['id']}", "R7: another Location")
            status, _, _ = ask("POST", URLS["R7"], comment(190000))
            expect(status in (404, 409, 422), f"R7: {status} for an article that there isn't")


def check_change(kind, ask):
    def now():
        return json.loads(ask("GET", URLS["R6"])[2])["data"]["attributes"]["title"]

    tags = []
    for number in (0, 1):
        status, _, text = ask("PATCH", URLS["R6"], title(43, TITLES[number]))
        expect(status == 200 and now() == TITLES[number], f"R6: {status} {text[:200]}, the title is {now()}")
        tags.append(ask("GET", URLS["R6"])[1]["etag"])
    expect(tags[0] != tags[1], "R6: the same tag for another state")
    if kind.if_match:
        status = ask("PATCH", URLS["R6"], title(43, TITLES[0]), {"If-Match": tags[0]})[0]
        expect(status == 412 and now() == TITLES[1], f"R6: {status} for an old tag, the title is {now()}")
        status = ask("PATCH", URLS["R6"], title(43, TITLES[0]), {"If-Match": tags[1]})[0]
        expect(status == 200 and now() == TITLES[0], f"R6: {status} for the current tag, the title is {now()}")


def quoted(text):
    return json.dumps(text)


def script(server, work, folder):
    """What wrk is told."""
    lines = [f'wrk.headers["Accept"] = {quoted(MEDIA_TYPE)}']
    if work in CONDITIONAL:
        status, fields, _ = server.process[0].ask("GET", URLS[work])
        expect(status == 200, f"{work}: status {status}")
        lines.append(f'wrk.headers["If-None-Match"] = {quoted(fields["etag"])}')
    if work in ("R6", "R6s"):
        lines += in_turn(changes(server, [43] if work == "R6" else SPREAD))
    if work in ("R7", "R7s"):
        ids = [1900] if work == "R7" else SPREAD
        lines += in_turn(("POST", "/comments", "", comment(id, id - 1000 if work == "R7s" else 7)) for id in ids)
    path = pathlib.Path(folder) / f"{server.kind.name}-{work}.lua"
    path.write_text("\n".join(lines) + DONE)
    return path


def changes(server, ids):
    """All articles get the first title, then all the second, and so on."""
    if server.kind.if_match:
        for id in ids:
            # All of an article's states are named, as nobody knows which one a request finds.
            if id not in server.tags:
                tags = [server.process[0].ask("PATCH", f"/articles/{id}", title(id, text))[1]["etag"] for text in TITLES]
                server.tags[id] = ", ".join(tags)
    return [("PATCH", f"/articles/{id}", server.tags.get(id, ""), title(id, text)) for text in TITLES for id in ids]


def in_turn(requests):
    """Requests, each a method, a path, tags for `If-Match` and a body, one after the other and again."""
    lines = []
    for method, path, tags, body in requests:
        fields = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE} | ({"If-Match": tags} if tags else {})
        written = ", ".join(f"[{quoted(name)}] = {quoted(value)}" for name, value in fields.items())
        lines.append(f'  wrk.format("{method}", "{path}", {{{written}}}, {quoted(body)}),')
    return ["local requests, at = {}, 0", "init = function(arguments) requests = {", *lines, "} end",
            "request = function() at = at % #requests + 1; return requests[at] end"]


def load(server, work, connections, seconds, folder):
    """One run: of several nodes each gets its part of the connections."""
    file, nodes = script(server, work, folder), server.process
    commands = [["wrk", "-t1", f"-c{connections // len(nodes)}", f"-d{seconds}s", "--timeout", "8s", "-s", file,
                 f"http://127.0.0.1:{node.port}{URLS[work]}"] for node in nodes]

    def taken():
        return [processor_time(pid for node in nodes for pid in tree(node.process.pid)),
                processor_time(tree(server.database.process.pid)) if server.database else {}]

    trips = server.network.round_trips() if server.network else 0
    began, all_before, children, before = time.time(), busy(), os.times(), taken()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    outputs = [one.communicate(timeout=seconds + 60)[0] for one in running]
    after, wrk, all_after, took = taken(), os.times(), busy(), time.time() - began
    told = [json.loads(line[2:]) for output in outputs for line in output.splitlines() if line.startswith("@@")]
    expect(len(told) == len(nodes), f"{work}: wrk failed: {outputs}")
    requests = sum(one["requests"] for one in told)
    expect(requests > 0, f"{work}: no answer within {seconds} s")
    of_node, of_database = (between(*times) for times in zip(before, after))
    of_wrk = wrk.children_user + wrk.children_system - children.children_user - children.children_system
    settle(server)
    weighted = lambda name: sum(one[name] * one["requests"] for one in told) / requests / 1e3
    return {
        "requests": requests, "bad": sum(one["bad"] for one in told), "rps": sum(one["requests"] / one["us"] * 1e6 for one in told),
        "p50": weighted("p50"), "p99": weighted("p99"), "node": of_node / requests, "database": of_database / requests,
        "others": max(0.0, (all_after - all_before - of_wrk - (of_node + of_database) / 1e6) / took),
        "trips": (server.network.round_trips() - trips) / requests if server.network else None,
    }


def settle(server, limit=30):
    """Requests that wrk has left behind are answered before somebody else is measured."""
    until = time.time() + limit
    pids = [pid for node in server.process for pid in tree(node.process.pid)]
    while time.time() < until:
        before = processor_time(pids)
        time.sleep(0.05)
        if between(before, processor_time(pids)) < 5_000:
            return
