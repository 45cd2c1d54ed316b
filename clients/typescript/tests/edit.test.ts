// Edits: what is sent with them, and what becomes of those that meet the edits of others.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { EditConflict, JsonApiError, mergeLinkage, threeWay } from "etag-fairing-client";
import { Conference, refuse } from "./server.js";

let server: Conference;
beforeEach(async () => {
  server = await Conference.start();
  server.add("1", { title: "One", subtitle: null, favourites: 0 }, ["7"]);
});
afterEach(() => server.stop());

const Conflict = EditConflict<any, any>;
const ONE = { type: "sessions", id: "1" } as const;

/** The error that an edit ends with. */
async function failure<E>(edit: Promise<unknown>, kind: new (...args: never[]) => E): Promise<E> {
  const error = await edit.then(
    () => assert.fail("not refused"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof kind, String(error));
  return error;
}

test("an edit sends the tag of what was read, and goes on with that of the answer", async () => {
  const api = server.client();
  const read = await api.get("sessions", "1");
  const saved = await api.update(read.data, { attributes: { title: "Two" } });
  assert.equal(saved.data.attributes?.title, "Two");
  await api.update(saved.data, { attributes: { title: "Three" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"', '"2"']);
  assert.deepEqual(server.asked[1]?.body, { data: { type: "sessions", id: "1", attributes: { title: "Two" } } });
  assert.equal(server.asked[1]?.headers["content-type"], "application/vnd.api+json");
});

test("a bare identifier means what was seen last, in answers to writes too", async () => {
  const api = server.client();
  await api.get("sessions", "1");
  await api.update(ONE, { attributes: { title: "Two" } });
  await api.update(ONE, { attributes: { title: "Three" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"', '"2"']);
});

test("a tag that came with a query serves", async () => {
  const api = server.client();
  const read = await api.get("sessions", "1", { include: ["speakers"] });
  assert.equal(read.etag, '"1-view"');
  await api.update(read.data, { attributes: { title: "Two" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1-view"']);
});

test("the tag of what a program holds is sent, and none that the client has seen since", async () => {
  const api = server.client();
  const held = (await api.get("sessions", "1")).data;
  server.change("1", { title: "Theirs" });
  await api.get("sessions", "1");
  // A copy, as stores of states make them, has the tag too.
  for (const mine of [held, structuredClone(held), { ...held }]) {
    const conflict = await failure(api.update(mine, { attributes: { title: "Mine" } }), Conflict);
    assert.equal(conflict.theirs.attributes?.title, "Theirs");
    assert.equal(conflict.base.attributes?.title, "One");
    assert.deepEqual(conflict.mine, { attributes: { title: "Mine" } });
    assert.equal((conflict.cause as JsonApiError).status, 412);
  }
  assert.equal(server.title("1"), "Theirs");
});

test("a merge is given mine, theirs and base, and what it gives is saved", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Theirs" });
  const given: unknown[] = [];
  const saved = await api.update(
    data,
    { attributes: { title: "Mine" } },
    {
      merge: (mine, theirs, base) => {
        given.push(mine.attributes?.title, theirs.attributes?.title, base?.attributes?.title);
        return { attributes: { title: `${theirs.attributes?.title} and ${mine.attributes?.title}` } };
      },
    },
  );
  assert.deepEqual(given, ["Mine", "Theirs", "One"]);
  assert.equal(saved.data.attributes?.title, "Theirs and Mine");
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"', '"2"']);
});

test("a conflict can be edited on: theirs has its tag", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Theirs" });
  const { theirs } = await failure(api.update(data, { attributes: { title: "Mine" } }), Conflict);
  await api.update(theirs, { attributes: { title: "Mine after all" } });
  assert.equal(server.title("1"), "Mine after all");
});

test("an edit that meets others again and again ends", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  let changes = 0;
  server.before = ({ method }) => {
    if (method === "PATCH") server.change("1", { title: `Theirs ${(changes += 1)}` });
  };
  const merge = <M>(mine: M) => mine;
  const error = await failure(api.update(data, { attributes: { title: "Mine" } }, { merge }), JsonApiError);
  assert.equal(error.status, 412);
  assert.equal(changes, 5);
  await failure(api.update(ONE, { attributes: { title: "Mine" } }, { merge, attempts: 2 }), JsonApiError);
  assert.equal(changes, 7);
});

test("after a merge, base is what the merge has seen", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Second" });
  const seen: unknown[] = [];
  const saved = api.update(data, { attributes: { subtitle: "Mine" } }, {
    merge: (mine, theirs, base) => {
      seen.push([base?.attributes?.title, theirs.attributes?.title]);
      if (seen.length === 1) server.change("1", { title: "Third" });
      return mine;
    },
  });
  assert.equal((await saved).data.attributes?.title, "Third");
  assert.deepEqual(seen, [["One", "Second"], ["Second", "Third"]]);
});

test("a merge that leaves nothing to save sends nothing", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Same" });
  const saved = await api.update(data, { attributes: { title: "Same" } }, { merge: threeWay() });
  assert.equal(saved.data.attributes?.title, "Same");
  assert.equal(server.fields("PATCH", "if-match").length, 1);
});

test("a 412 that is no change is not tried again", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  for (const reason of ["weakened", "all_weak", "malformed", "untagged"]) {
    server.before = ({ method }) =>
      method === "PATCH" ? refuse(412, "precondition_failed", { reason }) : undefined;
    const before = server.asked.length;
    const edit = api.update(data, { attributes: { title: "Mine" } }, { merge: (mine) => mine });
    assert.equal((await failure(edit, JsonApiError)).status, 412);
    assert.equal(server.asked.length, before + 1, reason);
  }
});

test("a 412 although the tag is current ends", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.before = ({ method }) => (method === "PATCH" ? refuse(412, "precondition_failed") : undefined);
  const edit = api.update(data, { attributes: { title: "Mine" } }, { merge: (mine) => mine });
  assert.equal((await failure(edit, JsonApiError)).status, 412);
  assert.equal(server.fields("PATCH", "if-match").length, 1);
});

test("nothing seen, nothing required: no tag is sent", async () => {
  await server.client().update(ONE, { attributes: { title: "Blind" } });
  assert.deepEqual(server.lines(), ["PATCH /v1/sessions/1"]);
});

test("at 428 the resource is read, and the edit is sent with its tag", async () => {
  server.requiresTag = true;
  await server.client().update(ONE, { attributes: { title: "Two" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), [undefined, '"1"']);
  await server.client().delete(ONE);
  assert.deepEqual(server.fields("DELETE", "if-match"), [undefined, '"2"']);
});

test("a server that requires tags and sends none ends the edit", async () => {
  server.requiresTag = true;
  server.hasTags = false;
  assert.equal((await failure(server.client().update(ONE, { attributes: { title: "Two" } }), JsonApiError)).status, 428);
});

test("a tag of the caller's own, any, or none", async () => {
  const api = server.client();
  await api.get("sessions", "1");
  server.change("1", { title: "Theirs" });
  const edit = (ifMatch: string | false) => api.update(ONE, { attributes: { title: "Mine" } }, { ifMatch });
  await failure(edit('"1"'), JsonApiError);
  await edit("*");
  await edit(false);
  await edit('"4"');
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"', "*", undefined, '"4"']);
});

test("what was read in a list is read again before it is edited, if lists have no tags", async () => {
  const api = server.client();
  const [listed] = (await api.list("sessions")).data;
  await api.update(listed!, { attributes: { title: "Two" } });
  assert.deepEqual(server.lines(), ["GET /v1/sessions", "GET /v1/sessions/1", "PATCH /v1/sessions/1"]);
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"']);
});

test("what was read in a list and has changed since is a conflict", async () => {
  const api = server.client();
  const [listed] = (await api.list("sessions")).data;
  server.change("1", { title: "Theirs" });
  await failure(api.update(listed!, { attributes: { title: "Mine" } }), Conflict);
  await failure(api.delete(listed!), Conflict);
  assert.equal(server.title("1"), "Theirs");
  // So it is if the client has seen the new state meanwhile: the program has not.
  await api.get("sessions", "1");
  await failure(api.update(listed!, { attributes: { title: "Mine" } }), Conflict);
  const saved = await api.update(listed!, { attributes: { subtitle: "Mine" } }, { merge: threeWay() });
  assert.deepEqual(saved.data.attributes, { title: "Theirs", subtitle: "Mine", favourites: 0 });
});

test("meta.etag of what a list shows serves without another read", async () => {
  server.hasTagsInLists = true;
  const api = server.client();
  const [listed] = (await api.list("sessions")).data;
  await api.update(listed!, { attributes: { title: "Two" } });
  await api.list("sessions");
  await api.update(ONE, { attributes: { title: "Three" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"', '"2"']);
  assert.equal(server.fields("GET", "accept").length, 2);
});

test("the tags of what documents show are asked for, where they may show several resources", async () => {
  const plain = "application/vnd.api+json";
  const profile = `${plain};profile="https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md", ${plain};q=0.9`;
  for (const [options, many] of [[{}, profile], [{ profile: false }, plain]] as const) {
    const api = server.client(options);
    const before = server.asked.length;
    await api.list("sessions");
    await api.get("sessions", "1", { include: ["speakers"] });
    await api.get("sessions", "1");
    await api.linkage(ONE, "speakers");
    assert.deepEqual(server.fields("GET", "accept").slice(before), [many, many, plain, plain]);
  }
});

test("a type without tags is read once, to find out", async () => {
  server.hasTags = false;
  const api = server.client();
  const [listed] = (await api.list("sessions")).data;
  await api.update(listed!, { attributes: { title: "Two" } });
  await api.update(listed!, { attributes: { title: "Three" } });
  assert.deepEqual(server.lines().slice(1), ["GET /v1/sessions/1", "PATCH /v1/sessions/1", "PATCH /v1/sessions/1"]);
});

test("a deletion is for the state that was seen", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Theirs" });
  await failure(api.delete(data), Conflict);
  await failure(api.delete(data, { confirm: () => false }), Conflict);
  await api.delete(data, {
    confirm: (theirs, base) => theirs.attributes?.title === "Theirs" && base?.attributes?.title === "One",
  });
  assert.equal(server.rows.has("1"), false);
  const gone = await failure(api.update(data, { attributes: { title: "Mine" } }), JsonApiError);
  assert.equal(gone.status, 404);
});

test("an edit of what was deleted meanwhile is 404", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.before = ({ method }) => {
    if (method !== "PATCH") return undefined;
    server.rows.delete("1");
    return refuse(412, "precondition_failed", { reason: "changed" });
  };
  const error = await failure(api.update(data, { attributes: { title: "Mine" } }), JsonApiError);
  assert.equal(error.status, 404);
});

test("an answer of 204 is read", async () => {
  server.answersNothing = true;
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  const saved = await api.update(data, { attributes: { title: "Two" } });
  assert.equal(saved.data.attributes?.title, "Two");
  assert.equal(saved.data.meta?.etag, '"2"');
});

test("what was created can be edited on", async () => {
  const api = server.client();
  const created = await api.create("sessions", { attributes: { title: "New" } });
  await api.update(created.data, { attributes: { title: "Newer" } });
  await api.update({ type: "sessions", id: created.data.id }, { attributes: { title: "Newest" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), ['"1"', '"2"']);
});

test("additions and removals of linkage go on beside those of others", async () => {
  const api = server.client();
  await api.linkage(ONE, "speakers");
  server.changeSpeakers("1", ["7", "8"]);
  const added = await api.add(ONE, "speakers", [{ type: "speakers", id: "9" }]);
  assert.deepEqual(server.rows.get("1")?.speakers, ["7", "8", "9"]);
  assert.deepEqual(added?.data.map((one) => one.id), ["7", "8", "9"]);
  server.changeSpeakers("1", ["7", "9"]);
  await api.remove(ONE, "speakers", [{ type: "speakers", id: "7" }]);
  assert.deepEqual(server.rows.get("1")?.speakers, ["9"]);
  assert.deepEqual(server.fields("POST", "if-match"), ['"1"', '"2"']);
  assert.deepEqual(server.fields("DELETE", "if-match"), ['"3"', '"4"']);
});

test("a replacement of linkage is for the linkage that was seen", async () => {
  const api = server.client();
  const seen = await api.linkage(ONE, "speakers");
  server.changeSpeakers("1", ["7", "8"]);
  const mine = [{ type: "speakers" as const, id: "9" }];
  const conflict = await failure(api.replace(ONE, "speakers", mine), Conflict);
  assert.deepEqual(conflict.theirs, [{ type: "speakers", id: "7" }, { type: "speakers", id: "8" }]);
  await api.linkage(ONE, "speakers");
  // Decided on what was seen at first, whatever was read since.
  await failure(api.replace(ONE, "speakers", mine, { seen }), Conflict);
  await api.replace(ONE, "speakers", mine, {
    seen,
    merge: (mine, theirs, base) => mergeLinkage(mine, theirs, base ?? []),
  });
  assert.deepEqual(server.rows.get("1")?.speakers, ["8", "9"]);
});

test("linkage whose tag is required is read first", async () => {
  server.requiresTag = true;
  await server.client().add(ONE, "speakers", [{ type: "speakers", id: "8" }]);
  await server.client().replace(ONE, "speakers", [{ type: "speakers", id: "9" }]);
  assert.deepEqual(server.rows.get("1")?.speakers, ["9"]);
});

test("counters of many clients lose nothing", async () => {
  const clients = Array.from({ length: 8 }, () => server.client());
  const increment = async (api: (typeof clients)[number]) => {
    const { data } = await api.get("sessions", "1");
    const plusOne = (favourites = 0) => ({ attributes: { favourites: favourites + 1 } });
    await api.update(data, plusOne(data.attributes?.favourites), {
      merge: (_, theirs) => plusOne(theirs.attributes?.favourites),
      attempts: 1000,
    });
  };
  await Promise.all(clients.map(async (api) => {
    for (let number = 0; number < 10; number += 1) await increment(api);
  }));
  assert.equal(server.rows.get("1")?.attributes.favourites, 80);
});

test("each attempt is told, so that it can have a key of its own", async () => {
  const api = server.client({ headers: () => ({ Authorization: "Bearer token" }) });
  const { data } = await api.get("sessions", "1");
  server.change("1", { subtitle: "Theirs" });
  await api.update(data, { attributes: { title: "Mine" } }, {
    merge: threeWay(),
    headers: ({ method, attempt }) => ({ "Idempotency-Key": `${method} ${attempt}` }),
  });
  assert.deepEqual(server.fields("PATCH", "idempotency-key"), ["PATCH 1", "PATCH 2"]);
  assert.ok(server.asked.every((one) => one.headers.authorization === "Bearer token"));
});

test("an abort ends an edit between two attempts", async () => {
  const api = server.client();
  const { data } = await api.get("sessions", "1");
  server.change("1", { title: "Theirs" });
  const controller = new AbortController();
  const edit = api.update(data, { attributes: { title: "Mine" } }, {
    signal: controller.signal,
    merge: (mine) => {
      controller.abort();
      return mine;
    },
  });
  assert.equal((await failure(edit, DOMException)).name, "AbortError");
  assert.equal(server.title("1"), "Theirs");
});
