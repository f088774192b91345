/**
 * Compiles the sources into dist/ and builds the web pages, only when something changed since.
 * Plain JavaScript; needs what tools/setup.mjs installs.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { ROOT, ToolError, run, say, seconds, whenStarted } from "./progress.mjs";

const DIST = join(ROOT, "dist");
const STAMP = join(DIST, ".built-from");
const SOURCE_FOLDERS = [
  "api",
  "cli",
  "common",
  "conductor",
  "db",
  "drivers",
  "novncproxy",
  "tests",
  "tools",
  "web",
];
const SINGLE_FILES = ["package.json", "package-lock.json", "tsconfig.json"];
const OURS = /\.(?:[cm]?ts|mjs|html|css|svg|json)$/;

/** @throws {ToolError} when something does not compile */
export async function build() {
  const stamp = stampOfSources();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return;
  const started = Date.now();
  say("build: compiling ...");
  rmSync(STAMP, { force: true });
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  if ((await run(process.execPath, [compiler, "--project", ROOT])) !== 0)
    throw new ToolError("build: the sources do not compile, see above");
  removeOrphans(DIST);
  for (const program of ["cli/main.js"]) chmodSync(join(DIST, program), 0o755);
  const { buildWeb } = await import("./build-web.mjs");
  await buildWeb();
  /* esbuild leaves a helper process running, for a next build that does not come. */
  const { stop } = await import("esbuild");
  await stop();
  mkdirSync(DIST, { recursive: true });
  writeFileSync(STAMP, stamp);
  say(`build: done, ${seconds(started)}`);
}

/** Changes whenever a source file appears, goes, or is written. */
function stampOfSources() {
  const hash = createHash("sha256");
  for (const name of SINGLE_FILES) addFile(hash, join(ROOT, name));
  for (const folder of SOURCE_FOLDERS)
    for (const file of filesBelow(join(ROOT, folder))) if (OURS.test(file)) addFile(hash, file);
  return hash.digest("hex");
}

function addFile(hash, file) {
  const { size, mtimeMs } = statSync(file);
  hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(path);
      return entry.isFile() ? [path] : [];
    });
}

/** Removes compiled files whose source is gone, else a deleted test would still run. */
function removeOrphans(dist) {
  for (const file of filesBelow(dist)) {
    const match = /^(.*?)(?:\.d\.ts|\.js\.map|\.js)$/.exec(relative(dist, file));
    if (!match || file.startsWith(join(dist, "web"))) continue;
    if (!existsSync(join(ROOT, `${match[1]}.ts`))) rmSync(file);
  }
}

await whenStarted(import.meta.url, build);
