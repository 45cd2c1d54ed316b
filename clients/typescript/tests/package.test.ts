// The package as it would be published: what is in it, and that it is what the source says.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const place = mkdtempSync(join(tmpdir(), "etag-fairing-client-"));
after(() => rmSync(place, { recursive: true, force: true }));

const text = (...path: string[]): string => readFileSync(join(...path), "utf8");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const description = JSON.parse(text(root, "package.json")) as Record<string, unknown> & { version: string };

test("dist is what tsc makes of src", () => {
  execFileSync(process.execPath, [tsc, "--project", root, "--outDir", join(place, "dist")], { stdio: "inherit" });
  const made = readdirSync(join(place, "dist")).sort();
  assert.deepEqual(readdirSync(join(root, "dist")).sort(), made);
  for (const file of made) {
    assert.equal(text(root, "dist", file), text(place, "dist", file), `dist/${file} is old: run npm run build`);
  }
});

test("it needs no other package", () => {
  assert.equal(description.dependencies, undefined);
  for (const file of readdirSync(join(root, "dist"))) {
    for (const [, name] of text(root, "dist", file).matchAll(/\bfrom "([^"]*)"/g)) assert.match(name!, /^\.\/[a-z-]+\.js$/);
  }
});

test("its licences are those of the repository, its version that of the crate", () => {
  for (const file of ["LICENSE-MIT", "LICENSE-APACHE"]) assert.equal(text(root, file), text(root, "../..", file));
  assert.match(text(root, "../../Cargo.toml"), new RegExp(`^version = "${description.version}"$`, "m"));
});

test("what is packed is installed, imported and typed", () => {
  // npm on Windows is a script of the shell.
  const npm = (folder: string, ...words: string[]): string =>
    execFileSync("npm", words, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  const [packed] = JSON.parse(npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", place)) as [
    { filename: string; files: { path: string }[] },
  ];
  const files = packed.files.map((file) => file.path).sort();
  const dist = readdirSync(join(root, "dist")).map((file) => `dist/${file}`);
  assert.deepEqual(files, ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json", ...dist].sort());

  writeFileSync(join(place, "package.json"), '{"type": "module"}');
  npm(place, "install", "--offline", "--no-audit", "--no-fund", join(place, packed.filename));
  writeFileSync(
    join(place, "use.ts"),
    `import { type Client, createClient } from "etag-fairing-client";
interface Paths {
  "/things/{id}": { get: { responses: { 200: { content: { "application/vnd.api+json": { data: { type: "things"; id: string } } } } } } };
}
const api: Client<Paths> = createClient<Paths>({ baseUrl: "http://127.0.0.1:1" });
console.log(typeof api.get, api.url("/things"));
`,
  );
  const options = ["--strict", "--target", "es2022", "--module", "nodenext"];
  execFileSync(process.execPath, [tsc, ...options, "use.ts"], { cwd: place, stdio: "inherit" });
  const said = execFileSync(process.execPath, ["use.js"], { cwd: place, encoding: "utf8" });
  assert.equal(said, "function http://127.0.0.1:1/things\n");
});
