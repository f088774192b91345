/**
 * The world of the serial benchmark: machines that echo and print, BMCs with a socat each, and our proxy
 * with nodes and tokens.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import type { SerialLine } from "../../common/console-endpoint.ts";
import { silentLogger } from "../../common/log.ts";
import { Secret } from "../../common/secret.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { openDatabase } from "../../db/connect.ts";
import type { Database } from "../../db/database.ts";
import { upgradeDatabase } from "../../db/migrate.ts";
import type { DriverInfo } from "../../drivers/base.ts";
import { IpmitoolSocatConsole } from "../../drivers/ipmitool-socat/console.ts";
import { fakeTask } from "../../drivers/testing/fake-task.ts";
import { CliProcess } from "../helpers/cli-process.ts";
import { startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { freePort, isListening } from "../helpers/server-process.ts";
import type { Endings } from "./endings.ts";
import { SerialClient } from "./serial-client.ts";

/** 115,200 baud with one start and one stop bit, and a line as no UART has it. */
export const RATES = [11_520, 1_000_000] as const;

const CONFIG = `[DEFAULT]
log_level = warn
[vnc]
max_sessions_per_node = 1000
max_sessions_per_token = 1000
token_timeout = 86400
`;

export interface SerialWorld {
  readonly folder: string;
  readonly proxy: { readonly pid: number; readonly port: number };
  readonly endings: Endings;
  /** Path of the socket of one of the plain machines. */
  source(name: string): string;
  /** Starts a BMC with its socat. @returns path of socat's socket */
  startLine(name: string): Promise<string>;
  /** Makes a node of our service whose line is that socket, held as the service does it by default. */
  addNode(path: string, line: SerialLine): Promise<string>;
  /** Attaches to a node's line as the page does. */
  attach(node: string): Promise<SerialClient>;
}

export async function makeSerialWorld(endings: Endings): Promise<SerialWorld> {
  const folder = mkdtempSync(join(tmpdir(), "bmcon-bench-"));
  endings.add("folder", () => rmSync(folder, { recursive: true, force: true }));
  const source = await startSource(folder, endings);
  const configFile = join(folder, "bench.conf");
  writeFileSync(configFile, CONFIG);
  writeFileSync(join(folder, "secret.key"), SecretBox.newKeyFileText(), { mode: 0o600 });
  const database = await makeDatabase(folder);
  endings.add("database", () => database.close());
  const proxy = await startProxy(folder, configFile, endings);
  return {
    folder,
    proxy,
    endings,
    source,
    startLine: (name) => startLine(folder, name, endings),
    addNode: (path, line) => addNode(database, path, line),
    attach: async (node) => {
      const { token } = await database.tokens.authorize({
        nodeUuid: node,
        consoleType: "serial",
        mode: "control",
        userId: "bench",
        projectId: null,
        ttlSeconds: 3600,
      });
      const address = `ws://127.0.0.1:${proxy.port}/websockify?node=${node}&token=${token}`;
      return await SerialClient.byWebSocket(address, "baremetal-console.v1");
    },
  };
}

async function startSource(folder: string, endings: Endings): Promise<(name: string) => string> {
  const program = join(dirname(fileURLToPath(import.meta.url)), "serial-source.js");
  const child = spawn(process.execPath, [program, folder, ...RATES.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  endings.add("source", async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  await once(createInterface({ input: child.stdout }), "line");
  return (name) => join(folder, `${name}.sock`);
}

async function makeDatabase(folder: string): Promise<Database> {
  const options = {
    connection: `sqlite://${join(folder, "baremetal-console.sqlite")}`,
    maxPoolSize: 1,
    log: silentLogger(),
    clock: systemClock,
  };
  await upgradeDatabase(options);
  return await openDatabase(options);
}

async function startProxy(
  folder: string,
  configFile: string,
  endings: Endings,
): Promise<{ readonly pid: number; readonly port: number }> {
  const port = await freePort();
  const where = ["--config-file", configFile, "--data-dir", folder];
  const program = new CliProcess(["novncproxy", ...where, "-o", `vnc.port=${port}`]);
  endings.add("novncproxy", async () => {
    program.kill("SIGTERM");
    await program.end();
  });
  await untilListening(port, () => program.stderr);
  return { pid: program.pid, port };
}

/** As the conductor does it, without a conductor: the socat of a benchmark's peer is nobody's node. */
async function startLine(folder: string, name: string, endings: Endings): Promise<string> {
  const bmc = await startIpmiBmc({ name });
  endings.add(`BMC ${name}`, () => bmc.stop());
  await bmc.waitLine();
  const driver = new IpmitoolSocatConsole();
  const task = fakeTask({ driverInfo: driverInfoOf(bmc), config: consoleConfig(folder, name) });
  endings.add(`console ${name}`, () => driver.stopConsole(task));
  const { transport } = await driver.startConsole(task);
  if (transport.kind !== "unix") throw new Error("a unix socket is expected");
  return transport.path;
}

function driverInfoOf(bmc: IpmiBmc): DriverInfo {
  const info = bmc.driverInfo();
  return { ...info, ipmi_password: new Secret(String(info["ipmi_password"])) };
}

function consoleConfig(folder: string, name: string): ReturnType<typeof loadConfig> {
  const own = join(folder, name);
  mkdirSync(own, { mode: 0o700 });
  return loadConfig({ overrides: { "console.terminal_pid_dir": own } });
}

async function addNode(database: Database, path: string, serial: SerialLine): Promise<string> {
  const uuid = randomUUID();
  await database.nodes.create({
    uuid,
    driver: "fake-hardware",
    consoleEnabled: true,
    consoleEndpoint: {
      consoleType: "serial",
      transport: { kind: "unix", path },
      allowedSecurityTypes: [],
      serial,
    },
  });
  return uuid;
}

const START_MILLISECONDS = 20_000;

async function untilListening(port: number, said: () => string): Promise<void> {
  const deadline = performance.now() + START_MILLISECONDS;
  while (!isListening(port)) {
    if (performance.now() > deadline) throw new Error(`nothing listens on ${port}: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
