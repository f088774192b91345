/**
 * A real Chromium for tests of the web pages, driven by playwright-core. Debian's package is used; no
 * browser is downloaded. Without one the tests are pending and say so, except in CI, where they fail.
 *
 * The pages' content security policy blocks playwright's waitForFunction (it evaluates text inside the
 * page): wait with `eventually` around locators and page.evaluate.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { packageRoot } from "../../common/package-root.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const QUIET_FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-proxy-server",
];

/** A describe block with one browser, started before it and closed after it. */
export function describeInBrowser(title: string, tests: (browser: () => Browser) => void): void {
  describe(title, function () {
    let browser: Browser | undefined;
    before(async function () {
      const executablePath = PLACES.find(isExecutable);
      if (executablePath === undefined) {
        if (process.env["CI"] === "true") throw new Error(`no Chromium at ${PLACES.join(", ")}`);
        process.stderr.write("pending: install Debian's package chromium to test the web pages\n");
        this.skip();
      }
      this.timeout(30_000);
      browser = await chromium.launch({ executablePath, args: browserFlags() });
    });
    after(async () => {
      await browser?.close();
    });
    tests(() => {
      assert.ok(browser, "the browser is running");
      return browser;
    });
  });
}

/** FACT(Chromium): as root it refuses to start with its sandbox. */
function browserFlags(): string[] {
  return process.getuid?.() === 0 ? [...QUIET_FLAGS, "--no-sandbox"] : QUIET_FLAGS;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A page of a fresh profile, and everything that it complained about. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors on the browser's console (policy violations among them) and uncaught exceptions. */
  readonly complaints: string[];
  /** URLs of every request, WebSockets included. */
  readonly requests: string[];
}

export async function openWatchedPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  return { page, context, complaints, requests };
}

/**
 * Asks again and again until the answer is the wanted one.
 * @throws {Error} at the deadline, with the last answer
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  wanted: (answer: T) => boolean,
  seconds = 8,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`not in ${seconds} s: ${what}; last: ${String(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Builds the pages when they are out of date. @returns the folder with index.html and its files */
export function builtPages(): string {
  const root = packageRoot();
  const built = spawnSync(process.execPath, [join(root, "tools", "build-web.mjs")]);
  assert.equal(built.status, 0, built.stderr?.toString());
  const folder = join(root, "dist", "web", "console");
  assert.ok(existsSync(join(folder, "index.html")));
  return folder;
}
