"""jsonapi-client against the running example. Run by tests/clients.rs: python3 python_client.py <origin>

docs/clients.md shows parts of this file, word for word.
"""

import logging
import sys
from contextlib import contextmanager
from urllib.parse import urljoin

from jsonapi_client import Filter, Inclusion, Modifier, ResourceTuple, Session
from jsonapi_client.exceptions import DocumentError

ORIGIN = sys.argv[1]
# It warns of every attribute that the schema below does not name.
logging.getLogger("jsonapi_client").setLevel(logging.ERROR)

# What may be created; without a schema jsonapi-client only reads and edits.
SCHEMA = {
    "sessions": {
        "properties": {
            "title": {"type": "string"},
            "state": {"type": "string"},
            "startTime": {"type": ["string", "null"]},
            "favourites": {"type": "integer"},
            "track": {"relation": "to-one", "resource": ["tracks"]},
            "sessionType": {"relation": "to-one", "resource": ["session-types"]},
            "speakers": {"relation": "to-many", "resource": ["speakers"]},
        }
    },
    "speakers": {"properties": {"name": {"type": "string"}}},
    "tracks": {"properties": {"name": {"type": "string"}}},
    "session-types": {"properties": {"name": {"type": "string"}}},
}


class TaggedSession(Session):
    """A session that remembers the tag of each URL it has read or written."""

    def __init__(self, url, **options):
        self.tags = {}
        self.headers = {}
        options["request_kwargs"] = {"hooks": {"response": self.remember}, "headers": self.headers}
        super().__init__(url, **options)

    def remember(self, response, **_):
        if "ETag" in response.headers:
            # The 201 of a create has the tag of the resource that it made.
            url = urljoin(response.url, response.headers.get("Location", ""))
            self.tags[url] = response.headers["ETag"]
        # jsonapi-client reads a document from every answer, but a 204 has none.
        if response.status_code == 204:
            response._content = b"{}"

    @contextmanager
    def if_match(self, tag):
        self.headers["If-Match"] = tag
        try:
            yield
        finally:
            del self.headers["If-Match"]


def edit(session, kind, id, change):
    while True:
        session.invalidate()  # or get() answers from its cache
        resource = session.get(kind, id).resource
        change(resource)
        try:
            with session.if_match(session.tags[resource.url]):
                resource.commit()
            return resource
        except DocumentError as error:
            if error.errors["status_code"] != 412:
                raise
            # Somebody saved in between, and nothing of ours was: read theirs, and decide again.


def refusal(request, *arguments):
    """What a request is refused with."""
    try:
        request(*arguments)
    except DocumentError as error:
        return error
    raise AssertionError("not refused")


def names(resources):
    return sorted(one["name"] for one in resources)


def ids(resources):
    return [one.id for one in resources]


session = TaggedSession(f"{ORIGIN}/v1", schema=SCHEMA)
other = TaggedSession(f"{ORIGIN}/v1", schema=SCHEMA)

# Creates, with relationships.
track = session.create_and_commit("tracks", {"name": "Snakes"})
kind = session.create_and_commit("session-types", {"name": "Snake demo"})
ada = session.create_and_commit("speakers", {"name": "Ada Python"})
ben = session.create_and_commit("speakers", {"name": "Ben Python"})
talk = session.create_and_commit(
    "sessions",
    {
        "title": "Driven by Python",
        "state": "pending",
        "startTime": "2017-03-17T09:30:00Z",
        "favourites": 0,
        "track": track.id,
        "sessionType": kind.id,
        "speakers": [ada.id],
    },
)
url = talk.url
assert url == f"{ORIGIN}/v1/sessions/{talk.id}", url
created = session.tags[url]

# The tag of the 201 is that of a read.
session.invalidate()
talk = session.get("sessions", talk.id).resource
assert session.tags[url] == created
assert (talk["title"], talk["state"], talk["startTime"]) == ("Driven by Python", "pending", "2017-03-17T09:30:00Z")

# Reads with include: what is included is not asked for again.
session.invalidate()
query = Inclusion("speakers", "track") + Modifier("fields[speakers]=name")
document = session.get(f"sessions/{talk.id}", query)
assert len(document.included) == 2, document.included
read = set(session.tags)
talk = document.resource
assert names(talk.speakers) == ["Ada Python"]
assert talk.track["name"] == "Snakes"
assert set(session.tags) == read, "a request was sent for an included resource"
assert talk.sessionType["name"] == "Snake demo", "read by its linkage"

# Filters: by attribute, by operator and through a relationship.
for query in [
    Filter(title="Driven by Python"),
    Filter("filter[title][like]=Driven by Pyth%25"),
    Filter(track__name="Snakes", state="pending"),
]:
    assert ids(session.get("sessions", query).resources) == [talk.id], query.appended_query()
assert session.get("sessions", Filter(title="no such title")).resources == []
wrong = refusal(session.get, "sessions", Filter(nothing="1"))
assert wrong.errors["status_code"] == 400
assert wrong.response.json()["errors"][0]["source"]["parameter"] == "filter[nothing]"

# Pages: the client follows links.next; every session comes once.
pages = Modifier("page[size]=5&sort=title")
first = session.get("sessions", pages)
assert len(first.resources) == 5 and first.links.next
seen = ids(session.iterate("sessions", pages))
assert len(seen) == len(set(seen)) == first.meta.count

# Changes relationships, in one write with an attribute; null empties a to-one.
session.invalidate()
talk = session.get("sessions", talk.id).resource
talk.relationships.speakers.add([ben.id])
talk.relationships.track.set(None)
talk["title"] = "Driven by Python, twice"
with session.if_match(session.tags[url]):
    talk.commit()
session.invalidate()
talk = session.get("sessions", talk.id).resource
assert names(talk.speakers) == ["Ada Python", "Ben Python"]
assert talk.track is None
talk.relationships.speakers.set([ben], "speakers")
talk.relationships.track.set(ResourceTuple(track.id, "tracks"))
talk.commit()
session.invalidate()
talk = session.get("sessions", talk.id).resource
assert names(talk.speakers) == ["Ben Python"]
assert talk.track["name"] == "Snakes"

# Edits with If-Match, and goes on with the tag of the answer.
before = session.tags[url]
talk["title"] = "Edited"
with session.if_match(before):
    talk.commit()
saved = session.tags[url]
assert saved != before
talk["title"] = "Edited twice"
with session.if_match(saved):
    talk.commit()
again = session.tags[url]

# Loses a race: nothing is changed, and the refusal has the current tag.
talk["title"] = "Overwritten"
with session.if_match(saved):
    lost = refusal(talk.commit)
assert lost.errors["status_code"] == 412
assert lost.response.headers["ETag"] == again
assert lost.response.json()["errors"][0]["source"]["header"] == "If-Match"
assert other.get("sessions", talk.id).resource["title"] == "Edited twice"

# Recovers by reading again: the other's change and ours are both there.
decided_on = []


def add_one(resource):
    decided_on.append(resource["favourites"])
    if len(decided_on) == 1:
        theirs = other.get("sessions", resource.id).resource
        theirs["favourites"] += 10
        theirs.commit()
    resource["favourites"] += 1


merged = edit(session, "sessions", talk.id, add_one)
assert decided_on == [0, 10], decided_on
assert merged["favourites"] == 11
assert merged["title"] == "Edited twice"

# Deletes: not what has changed since, but what was read last.
merged.delete()
with session.if_match(again):
    stale = refusal(merged.commit)
assert stale.errors["status_code"] == 412
session.invalidate()
last = session.get("sessions", talk.id).resource
last.delete()
with session.if_match(session.tags[url]):
    last.commit()
session.invalidate()
assert refusal(session.get, "sessions", talk.id).errors["status_code"] == 404
for one in (ada, ben, track, kind):
    found = session.get(one.type, one.id).resource
    found.delete()
    found.commit()
print("python: done")
