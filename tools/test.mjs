/**
 * `npm test`: sets up everything tests need, then format check, lint, type check and all kinds of
 * tests, and ends with one line `N passed, N failed`. `npm test -- unit` or `-- tests/unit/db` runs a
 * part; `--no-apt` installs nothing.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { build } from "./build.mjs";
import { killTree } from "./kill-tree.mjs";
import { ROOT, ToolError, run, say, seconds, whenStarted } from "./progress.mjs";
import { setup } from "./setup.mjs";
import { PACKAGES, installPackages, missingPackages } from "./test-packages.mjs";

const KINDS = ["unit", "contract", "hygiene", "functional", "browser"];
/** Kinds that are skipped whole without their packages; in the others single tests say so themselves. */
const ALL_OR_NOTHING = ["functional", "browser"];
const KIND_LIMIT_MS = 10 * 60_000;
const WHOLE_LIMIT_MS = 25 * 60_000;
const bin = (name) => join(ROOT, "node_modules", ".bin", name);

async function test() {
  const { parts, mayInstall } = parseArguments(process.argv.slice(2));
  const started = Date.now();
  const totals = { passes: 0, failures: 0, pending: 0 };
  const running = new Set();
  const watchdog = setTimeout(() => {
    process.stderr.write(`test: the whole run took longer than ${WHOLE_LIMIT_MS / 60_000} min\n`);
    for (const pid of running) killTree(pid);
    process.exit(1);
  }, WHOLE_LIMIT_MS);
  try {
    await setup();
    const left = await packages(mayInstall, parts);
    await build();
    if (parts.length === 0) await checks(totals);
    for (const job of jobsOf(parts)) {
      if (job.kind in left) skip(job, left[job.kind], totals);
      else await mocha(job, totals, running);
    }
  } finally {
    clearTimeout(watchdog);
  }
  const skipped = totals.pending > 0 ? `, ${totals.pending} skipped` : "";
  say(`\nall of it took ${seconds(started)}`);
  say(`${totals.passes} passed, ${totals.failures} failed${skipped}`);
  if (totals.failures > 0 || totals.passes === 0) process.exitCode = 1;
}

/** @returns parts: kinds or paths of sources or folders below tests/ */
function parseArguments(args) {
  const parts = args.filter((arg) => !arg.startsWith("--"));
  const unknown = args.find((arg) => arg.startsWith("--") && arg !== "--no-apt");
  if (unknown) throw new ToolError(`test: unknown option ${unknown}; there is --no-apt`);
  return { parts, mayInstall: !args.includes("--no-apt") };
}

/** Installs missing packages where it may. @returns kinds that cannot run: the packages they lack */
async function packages(mayInstall, parts) {
  const kinds = parts.length === 0 ? KINDS : jobsOf(parts).map((job) => job.kind);
  const needed = (name) => PACKAGES[name].kinds.some((kind) => kinds.includes(kind));
  let missing = missingPackages().filter(needed);
  if (missing.length > 0 && mayInstall && (await installPackages(missing)))
    missing = missingPackages().filter(needed);
  if (missing.length === 0) return {};
  const without = {};
  for (const kind of kinds.filter((one) => ALL_OR_NOTHING.includes(one))) {
    const lacks = missing.filter((name) => PACKAGES[name].kinds.includes(kind));
    if (lacks.length > 0) without[kind] = lacks;
  }
  const advice = `sudo apt-get install --no-install-recommends ${missing.join(" ")}`;
  const sentence = `test: these packages are missing, please run\n  ${advice}\n`;
  if (process.env["CI"] === "true") throw new ToolError(sentence);
  say(`${sentence}until then skipped: ${Object.keys(without).join(", ") || "some unit tests"}`);
  return without;
}

/** Format, lint and type checks; each counts as one test. */
async function checks(totals) {
  const oxlint = ["--type-aware", "--report-unused-disable-directives"];
  await check(totals, "format (npm run format repairs)", bin("oxfmt"), ["--check", "."]);
  await check(totals, "lint", bin("oxlint"), oxlint);
  const web = join(ROOT, "web", "tsconfig.json");
  if (existsSync(web))
    await check(totals, "types of web/", bin("tsc"), ["--noEmit", "--project", web]);
}

async function check(totals, title, program, args) {
  const started = Date.now();
  const good = (await run(program, args, { quiet: true })) === 0;
  totals[good ? "passes" : "failures"] += 1;
  say(`check: ${title}: ${good ? "ok" : "FAILED"}, ${seconds(started)}`);
}

/** One job a mocha process. */
function jobsOf(parts) {
  if (parts.length === 0) return KINDS.map((kind) => ({ kind, spec: `dist/tests/${kind}` }));
  return parts.map((part) => {
    if (KINDS.includes(part)) return { kind: part, spec: `dist/tests/${part}` };
    const path = relative(ROOT, resolve(ROOT, part));
    const kind = /^tests\/([a-z]+)(?:\/|$)/.exec(path)?.[1] ?? "";
    if (!KINDS.includes(kind) || !existsSync(join(ROOT, path)))
      throw new ToolError(`test: "${part}" is no kind (${KINDS.join(", ")}) and no path in tests/`);
    return { kind, spec: join("dist", path.replace(/\.ts$/, ".js")) };
  });
}

function skip(job, lacks, totals) {
  totals.pending += 1;
  say(`\n== ${job.kind}: skipped, needs ${lacks.join(" ")}`);
}

async function mocha(job, totals, running) {
  const spec = join(ROOT, job.spec);
  if (!existsSync(spec)) {
    if (process.argv.length > 2) throw new ToolError(`test: there is no ${job.spec}`);
    return;
  }
  const started = Date.now();
  say(`\n== ${job.kind}${job.spec.endsWith(job.kind) ? "" : `: ${job.spec}`}`);
  const folder = mkdtempSync(join(tmpdir(), "bmcon-test-"));
  const summary = join(folder, "summary.json");
  const args = [
    "--enable-source-maps",
    join(ROOT, "node_modules", "mocha", "bin", "mocha.js"),
    `--reporter=${join(ROOT, "tools", "mocha-reporter.mjs")}`,
    `--reporter-option=summary=${summary}`,
    `--require=${join(ROOT, "dist", "tests", "mocha-root-hooks.js")}`,
    statSync(spec).isDirectory() ? join(spec, "**", "*.test.js") : spec,
  ];
  let timer;
  const status = await run(process.execPath, args, {
    onSpawn: (pid) => {
      running.add(pid);
      timer = setTimeout(() => {
        process.stderr.write(`test: ${job.kind} took longer than ${KIND_LIMIT_MS / 60_000} min\n`);
        killTree(pid);
      }, KIND_LIMIT_MS);
    },
  });
  running.clear();
  clearTimeout(timer);
  const counts = existsSync(summary)
    ? JSON.parse(readFileSync(summary, "utf8"))
    : { passes: 0, failures: 1, pending: 0 };
  if (status !== 0 && counts.failures === 0) counts.failures = 1;
  rmSync(folder, { recursive: true });
  for (const name of Object.keys(totals)) totals[name] += counts[name];
  say(`== ${job.kind}: ${counts.passes} passed, ${counts.failures} failed, ${seconds(started)}`);
}

await whenStarted(import.meta.url, test);
