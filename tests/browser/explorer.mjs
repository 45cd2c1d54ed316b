// The explorer: what is read is changed with its tag, without anybody having to copy it.
//
//   node explorer.mjs <origin> <path of Chromium> [<folder for screenshots>]
//
// With UPSTREAM in the environment, <origin> is where a proxy is started that adds a prefix, and UPSTREAM is the server
// behind it. With UPDATE_PICTURES, docs/explorer.png is made anew.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { origin, tell } from "./browser.mjs";

const { UPSTREAM, UPDATE_PICTURES } = process.env;
const prefix = UPSTREAM ? "/conference" : "";
const document = `${origin}${prefix}/v1/openapi.json`;

/// A page that is slow because the machine is busy is no mistake.
const PATIENCE = 120_000;

/// A reverse proxy: what is asked below the prefix, the server is asked without it.
function startProxy() {
  const { hostname, port } = new URL(origin);
  const proxy = http.createServer((request, response) => {
    if (!request.url.startsWith(`${prefix}/`)) return response.writeHead(404).end();
    const { method, headers } = request;
    const target = new URL(request.url.slice(prefix.length), UPSTREAM);
    const asked = http.request(target, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asked.on("error", () => response.destroy());
    request.pipe(asked);
  });
  return new Promise((resolve) => proxy.listen(Number(port), hostname, () => resolve(proxy)));
}

async function explore(page) {
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${origin}${prefix}/docs`);
  await page.locator(".opblock").first().waitFor();
}

/// Opens an operation, to try it.
async function open(page, method, path) {
  const summary = page.locator(`.opblock-${method} .opblock-summary`, { has: page.locator(`[data-path="${path}"]`) });
  const operation = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });
  await summary.locator(".opblock-summary-control").click();
  await operation.locator(".try-out__btn").click();
  return {
    operation,
    field: (name) => operation.locator(`tr[data-param-name="${name}"] input`),
    body: operation.locator(".body-param textarea"),
    fill: operation.locator(".explorer-fill input"),
    notice: operation.locator(".explorer-notice"),
    /// The status of the answer, as it is shown.
    async execute() {
      const clear = operation.locator(".btn-clear");
      if (await clear.isVisible()) await clear.click();
      await operation.locator(".btn.execute").click();
      await operation.locator(".live-responses-table tbody").waitFor();
      return Number(await operation.locator(".live-responses-table tbody .response-col_status").first().innerText());
    },
  };
}

const change = (id, attributes) => JSON.stringify({ data: { type: "sessions", id, attributes } }, null, 2);

async function everyOperationIsListed(page) {
  await explore(page);
  const response = await fetch(document);
  const { info, paths } = await response.json();
  assert.equal(await page.title(), info.title);
  const methods = ["get", "post", "patch", "delete"];
  const expected = Object.entries(paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]).map((method) => `${method} ${path}`));
  const listed = await page.locator(".opblock").evaluateAll((operations) => operations.map((operation) => {
    const method = operation.querySelector(".opblock-summary-method").textContent.toLowerCase();
    return `${method} ${operation.querySelector(".opblock-summary-path").dataset.path}`;
  }));
  assert.deepEqual(listed.sort(), expected.sort());
}

/// A change has the tag of what was read; another window is faster; what is there now is fetched; then it is made.
async function nothingIsLost(page, picture) {
  const reading = await open(page, "get", "/v1/sessions/{id}");
  await reading.field("id").fill("1");
  assert.equal(await reading.execute(), 200);

  const writing = await open(page, "patch", "/v1/sessions/{id}");
  assert.equal(await writing.field("If-Match").inputValue(), "", "no URL, no tag");
  await writing.field("id").fill("1");
  await writing.operation.getByText("Read at").waitFor();
  assert.match(await writing.field("If-Match").inputValue(), /^"[0-9a-f]{40}(~\w+)?"$/);
  await writing.operation.getByText("Put what I have read into the body").click();
  const { data } = JSON.parse(await writing.body.inputValue());
  assert.deepEqual([data.type, data.id, data.attributes.title], ["sessions", "1", "Opening: a harbour for open projects"]);
  await writing.body.fill(change("1", { subtitle: "The harbour, and its lights" }));
  assert.equal(await writing.execute(), 200);
  assert.equal(await writing.notice.count(), 0);

  // The new tag came with the answer. In another window nothing was read: it overwrites what is there.
  const tag = await writing.field("If-Match").inputValue();
  const other = await page.context().newPage();
  await explore(other);
  const elsewhere = await open(other, "patch", "/v1/sessions/{id}");
  await elsewhere.field("id").fill("1");
  await elsewhere.body.fill(change("1", { subtitle: "Where the coffee is" }));
  assert.equal(await elsewhere.execute(), 200);
  await other.close();

  await writing.body.fill(change("1", { subtitle: "The harbour at night" }));
  assert.equal(await writing.execute(), 412);
  await writing.notice.getByText("412 Precondition Failed.").waitFor();
  assert.equal(await writing.field("If-Match").inputValue(), tag, "the tag of what nobody has seen here is not taken");
  await writing.notice.getByRole("button", { name: "Fetch it again" }).click();
  await writing.notice.locator("table").waitFor();
  const rows = await writing.notice.locator("tbody tr").allInnerTexts();
  assert.deepEqual(rows.map((row) => row.split("\t")), [["subtitle", '"The harbour, and its lights"', '"Where the coffee is"']]);
  assert.notEqual(await writing.field("If-Match").inputValue(), tag);
  await photograph(page, writing);
  await picture("explorer-412");
  assert.equal(await writing.execute(), 200);

  await reading.fill.check();
  assert.equal(await reading.execute(), 304);
  await reading.notice.getByText("304 Not Modified.").waitFor();
  await picture("explorer-304");
}

/// The picture for the README: what a refused change looks like, from the operation's name to the notice.
async function photograph(page, { operation, body, notice }) {
  await page.setViewportSize({ width: 1000, height: 1000 });
  await body.evaluate((textarea) => { textarea.style.cssText = "min-height: 0; height: 170px"; });
  await page.mouse.move(0, 0);
  const [top, bottom] = [await operation.boundingBox(), await notice.boundingBox()];
  const { scrollY } = await page.evaluate(() => ({ scrollY }));
  const clip = { x: 0, y: top.y + scrollY - 8, width: 1000, height: bottom.y + bottom.height - top.y + 24 };
  const png = await page.screenshot({ clip, fullPage: true });
  assert.ok(png.length < 200_000, `${png.length} bytes`);
  if (UPDATE_PICTURES) await writeFile(fileURLToPath(new URL("../../docs/explorer.png", import.meta.url)), png);
}

/// A relationship has a tag of its own at its own URL; what was deleted is forgotten.
async function relationshipsAndDeletions(page) {
  await explore(page);
  const path = "/v1/sessions/{id}/relationships/track";
  const reading = await open(page, "get", path);
  await reading.field("id").fill("2");
  assert.equal(await reading.execute(), 200);
  const writing = await open(page, "patch", path);
  await writing.field("id").fill("2");
  await writing.operation.getByText("Read at").waitFor();
  assert.match(await writing.field("If-Match").inputValue(), /^"[0-9a-f]{40}/);
  await writing.operation.getByText("Put what I have read into the body").click();
  assert.equal(JSON.parse(await writing.body.inputValue()).data.type, "tracks");
  assert.ok([200, 204].includes(await writing.execute()));

  const session = await open(page, "get", "/v1/sessions/{id}");
  await session.field("id").fill("21");
  assert.equal(await session.execute(), 200);
  const deleting = await open(page, "delete", "/v1/sessions/{id}");
  await deleting.field("id").fill("21");
  await deleting.operation.getByText("Read at").waitFor();
  assert.equal(await deleting.execute(), 204);
  await deleting.operation.getByText("Nothing was read here so far.").waitFor();
  assert.equal(await deleting.field("If-Match").inputValue(), "");
}

/// What is empty is not sent, and the many filters are there when somebody asks for them.
async function aListAndItsFilters(page) {
  const list = await open(page, "get", "/v1/speakers");
  assert.equal(await list.execute(), 200);
  assert.equal(await list.operation.locator(".request-url pre").innerText(), `${origin}${prefix}/v1/speakers`);
  assert.equal(await list.field("filter[name][startswith]").count(), 0);
  await list.operation.getByText(/^Show \d+ more filters/).click();
  await list.field("filter[name][startswith]").fill("A");
  assert.equal(await list.execute(), 200);
  const url = new URL(await list.operation.locator(".request-url pre").innerText());
  assert.equal(url.search, `?${encodeURIComponent("filter[name][startswith]")}=A`);
}

/// Resources of an answer may say their tags, as the results of operations do.
async function aTagWithinADocument(page) {
  const data = [{ type: "tracks", id: "1", attributes: {}, links: { self: `${prefix}/v1/tracks/1` }, meta: { etag: '"within"' } }];
  await page.route("**/v1/tracks", (route) => route.fulfill({ contentType: "application/vnd.api+json", body: JSON.stringify({ data }) }));
  const list = await open(page, "get", "/v1/tracks");
  assert.equal(await list.execute(), 200);
  await page.unroute("**/v1/tracks");
  const deleting = await open(page, "delete", "/v1/tracks/{id}");
  await deleting.field("id").fill("1");
  await deleting.operation.getByText("Read at").waitFor();
  assert.equal(await deleting.field("If-Match").inputValue(), '"within"');
}

/// Several operations with their tags, and a key: sent twice, made once; one of them refused, none made.
async function severalAtOnce(page, picture) {
  await explore(page);
  const reading = await open(page, "get", "/v1/sessions/{id}");
  await reading.field("id").fill("5");
  assert.equal(await reading.execute(), 200);
  const several = await open(page, "post", "/v1/operations");
  const update = (id, level) => ({ op: "update", data: { type: "sessions", id, attributes: { level } } });
  const write = (level) =>
    several.body.fill(JSON.stringify({ "atomic:operations": [update("6", level), update("5", level), update("5", level)] }));
  await write("beginner");
  const fill = several.operation.getByRole("button", { name: "Put the tags of what I have read into the operations" });
  await fill.click();
  const tags = async () => JSON.parse(await several.body.inputValue())["atomic:operations"].map(({ meta }) => meta?.ifMatch);
  const [none, tag, again] = await tags();
  assert.match(tag, /^"[0-9a-f]{40}(~\w+)?"$/);
  assert.deepEqual([none, again], [undefined, undefined]);

  await several.operation.getByRole("button", { name: "Make a new key" }).click();
  const key = await several.field("Idempotency-Key").inputValue();
  assert.match(key, /^"[0-9a-f-]{32,36}"$/);
  assert.equal(await several.execute(), 200);
  assert.equal(await several.notice.count(), 0);
  assert.equal(await several.execute(), 200);
  await several.notice.getByText("Sent before.").waitFor();

  // What came back has tags, too: now all are known.
  await several.operation.getByRole("button", { name: "Make a new key" }).click();
  assert.notEqual(await several.field("Idempotency-Key").inputValue(), key);
  await write("expert");
  await fill.click();
  assert.equal((await tags()).filter(Boolean).length, 2);
  const headers = { "Content-Type": "application/vnd.api+json" };
  const response = await fetch(`${origin}${prefix}/v1/sessions/5`, { method: "PATCH", headers, body: change("5", { level: "advanced" }) });
  assert.equal(response.status, 200);
  assert.equal(await several.execute(), 412);
  await several.notice.getByText("Operation 1 (update sessions 5) was refused.").waitFor();
  await several.notice.getByRole("button", { name: "Fetch it again" }).click();
  await several.notice.locator("table").waitFor();
  const rows = await several.notice.locator("tbody tr").allInnerTexts();
  assert.deepEqual(rows.map((row) => row.split("\t")), [["level", '"beginner"', '"advanced"']]);
  await picture("explorer-operations");
  await fill.click();
  assert.equal(await several.execute(), 200);
}

/// Where a change must say what it is made for.
async function theTagIsRequired(page, picture) {
  await explore(page);
  const writing = await open(page, "patch", "/v1/sessions/{id}");
  await writing.field("id").fill("3");
  await writing.body.fill(change("3", { subtitle: "Mine" }));
  // The document says that the field is required, so that nothing is sent without it.
  await writing.operation.locator(".btn.execute").click();
  await writing.operation.locator('tr[data-param-name="If-Match"] input.invalid').waitFor();
  await picture("explorer-required");
  await writing.operation.getByRole("button", { name: "Fetch it" }).click();
  await writing.operation.getByText("Read at").waitFor();
  assert.match(await writing.field("If-Match").inputValue(), /^"[0-9a-f]{40}/);
  assert.equal(await writing.execute(), 200);
  assert.ok((await writing.operation.locator(".request-url pre").innerText()).startsWith(`${origin}${prefix}/v1/`));
  // Whoever has written a tag by hand, and asks for what is there now, gets the tag of that.
  await writing.field("If-Match").fill('"by hand"');
  await writing.operation.getByText("As you have written it.").waitFor();
  assert.equal(await writing.execute(), 412);
  await writing.notice.getByRole("button", { name: "Fetch it again" }).click();
  await writing.operation.getByText("Read at").waitFor();
  assert.match(await writing.field("If-Match").inputValue(), /^"[0-9a-f]{40}/);
  const reading = await open(page, "get", "/v1/sessions/{id}");
  await reading.field("id").fill("3");
  await reading.fill.check();
  assert.equal(await reading.execute(), 304);
}

if (UPSTREAM) {
  const proxy = await startProxy();
  await tell(everyOperationIsListed, theTagIsRequired);
  proxy.close();
  proxy.closeAllConnections();
} else {
  await tell(everyOperationIsListed, nothingIsLost, aListAndItsFilters, aTagWithinADocument, relationshipsAndDeletions, severalAtOnce);
}
