/**
 * The whole service before BMCs, as it is in use: the built program as one process or as api, conductor
 * and novncproxy apart, with nodes of hardware type `ipmi`. Talks to it by HTTP only, ends everything that
 * it started, and tells what a console left behind.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { request } from "undici";
import { CliProcess, runCli } from "./cli-process.ts";
import type { IpmiBmc } from "./ipmi-bmc.ts";
import { SerialWatcher } from "./serial-watcher.ts";
import { freePort } from "./server-process.ts";
import { StockClient } from "./stock-client.ts";
import { until } from "./until.ts";

const CONSOLE_MILLISECONDS = 30_000;
const DEFAULTS = {
  "api.port": "0",
  "json_rpc.port": "0",
  "conductor.sync_power_state_interval": "0",
  "conductor.console_health_interval": "2",
  "conductor.heartbeat_interval": "1",
  "conductor.heartbeat_timeout": "3",
  "console.replay_lines": "200",
};

export type ServiceName = "all" | "api" | "conductor" | "novncproxy";

export interface ConsoleInfo {
  readonly type: string;
  readonly url: string;
  readonly websocket_url: string;
  readonly line?: { readonly state: string; readonly detail: string | null };
}

export class SerialStack {
  readonly folder = mkdtempSync(join(tmpdir(), "bmc-serial-"));
  /** Of the REST API. */
  api = "";
  readonly services = new Map<string, CliProcess>();
  readonly #options: Record<string, string>;
  readonly #uuids = new Map<string, string>();
  readonly #watchers: SerialWatcher[] = [];
  readonly #clients: StockClient[] = [];

  private constructor(options: Record<string, string>) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** `baremetal-console all`. @param options by `group.name` */
  static async all(options: Record<string, string> = {}): Promise<SerialStack> {
    const stack = new SerialStack({ "vnc.port": "0", ...options });
    return await stack.#begin(async () => {
      const all = await stack.run("all");
      stack.api = (await all.untilSays(/started .*api=(http:\S+)/))[1] ?? "";
    });
  }

  /** Three processes. */
  static async apart(options: Record<string, string> = {}): Promise<SerialStack> {
    const port = await freePort();
    const page = `http://127.0.0.1:${port}/vnc_lite.html`;
    const where = { "vnc.port": String(port), "vnc.public_url": page };
    const stack = new SerialStack({ ...where, ...options });
    return await stack.#begin(async () => {
      const upgraded = await runCli(["db", "upgrade", "--data-dir", stack.folder]);
      assert.equal(upgraded.status, 0, upgraded.stderr);
      await stack.runAll();
    });
  }

  /** Leaves nothing when it fails. */
  async #begin(start: () => Promise<void>): Promise<this> {
    try {
      await start();
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  get database(): string {
    return join(this.folder, "baremetal-console.sqlite");
  }

  /** Where socat's sockets and notes are. */
  get consoles(): string {
    return join(this.folder, "consoles");
  }

  /** Everything that all processes logged. */
  get logged(): string {
    return [...this.services.values()].map(({ stdout, stderr }) => stdout + stderr).join("");
  }

  /** Starts one process, again too. @param name of the process; the service's unless there are two */
  async run(
    service: ServiceName,
    more: Record<string, string> = {},
    name = service as string,
  ): Promise<CliProcess> {
    const options = Object.entries({ ...this.#options, ...more });
    const flags = options.flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    const one = new CliProcess([service, "--data-dir", this.folder, ...flags]);
    this.services.set(name, one);
    const ready = {
      all: /started .*api=/,
      api: /api listens/,
      conductor: /conductor started/,
      novncproxy: /novncproxy is ready/,
    };
    await one.untilSays(ready[service], 30_000);
    return one;
  }

  /** Starts the three. */
  async runAll(): Promise<void> {
    const names = ["api", "conductor", "novncproxy"] as const;
    const [api] = await Promise.all(names.map((name) => this.run(name)));
    this.api = (await api!.untilSays(/api listens +url=(http:\S+)/))[1] ?? "";
  }

  /** kill -9. */
  async kill(name: string): Promise<void> {
    const one = this.services.get(name);
    one?.kill("SIGKILL");
    await one?.end();
  }

  /* ---- nodes ------------------------------------------------------------------------------- */

  /** @returns its UUID */
  async addNode(
    name: string,
    bmc: IpmiBmc,
    more: Record<string, string | number> = {},
  ): Promise<string> {
    const node = { driver: "ipmi", name, driver_info: bmc.driverInfo(more) };
    const { uuid } = (await this.call("POST", "/v1/nodes", node)) as { uuid: string };
    this.#uuids.set(name, uuid);
    return uuid;
  }

  uuid(node: string): string {
    return this.#uuids.get(node) ?? "";
  }

  async node(name: string): Promise<Record<string, unknown>> {
    return (await this.call("GET", `/v1/nodes/${name}`)) as Record<string, unknown>;
  }

  async enable(node: string): Promise<void> {
    await this.setConsole(node, true);
    await this.#untilConsole(node, true);
  }

  /** @returns milliseconds */
  async disable(node: string): Promise<number> {
    const begin = performance.now();
    await this.setConsole(node, false);
    await this.#untilConsole(node, false);
    return performance.now() - begin;
  }

  async setConsole(node: string, enabled: boolean): Promise<void> {
    await this.call("PUT", `/v1/nodes/${node}/states/console`, { enabled });
  }

  /** @param query for example `?mode=view` */
  async link(node: string, query = ""): Promise<ConsoleInfo> {
    const path = `/v1/nodes/${node}/states/console${query}`;
    const shown = (await this.call("GET", path)) as { console_info: ConsoleInfo | null };
    assert.ok(shown.console_info, `the console of ${node} is off`);
    return shown.console_info;
  }

  async lineState(node: string): Promise<string> {
    return (await this.link(node)).line?.state ?? "none";
  }

  /** One request to the API. @throws {Error} with the answer when it is refused */
  async call(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: object,
  ): Promise<unknown> {
    const answer = await request(`${this.api}${path}`, {
      method,
      headers: { "x-openstack-ironic-api-version": "1.82", "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300)
      throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text === "" ? null : (JSON.parse(text) as unknown);
  }

  stockClient(): StockClient {
    const client = new StockClient({ endpoint: this.api });
    this.#clients.push(client);
    return client;
  }

  /* ---- viewers ----------------------------------------------------------------------------- */

  /** A new link, opened. */
  async watch(node: string, query = ""): Promise<SerialWatcher> {
    return this.open((await this.link(node, query)).websocket_url);
  }

  open(url: string, protocols?: readonly string[]): SerialWatcher {
    const watcher = new SerialWatcher(url, protocols);
    this.#watchers.push(watcher);
    return watcher;
  }

  /* ---- processes --------------------------------------------------------------------------- */

  /** socat, flock, ipmitool of a console. */
  processes(node: string): readonly Program[] {
    return processesOf(this.uuid(node));
  }

  /** @returns the number of the console's ipmitool */
  ipmitool(node: string): number {
    const found = this.processes(node).find(({ program }) => program === "ipmitool");
    assert.ok(found, `no ipmitool of ${node}`);
    return found.pid;
  }

  /** @returns the number of the socat that listens */
  socat(node: string): number {
    const note = readFileSync(join(this.consoles, `${this.uuid(node)}.json`), "utf8");
    return (JSON.parse(note) as { pid: number }).pid;
  }

  /** What the proxy wrote of a node's line. */
  logText(node: string): string {
    const folder = join(this.folder, "console-logs", this.uuid(node));
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.map((name) => readFileSync(join(folder, name), "latin1")).join("");
  }

  /** All that is left of a node's console on this machine; nothing when it is off. */
  leftOf(node: string): string[] {
    const uuid = this.uuid(node);
    const files = readdirSync(this.consoles).filter((name) => name.startsWith(uuid));
    return [...this.processes(node).map(({ program, pid }) => `${program} ${pid}`), ...files];
  }

  /** Switches the console off and checks that nothing is left, on the BMC either. */
  async disableClean(node: string, bmc: IpmiBmc): Promise<void> {
    await this.disable(node);
    assert.deepEqual(this.leftOf(node), []);
    assert.equal(await isSolActive(bmc), false, "the BMC still has a SOL session");
  }

  async stop(): Promise<void> {
    for (const watcher of this.#watchers) watcher.terminate();
    for (const client of this.#clients) client.remove();
    for (const one of this.services.values()) one.kill("SIGTERM");
    for (const one of this.services.values()) await one.end();
    for (const uuid of this.#uuids.values())
      for (const { pid } of processesOf(uuid)) process.kill(pid, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #untilConsole(node: string, enabled: boolean): Promise<void> {
    await until(
      async () => {
        const row = await this.node(node);
        if (row["last_error"] !== null)
          throw new Error(`${node}: ${JSON.stringify(row["last_error"])}`);
        return row["console_enabled"] === enabled && row["reservation"] === null;
      },
      `${node} with its console ${enabled ? "on" : "off"}`,
      CONSOLE_MILLISECONDS,
    );
  }
}

/** Every living ipmitool that talks to this BMC, whoever started it. */
export function ipmitoolsTo(bmc: IpmiBmc): number[] {
  const port = `\0${bmc.port}\0`;
  return processesWith((command) => command.startsWith("ipmitool\0") && command.includes(port)).map(
    ({ pid }) => pid,
  );
}

/** Of a console: their working folder is the consoles', and their arguments name the node. */
function processesOf(uuid: string): Program[] {
  return processesWith(
    (command, folder) => command.includes(uuid) && folder().endsWith("consoles"),
  );
}

interface Program {
  readonly pid: number;
  readonly program: string;
}

function processesWith(isIt: (command: string, folder: () => string) => boolean): Program[] {
  const found = [];
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "latin1");
      if (!isIt(command, () => readlinkSync(`/proc/${name}/cwd`))) continue;
      const program = readFileSync(`/proc/${name}/comm`, "latin1").trim();
      found.push({ pid: Number(name), program });
    } catch {
      /* gone meanwhile */
    }
  }
  return found;
}

/** Runs ipmitool by hand, as an operator does. @returns what it printed */
export async function ipmitoolByHand(bmc: IpmiBmc, ...words: string[]): Promise<string> {
  const access = [
    "-I",
    "lanplus",
    "-H",
    bmc.host,
    "-p",
    String(bmc.port),
    "-U",
    "admin",
    "-C",
    "3",
  ];
  const env = { ...process.env, IPMI_PASSWORD: bmc.password };
  const { stdout } = await promisify(execFile)("ipmitool", [...access, "-E", ...words], { env });
  return stdout;
}

/** FACT(IPMI 2.0 table 24-2): Get Payload Activation Status; the second byte says who is active. */
export async function isSolActive(bmc: IpmiBmc): Promise<boolean> {
  return !(await ipmitoolByHand(bmc, "raw", "0x06", "0x4a", "0x01")).startsWith(" 01 00");
}
