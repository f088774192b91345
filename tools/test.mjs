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
const KIND_LIMIT_MS = 14 * 60_000;
const WHOLE_LIMIT_MS = 28 * 60_000;
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
    const runAll = async (jobs) => {
      for (const job of jobs)
        if (job.kind in left) skip(job, left[job.kind], totals);
        else await mocha(job, totals, running);
    };
    const jobs = jobsOf(parts);
    const beside = parts.length === 0 ? jobs.filter((job) => job.beside) : [];
    const long = jobs.findIndex((job) => job.kind === "functional");
    await runAll(jobs.slice(0, beside.length > 0 ? long : 0));
    const rest = jobs.slice(beside.length > 0 ? long : 0).filter((job) => !beside.includes(job));
    await Promise.all([runAll(rest), runAll(beside.map((job) => ({ ...job, held: true })))]);
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
  if (parts.length === 0) return KINDS.flatMap(wholeKind);
  return parts.flatMap((part) => {
    if (KINDS.includes(part)) return wholeKind(part);
    const path = relative(ROOT, resolve(ROOT, part));
    const kind = /^tests\/([a-z]+)(?:\/|$)/.exec(path)?.[1] ?? "";
    if (!KINDS.includes(kind) || !existsSync(join(ROOT, path)))
      throw new ToolError(`test: "${part}" is no kind (${KINDS.join(", ")}) and no path in tests/`);
    return { kind, spec: join("dist", path.replace(/\.ts$/, ".js")) };
  });
}

/**
 * Consoles in a browser take as long as all other functional tests, which mostly wait: in a whole run what
 * is marked `beside` runs at the same time as those.
 */
function wholeKind(kind) {
  const spec = `dist/tests/${kind}`;
  if (kind === "browser") return [{ kind, spec, beside: true }];
  if (kind !== "functional") return [{ kind, spec }];
  const consoles = `${spec}/drivers/browser`;
  return [
    { kind, spec, without: consoles },
    { kind, spec: consoles, beside: true },
  ];
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
  const title = `${job.kind}${job.spec.endsWith(job.kind) ? "" : `: ${job.spec}`}`;
  say(`\n== ${title}${job.held ? ", shown when it ends" : ""}`);
  const folder = mkdtempSync(join(tmpdir(), "bmcon-test-"));
  const summary = join(folder, "summary.json");
  const args = [
    "--enable-source-maps",
    join(ROOT, "node_modules", "mocha", "bin", "mocha.js"),
    `--reporter=${join(ROOT, "tools", "mocha-reporter.mjs")}`,
    `--reporter-option=summary=${summary}`,
    `--require=${join(ROOT, "dist", "tests", "mocha-root-hooks.js")}`,
    ...(job.without ? [`--ignore=${join(ROOT, job.without, "**")}`] : []),
    statSync(spec).isDirectory() ? join(spec, "**", "*.test.js") : spec,
  ];
  let timer;
  let own;
  const status = await run(process.execPath, args, {
    held: job.held,
    onSpawn: (pid) => {
      own = pid;
      running.add(pid);
      timer = setTimeout(() => {
        process.stderr.write(`test: ${job.kind} took longer than ${KIND_LIMIT_MS / 60_000} min\n`);
        killTree(pid);
      }, KIND_LIMIT_MS);
    },
  });
  running.delete(own);
  clearTimeout(timer);
  const counts = existsSync(summary)
    ? JSON.parse(readFileSync(summary, "utf8"))
    : { passes: 0, failures: 1, pending: 0 };
  if (status !== 0 && counts.failures === 0) counts.failures = 1;
  rmSync(folder, { recursive: true });
  for (const name of Object.keys(totals)) totals[name] += counts[name];
  say(`== ${title}: ${counts.passes} passed, ${counts.failures} failed, ${seconds(started)}`);
}

await whenStarted(import.meta.url, test);
