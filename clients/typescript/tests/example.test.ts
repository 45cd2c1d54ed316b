// The client against the running example, by types that openapi-typescript makes of its OpenAPI document.
//
// ORIGINS says where: a server as it is, and one that requires `If-Match`. (tests/clients.rs starts both.)

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Changes,
  type Creation,
  EditConflict,
  JsonApiError,
  type Resource,
  type ToManyName,
  type TypeName,
  createClient,
  mergeLinkage,
  threeWay,
} from "etag-fairing-client";
import type { paths } from "./api.js";

const origins = (process.env.ORIGINS ?? "").split(" ").filter(Boolean);

type Session = Resource<paths, "sessions">;

async function failure<E>(request: Promise<unknown>, kind: new (...args: never[]) => E): Promise<E> {
  const error = await request.then(
    () => assert.fail("not refused"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof kind, String(error));
  return error;
}

test("there are servers to ask", { skip: !process.env.CI && "ORIGINS is not set" }, () => {
  assert.ok(origins.length > 0);
});

for (const origin of origins) {
  describe(origin, () => {
    const api = createClient<paths>({ baseUrl: `${origin}/v1` });
    const other = createClient<paths>({ baseUrl: `${origin}/v1/` });
    const create = async (title: string) => (await api.create("sessions", { attributes: { title } })).data;

    test("lists: include, fields, sort, filter, page", async () => {
      const list = await api.list("sessions", {
        include: ["speakers", "track"],
        fields: { sessions: ["title", "level", "speakers", "track"], speakers: ["name"] },
        filter: { level: ["advanced", "intermediate"], title: { icontains: "E" }, "track.name": { ne: "no such track" } },
        sort: ["-title"],
        page: { size: 3, totals: true },
      });
      assert.equal(list.data.length, 3);
      assert.equal(typeof list.meta.count, "number");
      const titles = list.data.map((session) => session.attributes?.title ?? "");
      assert.deepEqual(titles, [...titles].sort().reverse());
      for (const session of list.data) {
        assert.equal(session.attributes?.state, undefined, "a sparse fieldset");
        const speakers = list.related(session, "speakers");
        const names: (string | undefined)[] | undefined = speakers?.map((speaker) => speaker.attributes?.name);
        assert.ok(names?.every((name) => typeof name === "string"));
        const track = list.related(session, "track");
        assert.equal(typeof track?.attributes?.name, "string");
      }
      assert.equal((await api.list("sessions", { filter: { title: "a,b" } })).data.length, 0);
      const expression = [{ or: [{ name: "level", op: "eq", val: "advanced" }, { not: { name: "level", op: "is_null" } }] }];
      assert.ok((await api.list("sessions", { filter: expression, page: { size: 1 } })).data.length > 0);
    });

    test("pages give every session once", async () => {
      const seen: string[] = [];
      for await (const { data } of api.pages("sessions", { page: { size: 4 }, sort: ["title"] })) {
        seen.push(...data.map((session) => session.id));
      }
      assert.ok(seen.length >= 20);
      assert.equal(new Set(seen).size, seen.length);
    });

    test("a list, a resource and linkage are not sent again", async () => {
      const session = await create("Read twice");
      const read = () =>
        Promise.all([
          api.list("tracks", { sort: ["name"] }),
          api.get("sessions", session.id, { include: ["speakers"] }),
          api.linkage(session, "speakers"),
          api.related(session, "speakers"),
        ]);
      const first = await read();
      const second = await read();
      assert.deepEqual(second.map((document) => document.from), ["kept", "kept", "kept", "kept"]);
      assert.deepEqual(second.map((document) => document.data), first.map((document) => document.data));
      await api.delete(session);
    });

    test("edits with the tag of what was read, created and saved", async () => {
      const created = await create("Created");
      const saved = await api.update(created, { attributes: { title: "Edited" } });
      const read = await api.get("sessions", created.id, { include: ["track"], fields: { sessions: ["title", "track"] } });
      const again = await api.update(read.data, { attributes: { state: "pending" } }, { query: { include: ["track"] } });
      assert.equal(again.data.attributes?.title, "Edited");
      // What was saved before is an old state now.
      await failure(api.update(saved.data, { attributes: { title: "Late" } }), EditConflict);
      await api.delete(again.data);
    });

    test("two editors: a conflict, and a merge", async () => {
      const { id } = await create("Two editors");
      const mine = (await api.get("sessions", id)).data;
      const theirs = (await other.get("sessions", id)).data;
      await other.update(theirs, { attributes: { subtitle: "Theirs", level: "advanced" } });
      // Whatever else this client reads: the decision was made on `mine`.
      await api.get("sessions", id);
      const conflict = await failure(api.update(mine, { attributes: { subtitle: "Mine" } }), EditConflict<Session>);
      assert.equal(conflict.theirs.attributes?.subtitle, "Theirs");
      assert.equal(conflict.base?.attributes?.subtitle, null);
      const merged = await api.update(
        mine,
        { attributes: { title: "Merged", subtitle: "Mine" } },
        {
          merge: threeWay((clash) => ({ value: `${String(clash.theirs)} and ${String(clash.mine)}` })),
        },
      );
      const { title, subtitle, level } = merged.data.attributes ?? {};
      assert.deepEqual([title, subtitle, level], ["Merged", "Theirs and Mine", "advanced"]);
      await api.delete(merged.data);
    });

    test("what a list or an included resource shows is edited safely", async () => {
      const { id } = await create("In a list");
      const query = { filter: { id } };
      const [listed] = (await api.list("sessions", query)).data;
      const edited = await api.update(listed!, { attributes: { level: "beginner" } });
      assert.equal(edited.data.attributes?.level, "beginner");
      // The listed one shows an old state now.
      await failure(api.update(listed!, { attributes: { level: "advanced" } }), EditConflict);
      await failure(api.delete(listed!), EditConflict);
      await api.delete(edited.data);
    });

    test("a type without tags is edited without", async () => {
      const { data } = await api.create("session-types", { attributes: { name: "Untagged" } });
      const [listed] = (await api.list("session-types", { filter: { id: data.id } })).data;
      await api.update(listed!, { attributes: { length: "00:20" } });
      await api.delete({ type: "session-types", id: data.id });
    });

    test("an edit without having read", async () => {
      const { id } = await other.create("sessions", { attributes: { title: "Unread" } }).then(({ data }) => data);
      const saved = await api.update({ type: "sessions", id }, { attributes: { title: "Blind" } });
      assert.equal(saved.data.attributes?.title, "Blind");
      await createClient<paths>({ baseUrl: `${origin}/v1` }).delete({ type: "sessions", id });
    });

    test("linkage: add, remove, replace, merge", async () => {
      const session = await create("Linked");
      const [ada, ben, eve] = (await api.list("speakers", { page: { size: 3 } })).data;
      const ids = async () => (await other.linkage(session, "speakers")).data.map((one) => one.id).sort();
      const one = ({ id }: { id: string }) => ({ type: "speakers" as const, id });
      await api.add(session, "speakers", [one(ada!)]);
      const seen = await api.linkage(session, "speakers");
      await other.add(session, "speakers", [one(ben!)]);
      await api.add(session, "speakers", [one(eve!)]);
      assert.deepEqual(await ids(), [ada!.id, ben!.id, eve!.id].sort());
      await api.remove(session, "speakers", [one(eve!)]);
      await failure(api.replace(session, "speakers", [one(eve!)], { seen }), EditConflict);
      await api.replace(session, "speakers", [one(eve!)], {
        seen,
        merge: (mine, theirs, base) => mergeLinkage(mine, theirs, base ?? []),
      });
      assert.deepEqual(await ids(), [ben!.id, eve!.id].sort());
      const [track] = (await api.list("tracks", { page: { size: 1 } })).data;
      await api.replace(session, "track", { type: "tracks", id: track!.id });
      assert.equal((await api.related(session, "track")).data?.id, track!.id);
      await api.replace(session, "track", null);
      assert.equal((await api.related(session, "track")).data, null);
      const now = await api.get("sessions", session.id);
      await api.update(now.data, { relationships: { speakers: { data: [] }, track: { data: { type: "tracks", id: track!.id } } } });
      assert.deepEqual(await ids(), []);
      await api.delete({ type: "sessions", id: session.id });
    });

    test("favourites of many clients are all counted", async () => {
      const { id } = await create("Favourite");
      const plusOne = (session: Session) => ({ attributes: { favourites: (session.attributes?.favourites ?? 0) + 1 } });
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          const client = createClient<paths>({ baseUrl: `${origin}/v1` });
          for (let number = 0; number < 5; number += 1) {
            const { data } = await client.get("sessions", id);
            await client.update(data, plusOne(data), { merge: (_, theirs) => plusOne(theirs), attempts: 1000 });
          }
        }),
      );
      assert.equal((await api.get("sessions", id)).data.attributes?.favourites, 20);
      await api.delete({ type: "sessions", id });
    });

    test("errors are typed", async () => {
      const missing = await failure(api.get("sessions", "no such id"), JsonApiError);
      assert.deepEqual([missing.status, missing.code], [404, "resource_not_found"]);
      const query = api.list("sessions", { params: { "filter[nothing]": 1 } });
      assert.equal((await failure(query, JsonApiError)).about("filter[nothing]").length, 1);
      const wrong = { attributes: { title: 7 } } as unknown as Creation<paths, "sessions">;
      assert.equal((await failure(api.create("sessions", wrong), JsonApiError)).at("attributes", "title").length, 1);
    });
  });
}

/** What must not compile. It is not run. */
export function mistakes(session: Session): void {
  const api = createClient<paths>({ baseUrl: "" });
  // @ts-expect-error: no such type
  const type: TypeName<paths> = "session";
  // @ts-expect-error: no relationship to many
  const name: ToManyName<paths, "sessions"> = "track";
  // @ts-expect-error: a title is no number
  const changes: Changes<paths, "sessions"> = { attributes: { title: 1 } };
  // @ts-expect-error: no such path
  void api.list("sessions", { include: ["speaker"] });
  // @ts-expect-error: no such member to sort by
  void api.list("sessions", { sort: ["-name"] });
  // @ts-expect-error: no such member
  void api.list("sessions", { filter: { nothing: "x" } });
  // @ts-expect-error: no such state
  void api.list("sessions", { filter: { state: "done" } });
  // @ts-expect-error: no such operator
  void api.list("sessions", { filter: { title: { about: "x" } } });
  // @ts-expect-error: no such field
  void api.list("sessions", { fields: { speakers: ["title"] } });
  // @ts-expect-error: no such page
  void api.list("sessions", { page: { length: 5 } });
  // @ts-expect-error: one resource has no filter
  void api.get("sessions", "1", { filter: { title: "x" } });
  // @ts-expect-error: a session needs a title
  void api.create("sessions", { attributes: {} });
  // @ts-expect-error: no such attribute
  void api.update(session, { attributes: { name: "x" } });
  // @ts-expect-error: tracks don't speak
  void api.add(session, "speakers", [{ type: "tracks", id: "1" }]);
  // @ts-expect-error: a list is not null
  void api.replace(session, "speakers", null);
  // @ts-expect-error: one track
  void api.add(session, "track", [{ type: "tracks", id: "1" }]);
  void [type, name, changes];
}
