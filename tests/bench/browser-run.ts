/**
 * The browser part of `npm run bench`: how soon a BMC's own web page is on a viewer's screen, and what a
 * browser session takes. Prints what it found; absolute figures are this machine's.
 */
import { cpus, loadavg } from "node:os";
import { ilo } from "../helpers/bmc-web/vendors/ilo.ts";
import {
  BrowserStack,
  missingForBrowserStack,
  type BrowserNode,
} from "../helpers/browser-stack.ts";
import { until } from "../helpers/until.ts";
import { WebSocketRfb } from "../helpers/websocket-rfb.ts";
import { BrowserFigures } from "./browser-figures.ts";
import { Endings, endEarly } from "./endings.ts";
import { memoryOf } from "./process-tree.ts";

export const BROWSER_SCENARIOS = [
  "browser-cold",
  "browser-warm",
  "browser-held",
  "browser-memory",
] as const;
export type BrowserScenario = (typeof BROWSER_SCENARIOS)[number];

/** Of sessions at the same time, to see what they share. */
const SESSIONS = [1, 4] as const;
const WAITS = "a browser waits for a machine";
const READY_MILLISECONDS = 60_000;
/** The default takes about a minute and a half. */
const LIMIT_MILLISECONDS = 15 * 60_000;
const QUIET = {
  "conductor.console_health_interval": "0",
  "DEFAULT.log_level": "debug",
  "browser.linger_seconds": "0",
};

export async function runBrowser(options: {
  readonly rounds: number;
  readonly scenarios: readonly BrowserScenario[];
  readonly json: boolean;
}): Promise<void> {
  const missing = missingForBrowserStack();
  if (missing.length > 0) throw new Error(`these programs are missing: ${missing.join(", ")}`);
  const { rounds } = options;
  const figures = new BrowserFigures();
  const before = loadavg()[0] ?? 0;
  const work: Readonly<Record<BrowserScenario, (endings: Endings) => Promise<void>>> = {
    "browser-cold": (endings) => measureCold(endings, rounds, figures),
    "browser-warm": (endings) => measureWarm(endings, rounds, figures),
    "browser-held": (endings) => measureHeld(endings, rounds, figures),
    "browser-memory": (endings) => measureMemory(endings, figures),
  };
  for (const scenario of options.scenarios) {
    process.stderr.write(`${scenario}\n`);
    await withEndings(work[scenario]);
  }
  figures.note(
    `Medians of ${rounds} rounds after a warm-up, smallest to largest behind them; a simulated iLO 5 on the same machine; ${cpus().length} processors, load ${before.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after; Node.js ${process.version}.`,
  );
  process.stdout.write(
    options.json ? `${JSON.stringify(figures.json())}\n` : `\n${figures.table()}\n`,
  );
}

async function measureCold(
  endings: Endings,
  rounds: number,
  figures: BrowserFigures,
): Promise<void> {
  const stack = await stackWith(endings);
  const node = await enabledNode(stack, "cold");
  for (let round = 0; round <= rounds; round++) {
    const first = await connect(stack, node);
    const cold = await first.firstFrame();
    const second = await connect(stack, node);
    const joined = await second.firstFrame();
    if (round > 0) {
      figures.add("first frame, cold", "ms", cold);
      figures.add("first frame of who joins a session", "ms", joined);
    }
    const begin = performance.now();
    for (const viewer of [first, second]) viewer.end();
    await stack.untilClean([node], READY_MILLISECONDS);
    if (round > 0)
      figures.add("from the last viewer's end to nothing left", "ms", performance.now() - begin);
  }
}

async function measureWarm(
  endings: Endings,
  rounds: number,
  figures: BrowserFigures,
): Promise<void> {
  const stack = await stackWith(endings, { "browser.warm_sessions": "1" });
  const node = await enabledNode(stack, "warm");
  for (let round = 0; round <= rounds; round++) {
    await until(
      () => stack.service.logged.split(WAITS).length > round + 1,
      "browser that waits",
      READY_MILLISECONDS,
    );
    const viewer = await connect(stack, node);
    const milliseconds = await viewer.firstFrame();
    if (round > 0) figures.add("first frame, with [browser]warm_sessions", "ms", milliseconds);
    viewer.end();
    await until(() => node.web.bmc.counts.sessions === 0, "logout", READY_MILLISECONDS);
  }
}

async function measureHeld(
  endings: Endings,
  rounds: number,
  figures: BrowserFigures,
): Promise<void> {
  const stack = await stackWith(endings, { "browser.start_on": "enable" });
  const node = await stack.addNode("held", ilo(5));
  for (let round = 0; round <= rounds; round++) {
    const begin = performance.now();
    await stack.enable(node);
    const enabled = performance.now() - begin;
    const viewer = await connect(stack, node);
    const milliseconds = await viewer.firstFrame();
    if (round > 0) {
      figures.add("enable, with [browser]start_on = enable", "ms", enabled);
      figures.add("first frame after that", "ms", milliseconds);
    }
    viewer.end();
    await stack.disable(node);
  }
}

async function measureMemory(endings: Endings, figures: BrowserFigures): Promise<void> {
  const stack = await stackWith(endings);
  const nodes: BrowserNode[] = [];
  const count = Math.max(...SESSIONS);
  for (let at = 0; at < count; at++) nodes.push(await enabledNode(stack, `memory-${at}`));
  for (const [at, node] of nodes.entries()) {
    await (await connect(stack, node)).firstFrame();
    const sessions = at + 1;
    if (!SESSIONS.some((one) => one === sessions)) continue;
    const pids = stack.sandboxPrograms().map(({ pid }) => pid);
    const mebibytes = memoryOf(pids).pssBytes / sessions / 1024 / 1024;
    const of = sessions === 1 ? "one session alone" : `each of ${sessions} sessions`;
    figures.add(`memory of ${of} (Pss)`, "MiB", mebibytes);
    figures.add(`sessions in a GiB, by ${of}`, "", 1024 / mebibytes);
    figures.add(`processes of ${of}`, "", pids.length / sessions);
  }
}

async function stackWith(
  endings: Endings,
  options: Readonly<Record<string, string>> = {},
): Promise<BrowserStack> {
  const stack = await BrowserStack.start("apart", { ...QUIET, ...options });
  endings.add("services", () => stack.stop());
  return stack;
}

async function enabledNode(stack: BrowserStack, name: string): Promise<BrowserNode> {
  const node = await stack.addNode(name, ilo(5));
  await stack.enable(node);
  return node;
}

async function connect(stack: BrowserStack, node: BrowserNode): Promise<WebSocketRfb> {
  return new WebSocketRfb(await stack.webSocket(node.name));
}

async function withEndings(work: (endings: Endings) => Promise<void>): Promise<void> {
  const endings = new Endings();
  const forget = endEarly(endings, LIMIT_MILLISECONDS);
  try {
    await work(endings);
  } finally {
    await endings.run();
    forget();
  }
}
