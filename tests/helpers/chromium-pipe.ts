/**
 * A plain Chromium on an Xvnc display, shaped like a session's process: DevTools on a pipe, RFB on a Unix
 * socket. It has the network of the machine, so that recipes and the kiosk can be tried on simulators
 * without a gate; a sandboxed session is the providers' own test.
 */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Duplex, type Readable, type Writable } from "node:stream";
import type {
  SessionEnd,
  SessionProcess,
  SessionSize,
} from "../../drivers/browser/providers/provider.ts";
import { until } from "./until.ts";

/** No account has it; Chromium's own sandbox needs an ordinary user. */
const UID = 64_321;
const START_SECONDS = 20;

export interface ChromiumOptions {
  /** Default 1280x960. */
  readonly size?: SessionSize;
  /** base64 of SHA-256 over SPKI of the certificates to believe. */
  readonly trustedKeys?: readonly string[];
  readonly userAgent?: string;
  /** Name → path that the browser can read. */
  readonly files?: ReadonlyMap<string, string>;
  /** More of Chromium's switches. */
  readonly args?: readonly string[];
}

export interface StartedChromium extends SessionProcess {
  readonly size: SessionSize;
  /** Path of the Unix socket of Xvnc, for tests that look at the picture. */
  readonly rfbPath: string;
  /** Of the browser's main process. */
  readonly pid: number;
  /** The end of what the programs printed. */
  readonly output: () => string;
  stop(): Promise<void>;
}

/** Names of Debian programs that {@link startChromium} needs and cannot find. */
export function missingForChromium(): readonly string[] {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  const there = (program: string): boolean =>
    folders.some((folder) => existsSync(join(folder, program)));
  return ["Xtigervnc", "openbox", "chromium"].filter((program) => !there(program));
}

export async function startChromium(options: ChromiumOptions = {}): Promise<StartedChromium> {
  const folder = mkdtempSync(join(tmpdir(), "kiosk-"));
  const home = join(folder, "home");
  mkdirSync(home);
  for (const path of [folder, home]) {
    if (process.getuid?.() === 0) chownSync(path, UID, UID);
    chmodSync(path, 0o700);
  }
  const world = new World(folder, home, options);
  try {
    await world.start();
    return world.process();
  } catch (error) {
    const output = world.output();
    await world.stop();
    throw new Error(`chromium did not start: ${output}`, { cause: error });
  }
}

class World {
  readonly #folder: string;
  readonly #home: string;
  readonly #options: ChromiumOptions;
  readonly #size: SessionSize;
  readonly #children: ChildProcess[] = [];
  #display = "";
  #tail = "";
  #browser: ChildProcess | undefined;

  constructor(folder: string, home: string, options: ChromiumOptions) {
    this.#folder = folder;
    this.#home = home;
    this.#options = options;
    this.#size = options.size ?? { width: 1280, height: 960 };
  }

  output(): string {
    return this.#tail;
  }

  async start(): Promise<void> {
    await this.#startDisplay();
    this.#spawn("openbox", ["--sm-disable"], ["ignore", "pipe", "pipe"]);
    this.#startBrowser();
  }

  process(): StartedChromium {
    const browser = this.#browser!;
    const [, , , to, from] = browser.stdio as unknown as [0, 0, 0, Writable, Readable];
    const cdp = Duplex.from({ readable: from, writable: to });
    cdp.on("error", () => undefined);
    const ended = once(browser, "exit").then(([code, signal]): SessionEnd => ({
      reason: `exit ${String(code ?? signal)}`,
    }));
    const stop = (): Promise<void> => this.stop();
    return {
      cdp,
      size: this.#size,
      rfbPath: this.#rfbPath(),
      pid: browser.pid!,
      filePaths: this.#options.files ?? new Map<string, string>(),
      output: () => this.#tail,
      dialRfb: () => dial(this.#rfbPath()),
      runJnlp: () => Promise.reject(new Error("no Java here")),
      memoryBytes: () => Promise.resolve(null),
      ended,
      end: stop,
      stop,
    };
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) await kill(child);
    // Chromium's helpers write into the profile for a moment after their parent is gone.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  #rfbPath(): string {
    return join(this.#folder, "rfb.sock");
  }

  async #startDisplay(): Promise<void> {
    const { width, height } = this.#size;
    const args = ["-displayfd", "3", "-rfbport", "-1", "-rfbunixpath", this.#rfbPath()];
    args.push("-geometry", `${width}x${height}`, "-depth", "24", "-SecurityTypes", "None");
    args.push("-AlwaysShared", "-noreset", "-nolisten", "tcp", "-AcceptSetDesktopSize=1");
    const xvnc = this.#spawn("Xtigervnc", args, ["ignore", "pipe", "pipe", "pipe"]);
    let number = "";
    (xvnc.stdio[3] as Readable).on("data", (chunk: Buffer) => (number += chunk.toString("latin1")));
    const ready = (): boolean => number.endsWith("\n") && existsSync(this.#rfbPath());
    await until(ready, () => `display: ${this.#tail}`, START_SECONDS * 1000);
    this.#display = `:${number.trim()}`;
  }

  #startBrowser(): void {
    const { width, height } = this.#size;
    const { trustedKeys = [], userAgent, args: more = [] } = this.#options;
    const args = [
      `--user-data-dir=${join(this.#home, "profile")}`,
      "--remote-debugging-pipe",
      "--kiosk",
      "--force-app-mode",
      "--start-fullscreen",
      "--window-position=0,0",
      `--window-size=${width},${height}`,
      "--force-device-scale-factor=1",
      "--disable-gpu",
      "--no-first-run",
      "--noerrdialogs",
      "--disable-features=Translate,MediaRouter,OptimizationHints",
      ...(trustedKeys.length > 0
        ? [`--ignore-certificate-errors-spki-list=${trustedKeys.join(",")}`]
        : []),
      ...(userAgent === undefined ? [] : [`--user-agent=${userAgent}`]),
      ...more,
      "about:blank",
    ];
    const real = "/usr/lib/chromium/chromium";
    const stdio: StdioOptions = ["ignore", "pipe", "pipe", "pipe", "pipe"];
    this.#browser = this.#spawn(existsSync(real) ? real : "chromium", args, stdio);
  }

  #spawn(program: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
    const drop = [`--reuid=${UID}`, `--regid=${UID}`, "--clear-groups", "--no-new-privs", "--"];
    const [command, all] =
      process.getuid?.() === 0 ? ["setpriv", [...drop, program, ...args]] : [program, [...args]];
    const env = {
      ...process.env,
      HOME: this.#home,
      XDG_RUNTIME_DIR: this.#home,
      DBUS_SESSION_BUS_ADDRESS: "disabled:",
      DISPLAY: this.#display,
    };
    const child = spawn(command, all, { stdio, env, cwd: this.#home });
    const keep = (chunk: Buffer): void => {
      this.#tail = (this.#tail + chunk.toString("utf8")).slice(-8000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", (error) => keep(Buffer.from(error.message)));
    this.#children.push(child);
    return child;
  }
}

async function dial(path: string): Promise<Duplex> {
  const socket = connect(path);
  await once(socket, "connect");
  return socket;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
