// The example's pages as a person clicks through them, with entity tags on and the built-in conference.
//
//   node story.mjs <origin> <path of Chromium> [<folder for screenshots>]

import assert from "node:assert/strict";
import { origin, read, tell } from "./browser.mjs";

async function firstPage(page, picture) {
  await page.goto(origin);
  assert.equal(await page.locator("h1").count(), 1);
  const rows = await page.locator("tbody tr").evaluateAll((rows) =>
    rows.map((row) => [row.querySelector("a").getAttribute("href"), row.querySelector(".number").textContent]),
  );
  assert.deepEqual(rows, [
    ["/v1/sessions", "21"],
    ["/v1/speakers", "15"],
    ["/v1/tracks", "4"],
    ["/v1/microlocations", "4"],
    ["/v1/session-types", "3"],
  ]);
  for (const link of await page.locator("a[href]").all()) {
    const target = await link.getAttribute("href");
    assert.equal((await fetch(new URL(target, origin))).status, 200, target);
  }
  assert.match(await page.locator("#shell-read").textContent(), new RegExp(`^URL=${origin}/v1/sessions/1$`, "m"));
  await picture("index");
  await page.getByRole("link", { name: "Two editors, one session" }).first().click();
  await page.waitForURL(`${origin}/editors`);
}

async function twoEditors(page, picture) {
  const a = page.getByRole("region", { name: "Editor A" });
  const b = page.getByRole("region", { name: "Editor B" });
  const tag = (editor) => editor.locator("[data-fact=tag]").textContent();
  const says = (editor, text) => editor.getByRole("status").filter({ hasText: text }).waitFor();

  await says(a, "Read.");
  assert.equal(await page.getByLabel("Session", { exact: true }).locator("option").count(), 21, "on one page");
  assert.equal(await page.getByRole("button", { name: "More sessions" }).isVisible(), false);

  // The second session: the first page's curl lines are about the first.
  await page.getByLabel("Session", { exact: true }).selectOption("2");
  await says(a, "Read.");
  await says(b, "Read.");
  const before = await read("/v1/sessions/2");
  await page.waitForFunction(
    (tag) => [...window.document.querySelectorAll(".editor [data-fact=tag]")].every((fact) => fact.textContent === tag),
    before.tag,
  );
  assert.equal(await a.getByLabel("Title", { exact: true }).inputValue(), before.data.attributes.title);

  // Saving nothing asks nothing of the server.
  await a.getByRole("button", { name: "Save" }).click();
  await says(a, "Nothing differs");

  await a.getByLabel("Title", { exact: true }).fill("The lost update, found");
  await a.getByLabel("Level").fill("beginner");
  await b.getByLabel("Title", { exact: true }).fill("How to keep a lost update");
  await b.getByLabel("Subtitle").fill("A story for two");

  // A saves: 200, a new tag, and only what A changed was sent.
  await a.getByRole("button", { name: "Save" }).click();
  await says(a, "200: saved");
  const afterA = await read("/v1/sessions/2");
  assert.notEqual(afterA.tag, before.tag);
  assert.equal(await tag(a), afterA.tag);
  const sentByA = await a.locator("pre").textContent();
  assert.match(sentByA, /^PATCH \/v1\/sessions\/2$/m);
  assert.match(sentByA, /^Content-Type: application\/vnd\.api\+json$/m);
  assert.ok(sentByA.includes(`If-Match: ${before.tag}`));
  assert.ok(!sentByA.includes('"subtitle"'));

  // B saves with the old tag: 412, and nothing changed.
  await b.getByRole("button", { name: "Save" }).click();
  await says(b, "412: not saved");
  assert.deepEqual(await read("/v1/sessions/2"), afterA);
  const refused = await b.locator("pre").textContent();
  assert.ok(refused.includes(`If-Match: ${before.tag}`));
  assert.match(refused, /^412 /m);
  // What there is now came with the refusal: nothing was read to merge with.
  assert.ok(refused.includes("Prefer: return=representation"));
  assert.deepEqual(refused.match(/^[A-Z]+ \/v1\/.*$/gm), ["PATCH /v1/sessions/2"]);
  assert.equal(await b.getByLabel("Title", { exact: true }).inputValue(), "How to keep a lost update", "B keeps its text");
  await picture("conflict");
  const focused = () => page.evaluate(() => window.document.activeElement.textContent.trim());
  assert.equal(await focused(), "Somebody saved since you read", "the focus is at the result");

  // B sees what differs: one member changed by both, one by B alone, one by A alone.
  const differences = b.locator("form.merge fieldset");
  const chosen = await differences.evaluateAll((sets) =>
    sets.map((set) => [
      set.querySelector("legend").textContent,
      ...[...set.querySelectorAll(".text")].map((text) => text.textContent),
      set.querySelector("input:checked")?.value ?? null,
    ]),
  );
  assert.deepEqual(chosen, [
    ["Title", "How to keep a lost update", "The lost update, found", null],
    ["Subtitle", "A story for two", "Two editors, one record", "mine"],
    ["Level", "intermediate", "beginner", "theirs"],
  ]);
  // Where both changed it, the page does not choose.
  await b.getByRole("button", { name: "Save the merge" }).click();
  assert.deepEqual(await read("/v1/sessions/2"), afterA);

  // Who goes on writing sees it in the merge: what is shown is what is saved.
  const shownSubtitle = b.getByRole("group", { name: "Subtitle" }).locator(".text").first();
  await b.getByLabel("Subtitle").fill("A story for three");
  assert.equal(await shownSubtitle.textContent(), "A story for three");
  await b.getByLabel("Subtitle").fill("A story for two");
  assert.equal(await shownSubtitle.textContent(), "A story for two");
  await b.getByRole("group", { name: "Title", exact: true }).getByLabel("Current").check();
  await b.getByRole("button", { name: "Save the merge" }).click();
  await says(b, "200: saved");
  assert.match(await focused(), /^200: saved/);
  const merged = await read("/v1/sessions/2");
  assert.equal(await tag(b), merged.tag);
  assert.ok((await b.locator("pre").textContent()).includes(`If-Match: ${uncoded(afterA.tag)}`));
  const { title, subtitle, level, shortAbstract } = merged.data.attributes;
  assert.deepEqual(
    [title, subtitle, level, shortAbstract],
    ["The lost update, found", "A story for two", "beginner", before.data.attributes.shortAbstract],
  );
  assert.equal(await b.locator("form.merge").isVisible(), false);
  await picture("merged");

  // A's copy is now the old one.
  await a.getByLabel("Subtitle").fill("");
  await a.getByRole("button", { name: "Save" }).click();
  await says(a, "412: not saved");
  // Unsaved text is not lost without a question, neither by another session nor by reading again.
  const chooser = page.getByLabel("Session", { exact: true });
  await answering(page, "dismiss", () => chooser.selectOption("3"));
  assert.equal(await chooser.inputValue(), "2");
  await answering(page, "dismiss", () => a.getByRole("button", { name: "Read" }).click());
  assert.equal(await a.getByLabel("Subtitle").inputValue(), "");
  await answering(page, "accept", () => a.getByRole("button", { name: "Read" }).click());
  await says(a, "Read.");
  assert.equal(await a.getByLabel("Subtitle").inputValue(), "A story for two");
}

/// Has an editor read, and waits until it has: its buttons are off meanwhile. What it says may be the same as before.
async function readAgain(editor) {
  await editor.getByRole("button", { name: "Read" }).click();
  await editor.getByRole("button", { name: "Read", disabled: false }).waitFor();
}

/// Does something that must bring a question, and answers it.
async function answering(page, answer, action) {
  const asked = page.waitForEvent("dialog").then((dialog) => dialog[answer]().then(() => dialog.message()));
  await action();
  assert.match(await asked, /not saved/);
}

/// A tag that a proxy has weakened is nobody's change: the page says so, and does not begin a merge.
async function weakened(page) {
  await page.route("**/v1/sessions/*", async (route) => {
    const response = await route.fetch();
    const etag = response.headers().etag;
    const weak = etag && !etag.startsWith("W/") ? { etag: `W/${etag}` } : {};
    await route.fulfill({ response, headers: { ...response.headers(), ...weak } });
  });
  const a = page.getByRole("region", { name: "Editor A" });
  const says = (text) => a.getByRole("status").filter({ hasText: text }).waitFor();
  await readAgain(a);
  await says("Read.");
  await a.getByLabel("Level").fill("expert");
  await a.getByRole("button", { name: "Save" }).click();
  await says("Nobody has changed the resource");
  assert.equal(await a.locator("form.merge").isVisible(), false);
  await page.unroute("**/v1/sessions/*");
  await answering(page, "accept", () => a.getByRole("button", { name: "Read" }).click());
  await says("Read.");
}

/// Two editors stand side by side as far as they fit.
async function sideBySide(page) {
  for (const [width, together] of [[1280, true], [700, true], [360, false]]) {
    await page.setViewportSize({ width, height: 900 });
    const boxes = await Promise.all(["A", "B"].map((name) => page.getByRole("region", { name: `Editor ${name}` }).boundingBox()));
    assert.equal(boxes[0].y === boxes[1].y, together, `at ${width} pixels`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

/// The tag of a state as documents have it: in a header field it says the coding, too.
function uncoded(tag) {
  return tag.replace(/~[a-z]+"$/, '"');
}

/// Three sessions are moved by one request: none, while somebody has changed one of them since it was read.
async function moveThree(page, picture) {
  const pane = page.getByRole("region", { name: "Move three sessions at once" });
  const says = (text) => pane.getByRole("status").filter({ hasText: text }).waitFor();
  const ids = ["3", "2", "4"];
  const starts = async () => (await Promise.all(ids.map((id) => read(`/v1/sessions/${id}`)))).map(({ data }) => data.attributes.startTime);
  const row = (number) => pane.getByRole("row").nth(number + 1);
  const requests = async () => (await pane.locator("pre").textContent()).match(/^[A-Z]+ \/v1\/.*$/gm);
  const before = await starts();
  const moved = before.map((time) => new Date(Date.parse(time) + 30 * 60 * 1000).toISOString().replace(".000", ""));

  await readAgain(pane);
  await says("Read.");
  assert.deepEqual(await requests(), ["GET /v1/sessions?filter%5Bid%5D=3,2,4"], "one list has all three tags");
  const a = page.getByRole("region", { name: "Editor A" });
  await a.getByLabel("Level").fill("expert");
  await a.getByRole("button", { name: "Save" }).click();
  await a.getByRole("status").filter({ hasText: "200: saved" }).waitFor();

  await pane.getByRole("button", { name: "Move all by 30 minutes" }).click();
  await says("412: none is moved. Somebody has changed “The lost update, found”");
  assert.deepEqual(await starts(), before);
  assert.match(await row(1).textContent(), /Somebody has changed it since it was read: level\./);
  for (const other of [0, 2]) assert.doesNotMatch(await row(other).textContent(), /Somebody/);
  assert.equal(await row(1).locator("code").textContent(), uncoded((await read("/v1/sessions/2")).tag));
  assert.deepEqual(await requests(), ["POST /v1/operations"]);
  await picture("move");

  await pane.getByRole("button", { name: "Move all on top of that" }).click();
  await says("200: all 3 are moved");
  assert.deepEqual(await requests(), ["POST /v1/operations"], "nothing was read again");
  assert.deepEqual((await starts()).map(Date.parse), moved.map(Date.parse));
  assert.equal((await read("/v1/sessions/2")).data.attributes.level, "expert", "theirs is kept");

  // The editors' copies are old ones now: what the move has changed is theirs to see.
  await a.getByLabel("Level").fill("beginner");
  await a.getByRole("button", { name: "Save" }).click();
  await a.getByRole("status").filter({ hasText: "412: not saved" }).waitFor();
  await a.getByRole("button", { name: "Save the merge" }).click();
  await a.getByRole("status").filter({ hasText: "200: saved" }).waitFor();
  assert.equal((await read("/v1/sessions/2")).data.attributes.startTime, (await starts())[1]);
  for (const name of ["A", "B"]) {
    const editor = page.getByRole("region", { name: `Editor ${name}` });
    await readAgain(editor);
    await editor.getByRole("status").filter({ hasText: "Read." }).waitFor();
  }
}

async function reader(page, picture) {
  const pane = page.getByRole("region", { name: "Download only if changed" });
  const fact = (name) => pane.locator(`[data-fact=${name}]`).textContent();
  const says = (text) => pane.getByRole("status").filter({ hasText: text }).waitFor();
  const fresh = pane.getByRole("button", { name: "Read without a tag" });
  const again = pane.getByRole("button", { name: "Read again if changed" });

  assert.equal(await again.isDisabled(), true);
  await fresh.click();
  await says("200: a new copy");
  const size = Number(await fact("bytes"));
  assert.ok(size > 0);
  const current = await read("/v1/sessions/2");
  assert.equal(await fact("tag"), current.tag);

  await again.click();
  await says("304: the copy is the current one");
  assert.equal(await fact("answer"), "304, 0 bytes");
  assert.equal(Number(await fact("bytes")), size);
  assert.ok((await pane.locator("pre").textContent()).includes(`If-None-Match: ${current.tag}`));
  await picture("reader");

  const b = page.getByRole("region", { name: "Editor B" });
  await b.getByLabel("Level").fill("advanced");
  await b.getByRole("button", { name: "Save" }).click();
  await b.getByRole("status").filter({ hasText: "200: saved" }).waitFor();
  await again.click();
  await says("200: a new copy");
  assert.notEqual(await fact("tag"), current.tag);
  assert.ok(Number(await fact("bytes")) > size);
}

async function narrow(page, picture) {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const target of ["/", "/editors"]) {
    await page.goto(origin + target);
    await page.waitForLoadState("networkidle");
    const wide = await page.evaluate(() => window.document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `${target} is ${wide} pixels wide on a telephone of 360`);
  }
  await picture("narrow");
}

await tell(firstPage, twoEditors, weakened, sideBySide, moveThree, reader, narrow);
