// @orbit/jsonapi and @orbit/memory against the running example. Run by tests/clients.rs: node orbit.mjs <origin>
// docs/clients.md shows parts of this file, word for word.

import assert from "node:assert/strict";
import jsonapi from "@orbit/jsonapi";
import memorySource from "@orbit/memory";
import records from "@orbit/records";

// These packages are CommonJS for Node.
const { JSONAPISource, JSONAPISerializers } = jsonapi;
const { MemorySource } = memorySource;
const { RecordKeyMap, RecordSchema } = records;

const [origin] = process.argv.slice(2);

const string = { type: "string" };
// Orbit makes up an id of its own for each record; the server's id is a key beside it.
const keys = { remoteId: {} };
const schema = new RecordSchema({
  models: {
    sessions: {
      keys,
      attributes: { title: string, state: string, startTime: { type: "datetime" }, favourites: { type: "number" } },
      relationships: {
        track: { kind: "hasOne", type: "tracks" },
        sessionType: { kind: "hasOne", type: "session-types" },
        speakers: { kind: "hasMany", type: "speakers" },
      },
    },
    speakers: { keys, attributes: { name: string, organisation: string } },
    tracks: { keys, attributes: { name: string, color: string } },
    "session-types": { keys, attributes: { name: string, length: string } },
  },
});
const keyMap = new RecordKeyMap();
const remote = new JSONAPISource({
  schema,
  keyMap,
  host: origin,
  namespace: "v1",
  // A busy machine is no failure.
  defaultFetchSettings: { timeout: 60_000 },
  // Types and members are written as they are: no plural is made, and sessionType in a path stays sessionType.
  serializerSettingsFor: (type) =>
    [JSONAPISerializers.ResourceTypePath, JSONAPISerializers.ResourceFieldPath].includes(type)
      ? { serializationOptions: { inflectors: [] } }
      : undefined,
});
// Orbit stops at a refused request, and makes those behind it wait, until somebody takes it from the queue.
remote.requestQueue.on("fail", () => remote.requestQueue.skip());
// What the server says goes into memory, as in an application.
const memory = new MemorySource({ schema, keyMap });
remote.on("transform", (transform) => memory.sync(transform));

async function read(identity, options = {}) {
  const { data, details } = await remote.query((q) => q.findRecord(identity), { ...options, fullResponse: true });
  return { record: data, tag: details[0].response.headers.get("ETag") };
}

async function write(operations, tag) {
  const settings = tag ? { headers: { "If-Match": tag } } : {};
  const { data, details } = await remote.update(operations, { settings, fullResponse: true });
  return { record: data, response: details[0].response, tag: details[0].response.headers.get("ETag") };
}

async function edit(identity, change) {
  for (;;) {
    const { record, tag } = await read(identity);
    const attributes = await change(record.attributes);
    try {
      return await write((t) => t.updateRecord({ ...identity, attributes }), tag);
    } catch (error) {
      if (error.response?.status !== 412) throw error;
      // Somebody saved in between, and nothing of ours was: read theirs, and decide again.
    }
  }
}

const ATOMIC = 'application/vnd.api+json;ext="https://jsonapi.org/ext/atomic"';
const OPERATIONS = {
  addRecord: "add",
  updateRecord: "update",
  replaceAttribute: "update",
  removeRecord: "remove",
  addToRelatedRecords: "add",
  removeFromRelatedRecords: "remove",
  replaceRelatedRecord: "update",
  replaceRelatedRecords: "update",
};
const resources = remote.requestProcessor.serializerFor(JSONAPISerializers.Resource);

/** A record that the same request makes has a local id: the server has not chosen its own yet. */
const named = ({ type, id }) => (serverId({ type, id }) ? { type, id: serverId({ type, id }) } : { type, lid: id });
const linkage = (data) => (Array.isArray(data) ? data.map(named) : data && named(data));

/** An operation as the extension has it. The tag is that of the record when it was read. */
function atomic({ op, record, attribute, value, relationship, relatedRecord, relatedRecords }, tag) {
  const meta = tag && { ifMatch: tag };
  if (relationship) {
    const data = op === "replaceRelatedRecord" ? relatedRecord : (relatedRecords ?? [relatedRecord]);
    return { op: OPERATIONS[op], ref: { ...named(record), relationship }, data: linkage(data), meta };
  }
  if (op === "removeRecord") return { op: "remove", ref: named(record), meta };
  const { attributes } = resources.serialize(attribute ? { ...record, attributes: { [attribute]: value } } : record);
  const links = Object.entries(record.relationships ?? {}).map(([name, { data }]) => [name, { data: linkage(data) }]);
  return { op: OPERATIONS[op], data: { ...named(record), attributes, relationships: Object.fromEntries(links) }, meta };
}

/** Makes all of it or nothing, where a source makes one after the other. `tags` has those of the records, by their ids. */
async function operate(build, tags = new Map()) {
  const operations = build(remote.transformBuilder).map((one) => one.toOperation());
  const { document, response } = await remote.requestProcessor.fetch(`${origin}/v1/operations`, {
    method: "POST",
    headers: { "Content-Type": ATOMIC, Accept: ATOMIC },
    json: { "atomic:operations": operations.map((one) => atomic(one, tags.get(one.record.id))) },
  });
  const results = document?.["atomic:results"] ?? [];
  // The results stand in the order of the operations: what was new has its key now.
  const records = operations.map(({ op, record }, index) => {
    const { data } = results[index] ?? {};
    if (data && op === "addRecord") keyMap.pushRecord({ type: record.type, id: record.id, keys: { remoteId: data.id } });
    return data && resources.deserialize(data);
  });
  await memory.sync((t) => operations.map((one, index) => (records[index] ? t.updateRecord(records[index]) : one)));
  return { records, response };
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

const create = (record) => write((t) => t.addRecord(record));
const serverId = ({ type, id }) => keyMap.idToKey(type, "remoteId", id);
const identityOf = ({ type, id }) => ({ type, id });
const findRecords = async (type, options) => {
  const { data, details } = await remote.query((q) => q.findRecords(type), { ...options, fullResponse: true });
  return { data, document: details[0].document };
};

// Creates, with relationships.
const track = identityOf((await create({ type: "tracks", attributes: { name: "Orbits", color: "#102030" } })).record);
const kind = identityOf((await create({ type: "session-types", attributes: { name: "Orbit demo" } })).record);
const ada = identityOf((await create({ type: "speakers", attributes: { name: "Ada Orbit" } })).record);
const ben = identityOf((await create({ type: "speakers", attributes: { name: "Ben Orbit" } })).record);
const startTime = new Date("2017-03-17T09:30:00Z");
const created = await create({
  type: "sessions",
  attributes: { title: "Driven by Orbit", state: "pending", startTime },
  relationships: { track: { data: track }, sessionType: { data: kind }, speakers: { data: [ada] } },
});
assert.equal(created.response.status, 201);
const session = identityOf(created.record);
assert.equal(created.response.headers.get("Location"), `/v1/sessions/${serverId(session)}`);

// The tag of the 201 is that of a read.
const first = await read(session);
assert.equal(first.tag, created.tag);
assert.equal(first.record.id, session.id, "one record for the client’s id and the server’s");
assert.deepEqual(first.record.attributes.startTime, startTime);

// Reads with include: the included resources and the linkage land in memory.
memory.cache.reset();
await read(session, { include: ["speakers", "track", "sessionType"], fields: { speakers: "name" } });
const speakersInMemory = () => memory.cache.query((q) => q.findRelatedRecords(session, "speakers"));
assert.deepEqual(
  speakersInMemory().map((one) => one.attributes),
  [{ name: "Ada Orbit" }],
);
assert.equal(memory.cache.query((q) => q.findRelatedRecord(session, "track")).attributes.name, "Orbits");
const related = (relationship) => remote.query((q) => q.findRelatedRecord(session, relationship));
assert.equal((await related("sessionType")).attributes.name, "Orbit demo");

// An unchanged representation is not sent again.
const unchanged = await remote.requestProcessor.fetch(`${origin}/v1/sessions/${serverId(session)}`, {
  headers: { "If-None-Match": first.tag },
});
assert.equal(unchanged.response.status, 304);
assert.equal(unchanged.document, undefined);

// Filters: by attribute, by operator and through a relationship; as Orbit's own expression too.
for (const filter of [{ title: "Driven by Orbit" }, { "title][like": "Driven by Orb%" }, { "track.name": "Orbits" }]) {
  const { data } = await findRecords("sessions", { filter });
  assert.deepEqual(
    data.map((one) => one.id),
    [session.id],
    JSON.stringify(filter),
  );
}
const expressed = await remote.query((q) =>
  q.findRecords("sessions").filter({ attribute: "title", op: "equal", value: "Driven by Orbit" }),
);
assert.deepEqual(
  expressed.map((one) => one.id),
  [session.id],
);
assert.deepEqual((await findRecords("sessions", { filter: { title: "no such title" } })).data, []);
const wrong = await refusal(findRecords("sessions", { filter: { nothing: "1" } }));
assert.equal(wrong.response.status, 400);
assert.equal(wrong.data.errors[0].source.parameter, "filter[nothing]");

// Pages: as long as the document links a next one; every session comes once.
const seen = [];
let pages = 0;
let count;
for (let number = 1, more = true; more; number += 1) {
  const { data, document } = await findRecords("sessions", { page: { number, size: 5 }, sort: "-startTime" });
  seen.push(...data.map((one) => one.id));
  ({ count } = document.meta);
  pages += 1;
  more = document.links.next !== null;
}
assert.ok(pages > 1);
assert.equal(pages, Math.ceil(count / 5));
assert.equal(seen.length, count);
assert.equal(new Set(seen).size, count);

// Changes relationships: Orbit adds and removes at the relationship's own URL, which has a tag of its own, and replaces
// by an edit of the resource.
const speakersUrl = `${origin}/v1/sessions/${serverId(session)}/relationships/speakers`;
const linkageTag = async () => (await remote.requestProcessor.fetch(speakersUrl)).response.headers.get("ETag");
const linked = async () => {
  const { record } = await read(session);
  return record.relationships.speakers.data.map((one) => one.id).sort();
};
const tag = await linkageTag();
await write((t) => t.addToRelatedRecords(session, "speakers", ben), tag);
assert.deepEqual(await linked(), [ada.id, ben.id].sort());
const late = await refusal(write((t) => t.removeFromRelatedRecords(session, "speakers", ben), tag));
assert.equal(late.response.status, 412, "the linkage has changed since it was read");
await write((t) => t.removeFromRelatedRecords(session, "speakers", ada), await linkageTag());
assert.deepEqual(await linked(), [ben.id]);
const { tag: unlinked } = await read(session);
await write((t) => t.replaceRelatedRecords(session, "speakers", [ada]), unlinked);
assert.deepEqual(await linked(), [ada.id]);
await write((t) => t.replaceRelatedRecord(session, "track", null));
assert.equal((await read(session)).record.relationships.track.data, null);

// Edits with If-Match, and goes on with the tag of the answer. The tag read with include serves as well.
const before = await read(session, { include: ["speakers"] });
const saved = await write((t) => t.replaceAttribute(session, "title", "Edited"), before.tag);
const again = await write((t) => t.replaceAttribute(session, "title", "Edited twice"), saved.tag);
assert.notEqual(again.tag, saved.tag);

// Loses a race: nothing is changed, and the refusal has the current tag.
const lost = await refusal(write((t) => t.replaceAttribute(session, "title", "Overwritten"), saved.tag));
assert.equal(lost.response.status, 412);
assert.equal(lost.response.headers.get("ETag"), again.tag);
assert.equal(lost.data.errors[0].source.header, "If-Match");
assert.equal((await read(session)).record.attributes.title, "Edited twice");

// Recovers by reading again: the other's change and ours are both there.
const decidedOn = [];
const merged = await edit(session, async ({ favourites }) => {
  decidedOn.push(favourites);
  if (decidedOn.length === 1) await write((t) => t.replaceAttribute(session, "favourites", favourites + 10));
  return { favourites: favourites + 1 };
});
assert.deepEqual(decidedOn, [0, 10]);
const result = await read(session);
assert.equal(result.tag, merged.tag);
assert.equal(result.record.attributes.favourites, 11);
assert.equal(result.record.attributes.title, "Edited twice");

// Deletes: not what has changed since, but what was read last.
const stale = await refusal(write((t) => t.removeRecord(session), again.tag));
assert.equal(stale.response.status, 412);
const gone = await write((t) => t.removeRecord(session), merged.tag);
assert.equal(gone.response.status, 204);
await assert.rejects(
  remote.query((q) => q.findRecord(session), { raiseNotFoundExceptions: true }),
  (error) => error.constructor.name === "RecordNotFoundException",
);
for (const one of [ada, ben, track, kind]) await write((t) => t.removeRecord(one));

// Several changes at once: a track, a session on it, and its speaker, all of them or none.
const [rust, ferris, eve] = ["tracks", "sessions", "speakers"].map((type) => ({ type, id: schema.generateId(type) }));
const together = await operate((t) => [
  t.addRecord({ ...rust, attributes: { name: "Rust" } }),
  t.addRecord({ ...ferris, attributes: { title: "Ferris" }, relationships: { track: { data: rust } } }),
  t.addRecord({ ...eve, attributes: { name: "Eve Orbit" } }),
  t.addToRelatedRecords(ferris, "speakers", eve),
  t.replaceAttribute(ferris, "state", "accepted"),
]);
assert.equal(together.records[1].id, ferris.id, "one record for the client’s id and the server’s");
const made = await read(ferris, { include: ["speakers"] });
assert.equal(made.record.attributes.state, "accepted");
assert.deepEqual(made.record.relationships.speakers.data, [eve]);
assert.equal(memory.cache.getRecordSync(ferris).attributes.title, "Ferris");
// Each with the tag of what was read: one is an old one, so that neither is made.
const tagOf = async (identity) => (await read(identity)).tag;
const tags = new Map([[ferris.id, made.tag], [rust.id, await tagOf(rust)]]);
await write((t) => t.replaceAttribute(rust, "color", "#a72145"), tags.get(rust.id));
const both = (t) => [t.replaceAttribute(ferris, "title", "Both"), t.updateRecord({ ...rust, attributes: { name: "Both" } })];
const neither = await refusal(operate(both, tags));
assert.equal(neither.response.status, 412);
assert.equal(neither.data.errors[0].source.pointer.split("/")[2], "1");
assert.equal((await read(ferris)).record.attributes.title, "Ferris");
tags.set(rust.id, await tagOf(rust));
await operate(both, tags);
assert.equal((await read(ferris)).record.attributes.title, "Both");
const removed = await operate((t) => [
  t.removeFromRelatedRecords(ferris, "speakers", eve),
  t.removeRecord(ferris),
  t.removeRecord(eve),
  t.removeRecord(rust),
]);
assert.equal(removed.response.status, 200);
assert.equal(memory.cache.getRecordSync(ferris), undefined);
console.log("orbit: done");
