// Writes whose answer is lost are sent again, and made once.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { JsonApiError, threeWay } from "etag-fairing-client";
import { Conference, refuse } from "./server.js";

let server: Conference;
beforeEach(async () => {
  server = await Conference.start();
  server.add("1", { title: "One", subtitle: null, favourites: 0 }, ["7"]);
});
afterEach(() => server.stop());

const ONE = { type: "sessions", id: "1" } as const;
const fast = (options: object = {}) => server.client({ repeats: { wait: 1, ...options } });
const keys = (): (string | undefined)[] =>
  server.asked.filter(({ method }) => method !== "GET").map(({ headers }) => headers["idempotency-key"] as string);

async function failure(request: Promise<unknown>): Promise<JsonApiError> {
  const error = await request.then(
    () => assert.fail("not refused"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof JsonApiError, String(error));
  return error;
}

test("a lost answer to a creation is asked for again, and one is made", async () => {
  server.lost = 2;
  const made = await fast().create("sessions", { attributes: { title: "New" } });
  assert.equal(server.rows.size, 2);
  assert.equal(made.data.attributes?.title, "New");
  const [first, ...others] = keys();
  assert.match(first!, /^"[0-9a-f-]{36}"$/);
  assert.deepEqual(others, [first, first]);
});

test("so are edits, deletions and changes of linkage, each with a key of its own", async () => {
  const api = fast();
  const { data } = await api.get("sessions", "1");
  const each = [
    () => api.update(data, { attributes: { title: "Two" } }),
    () => api.add(ONE, "speakers", [{ type: "speakers", id: "9" }]),
    () => api.delete(ONE, { ifMatch: "*" }),
  ];
  for (const write of each) {
    server.lost = 1;
    await write();
  }
  const sent = keys();
  assert.equal(sent.length, 6);
  assert.deepEqual([sent[0], sent[2], sent[4]], [sent[1], sent[3], sent[5]]);
  assert.equal(new Set(sent).size, 3);
  assert.equal(server.rows.size, 0);
});

test("an edit whose answer was lost is no conflict with itself", async () => {
  const api = fast();
  const { data } = await api.get("sessions", "1");
  server.lost = 1;
  const saved = await api.update(data, { attributes: { title: "Mine" } });
  assert.equal(saved.data.attributes?.title, "Mine");
  assert.equal(server.rows.get("1")?.version, 2);
});

test("a merge is another request, with another key", async () => {
  const api = fast();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Theirs" });
  await api.update(data, { attributes: { subtitle: "Mine" } }, { merge: threeWay() });
  assert.equal(new Set(keys()).size, 2);
});

test("it ends, and a refusal is not sent again", async () => {
  server.lost = 100;
  await assert.rejects(fast().create("sessions", { attributes: {} }), TypeError);
  assert.equal(server.asked.length, 4);
  await assert.rejects(fast({ times: 1 }).create("sessions", { attributes: {} }), TypeError);
  assert.equal(server.asked.length, 6);
  server.lost = 0;
  for (const [status, code] of [[400, "bad"], [409, "id_exists"], [422, "idempotency_key_reused"], [507, "full"]] as const) {
    server.before = () => refuse(status, code);
    const before: number = server.asked.length;
    assert.equal((await failure(fast().create("sessions", { attributes: {} }))).status, status);
    assert.equal(server.asked.length, before + 1, code);
  }
});

test("a server that is away for a moment, or still makes it, is asked again", async () => {
  for (const [status, code] of [[500, "internal"], [502, ""], [503, "unavailable"], [504, "outcome_unknown"], [409, "idempotency_key_in_use"]] as const) {
    let refusals = 2;
    server.before = () => ((refusals -= 1) >= 0 ? refuse(status, code) : undefined);
    const before: number = server.rows.size;
    await fast().create("sessions", { attributes: { title: code } });
    assert.equal(server.rows.size, before + 1, code);
  }
});

test("Retry-After is waited for, if it is not too long", async () => {
  const answer = (seconds: string) => ({ ...refuse(503, "unavailable"), headers: { "Retry-After": seconds } });
  server.before = (_, number) => (number === 1 ? answer("0") : number === 3 ? answer("60") : undefined);
  await fast().create("sessions", { attributes: {} });
  assert.equal(server.asked.length, 2);
  assert.equal((await failure(fast().create("sessions", { attributes: {} }))).retryAfter, 60);
  assert.equal(server.asked.length, 3);
});

test("a server that keeps no answers is sent no keys, and nothing twice", async () => {
  const api = fast();
  server.before = ({ headers }) =>
    headers["idempotency-key"] === undefined ? undefined : refuse(400, "idempotency_key_not_supported");
  await api.create("sessions", { attributes: {} });
  await api.create("sessions", { attributes: {} });
  assert.deepEqual(keys().map(Boolean), [true, false, false]);
  server.lost = 1;
  await assert.rejects(api.create("sessions", { attributes: {} }), TypeError);
  assert.equal(server.asked.length, 4);
});

test("keys of one's own, and none", async () => {
  const api = fast();
  const url = api.url("/sessions");
  const document = { data: { type: "sessions", attributes: {} } };
  await api.send({ method: "POST", url, document, key: 'a "b"' });
  await api.send({ method: "POST", url, document, headers: { "Idempotency-Key": "mine" } });
  await api.create("sessions", { attributes: {} }, undefined, { headers: { "Idempotency-Key": "stored" } });
  await api.send({ method: "POST", url, document });
  await server.client({ repeats: false }).create("sessions", { attributes: {} });
  assert.deepEqual(keys(), ['"a \\"b\\""', "mine", "stored", undefined, undefined]);
  await api.send({ method: "POST", url, document, key: true });
  assert.match(keys().at(-1)!, /^"[0-9a-f-]{36}"$/);
  // Nobody knows whether a route of the application's own knows keys.
  server.lost = 1;
  await assert.rejects(api.send({ method: "POST", url, document }), TypeError);
  server.lost = 1;
  await api.create("sessions", { attributes: {} }, undefined, { headers: { "Idempotency-Key": "again" } });
  assert.deepEqual(keys().slice(-3), [undefined, "again", "again"]);
  await api.get("sessions", "1");
  assert.deepEqual(server.fields("GET", "idempotency-key"), [undefined]);
});

test("an abort ends the waiting", async () => {
  server.before = () => refuse(503, "unavailable");
  const controller = new AbortController();
  const made = server.client({ repeats: { wait: 5_000 } }).create("sessions", { attributes: {} }, undefined, {
    signal: controller.signal,
  });
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assert.rejects(made, /enough|abort/i);
});
