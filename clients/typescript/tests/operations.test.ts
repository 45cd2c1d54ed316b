// Operations: what is sent, and what becomes of those that are refused. (operations.example.test.ts makes them.)

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { OperationConflict, OperationsError, threeWay } from "etag-fairing-client";
import { type Answer, Conference, refuse } from "./server.js";

let server: Conference;
beforeEach(async () => {
  server = await Conference.start();
  server.add("1", { title: "One", subtitle: null, favourites: 0 }, ["7"]);
  server.add("2", { title: "Two", subtitle: null, favourites: 0 });
});
afterEach(() => server.stop());

const ONE = { type: "sessions", id: "1" } as const;

async function failure<E>(request: Promise<unknown>, kind: new (...args: never[]) => E): Promise<E> {
  const error = await request.then(
    () => assert.fail("not refused"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof kind, String(error));
  return error;
}

/** Has the server answer the requests of operations like this, one after the other. */
function answer(...answers: (Answer | (() => Answer))[]): void {
  server.before = ({ url }) => {
    if (url !== "/v1/operations") return undefined;
    const next = answers.shift() ?? { status: 204 };
    return typeof next === "function" ? next() : next;
  };
}

const sent = (): any[] =>
  server.asked.filter(({ url }) => url === "/v1/operations").map(({ body }) => body["atomic:operations"]);

const changed = (index: number, meta: Record<string, unknown> = {}): Answer =>
  refuse(412, "precondition_failed", { reason: "changed", ...meta }, { pointer: `/atomic:operations/${index}/meta/ifMatch` });

test("each operation is written as the extension has it", async () => {
  answer({ status: 200, body: { "atomic:results": [{}, {}, {}, {}, {}, {}] } });
  const api = server.client();
  const { op } = api;
  const { data } = await api.get("sessions", "1");
  const made = op.add("sessions", { attributes: { title: "New" } });
  await api.operations([
    made,
    op.update(data, { attributes: { title: "Newer" } }),
    op.addTo(made.ref, "speakers", [{ type: "speakers", id: "7" }]),
    op.replace(made.ref, "speakers", []),
    op.removeFrom(ONE, "speakers", [{ type: "speakers", id: "7" }], { ifMatch: "*" }),
    op.remove({ type: "sessions", id: "2" }, { ifMatch: ['"a"', '"b"'] }),
  ]);
  const lid = { type: "sessions", lid: "new-1" };
  assert.deepEqual(sent()[0], [
    { op: "add", data: { ...lid, attributes: { title: "New" } } },
    { op: "update", data: { ...ONE, attributes: { title: "Newer" } }, meta: { ifMatch: '"1"' } },
    { op: "add", ref: { ...lid, relationship: "speakers" }, data: [{ type: "speakers", id: "7" }] },
    { op: "update", ref: { ...lid, relationship: "speakers" }, data: [] },
    {
      op: "remove",
      ref: { ...ONE, relationship: "speakers" },
      data: [{ type: "speakers", id: "7" }],
      meta: { ifMatch: "*" },
    },
    { op: "remove", ref: { type: "sessions", id: "2" }, meta: { ifMatch: ['"a"', '"b"'] } },
  ]);
  const { headers } = server.asked.at(-1)!;
  assert.equal(headers["content-type"], 'application/vnd.api+json;ext="https://jsonapi.org/ext/atomic"');
  assert.equal(headers.accept, headers["content-type"]);
  assert.equal(headers.prefer, "return=representation");
  assert.equal(headers["if-match"], undefined);
});

test("the date is sent where no tag is known", async () => {
  answer({ status: 204 });
  const api = server.client();
  const ifUnmodifiedSince = new Date("1994-11-06T08:49:37Z");
  const results = await api.operations([api.op.remove(ONE, { ifUnmodifiedSince })]);
  assert.deepEqual(results, [undefined]);
  assert.deepEqual(sent()[0][0].meta, { ifUnmodifiedSince: "Sun, 06 Nov 1994 08:49:37 GMT" });
});

test("the first operation on a resource has the precondition of all", async () => {
  answer({ status: 200, body: { "atomic:results": [{}, {}, {}] } });
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  await api.operations([
    api.op.addTo(ONE, "speakers", []),
    api.op.update(data, { attributes: { title: "A" } }),
    api.op.update(data, { attributes: { title: "B" } }),
  ]);
  assert.deepEqual(sent()[0].map(({ meta }: any) => meta), [{ ifMatch: '"1"' }, undefined, undefined]);
});

test("a merge goes on with what the refusal tells, and all else is sent as it was", async () => {
  const api = server.client();
  const one = (await api.get("sessions", "1")).data;
  const two = (await api.get("sessions", "2")).data;
  const current = { type: "sessions", id: "2", attributes: { title: "Theirs", subtitle: null, favourites: 0 } };
  answer(changed(1, { etag: '"9"', current }), { status: 200, body: { "atomic:results": [{ data: one }, { data: two }] } });
  const move = (title: string, subtitle: string) => ({ attributes: { title, subtitle } });
  await api.operations([
    api.op.update(one, move("One", "x")),
    api.op.update(two, move("Mine", "x"), { merge: threeWay(({ mine, theirs }) => ({ value: `${theirs} ${mine}` })) }),
  ]);
  const [first, second] = sent();
  assert.deepEqual(second[0], first[0]);
  assert.deepEqual(second[1], {
    op: "update",
    data: { type: "sessions", id: "2", attributes: { title: "Theirs Mine", subtitle: "x" } },
    meta: { ifMatch: '"9"' },
  });
  assert.equal(server.asked.length, 4, "nothing was read");
});

test("a server that doesn't tell what is there is asked", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Theirs" });
  answer(changed(0));
  const conflict = await failure(
    api.operations([api.op.update(data, { attributes: { title: "Mine" } })]),
    OperationConflict<any>,
  );
  assert.equal(conflict.theirs.attributes.title, "Theirs");
  assert.equal(conflict.theirs.meta.etag, '"2"');
  assert.deepEqual([conflict.index, conflict.operation.ref], [0, ONE]);
  assert.equal((conflict.cause as OperationsError).status, 412);
  assert.deepEqual(server.lines().slice(1), ["POST /v1/operations", "GET /v1/sessions/1"]);
});

test("operations that meet others again and again end", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.before = ({ url }) => {
    if (url !== "/v1/operations") return undefined;
    server.change("1", {});
    return changed(0);
  };
  const update = api.op.update(data, { attributes: { title: "Mine" } }, { merge: (mine) => mine });
  await failure(api.operations([update]), OperationsError);
  assert.equal(sent().length, 5);
  await failure(api.operations([update], { attempts: 2 }), OperationsError);
  assert.equal(sent().length, 7);
});

test("where a tag is required, what is not known is read, once", async () => {
  const api = server.client();
  const required = refuse(428, "precondition_required", undefined, { pointer: "/atomic:operations/0" });
  answer(required, { status: 200, body: { "atomic:results": [{}, {}, {}, {}] } });
  await api.operations([
    api.op.update(ONE, { attributes: { title: "Mine" } }),
    api.op.update(ONE, { attributes: { title: "Mine again" } }),
    api.op.addTo({ type: "sessions", id: "2" }, "speakers", []),
    api.op.add("sessions", { attributes: { title: "New" } }),
  ]);
  const ifMatch = sent().map((operations) => operations.map(({ meta }: any) => meta?.ifMatch));
  assert.deepEqual(ifMatch, [Array(4).fill(undefined), ['"1"', "*", "*", undefined]]);
  answer(required, required);
  await failure(api.operations([api.op.addTo(ONE, "speakers", [])]), OperationsError);
});

test("an answer that has not a result for each is none", async () => {
  const api = server.client();
  answer({ status: 200, body: { "atomic:results": [{}] } });
  await assert.rejects(api.operations([api.op.remove(ONE), api.op.remove(ONE)]), /no result for each of the 2/);
});

test("a result is what was seen last, and what was removed is forgotten", async () => {
  const api = server.client();
  const data = { ...ONE, attributes: { title: "Made" }, meta: { etag: '"7"' } };
  answer({ status: 200, body: { "atomic:results": [{ data }] } });
  const [made] = await api.operations([api.op.add("sessions", { attributes: { title: "Made" } })]);
  assert.equal(made.meta?.etag, '"7"');
  await failure(api.update(ONE, { attributes: { title: "x" } }), Error);
  await api.operations([api.op.remove(ONE)]);
  await api.update(ONE, { attributes: { title: "x" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"7"', undefined]);
});

test("operations have a path of their own", async () => {
  server.before = () => ({ status: 204 });
  const api = server.client({ operations: "/batch" });
  await api.operations([api.op.remove(ONE)]);
  assert.deepEqual(server.lines(), ["POST /v1/batch"]);
});

test("a 412 of a single edit has what is there now, too", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  const current = { ...ONE, attributes: { title: "Theirs", subtitle: null, favourites: 3 } };
  server.change("1", { title: "Theirs" });
  server.before = (_, number) =>
    number === 2 ? { ...refuse(412, "precondition_failed", { reason: "changed", current }), headers: { ETag: '"2"' } } : undefined;
  const saved = await api.update(data, { attributes: { subtitle: "Mine" } }, { merge: threeWay() });
  assert.equal(saved.data.attributes?.title, "Theirs");
  assert.deepEqual(server.lines(), ["GET /v1/sessions/1", "PATCH /v1/sessions/1", "PATCH /v1/sessions/1"]);
  assert.deepEqual(server.fields("PATCH", "prefer"), Array(2).fill("return=representation"));
});

test("where no document is wanted, the id and the tag come back", async () => {
  const api = server.client();
  server.before = ({ method }) =>
    method === "POST"
      ? { status: 201, headers: { Location: "/v1/sessions/a%2Fb", ETag: '"1"' } }
      : method === "PATCH" ? { status: 204, headers: { ETag: '"2"' } } : undefined;
  const made = await api.create("sessions", { attributes: { title: "New" } }, undefined, { return: "minimal" });
  assert.deepEqual(made, { type: "sessions", id: "a/b", meta: { etag: '"1"' } });
  const saved = await api.update(made, { attributes: { title: "Newer" } }, { return: "minimal" });
  assert.deepEqual(saved, { type: "sessions", id: "a/b", meta: { etag: '"2"' } });
  await api.update({ type: "sessions", id: "a/b" }, { attributes: { title: "Newest" } }, { return: "minimal" });
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"', '"2"']);
  assert.deepEqual(server.fields("POST", "prefer"), ["return=minimal"]);
  assert.equal(server.lines().length, 3);
});
