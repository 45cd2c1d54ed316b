// The status page, while somebody reads and two editors meet.
//
//   node status.mjs <origin> <path of Chromium> [<folder for screenshots>]

import assert from "node:assert/strict";
import { accepted, origin, read, tell } from "./browser.mjs";

const target = `${origin}/v1/sessions/1`;

async function ask(tag) {
  const response = await fetch(target, { headers: { ...accepted, "If-None-Match": tag } });
  return response.status;
}

async function save(tag, subtitle) {
  const body = JSON.stringify({ data: { type: "sessions", id: "1", attributes: { subtitle } } });
  const headers = { "Content-Type": "application/vnd.api+json", "If-Match": tag };
  return (await fetch(target, { method: "PATCH", headers, body })).status;
}

async function figures(page, picture) {
  await page.goto(`${origin}/status`);
  const shown = (name) => page.locator(`[data-figure=${name}] output`);
  const points = async (name) => {
    const text = await page.locator(`[data-figure=${name}] polyline`).getAttribute("points");
    return text.split(" ").map((point) => point.split(",").map(Number));
  };
  await page.waitForFunction(() => window.document.querySelector("[data-figure=refused] output").textContent === "0");

  const { tag } = await read("/v1/sessions/1");
  for (let number = 0; number < 20; number += 1) assert.equal(await ask(tag), 304);
  assert.equal(await save(tag, "Mine"), 200);
  assert.equal(await save(tag, "Yours"), 412);

  await page.waitForFunction(() => window.document.querySelector("[data-figure=refused] output").textContent === "1");
  const share = parseFloat(await shown("ratio").textContent());
  assert.ok(share > 50 && share < 100, `${share} %`);
  assert.match(await shown("bytes").textContent(), /^[1-9][0-9.]* k?B$/);
  for (const name of ["ratio", "bytes", "refused"]) {
    const line = await points(name);
    assert.ok(line.length >= 2, `${name} has a line`);
    const heights = line.map(([, y]) => y);
    assert.ok(heights.every((y) => y >= 0 && y <= 80), `${name} stays in its drawing: ${heights}`);
    assert.ok(Math.min(...heights) < Math.max(...heights), `${name} rises: ${heights}`);
  }
  await picture("status");
}

await tell(figures);
