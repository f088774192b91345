/** api, conductor and novncproxy apart, as in production, and what the benchmark asks of their API. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consoleFiles } from "../../drivers/ipmitool-socat/console-files.ts";
import { endRunning } from "../../drivers/ipmitool-socat/running.ts";
import { CliProcess, runCli } from "../helpers/cli-process.ts";
import type { IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { freePort } from "../helpers/server-process.ts";
import type { Endings } from "./endings.ts";

/** Power states are not read and consoles not looked at meanwhile, so that idle means idle. */
const QUIET = ["conductor.sync_power_state_interval=0", "conductor.console_health_interval=0"];
const POLL_MILLISECONDS = 200;
const KILL_MILLISECONDS = 1000;
const BUSY = 503;
const BUSY_PAUSE_MILLISECONDS = 250;
const MOST_ATTEMPTS = 400;

interface NodeView {
  readonly uuid: string;
  readonly console_enabled: boolean;
  readonly last_error: string | null;
}

export interface FleetServices {
  readonly conductorPid: number;
  readonly proxyPid: number;
  readonly consoleFolder: string;
  /** One for each BMC. @returns their UUIDs */
  createNodes(bmcs: readonly IpmiBmc[]): Promise<string[]>;
  deleteNodes(nodes: readonly string[]): Promise<void>;
  /** Wishes for all at the same time. @returns how often a wish had to be sent again */
  switchAll(nodes: readonly string[], enabled: boolean): Promise<number>;
  /** Waits until each is so or has failed. @returns why, for those that failed */
  untilSwitched(
    nodes: readonly string[],
    enabled: boolean,
    patienceMilliseconds: number,
  ): Promise<string[]>;
  connectedLines(): Promise<number>;
}

export async function startServices(endings: Endings): Promise<FleetServices> {
  const folder = mkdtempSync(join(tmpdir(), "bmcon-bench-"));
  const consoleFolder = join(folder, "consoles");
  endings.add("folder of the services", () => rmSync(folder, { recursive: true, force: true }));
  endings.add("consoles", () => endConsoles(consoleFolder));
  const start = (service: string, ...options: string[]): CliProcess => {
    const all = ["DEFAULT.host=bench", "console.terminal_pid_dir=consoles", ...options];
    const flags = all.flatMap((option) => ["-o", option]);
    const program = new CliProcess([service, "--data-dir", folder, ...flags]);
    endings.add(service, async () => {
      program.kill("SIGTERM");
      await program.end(30_000);
    });
    return program;
  };
  const upgraded = await runCli(["db", "upgrade", "--data-dir", folder]);
  if (upgraded.status !== 0) throw new Error(`the database was not made: ${upgraded.stderr}`);
  const proxyPort = await freePort();
  const proxy = start("novncproxy", `vnc.port=${proxyPort}`);
  await proxy.untilSays(/novncproxy is ready/);
  const proxyUrl = `http://127.0.0.1:${proxyPort}`;
  const publicUrl = `vnc.public_url=${proxyUrl}/vnc_lite.html`;
  const conductor = start("conductor", "json_rpc.port=0", publicUrl, ...QUIET);
  await conductor.untilSays(/conductor started/);
  const api = start("api", "api.port=0");
  const apiUrl = (await api.untilSays(/api listens +url=(http:\S+)/))[1] ?? "";
  const calls = new ApiCalls(apiUrl);
  return {
    conductorPid: conductor.pid,
    proxyPid: proxy.pid,
    consoleFolder,
    createNodes: async (bmcs) => await Promise.all(bmcs.map((bmc) => calls.create(bmc))),
    deleteNodes: async (nodes) => {
      await Promise.all(nodes.map((node) => calls.send("DELETE", `/v1/nodes/${node}`)));
    },
    switchAll: (nodes, enabled) => calls.switchAll(nodes, enabled),
    untilSwitched: (nodes, enabled, patience) => calls.untilSwitched(nodes, enabled, patience),
    connectedLines: () => connectedLines(proxyUrl),
  };
}

class ApiCalls {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async create(bmc: IpmiBmc): Promise<string> {
    const { body } = await this.send("POST", "/v1/nodes", {
      driver: "ipmi",
      console_interface: "ipmitool-socat",
      driver_info: bmc.driverInfo(),
    });
    return (body as NodeView).uuid;
  }

  async switchAll(nodes: readonly string[], enabled: boolean): Promise<number> {
    const repeats = await Promise.all(
      nodes.map(
        async (node) =>
          (await this.send("PUT", `/v1/nodes/${node}/states/console`, { enabled })).repeats,
      ),
    );
    return repeats.reduce((sum, one) => sum + one, 0);
  }

  async untilSwitched(
    nodes: readonly string[],
    enabled: boolean,
    patienceMilliseconds: number,
  ): Promise<string[]> {
    const wanted = new Set(nodes);
    const deadline = performance.now() + patienceMilliseconds;
    for (;;) {
      const { body } = await this.send(
        "GET",
        "/v1/nodes?limit=1000&fields=uuid,console_enabled,last_error",
      );
      const others = (body as { nodes: readonly NodeView[] }).nodes.filter(
        (node) => wanted.has(node.uuid) && node.console_enabled !== enabled,
      );
      const isOver = performance.now() > deadline;
      if (isOver || others.every((node) => node.last_error !== null))
        return others.map((node) => node.last_error ?? "time was over");
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }

  /** Sends again what is refused because all workers are busy, as the stock client does. */
  async send(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly body: unknown; readonly repeats: number }> {
    for (let repeats = 0; ; repeats++) {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        headers: { "content-type": "application/json", "x-openstack-ironic-api-version": "1.72" },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.ok) return { body: text === "" ? undefined : JSON.parse(text), repeats };
      if (response.status !== BUSY || repeats === MOST_ATTEMPTS)
        throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MILLISECONDS));
    }
  }
}

async function connectedLines(proxyUrl: string): Promise<number> {
  const text = await (await fetch(`${proxyUrl}/metrics`)).text();
  return Number(/^bmcon_novncproxy_serial_lines\{state="connected"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

/** socat outlives its conductor; after a failure this ends it. */
async function endConsoles(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const uuid of uuidsIn(folder))
    await endRunning(consoleFiles(folder, uuid), KILL_MILLISECONDS);
}

/** Of consoles that run or left something. */
export function uuidsIn(folder: string): string[] {
  return leftFiles(folder).flatMap((name) => (name.endsWith(".json") ? [name.slice(0, -5)] : []));
}

export function leftFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== "ipmitool-home");
}
