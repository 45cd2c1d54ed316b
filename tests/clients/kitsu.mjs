// kitsu against the running example. Run by tests/clients.rs: node kitsu.mjs <origin>
// docs/clients.md shows parts of this file, word for word.

import assert from "node:assert/strict";
import Kitsu from "kitsu";

const [origin] = process.argv.slice(2);

const api = new Kitsu({
  baseURL: `${origin}/v1`,
  camelCaseTypes: false, // session-types stays session-types
  resourceCase: "none", // and sessionType in a path stays sessionType
});

async function edit(id, change) {
  for (;;) {
    const { data, headers } = await api.get(`sessions/${id}`);
    try {
      return await api.patch("sessions", { id, ...(await change(data)) }, { headers: { "If-Match": headers.etag } });
    } catch (error) {
      if (error.response?.status !== 412) throw error;
      // Somebody saved in between, and nothing of ours was: read theirs, and decide again.
    }
  }
}

/** What a request is refused with. */
async function refusal(request) {
  const error = await request.then(
    () => assert.fail("not refused"),
    (error) => error,
  );
  assert.ok(error.response, error);
  return error;
}

// Creates, with relationships; the kebab-case type too.
const { data: track } = await api.post("tracks", { name: "Clients", color: "#102030" });
const { data: kind } = await api.post("session-types", { name: "Demo", length: "00:20" });
const { data: ada } = await api.post("speakers", { name: "Ada Kitsu", organisation: null });
const { data: ben } = await api.post("speakers", { name: "Ben Kitsu" });
const created = await api.post("sessions", {
  title: "Driven by kitsu",
  state: "pending",
  startTime: "2017-03-17T09:30:00Z",
  track: { data: { type: "tracks", id: track.id } },
  sessionType: { data: { type: "session-types", id: kind.id } },
  speakers: { data: [{ type: "speakers", id: ada.id }] },
});
assert.equal(created.status, 201);
const id = created.data.id;
assert.equal(created.headers.location, `/v1/sessions/${id}`);
assert.equal(created.data.type, "sessions");
assert.equal(created.data.state, "pending");
assert.deepEqual(
  created.data.speakers.data.map((one) => one.id),
  [ada.id],
);

// The tag of the 201 is that of a read.
const first = await api.get(`sessions/${id}`);
assert.equal(first.headers.etag, created.headers.etag);

// Reads with include: kitsu puts the included resources where the linkage is.
const params = {
  include: "speakers,track,sessionType",
  fields: { speakers: "name", sessions: "title,speakers,track,sessionType" },
};
const compound = await api.get(`sessions/${id}`, { params });
assert.equal(compound.data.track.data.name, "Clients");
assert.equal(compound.data.sessionType.data.length, "00:20");
assert.deepEqual(
  compound.data.speakers.data.map((one) => one.name),
  ["Ada Kitsu"],
);
assert.equal(compound.data.speakers.data[0].organisation, undefined, "a sparse fieldset");
assert.equal(compound.data.state, undefined, "a sparse fieldset");
assert.equal((await api.get(`sessions/${id}/track`)).data.name, "Clients");
assert.equal((await api.get(`sessions/${id}/sessionType`)).data.name, "Demo");

// An unchanged representation is not sent again. axios calls a 304 an error unless told otherwise.
const unchanged = await api.get(`sessions/${id}`, {
  headers: { "If-None-Match": first.headers.etag },
  axiosOptions: { validateStatus: (status) => status === 304 },
});
assert.equal(unchanged.status, 304);

// Filters, by attribute, by operator and through a relationship.
for (const filter of [
  { title: "Driven by kitsu" },
  { title: { like: "Driven by kit%" } },
  { "track.name": "Clients", state: "pending" },
]) {
  const { data } = await api.get("sessions", { params: { filter } });
  assert.deepEqual(
    data.map((one) => one.id),
    [id],
    JSON.stringify(filter),
  );
}
assert.deepEqual((await api.get("sessions", { params: { filter: { title: "no such title" } } })).data, []);
const wrong = await refusal(api.get("sessions", { params: { filter: { nothing: 1 } } }));
assert.equal(wrong.response.status, 400);
assert.equal(wrong.errors[0].source.parameter, "filter[nothing]");

// Pages: links.next until there is none gives every session once.
const seen = [];
let pages = 0;
let page = await api.get("sessions", { params: { page: { size: 5 }, sort: "title" } });
const { count } = page.meta;
for (;;) {
  pages += 1;
  seen.push(...page.data.map((one) => one.id));
  if (!page.links.next) break;
  page = await api.request({ url: new URL(page.links.next, origin).href });
}
assert.ok(pages > 1);
assert.equal(pages, Math.ceil(count / 5));
assert.equal(seen.length, count);
assert.equal(new Set(seen).size, count);

// Changes relationships: at the resource, and at the relationship's own URL with its own tag.
await api.patch("sessions", { id, speakers: { data: [{ type: "speakers", id: ben.id }] }, track: { data: null } });
const linked = await api.get(`sessions/${id}`, { params: { include: "speakers" } });
assert.deepEqual(
  linked.data.speakers.data.map((one) => one.name),
  ["Ben Kitsu"],
);
assert.deepEqual((await api.get(`sessions/${id}/track`)).data, null);

const speakers = `sessions/${id}/relationships/speakers`;
const linkage = await api.get(speakers);
const ifMatch = { headers: { "If-Match": linkage.headers.etag } };
await api.post(speakers, [{ type: "speakers", id: ada.id }], ifMatch);
assert.deepEqual(
  linkage.data.map((one) => one.id),
  [ben.id],
);
assert.deepEqual((await api.get(speakers)).data.map((one) => one.id).sort(), [ada.id, ben.id].sort());
const late = await refusal(api.patch(speakers, [{ type: "speakers", id: ada.id }], ifMatch));
assert.equal(late.response.status, 412, "the linkage has changed since it was read");
const both = await api.get(speakers);
await api.patch(speakers, [{ type: "speakers", id: ada.id }], { headers: { "If-Match": both.headers.etag } });
assert.deepEqual(
  (await api.get(speakers)).data.map((one) => one.id),
  [ada.id],
);

// Edits with If-Match, and goes on with the tag of the answer. The tag read with include serves as well.
const read = await api.get(`sessions/${id}`, { params: { include: "speakers" } });
const saved = await api.patch("sessions", { id, title: "Edited" }, { headers: { "If-Match": read.headers.etag } });
assert.equal(saved.data.title, "Edited");
const again = await api.patch(
  "sessions",
  { id, title: "Edited twice" },
  { headers: { "If-Match": saved.headers.etag } },
);
assert.equal(again.data.title, "Edited twice");

// Loses a race: nothing is changed, and the refusal has the current tag.
const lost = await refusal(
  api.patch("sessions", { id, title: "Overwritten" }, { headers: { "If-Match": saved.headers.etag } }),
);
assert.equal(lost.response.status, 412);
assert.equal(lost.response.headers.etag, again.headers.etag);
assert.equal(lost.errors[0].source.header, "If-Match");
assert.equal((await api.get(`sessions/${id}`)).data.title, "Edited twice");

// Recovers by reading again: the other's change and ours are both there.
const decidedOn = [];
const merged = await edit(id, async (session) => {
  decidedOn.push(session.favourites);
  if (decidedOn.length === 1) await api.patch("sessions", { id, favourites: session.favourites + 10 });
  return { favourites: session.favourites + 1 };
});
assert.deepEqual(decidedOn, [0, 10]);
assert.equal(merged.data.favourites, 11);
assert.equal(merged.data.title, "Edited twice");

// Deletes: not what has changed since, but what was read last.
const stale = await refusal(api.delete("sessions", id, { headers: { "If-Match": again.headers.etag } }));
assert.equal(stale.response.status, 412);
const gone = await api.delete("sessions", id, { headers: { "If-Match": merged.headers.etag } });
assert.equal(gone.status, 204);
assert.equal((await refusal(api.get(`sessions/${id}`))).response.status, 404);
for (const [type, one] of [
  ["speakers", ada],
  ["speakers", ben],
  ["tracks", track],
  ["session-types", kind],
]) {
  await api.delete(type, one.id);
}
console.log("kitsu: done");
