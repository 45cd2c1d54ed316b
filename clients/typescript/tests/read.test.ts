// Reads: what is kept, what is found in documents, and what is refused.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Document, JsonApiError } from "etag-fairing-client";
import { Conference, refuse } from "./server.js";

let server: Conference;
beforeEach(async () => {
  server = await Conference.start();
  for (const id of ["1", "2", "3"]) server.add(id, { title: `Title ${id}`, subtitle: null });
});
afterEach(() => server.stop());

async function refusal(request: Promise<unknown>): Promise<JsonApiError> {
  const error = await request.then(
    () => assert.fail("not refused"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof JsonApiError, String(error));
  return error;
}

test("what was read before is asked for with its tag, and given again at 304", async () => {
  const api = server.client();
  const first = await api.get("sessions", "1");
  assert.equal(first.from, "server");
  // What a program does with its copy is its own.
  first.data.attributes!.title = "Written over";
  const second = await api.get("sessions", "1");
  assert.equal(second.from, "kept");
  assert.equal(second.etag, '"1"');
  assert.equal(second.data.attributes?.title, "Title 1");
  server.change("1", { title: "New" });
  const third = await api.get("sessions", "1");
  assert.equal(third.from, "server");
  assert.equal(third.data.attributes?.title, "New");
  assert.deepEqual(server.fields("GET", "if-none-match"), [undefined, '"1"', '"1"']);
});

test("each query has a tag of its own", async () => {
  const api = server.client();
  await api.get("sessions", "1");
  await api.get("sessions", "1", { include: ["speakers"] });
  await api.get("sessions", "1", { include: ["speakers"] });
  assert.deepEqual(server.fields("GET", "if-none-match"), [undefined, undefined, '"1-view"']);
});

test("no more is kept than is allowed; what was not used for long goes first", async () => {
  const api = server.client({ memory: { documents: { entries: 2 } } });
  for (const id of ["1", "2", "1", "3", "1", "2"]) await api.get("sessions", id);
  assert.deepEqual(server.fields("GET", "if-none-match"), [undefined, undefined, '"1"', undefined, '"1"', undefined]);

  const small = server.client({ memory: { documents: { characters: 10 }, resources: { entries: 0 } } });
  await small.get("sessions", "1");
  await small.get("sessions", "1");
  assert.equal(server.fields("GET", "if-none-match").at(-1), undefined);
  await small.update({ type: "sessions", id: "1" }, { attributes: { title: "Blind" } });
  assert.deepEqual(server.fields("PATCH", "if-match"), [undefined]);
});

test("a client forgets what it shall forget", async () => {
  const api = server.client();
  for (const id of ["1", "2"]) await api.get("sessions", id);
  api.forget({ type: "sessions", id: "1" });
  for (const id of ["1", "2"]) await api.get("sessions", id);
  api.forget();
  await api.get("sessions", "2");
  assert.deepEqual(server.fields("GET", "if-none-match"), [undefined, undefined, undefined, '"1"', undefined]);
});

test("a tag of the caller's own is sent as it is, and its 304 is an error", async () => {
  const error = await refusal(server.client().get("sessions", "1", {}, { headers: { "If-None-Match": '"1"' } }));
  assert.equal(error.status, 304);
});

test("a refusal has the errors of the document", async () => {
  const api = server.client();
  server.before = () => ({
    status: 422,
    headers: { "Retry-After": "7" },
    body: {
      errors: [
        { status: "422", code: "too_long", detail: "at most 3", source: { pointer: "/data/attributes/title" } },
        { status: "422", code: "odd", source: { pointer: "/data/attributes/a~1b/0" } },
        { status: "400", code: "invalid_sort", source: { parameter: "sort" } },
      ],
    },
  });
  const error = await refusal(api.create("sessions", { attributes: { title: "Long" } }));
  assert.equal(error.status, 422);
  assert.equal(error.code, "too_long");
  assert.equal(error.message, `POST ${server.origin}/v1/sessions: 422, at most 3`);
  assert.deepEqual(error.at("attributes", "title").map((one) => one.code), ["too_long"]);
  assert.deepEqual(error.at("attributes", "a/b").map((one) => one.code), ["odd"]);
  assert.deepEqual(error.at("attributes").map((one) => one.code), ["too_long", "odd"]);
  assert.deepEqual(error.at("attributes", "tit"), []);
  assert.deepEqual(error.about("sort").map((one) => one.code), ["invalid_sort"]);
  assert.equal(error.retryAfter, 7);
});

test("a refusal that is no JSON:API has its status", async () => {
  for (const body of ["<h1>Bad Gateway</h1>", '"text"', "null", '{"errors": 1}', ""]) {
    server.before = () => ({ status: 502, body });
    const error = await refusal(server.client().get("sessions", "1"));
    assert.deepEqual([error.status, error.errors, error.code, error.retryAfter], [502, [], undefined, undefined]);
  }
});

test("a success that is no JSON:API is an error that says so", async () => {
  for (const body of ["<h1>Welcome</h1>", "null", "[]", '{"meta": {}}', ""]) {
    server.before = () => ({ status: 200, body });
    await assert.rejects(server.client().get("sessions", "1"), /no JSON:API document/);
  }
});

test("a server that is away is fetch's own error", async () => {
  const api = server.client();
  server.stop();
  await assert.rejects(api.get("sessions", "1"), TypeError);
});

test("an abort is fetch's own error", async () => {
  const api = server.client();
  const controller = new AbortController();
  server.before = () => controller.abort();
  await assert.rejects(api.get("sessions", "1", {}, { signal: controller.signal }), { name: "AbortError" });
  await assert.rejects(api.list("sessions", {}, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("pages are read as far as they are asked for", async () => {
  const api = server.client();
  const page = (number: number) => ({
    status: 200,
    body: {
      data: [{ type: "sessions", id: `${number}`, attributes: {} }],
      links: { next: number < 3 ? `/v1/sessions?page[number]=${number + 1}` : null },
    },
  });
  server.before = ({ url }) => page(Number(/=(\d)/.exec(url)?.[1] ?? 1));
  const ids: string[] = [];
  for await (const { data } of api.pages("sessions")) ids.push(...data.map((one) => one.id));
  assert.deepEqual(ids, ["1", "2", "3"]);
  for await (const _ of api.pages("sessions")) break;
  assert.equal(server.asked.length, 4);
});

test("a link to another origin is not followed: it would be sent the token", async () => {
  const api = server.client({ headers: { Authorization: "Bearer token" } });
  const links = ["https://elsewhere.example/v1/sessions", "//elsewhere.example/", { href: "http://127.0.0.1:1/" }];
  for (const next of links) {
    server.before = () => ({ status: 200, body: { data: [], links: { next } } });
    await assert.rejects(async () => {
      for await (const _ of api.pages("sessions")) continue;
    }, /which this client is for/);
  }
});

test("a fetch of one's own is used", async () => {
  const urls: string[] = [];
  const api = server.client({
    fetch: (url, init) => {
      urls.push(`${init.method} ${url}`);
      return fetch(url, init);
    },
  });
  await api.get("sessions", "1");
  assert.deepEqual(urls, [`GET ${server.origin}/v1/sessions/1`]);
});

test("ids and paths are written as URLs have them", async () => {
  const api = server.client({ paths: { sessions: "/v2/programme" } });
  await refusal(api.get("sessions", "a/b?c"));
  assert.deepEqual(server.lines(), ["GET /v1/v2/programme/a%2Fb%3Fc"]);
});

test("a request of any kind", async () => {
  const api = server.client({ headers: { Authorization: "Bearer token" } });
  server.before = () => ({ status: 200, body: { "atomic:results": [] } });
  const ext = 'application/vnd.api+json;ext="https://jsonapi.org/ext/atomic"';
  const response = await api.send({
    method: "POST",
    url: api.url("/operations"),
    document: { "atomic:operations": [] },
    contentType: ext,
    accept: ext,
  });
  assert.equal(response.text, '{"atomic:results":[]}');
  assert.equal(server.asked[0]?.url, "/v1/operations");
  assert.equal(server.asked[0]?.headers["content-type"], ext);
  assert.equal(server.asked[0]?.headers.authorization, "Bearer token");
  server.before = () => refuse(403, "forbidden");
  assert.equal((await refusal(api.send({ method: "GET", url: "/v1/own" }))).code, "forbidden");
});

test("included resources are found, in circles too", async () => {
  server.before = () => ({
    status: 200,
    headers: { ETag: '"1"' },
    body: {
      data: {
        type: "sessions",
        id: "1",
        attributes: {},
        relationships: {
          speakers: { data: [{ type: "speakers", id: "7" }, { type: "speakers", id: "8" }] },
          track: { data: null },
        },
      },
      included: [
        {
          type: "speakers",
          id: "7",
          attributes: { name: "Ada" },
          relationships: { sessions: { data: [{ type: "sessions", id: "1" }] } },
        },
      ],
    },
  });
  const document = await server.client().get("sessions", "1", { include: ["speakers"] });
  assert.ok(document instanceof Document);
  // 8 is not in the document.
  const speakers = document.related(document.data, "speakers");
  assert.deepEqual(speakers?.map((one) => one.attributes?.name), ["Ada"]);
  assert.equal(document.related(speakers![0]!, "sessions")?.[0], document.data);
  assert.equal(document.related(document.data, "track"), null);
  assert.equal(document.find({ type: "speakers", id: "8" }), undefined);
  assert.equal(document.find({ type: "speakers", id: "7" })?.attributes?.name, "Ada");
  assert.equal((JSON.parse(JSON.stringify(document)) as typeof document).data.meta?.etag, '"1"');
});

test("what is not included is not known", async () => {
  server.before = () => ({
    status: 200,
    body: {
      data: {
        type: "sessions",
        id: "1",
        attributes: {},
        relationships: { speakers: { data: [{ type: "speakers", id: "7" }] }, track: { links: {} } },
      },
    },
  });
  const document = await server.client().get("sessions", "1");
  assert.equal(document.related(document.data, "speakers"), undefined);
  assert.equal(document.related(document.data, "track"), undefined);
});
