"""A client that openapi-python-client has made of the example's document, against the running example.

Run by tests/clients.rs, with the package `conference` beside it: python generated_client.py <origin>
docs/clients.md shows parts of this file, word for word.
"""

import sys

import httpx

from conference import Client
from conference.api.sessions import (
    sessions_add_to_relationship_speakers,
    sessions_create,
    sessions_delete,
    sessions_list,
    sessions_read,
    sessions_relationship_speakers,
    sessions_update,
)
from conference.models import (
    Sessions,
    SessionsCollection,
    SessionsCreate,
    SessionsCreateData,
    SessionsCreateDataAttributes,
    SessionsDocument,
    SessionsListFieldssessionsItem,
    SessionsListIncludeItem,
    SessionsUpdate,
    SessionsUpdateData,
    SessionsUpdateDataAttributes,
    SessionsUpdateDataAttributesState,
    Speakers,
    SpeakersChangeToMany,
    SpeakersIdentifier,
)

origin = sys.argv[1]


def join_lists(request):
    """JSON:API has commas between the values of a list; this client sends a parameter for each."""
    lists = {}
    for name, value in request.url.params.multi_items():
        lists.setdefault(name, []).append(value)
    request.url = request.url.copy_with(params={name: ",".join(values) for name, values in lists.items()})


client = Client(base_url=origin, httpx_args={"event_hooks": {"request": [join_lists]}})


def edit(id, change):
    while True:
        read = sessions_read.sync_detailed(id, client=client)
        assert isinstance(read.parsed, SessionsDocument), read.content
        attributes = change(read.parsed.data.attributes)
        body = SessionsUpdate(data=SessionsUpdateData(type_="sessions", id=id, attributes=attributes))
        saved = sessions_update.sync_detailed(id, client=client, body=body, if_match=read.headers["ETag"])
        # 412: somebody saved in between, and nothing of ours was: read theirs, and decide again.
        if saved.status_code != 412:
            return saved


def code_of(refusal):
    return refusal.to_dict()["errors"][0]["code"]


# Creates.
attributes = SessionsCreateDataAttributes(title="Driven by a generated client", level="beginner")
body = SessionsCreate(data=SessionsCreateData(type_="sessions", attributes=attributes))
created = sessions_create.sync_detailed(client=client, body=body)
assert created.status_code == 201 and isinstance(created.parsed, SessionsDocument), created.content
id = created.parsed.data.id

# Lists: include, fields, filter, page.
listed = sessions_list.sync_detailed(
    client=client,
    include=[SessionsListIncludeItem.SPEAKERS, SessionsListIncludeItem.TRACK],
    fieldssessions=[SessionsListFieldssessionsItem.TITLE, SessionsListFieldssessionsItem.SPEAKERS],
    filterlevel=["advanced", "intermediate"],
    filtertitleicontains="e",
    pagesize=3,
)
assert listed.status_code == 200 and isinstance(listed.parsed, SessionsCollection), listed.content
assert len(listed.parsed.data) == 3
assert all(isinstance(one.attributes.title, str) for one in listed.parsed.data)
speakers = [one for one in listed.parsed.included if isinstance(one, Speakers)]
assert speakers and all(isinstance(one.attributes.name, str) for one in speakers)
assert listed.parsed.meta["count"] >= 3

# An unchanged representation is not sent again.
first = sessions_read.sync_detailed(id, client=client)
again = sessions_read.sync_detailed(id, client=client, if_none_match=first.headers["ETag"])
assert again.status_code == 304 and again.content == b""

# Edits with the tag; the answer has the new one.
attributes = SessionsUpdateDataAttributes(title="Edited", state=SessionsUpdateDataAttributesState.PENDING)
body = SessionsUpdate(data=SessionsUpdateData(type_="sessions", id=id, attributes=attributes))
saved = sessions_update.sync_detailed(id, client=client, body=body, if_match=first.headers["ETag"])
assert isinstance(saved.parsed, SessionsDocument) and isinstance(saved.parsed.data, Sessions), saved.content
assert saved.parsed.data.attributes.title == "Edited"

# Loses a race: 412 with the current tag, and nothing is changed.
late = sessions_update.sync_detailed(id, client=client, body=body, if_match=first.headers["ETag"])
assert late.status_code == 412 and code_of(late.parsed) == "precondition_failed", late.content
assert late.headers["ETag"] == saved.headers["ETag"]

# Merges: the other's change and ours are both there.
decided_on = []


def one_more(now):
    decided_on.append(now.favourites)
    if len(decided_on) == 1:
        edit(id, lambda now: SessionsUpdateDataAttributes(favourites=10, level="advanced"))
    return SessionsUpdateDataAttributes(favourites=now.favourites + 1)


merged = edit(id, one_more)
assert decided_on == [0, 10]
assert merged.parsed.data.attributes.favourites == 11
assert merged.parsed.data.attributes.level == "advanced"

# A relationship, at its own URL with its own tag.
linkage = sessions_relationship_speakers.sync_detailed(id, client=client)
added = sessions_add_to_relationship_speakers.sync_detailed(
    id,
    client=client,
    body=SpeakersChangeToMany(data=[SpeakersIdentifier(type_="speakers", id="1")]),
    if_match=linkage.headers["ETag"],
)
assert added.status_code in (200, 204), added.content
assert len(sessions_relationship_speakers.sync(id, client=client).data) == 1

# Deletes: not what has changed since, but what was read last.
stale = sessions_delete.sync_detailed(id, client=client, if_match=saved.headers["ETag"])
assert stale.status_code == 412
last = sessions_read.sync_detailed(id, client=client)
gone = sessions_delete.sync_detailed(id, client=client, if_match=last.headers["ETag"])
assert gone.status_code == 204
assert code_of(sessions_read.sync(id, client=client)) == "resource_not_found"
assert httpx.get(f"{origin}/v1/sessions/{id}").status_code == 404
print("openapi-python-client: done")
