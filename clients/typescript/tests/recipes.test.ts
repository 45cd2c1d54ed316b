// What README.md and docs/clients.md show, word for word, against the running example.

import assert from "node:assert/strict";
import { origin } from "./origin.js";
import { createClient, threeWay } from "etag-fairing-client";
import type { paths } from "./api.js";

const api = createClient<paths>({ baseUrl: `${origin}/v1` });
const list = await api.list("sessions", { include: ["speakers"], filter: { level: "advanced" }, sort: ["-startTime"] });
for (const session of list.data) console.log(session.attributes?.title, list.related(session, "speakers"));

const { data: session } = await api.get("sessions", "1");
await api.update(session, { attributes: { title: "Not one lost update" } }, { merge: threeWay() });

import { EditConflict, JsonApiError, OperationConflict, type Resource } from "etag-fairing-client";

type Session = Resource<paths, "sessions">;

/** Saves the title that somebody has typed into a form, and says what became of it. */
async function saveTitle(session: Session, title: string): Promise<string> {
  try {
    await api.update(session, { attributes: { title } });
    return "Saved.";
  } catch (error) {
    // Nothing was saved: show theirs beside the form, and save to it.
    if (error instanceof EditConflict) return `Meanwhile it is called ${error.theirs.attributes?.title}.`;
    if (!(error instanceof JsonApiError)) throw error;
    const [problem] = error.at("attributes", "title");
    return problem?.detail ?? error.message;
  }
}

async function addFavourite(session: Session) {
  const oneMore = ({ attributes }: Session) => ({ attributes: { favourites: (attributes?.favourites ?? 0) + 1 } });
  return api.update(session, oneMore(session), { merge: (_, theirs) => oneMore(theirs), attempts: 20 });
}

async function allTitles() {
  const titles: (string | undefined)[] = [];
  for await (const page of api.pages("sessions", { fields: { sessions: ["title"] }, sort: ["title"], page: { size: 50 } })) {
    titles.push(...page.data.map((session) => session.attributes?.title));
  }
  return titles;
}

/** Moves sessions, all of them or none: also those that somebody has changed meanwhile, unless it was just when they begin. */
async function moveAll(sessions: Session[], startTime: string): Promise<Session[]> {
  const { op } = api;
  try {
    return await api.operations(
      sessions.map((session) => op.update(session, { attributes: { startTime } }, { merge: threeWay() })),
    );
  } catch (error) {
    // None was moved.
    if (!(error instanceof OperationConflict)) throw error;
    throw new Error(`“${error.theirs.attributes.title}” begins at ${error.theirs.attributes.startTime} now`);
  }
}

const now = (await api.get("sessions", "1")).data;
assert.equal(now.attributes?.title, "Not one lost update");
assert.equal(await saveTitle(session, "Late"), "Meanwhile it is called Not one lost update.");
assert.equal(await saveTitle(now, 7 as unknown as string), "title must be text");
const before = now.attributes?.favourites ?? 0;
const favourites = await Promise.all([now, now, now].map(addFavourite));
assert.deepEqual(favourites.map(({ data }) => (data.attributes?.favourites ?? 0) - before).sort(), [1, 2, 3]);
assert.ok((await allTitles()).includes("Not one lost update"));
const three = await Promise.all(["2", "3", "4"].map((id) => api.get("sessions", id).then(({ data }) => data)));
await api.update(three[1]!, { attributes: { level: "expert" } });
const moved = await moveAll(three, "2031-05-01T09:00:00Z");
assert.deepEqual(moved.map(({ attributes }) => attributes?.startTime), Array(3).fill("2031-05-01T09:00:00Z"));
assert.equal(moved[1]!.attributes?.level, "expert");
await assert.rejects(moveAll(three, "2031-05-02T09:00:00Z"), /begins at 2031-05-01T09:00:00Z now/);
// As it was.
const last = (await api.get("sessions", "1")).data;
assert.equal(await saveTitle(last, session.attributes?.title ?? ""), "Saved.");
