// The two-editors page with entity tags off: it cannot protect anybody, and says so.
//
//   node off.mjs <origin> <path of Chromium> [<folder for screenshots>]

import assert from "node:assert/strict";
import { origin, read, tell } from "./browser.mjs";

async function lastSaveWins(page, picture) {
  await page.goto(`${origin}/editors`);
  const a = page.getByRole("region", { name: "Editor A" });
  const b = page.getByRole("region", { name: "Editor B" });
  const says = (editor, text) => editor.getByRole("status").filter({ hasText: text }).waitFor();
  await says(a, "Read. The server sent no tag");
  await says(b, "Read. The server sent no tag");

  await a.getByLabel("Title", { exact: true }).fill("Saved first");
  await b.getByLabel("Title", { exact: true }).fill("Saved last");
  await a.getByRole("button", { name: "Save" }).click();
  await says(a, "200: saved. The server sent no tag");
  assert.ok(!(await a.locator("pre").textContent()).includes("If-Match"));
  await b.getByRole("button", { name: "Save" }).click();
  await says(b, "200: saved. The server sent no tag");
  assert.equal((await read("/v1/sessions/1")).data.attributes.title, "Saved last");

  const pane = page.getByRole("region", { name: "Download only if changed" });
  await pane.getByRole("button", { name: "Read without a tag" }).click();
  await pane.getByRole("status").filter({ hasText: "200" }).waitFor();
  assert.equal(await pane.getByRole("button", { name: "Read again if changed" }).isDisabled(), true);

  // Without tags the client reads each of the three once more, and sees that one is another than this window has read. Between
  // that read and the move anybody may change it.
  const move = page.getByRole("region", { name: "Move three sessions at once" });
  await move.getByRole("button", { name: "Move all by 30 minutes" }).click();
  await move.getByRole("status").filter({ hasText: "None is moved. Somebody has changed" }).waitFor();
  await move.getByRole("button", { name: "Move all on top of that" }).click();
  await move.getByRole("status").filter({ hasText: "200: all 3 are moved" }).waitFor();
  assert.ok(!(await move.locator("pre").textContent()).includes("ifMatch"));
  await picture("off");
}

await tell(lastSaveWins);
