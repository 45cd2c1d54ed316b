// Operations against the running example: see example.test.ts for ORIGINS.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  EditConflict,
  OperationConflict,
  OperationsError,
  type Resource,
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

for (const origin of origins) {
  describe(origin, () => {
    const requests: string[] = [];
    const api = createClient<paths>({
      baseUrl: `${origin}/v1`,
      fetch: (url, init) => {
        requests.push(`${init.method} ${new URL(url).pathname}`);
        return fetch(url, init);
      },
    });
    const other = createClient<paths>({ baseUrl: `${origin}/v1` });
    const { op } = api;
    const create = async (title: string): Promise<Session> =>
      (await api.create("sessions", { attributes: { title } })).data;
    const title = async ({ id }: { id: string }) => (await other.get("sessions", id)).data.attributes?.title;
    /** What was asked since the last time. */
    const asked = () => requests.splice(0);

    test("resources that need each other are made together, and edited on", async () => {
      const track = op.add("tracks", { attributes: { name: "Rust" } });
      const session = op.add("sessions", {
        attributes: { title: "Ferris" },
        relationships: { track: { data: track.ref } },
      });
      const speaker = op.add("speakers", { attributes: { name: "Ada" } });
      const [rust, ferris, ada, linked, renamed] = await api.operations([
        track,
        session,
        speaker,
        op.addTo(session.ref, "speakers", [speaker.ref]),
        op.update(session.ref, { attributes: { level: "beginner" } }),
      ]);
      assert.deepEqual(ferris.relationships?.track?.data, { type: "tracks", id: rust.id });
      assert.equal(renamed.attributes?.level, "beginner");
      assert.equal(typeof linked.etag, "string");
      assert.deepEqual(renamed.relationships?.speakers?.data, [{ type: "speakers", id: ada.id }]);
      asked();
      const saved = await api.update(renamed, { attributes: { title: "Ferris again" } });
      assert.deepEqual(asked(), [`PATCH /v1/sessions/${ferris.id}`]);
      const results: [undefined, undefined, undefined] = await api.operations([
        op.remove(saved.data),
        op.remove({ type: "tracks", id: rust.id }, { ifMatch: "*" }),
        op.remove(ada),
      ]);
      assert.deepEqual(results, [undefined, undefined, undefined]);
    });

    test("one of three was changed: none is, and the conflict says which, without another read", async () => {
      const sessions = await Promise.all(["One", "Two", "Three"].map(create));
      await other.get("sessions", sessions[1]!.id);
      await other.update({ type: "sessions", id: sessions[1]!.id }, { attributes: { level: "advanced" } });
      asked();
      const move = (merge?: ReturnType<typeof threeWay>) =>
        api.operations(
          sessions.map((session) =>
            op.update(session, { attributes: { startTime: "2031-05-01T09:00:00Z" } }, merge ? { merge } : {}),
          ),
        );
      const conflict = await failure(move(), OperationConflict<Session>);
      assert.ok(conflict instanceof EditConflict);
      assert.equal(conflict.index, 1);
      assert.equal(conflict.operation.ref.type, "sessions");
      assert.equal(conflict.theirs.attributes?.level, "advanced");
      assert.equal(conflict.base?.attributes?.level, null);
      assert.equal((await other.get("sessions", sessions[0]!.id)).data.attributes?.startTime, null);
      const moved = await move(threeWay());
      assert.deepEqual(moved.map(({ attributes }) => attributes?.startTime), Array(3).fill("2031-05-01T09:00:00Z"));
      assert.equal(moved[1]!.attributes?.level, "advanced");
      assert.deepEqual(asked(), Array(3).fill("POST /v1/operations"));
      await api.operations(moved.map((session) => op.remove(session)));
    });

    test("several operations on one resource are for the state that was seen", async () => {
      const session = await create("Twice");
      const twice = (held: Session) => [
        op.addTo(held, "speakers", []),
        op.update(held, { attributes: { title: "First" } }),
        op.update(held, { attributes: { title: "Second" } }),
      ];
      await api.operations(twice(session));
      assert.equal(await title(session), "Second");
      // Now it is an old one.
      const conflict = await failure(api.operations(twice(session)), OperationConflict<Session>);
      assert.equal(conflict.theirs.attributes?.title, "Second");
      await api.operations([op.remove(session, { confirm: (theirs) => theirs.attributes?.title === "Second" })]);
    });

    test("what a list, an included resource and a related one show is edited without another read", async () => {
      const session = await create("Shown");
      const [ada] = (await api.list("speakers", { page: { size: 1 } })).data;
      await api.add(session, "speakers", [ada!]);
      const editor = createClient<paths>({
        baseUrl: `${origin}/v1`,
        fetch: (url, init) => {
          requests.push(`${init.method} ${new URL(url).pathname}`);
          return fetch(url, init);
        },
      });
      const list = await editor.list("sessions", { filter: { id: session.id }, include: ["speakers"], fields: { speakers: ["name"] } });
      const [listed] = list.data;
      const [included] = list.related(listed!, "speakers") ?? [];
      const [related] = (await editor.related(listed!, "speakers")).data;
      assert.equal(included?.meta?.etag, related?.meta?.etag);
      asked();
      const { country } = related!.attributes!;
      const edited = await editor.update(listed!, { attributes: { level: "beginner" } });
      const other = await editor.update(included!, { attributes: { country: "XX" } });
      await editor.update(other.data, { attributes: { country: country ?? null } });
      assert.equal(asked().filter((line) => !line.startsWith("PATCH ")).length, 0);
      // Now it is an old one.
      const conflict = await failure(editor.update(listed!, { attributes: { level: "expert" } }), EditConflict<Session>);
      assert.equal(conflict.theirs.attributes?.level, "beginner");
      await editor.delete(edited.data);
    });

    test("what a list shows is read before, and what was never read is sent as the server asks", async () => {
      const session = await create("Listed");
      const fresh = createClient<paths>({ baseUrl: `${origin}/v1`, profile: false });
      const [listed] = (await fresh.list("sessions", { filter: { id: session.id } })).data;
      await fresh.operations([fresh.op.update(listed!, { attributes: { level: "expert" } })]);
      const unread = createClient<paths>({ baseUrl: `${origin}/v1` });
      const identifier = { type: "sessions", id: session.id } as const;
      await unread.operations([unread.op.addTo(identifier, "speakers", [])]);
      await unread.operations([unread.op.update(identifier, { attributes: { title: "Unread" } })]);
      await unread.operations([unread.op.remove(identifier)]);
      const { data } = await unread.create("session-types", { attributes: { name: "Untagged" } });
      await unread.operations([
        unread.op.update(data, { attributes: { length: "00:20" } }),
        unread.op.remove({ type: "session-types", id: data.id }),
      ]);
    });

    test("linkage: added to, replaced and merged, shown and not shown", async () => {
      const session = await create("Linked");
      const [ada, ben, eve] = (await api.list("speakers", { page: { size: 3 } })).data;
      const ids = async () => (await other.linkage(session, "speakers")).data.map((one) => one.id).sort();
      await other.get("sessions", session.id);
      await other.add(session, "speakers", [{ type: "speakers", id: ben!.id }]);
      const mine = [{ type: "speakers" as const, id: eve!.id }];
      const conflict = await failure(api.operations([op.replace(session, "speakers", mine)]), OperationConflict<any>);
      assert.deepEqual(conflict.theirs, [{ type: "speakers", id: ben!.id }]);
      const merge = (mine: any, theirs: any, base: any) => mergeLinkage<any>(mine, theirs, base ?? []);
      const [{ etag }] = await api.operations([op.replace(session, "speakers", mine, { merge })]);
      assert.deepEqual(await ids(), [ben!.id, eve!.id].sort());
      assert.equal(typeof etag, "string");
      await api.operations([op.removeFrom(session, "speakers", mine), op.addTo(session, "speakers", [ada!])]);
      assert.deepEqual(await ids(), [ada!.id, ben!.id].sort());
      const { data } = await api.get("sessions", session.id);
      await api.operations([op.replace(data, "track", { type: "tracks", id: "1" })]);
      await api.operations([op.replace(data, "track", null, { ifMatch: "*" })]);
      // A speaker doesn't show the sessions: the linkage has a tag of its own.
      const speaker = (await api.create("speakers", { attributes: { name: "New" } })).data;
      await api.linkage(speaker, "sessions");
      await other.linkage(speaker, "sessions");
      await other.add(speaker, "sessions", [{ type: "sessions", id: "1" }]);
      const sessions = [{ type: "sessions" as const, id: session.id }];
      const unshown = await failure(api.operations([op.replace(speaker, "sessions", sessions)]), OperationConflict<any>);
      assert.deepEqual(unshown.theirs, [{ type: "sessions", id: "1" }]);
      await api.operations([op.replace(speaker, "sessions", [], { merge: () => [] }), op.remove(speaker)]);
      await api.delete({ type: "sessions", id: session.id }, { ifMatch: "*" });
    });

    test("what is refused says of which operation, and where in it", async () => {
      const right = op.add("tracks", { attributes: { name: "Right" } });
      const wrong = op.add("sessions", { attributes: { title: 7 as unknown as string } });
      const error = await failure(api.operations([right, wrong]), OperationsError);
      assert.deepEqual([error.status, error.index, error.operation], [422, 1, wrong]);
      assert.equal(error.in(wrong, "attributes", "title").length, 1);
      assert.equal(error.in(wrong).length, 1);
      assert.equal(error.in(right).length, 0);
      assert.equal(error.in(1, "attributes", "level").length, 0);
      const none = await failure(api.operations([]), OperationsError);
      assert.deepEqual([none.status, none.index, none.operation], [400, undefined, undefined]);
      const gone = op.remove({ type: "sessions", id: "999999" });
      assert.deepEqual((await failure(api.operations([right, gone]), OperationsError)).operation, gone);
      const tag = await create("Tag");
      const said = op.update(tag, { attributes: { title: "New" } }, { ifMatch: ['"one"', '"other"'] });
      assert.equal((await failure(api.operations([said]), OperationsError)).status, 412);
      const since = { ifMatch: false, ifUnmodifiedSince: new Date() } as const;
      const dated = op.update(tag, { attributes: { title: "New" } }, since);
      assert.ok([400, 428].includes((await failure(api.operations([dated]), OperationsError)).status));
      await api.delete(tag);
    });

    test("a 412 has what is there now, and a document is not sent where none is wanted", async () => {
      const session = await create("Prefer");
      await other.update({ type: "sessions", id: session.id }, { attributes: { level: "advanced" } }, { ifMatch: "*" });
      asked();
      const merged = await api.update(session, { attributes: { title: "Merged" } }, { merge: threeWay() });
      assert.equal(merged.data.attributes?.level, "advanced");
      assert.deepEqual(asked(), Array(2).fill(`PATCH /v1/sessions/${session.id}`));
      const saved = await api.update(merged.data, { attributes: { title: "Short" } }, { return: "minimal" });
      assert.deepEqual(asked(), [`PATCH /v1/sessions/${session.id}`]);
      assert.deepEqual(Object.keys(saved), ["type", "id", "meta"]);
      await api.delete(saved);
      const made = await api.create("sessions", { attributes: { title: "Made" } }, undefined, { return: "minimal" });
      assert.equal(await title(made), "Made");
      await api.delete(made);
      assert.equal(asked().length, 3);
    });
  });
}

/** What must not compile. It is not run. */
export function mistakes(session: Session): void {
  const { op } = createClient<paths>({ baseUrl: "" });
  const speaker = op.add("speakers", { attributes: { name: "Ada" } });
  // @ts-expect-error: no such type
  op.add("session", { attributes: {} });
  // @ts-expect-error: a session needs a title
  op.add("sessions", { attributes: {} });
  // @ts-expect-error: a speaker is no track
  op.add("sessions", { attributes: { title: "" }, relationships: { track: { data: speaker.ref } } });
  // @ts-expect-error: no such attribute
  op.update(session, { attributes: { name: "x" } });
  // @ts-expect-error: one track
  op.addTo(session, "track", []);
  // @ts-expect-error: a list is not null
  op.replace(session, "speakers", null);
}
