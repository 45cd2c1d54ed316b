// Queries, merges, and what is kept, without a server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clash, mergeLinkage, threeWay } from "etag-fairing-client";
import { queryString } from "../dist/query.js";
import { Recent } from "../dist/recent.js";

for (const [query, expected] of [
  [{}, ""],
  [undefined, ""],
  [{ include: ["speakers", "track.sessions"] }, "include=speakers,track.sessions"],
  [{ include: [] }, ""],
  [{ sort: ["-startTime", "title"] }, "sort=-startTime,title"],
  [{ fields: { sessions: ["title"], speakers: [] } }, "fields[sessions]=title&fields[speakers]="],
  [{ page: { size: 5, number: 2, totals: true } }, "page[size]=5&page[number]=2&page[totals]=true"],
  [{ page: { size: undefined } }, ""],
  [{ filter: { title: "a b&c" } }, "filter[title]=a%20b%26c"],
  [{ filter: { title: "a,b" } }, "filter[title][]=a,b"],
  [{ filter: { title: "" } }, "filter[title]="],
  [{ filter: { level: ["a", "b"] } }, "filter[level]=a,b"],
  [{ filter: { level: ["a,b", "c"] } }, 'filter=[{"name":"level","op":"in","val":["a,b","c"]}]'],
  [{ filter: { level: [] } }, 'filter=[{"name":"level","op":"in","val":[]}]'],
  [{ filter: { level: null } }, "filter[level][is_null]=true"],
  [{ filter: { favourites: { ge: 3, lt: 10 } } }, "filter[favourites][ge]=3&filter[favourites][lt]=10"],
  [{ filter: { title: { contains: "a,b" } } }, "filter[title][contains]=a,b"],
  [{ filter: { level: { not_in: ["a", "b"] } } }, "filter[level][not_in]=a,b"],
  [{ filter: { level: { not_in: ["a,b"] } } }, 'filter=[{"name":"level","op":"not_in","val":["a,b"]}]'],
  [{ filter: { "track.name": "x", "speakers.name": { icontains: "ä" } } }, "filter[track.name]=x&filter[speakers.name][icontains]=%C3%A4"],
  [{ filter: [{ not: { name: "level", op: "is_null" } }] }, 'filter=[{"not":{"name":"level","op":"is_null"}}]'],
  [{ params: { "page[speakers][size]": 3, "sort[speakers]": ["-name", "id"] } }, "page[speakers][size]=3&sort[speakers]=-name,id"],
] as const) {
  test(`query: ${expected || "none"}`, () => {
    assert.equal(decodeURIComponent(queryString(query).replace(/^\?/, "")), decodeURIComponent(expected));
    assert.doesNotMatch(queryString(query).slice(1), /[\[\] "?]/);
  });
}

const session = (attributes: object, speakers: string[] = []) => ({
  type: "sessions",
  id: "1",
  attributes,
  relationships: { speakers: { data: speakers.map((id) => ({ type: "speakers", id })) } },
});
const speakers = (...ids: string[]) => ({ relationships: { speakers: { data: ids.map((id) => ({ type: "speakers", id })) } } });

for (const [name, mine, theirs, base, merged] of [
  ["only mine", { attributes: { a: 2 } }, session({ a: 1, b: 9 }), session({ a: 1, b: 1 }), { attributes: { a: 2 } }],
  ["both the same", { attributes: { a: 2 } }, session({ a: 2 }), session({ a: 1 }), {}],
  ["both different", { attributes: { a: 2 } }, session({ a: 3 }), session({ a: 1 }), undefined],
  ["base unknown", { attributes: { a: 2 } }, session({ a: 1 }), undefined, undefined],
  ["base not shown", { attributes: { a: 2 } }, session({ a: 1 }), session({}), undefined],
  ["null is a value", { attributes: { a: null } }, session({ a: 1 }), session({ a: 1 }), { attributes: { a: null } }],
  ["JSON inside", { attributes: { a: { x: [1] } } }, session({ a: { y: 1, x: 2 } }), session({ a: { x: 2, y: 1 } }), { attributes: { a: { x: [1] } } }],
  ["linkage, only mine", speakers("1"), session({}, ["1", "2"]), session({}, ["1", "2"]), speakers("1")],
  ["linkage, both", speakers("1", "3"), session({}, ["1", "2", "4"]), session({}, ["1", "2"]), speakers("1", "4", "3")],
  ["linkage, the same", speakers("1", "2"), session({}, ["1", "2"]), session({}, []), {}],
] as const) {
  test(`three ways: ${name}`, () => {
    assert.deepEqual(threeWay()(mine, theirs, base), merged);
  });
}

test("three ways: a clash is resolved", () => {
  const clashes: Clash[] = [];
  const merge = threeWay((clash) => {
    clashes.push(clash);
    return clash.name === "a" ? { value: 4 } : undefined;
  });
  assert.deepEqual(merge({ attributes: { a: 2 } }, session({ a: 3 }), session({ a: 1 })), { attributes: { a: 4 } });
  assert.equal(merge({ attributes: { a: 2, b: 2 } }, session({ a: 3, b: 3 }), session({ a: 1, b: 1 })), undefined);
  assert.deepEqual(clashes[0], { kind: "attribute", name: "a", mine: 2, theirs: 3, base: 1 });
});

test("linkage: additions and removals of both, for all small sets", () => {
  const sets = Array.from({ length: 8 }, (_, bits) => ["1", "2", "3"].filter((_, place) => bits & (1 << place)));
  const linkage = (ids: string[]) => ids.map((id) => ({ type: "speakers", id }));
  for (const base of sets) for (const mine of sets) for (const theirs of sets) {
    const merged = mergeLinkage(linkage(mine), linkage(theirs), linkage(base)).map((one) => one.id).sort();
    const expected = ["1", "2", "3"].filter((id) => {
      // Where one of both has changed whether it is in, that holds.
      const [was, inMine, inTheirs] = [base, mine, theirs].map((set) => set.includes(id));
      return inMine === was ? inTheirs : inMine;
    });
    assert.deepEqual(merged, expected, JSON.stringify({ base, mine, theirs }));
  }
});

test("what is kept stays within its bounds, whatever comes", () => {
  const bounds = { entries: 5, characters: 100 };
  const recent = new Recent(bounds);
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let step = 0; step < 5000; step += 1) {
    const key = `k${random(12)}`;
    if (random(3) === 0) recent.get(key);
    else if (random(5) === 0) recent.delete(key);
    else {
      recent.set(key, { etag: '"1"', text: "x".repeat(random(130)) });
    }
    assert.ok(recent.size <= bounds.entries && recent.characters <= bounds.characters);
    assert.ok(recent.characters >= 0 && (recent.size > 0) === (recent.characters > 0));
  }
});
