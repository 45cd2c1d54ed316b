// The promise, at random: whatever a program reads and holds, an edit is made only on top of what it was decided on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EditConflict, type Resource, threeWay } from "etag-fairing-client";
import { Conference } from "./server.js";
import type { paths } from "./conference.js";

type Session = Resource<paths, "sessions">;

/** Numbers that are the same in each run (Park and Miller's generator). */
function numbers(seed: number): (below: number) => number {
  return (below) => (seed = (seed * 48271) % 2147483647) % below;
}

for (let seed = 1; seed <= 12; seed += 1) {
  test(`seed ${seed}`, async () => {
    const random = numbers(seed * 7919);
    const server = await Conference.start();
    server.hasTagsInLists = seed % 3 === 0;
    server.requiresTag = seed % 2 === 0;
    for (const id of ["1", "2"]) server.add(id, { title: `${id}`, subtitle: "", favourites: 0 });
    // What each version of each session has shown.
    const shown = new Map<string, string>();
    const note = () => {
      for (const [id, row] of server.rows) shown.set(`${id} "${row.version}"`, JSON.stringify(row.attributes));
    };
    let decidedOn: Session | undefined;
    let accepted = 0;
    let refused = 0;
    server.before = ({ method, url, headers }) => {
      note();
      if (method !== "PATCH" || !decidedOn) return;
      const id = url.split("/").at(-1)!.split("?")[0]!;
      // Somebody else may be faster than the edit that is on its way.
      if (random(3) === 0) server.change(id, { title: `other ${random(1000)}` });
      const tag = headers["if-match"];
      if (tag === undefined) assert.fail("an edit of what was seen has no tag");
      if (tag !== `"${server.rows.get(id)!.version}"`) return;
      accepted += 1;
      const seen = { ...(JSON.parse(shown.get(`${id} ${tag}`)!) as object) } as Record<string, unknown>;
      for (const [name, value] of Object.entries(decidedOn.attributes ?? {})) {
        assert.equal(seen[name], value, `${url}: decided on ${JSON.stringify(decidedOn.attributes)}, sent for ${tag}`);
      }
    };
    const clients = [server.client(), server.client({ memory: { resources: { entries: 1 }, documents: { entries: 1 } } })];
    const held: Session[] = [];
    try {
      for (let step = 0; step < 150; step += 1) {
        const api = clients[random(clients.length)]!;
        const id = `${1 + random(2)}`;
        const kind = random(6);
        if (kind === 0) held.push((await api.get("sessions", id)).data);
        else if (kind === 1) held.push(...(await api.list("sessions")).data);
        else if (kind === 2) server.change(id, { subtitle: `other ${step}` });
        else {
          const target = held[random(held.length || 1)];
          if (!target) continue;
          decidedOn = target;
          const merge = random(2) === 0 ? undefined : threeWay(() => ({ value: `merged ${step}` }));
          try {
            const saved = await api.update(target, { attributes: { title: `mine ${step}` } }, {
              attempts: 20,
              merge: merge && ((mine, theirs, base) => {
                decidedOn = theirs;
                return merge(mine, theirs, base);
              }),
            });
            held.push(saved.data);
          } catch (error) {
            if (!(error instanceof EditConflict)) throw error;
            refused += 1;
            held.push(error.theirs);
          }
          decidedOn = undefined;
        }
        if (held.length > 6) held.splice(random(held.length), 1);
      }
    } finally {
      server.stop();
    }
    assert.ok(accepted > 10 && refused > 3, `${accepted} accepted, ${refused} refused: nothing was tried`);
  });
}
