// Chromium over the pages of a running server.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [given, executablePath, screenshots] = process.argv.slice(2);

/// Where the server is.
export const origin = given;

/// Runs each story in turn on one page; throws at the first check that fails. Whatever they do, the console stays
/// clean and nothing is loaded from elsewhere.
export async function tell(...stories) {
  const profile = await mkdtemp(join(tmpdir(), "open-event-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const page = await context.newPage();
  const complaints = [];
  const elsewhere = [];
  page.on("pageerror", (error) => complaints.push(`${error}`));
  page.on("console", (message) => {
    // Chromium logs every 4xx; the 412s and 428s are what the pages are for.
    const refused = /status of 4(12|28)/.test(message.text());
    if (message.type() === "error" && !refused) complaints.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:")) elsewhere.push(url);
  });
  const picture = async (name) => {
    if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  };
  try {
    for (const story of stories) {
      await story(page, picture);
      console.log(`${story.name}: ok`);
    }
    assert.deepEqual(complaints, [], "the console is clean");
    assert.deepEqual(elsewhere, [], "nothing is loaded from elsewhere");
  } catch (error) {
    await picture("failed");
    throw error;
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/// What Chromium asks for: each coding has a tag of its own, so that who compares tags must take the same one.
export const accepted = { Accept: "application/vnd.api+json", "Accept-Encoding": "gzip, deflate, br, zstd" };

/// A resource as it is on the server now.
export async function read(target) {
  const response = await fetch(origin + target, { headers: accepted });
  return { status: response.status, tag: response.headers.get("etag"), data: (await response.json()).data };
}
