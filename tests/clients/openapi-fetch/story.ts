// openapi-fetch against the running example, typed by what openapi-typescript makes of its OpenAPI document.
// Run by tests/clients.rs: node story.js <origin>
// docs/clients.md shows parts of this file, word for word.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const origin = process.argv[2] ?? "";

const api = createClient<paths>({
  baseUrl: origin,
  headers: { Accept: "application/vnd.api+json", "Content-Type": "application/vnd.api+json" },
  // Lists with commas between their values, as JSON:API has them.
  querySerializer: { array: { style: "form", explode: false } },
});

type Session = components["schemas"]["sessions"];
type Changes = components["schemas"]["sessions.update"]["data"]["attributes"];

function tagOf({ response }: { response: Response }): string {
  const tag = response.headers.get("ETag");
  if (tag === null) throw new Error(`${response.url} has no entity tag`);
  return tag;
}

async function edit(id: string, change: (session: Session) => Changes | Promise<Changes>) {
  for (;;) {
    const read = await api.GET("/v1/sessions/{id}", { params: { path: { id } } });
    if (!read.data) throw new Error(read.error.errors[0]?.detail);
    const saved = await api.PATCH("/v1/sessions/{id}", {
      params: { path: { id }, header: { "If-Match": tagOf(read) } },
      body: { data: { type: "sessions", id, attributes: await change(read.data.data) } },
    });
    // Somebody saved in between, and nothing of ours was: read theirs, and decide again.
    if (saved.response.status !== 412) return saved;
  }
}

// Creates.
const created = await api.POST("/v1/sessions", {
  body: { data: { type: "sessions", attributes: { title: "Generated", level: "beginner" } } },
});
assert.equal(created.response.status, 201);
const session = created.data!.data;
const path = { id: session.id };

// Lists: include, fields, sort, filter, page.
const list = await api.GET("/v1/sessions", {
  params: {
    query: {
      include: ["speakers", "track"],
      "fields[sessions]": ["title", "speakers", "track"],
      "fields[speakers]": ["name"],
      sort: ["-title", "id"],
      "filter[level]": ["advanced", "intermediate"],
      "filter[title][icontains]": "e",
      "page[size]": 3,
    },
  },
});
assert.equal(list.response.status, 200, JSON.stringify(list.error));
assert.equal(list.data!.data.length, 3);
for (const one of list.data!.data) {
  assert.equal(typeof one.attributes?.title, "string");
  assert.equal(one.attributes?.state, undefined, "a sparse fieldset");
}
const names = list.data!.included!.flatMap((one) => (one.type === "speakers" ? [one.attributes?.name] : []));
assert.ok(names.length > 0 && names.every((name) => typeof name === "string"));
assert.ok(list.data!.meta, "meta has members of any name");
const count: unknown = list.data!.meta["count"];
assert.equal(typeof count, "number");

// A list in JSON is a text here.
const expression = JSON.stringify([{ or: [{ name: "id", op: "eq", val: session.id }, { name: "title", op: "eq", val: "?" }] }]);
const found = await api.GET("/v1/sessions", { params: { query: { filter: expression } } });
assert.deepEqual(found.data?.data.map((one) => one.id), [session.id]);

// An unchanged representation is not sent again: openapi-fetch gives it as an error without a body.
const first = await api.GET("/v1/sessions/{id}", { params: { path } });
const again = await api.GET("/v1/sessions/{id}", { params: { path, header: { "If-None-Match": tagOf(first) } } });
assert.equal(again.response.status, 304);

// Edits with the tag; the answer has the new one.
const saved = await api.PATCH("/v1/sessions/{id}", {
  params: { path, header: { "If-Match": tagOf(first) } },
  body: { data: { type: "sessions", id: session.id, attributes: { title: "Edited", state: "pending" } } },
});
assert.equal(saved.data?.data.attributes?.title, "Edited");

// Loses a race, typed: 412 with the current tag.
const late = await api.PATCH("/v1/sessions/{id}", {
  params: { path, header: { "If-Match": tagOf(first) } },
  body: { data: { type: "sessions", id: session.id, attributes: { title: "Late" } } },
});
assert.equal(late.response.status, 412);
assert.equal(late.error?.errors[0]?.code, "precondition_failed");
assert.equal(tagOf(late), tagOf(saved));

// Merges: the other's change and ours are both there.
const decidedOn: (number | undefined)[] = [];
const merged = await edit(session.id, async ({ attributes }) => {
  decidedOn.push(attributes?.favourites);
  if (decidedOn.length === 1) await edit(session.id, () => ({ favourites: 10, level: "advanced" }));
  return { favourites: (attributes?.favourites ?? 0) + 1 };
});
assert.deepEqual(decidedOn, [0, 10]);
assert.equal(merged.data?.data.attributes?.favourites, 11);
assert.equal(merged.data?.data.attributes?.level, "advanced");

// Relationships, at their own URL with their own tag.
const speakers = "/v1/sessions/{id}/relationships/speakers";
const linkage = await api.GET(speakers, { params: { path } });
const added = await api.POST(speakers, {
  params: { path, header: { "If-Match": tagOf(linkage) } },
  body: { data: [{ type: "speakers", id: "1" }] },
});
assert.ok(added.response.ok);
assert.equal((await api.GET(speakers, { params: { path } })).data?.data.length, 1);
const track = await api.PATCH("/v1/sessions/{id}/relationships/track", {
  params: { path },
  body: { data: { type: "tracks", id: "1" } },
});
assert.ok(track.response.ok);

// Deletes: not what has changed since, but what was read last.
const stale = await api.DELETE("/v1/sessions/{id}", { params: { path, header: { "If-Match": tagOf(saved) } } });
assert.equal(stale.response.status, 412);
const last = await api.GET("/v1/sessions/{id}", { params: { path } });
const gone = await api.DELETE("/v1/sessions/{id}", { params: { path, header: { "If-Match": tagOf(last) } } });
assert.equal(gone.response.status, 204);
const missing = await api.GET("/v1/sessions/{id}", { params: { path } });
assert.equal(missing.error?.errors[0]?.code, "resource_not_found");

/** What must not compile. It is not run. */
export function mistakes(): void {
  // @ts-expect-error: no such path of relationships
  void api.GET("/v1/sessions", { params: { query: { include: ["speaker"] } } });
  // @ts-expect-error: no such state
  void api.GET("/v1/sessions", { params: { query: { "filter[state]": ["done"] } } });
  // @ts-expect-error: a session needs a title
  void api.POST("/v1/sessions", { body: { data: { type: "sessions", attributes: {} } } });
  // @ts-expect-error: tracks don't speak
  void api.POST(speakers, { params: { path }, body: { data: [{ type: "tracks", id: "1" }] } });
}

console.log("openapi-fetch: done");
