// fetch, and nothing else, against the running example. Run by tests/clients.rs: node fetch.mjs <origin>
// docs/clients.md shows parts of this file, word for word.

import assert from "node:assert/strict";
import http from "node:http";

const [server] = process.argv.slice(2);
let origin = server;

const ATOMIC = 'application/vnd.api+json;ext="https://jsonapi.org/ext/atomic"';

/** Makes several changes, all of them or none. */
async function operate(operations) {
  const response = await once("/v1/operations", {
    method: "POST",
    // The quotes are part of the media type. With `Prefer`, a 412 has what is there now.
    headers: { "Content-Type": ATOMIC, Accept: ATOMIC, Prefer: "return=representation" },
    body: JSON.stringify({ "atomic:operations": operations }),
  });
  // 204: all are removals.
  const document = response.status === 204 ? {} : await response.json();
  return { status: response.status, results: document["atomic:results"] ?? [], errors: document.errors ?? [] };
}

const PROFILE = "https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md";

/** Reads a list, in which each resource has its own tag, as `meta.etag`: what it shows is changed without another read. */
async function list(path) {
  const response = await fetch(origin + path, { headers: { Accept: `application/vnd.api+json;profile="${PROFILE}"` } });
  return (await response.json()).data;
}

/** Moves sessions that were read, each if it is still as it was seen: all of them, or none. */
async function moveAll(sessions, startTime) {
  const held = new Map(sessions.map(({ id, meta }) => [id, meta.etag]));
  for (;;) {
    const ids = [...held.keys()];
    const { status, results, errors } = await operate(
      ids.map((id) => ({
        op: "update",
        data: { type: "sessions", id, attributes: { startTime } },
        meta: { ifMatch: held.get(id) },
      })),
    );
    if (status === 200) return results.map(({ data }) => data);
    const [error] = errors;
    if (status !== 412) throw new Error(error.detail);
    // /atomic:operations/1/…: somebody has changed this one, and none was moved. Look at it, and decide again.
    const id = ids[Number(error.source.pointer.split("/")[2])];
    if (error.meta.current.attributes.state === "canceled") throw new Error(`session ${id} was canceled`);
    held.set(id, error.meta.etag);
  }
}

/** Sends a write until it is answered. The server makes it once, since each time it has the same key. */
async function once(path, { headers, ...request }, times = 5) {
  const key = `"${crypto.randomUUID()}"`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(origin + path, { ...request, headers: { ...headers, "Idempotency-Key": key } });
      // 409: the first one is still being made. A 5xx may have been made, or not.
      const isOver = response.status < 500 && !(response.status === 409 && response.headers.has("Retry-After"));
      if (isOver || attempt === times) return response;
    } catch (error) {
      // No answer came: nobody knows whether it was made.
      if (attempt === times) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt));
  }
}

// A track, a session on it, and its speakers.
const { status, results } = await operate([
  { op: "add", data: { type: "tracks", lid: "rust", attributes: { name: "Rust" } } },
  {
    op: "add",
    data: {
      type: "sessions",
      lid: "ferris",
      attributes: { title: "Ferris" },
      relationships: { track: { data: { type: "tracks", lid: "rust" } } },
    },
  },
  { op: "add", data: { type: "speakers", lid: "ada", attributes: { name: "Ada" } } },
  {
    op: "add",
    ref: { type: "sessions", lid: "ferris", relationship: "speakers" },
    data: [{ type: "speakers", lid: "ada" }],
  },
]);
assert.equal(status, 200);
const [track, session, speaker, linked] = results;
assert.equal(session.data.relationships.track.data.id, track.data.id);
const sorted = (ids) => list(`/v1/sessions?sort=id&filter[id]=${ids}`);
const [ferris] = await sorted(session.data.id);
assert.equal(linked.meta.etag, ferris.meta.etag);

// Somebody else is faster.
const sessions = await sorted(["5", "6", session.data.id]);
const change = async (attributes) => {
  const body = JSON.stringify({ data: { type: "sessions", id: "5", attributes } });
  const headers = { "Content-Type": "application/vnd.api+json" };
  return once("/v1/sessions/5", { method: "PATCH", headers, body });
};
const { state } = sessions[0].attributes;
assert.equal((await change({ level: "expert" })).status, 200);
const moved = await moveAll(sessions, "2031-05-01T09:00:00Z");
assert.deepEqual(moved.map(({ attributes }) => attributes.startTime), Array(3).fill("2031-05-01T09:00:00Z"));
assert.equal(moved[0].attributes.level, "expert");
await change({ state: "canceled" });
await assert.rejects(moveAll(moved, "2031-05-02T09:00:00Z"), /session 5 was canceled/);
assert.equal((await sorted("6"))[0].attributes.startTime, "2031-05-01T09:00:00Z");
await change({ state });

// What is wrong is told with its place.
const wrong = await operate([{ op: "add", data: { type: "sessions", attributes: {} } }]);
assert.equal(wrong.status, 422);
assert.equal(wrong.errors[0].source.pointer.startsWith("/atomic:operations/0/data"), true);

// The connection breaks before the answer, twice: one track is made.
const { port } = new URL(server);
const lost = [];
const proxy = http.createServer((request, response) => {
  const { method, url, headers } = request;
  request.pipe(
    http.request({ port, method, path: url, headers }, (answer) => {
      lost.push(answer.headers["idempotency-replayed"] ?? "first");
      if (lost.length < 3) return answer.resume() && response.destroy();
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }),
  );
});
await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
const body = JSON.stringify({ data: { type: "tracks", attributes: { name: "Made once" } } });
origin = `http://127.0.0.1:${proxy.address().port}`;
const created = await once("/v1/tracks", { method: "POST", headers: { "Content-Type": "application/vnd.api+json" }, body });
origin = server;
assert.equal(created.status, 201);
proxy.close();
proxy.closeAllConnections();
const named = await (await fetch(`${origin}/v1/tracks?filter[name]=Made%20once`)).json();
assert.equal(named.data.length, 1);
assert.deepEqual(lost, ["first", "true", "true"]);

const gone = await operate(
  [session, speaker, track, { data: named.data[0] }].map(({ data: { type, id } }) => ({ op: "remove", ref: { type, id } })),
);
assert.equal(gone.status, 204);
console.log("fetch: done");
