/**
 * The whole service before BMCs that only have a web page, as it is in use: api, conductor and novncproxy,
 * simulated BMCs, and nodes on them. Talks to the service by HTTP only, and tells what its browser sessions
 * left behind on this machine and on the BMCs.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CHROMIUM_PROGRAMS } from "../../drivers/browser/sandbox/session-script.ts";
import { BMC_PASSWORD, BMC_USER, startBmcWeb, type BmcWeb } from "./bmc-web/bmc-web.ts";
import type { BmcVendor } from "./bmc-web/bmc.ts";
import { makeTestPki, type TestPki } from "./pki.ts";
import { descendantsOf, SandboxWatch, type RunningProgram } from "./sandbox-watch.ts";
import { SerialStack } from "./serial-stack.ts";
import { until } from "./until.ts";

const PROGRAMS = ["bwrap", "Xvnc", "openbox", "socat", "xauth"];
const SANDBOX_PROGRAMS = new Set(["bwrap", "Xvnc", "openbox", "socat", "chromium"]);

/** @returns what a browser session needs and this machine lacks */
export function missingForBrowserStack(): string[] {
  const missing = PROGRAMS.filter((name) => !existsSync(join("/usr/bin", name)));
  return CHROMIUM_PROGRAMS.some((path) => existsSync(path)) ? missing : [...missing, "chromium"];
}

/** Says loudly what is not tested on this machine. */
export function skipWithoutBrowsers(context: Mocha.Context): void {
  const missing = missingForBrowserStack();
  if (missing.length === 0) return;
  process.stderr.write(
    `\n  *** NOT TESTED HERE: browser consoles need ${missing.join(", ")} ***\n`,
  );
  context.skip();
}

export interface BrowserNode {
  readonly name: string;
  readonly uuid: string;
  readonly web: BmcWeb;
}

export interface NodeWish {
  readonly driver?: string;
  readonly console?: string;
  readonly driverInfo?: Readonly<Record<string, string | number | boolean>>;
}

export class BrowserStack {
  readonly service: SerialStack;
  readonly watch = new SandboxWatch();
  readonly #pki: TestPki = makeTestPki();
  readonly #webs: BmcWeb[] = [];

  private constructor(service: SerialStack) {
    this.service = service;
  }

  /** @param kind `all` in one process, or three `apart`. @param options by `group.name` */
  static async start(
    kind: "all" | "apart",
    options: Readonly<Record<string, string>> = {},
  ): Promise<BrowserStack> {
    return new BrowserStack(await SerialStack[kind]({ "browser.linger_seconds": "1", ...options }));
  }

  /** A simulated BMC, and a node for it whose console is off. */
  async addNode(name: string, vendor: BmcVendor, wish: NodeWish = {}): Promise<BrowserNode> {
    const web = await startBmcWeb(vendor, { pki: this.#pki });
    this.#webs.push(web);
    return await this.addNodeAt(name, web, wish);
  }

  async addNodeAt(name: string, web: BmcWeb, wish: NodeWish = {}): Promise<BrowserNode> {
    const { driver = "ilo", console = "ilo-browser", driverInfo } = wish;
    const node = {
      name,
      driver,
      console_interface: console,
      driver_info: { ...accessTo(web), ...driverInfo },
    };
    const { uuid } = (await this.service.call("POST", "/v1/nodes", node)) as { uuid: string };
    return { name, uuid, web };
  }

  async enable({ name }: BrowserNode): Promise<void> {
    await this.service.enable(name);
  }

  async disable({ name }: BrowserNode): Promise<void> {
    await this.service.disable(name);
  }

  /** @returns address of a console page, with a new token */
  async link(name: string): Promise<string> {
    return (await this.service.link(name)).url;
  }

  /** @returns where the page of a new link connects to */
  async webSocket(name: string): Promise<string> {
    const page = new URL(await this.link(name));
    return `ws://${page.host}/${page.searchParams.get("path") ?? ""}`;
  }

  /** What the operator is told of the last start. */
  async lastFailure({ name }: BrowserNode): Promise<Record<string, unknown>> {
    const path = `/v1/nodes/${name}/console/last-failure`;
    return (await this.service.call("GET", path)) as Record<string, unknown>;
  }

  /** Living programs of this service's browser sessions; those seen here are watched from now on. */
  sandboxPrograms(): readonly RunningProgram[] {
    const roots = [...this.service.services.values()].map(({ pid }) => pid);
    const found = descendantsOf(roots).filter(({ program }) => SANDBOX_PROGRAMS.has(program));
    this.watch.remember(found);
    return found;
  }

  /** What is left of sessions: their folders, journal entries and processes here, what BMCs count. */
  remains(nodes: readonly BrowserNode[]): string[] {
    return [...this.remainsHere(), ...nodes.flatMap((node) => remainsOn(node))];
  }

  remainsHere(): string[] {
    this.sandboxPrograms();
    return [
      ...listed(join(this.service.folder, "browser", "local")).map((name) => `folder ${name}`),
      ...listed(join(this.service.folder, "browser", "journal")).map((name) => `journal ${name}`),
      ...this.watch
        .alive()
        .map(({ pid, program, uid }) => `process ${pid} ${program} of user ${uid}`),
    ];
  }

  /** Waits until nothing is left. @returns milliseconds that it took */
  async untilClean(nodes: readonly BrowserNode[], milliseconds: number): Promise<number> {
    const begin = performance.now();
    await until(
      () => this.remains(nodes).length === 0,
      () => `clean end; there are: ${this.remains(nodes).join("; ")}`,
      milliseconds,
    );
    return Math.round(performance.now() - begin);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    for (const web of this.#webs) await web.stop();
    this.#pki.remove();
    this.watch.killAll();
  }
}

export function accessTo(web: BmcWeb): Record<string, string> {
  return {
    web_address: `${web.host}:${web.port}`,
    web_username: BMC_USER,
    web_password: BMC_PASSWORD,
    web_tls_fingerprint: web.fingerprint,
  };
}

function remainsOn({ name, web }: BrowserNode): string[] {
  const { sessions, consoles, viewers } = web.bmc.counts;
  if (sessions + consoles + viewers === 0) return [];
  return [`${name}: ${sessions} sessions, ${consoles} consoles, ${viewers} viewers`];
}

function listed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
