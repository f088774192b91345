/** The demo: a simulated BMC beside the services, nodes for it, and what to try next. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../common/clock.ts";
import { Secret } from "../../common/secret.ts";
import { DEFAULT_URL } from "../client-command.ts";
import { ApiClient } from "../client.ts";
import { DEMO_NODE, SERIAL_NODE, seedDemo, type DemoLinks } from "./seed.ts";
import { startSerialServer } from "./serial-server.ts";
import { startVncServer } from "./vnc-server.ts";

export interface Demo {
  /** Makes the nodes through the API, then prints a console URL and what to try. */
  present(apiUrl: string): Promise<void>;
  stop(): Promise<void>;
}

interface BmcSettings {
  readonly port: number;
  readonly serialPort: number;
  readonly password: string;
}

/**
 * Starts the simulated BMC, with the port and password it had before in this data folder.
 * @param options `print` one line for people
 */
export async function openDemo(options: {
  readonly statePath: string;
  readonly clock: Clock;
  readonly print: (line: string) => void;
}): Promise<Demo> {
  const file = join(options.statePath, "demo-bmc.json");
  const before = readSettings(file);
  /* VNC authentication looks at 8 characters. */
  const password = before?.password ?? randomBytes(6).toString("base64url");
  const screen = await listen(before?.port, (port) =>
    startVncServer({ port, password: new Secret(password), clock: options.clock }),
  );
  const line = await listen(before?.serialPort, (port) =>
    startSerialServer({ port, clock: options.clock }),
  ).catch(async (error: unknown) => {
    await screen.stop();
    throw error;
  });
  const settings = { port: screen.port, serialPort: line.port, password };
  const changed = before?.port !== screen.port || before.serialPort !== line.port;
  if (changed) writeSettings(file, settings);
  return {
    present: async (apiUrl) => {
      const client = new ApiClient({ url: apiUrl });
      try {
        const bmc = { ...settings, password: new Secret(password), changed };
        const links = await seedDemo(client, bmc, options.clock);
        for (const text of advice(links, apiUrl, options.statePath)) options.print(text);
      } finally {
        await client.stop();
      }
    },
    stop: async () => {
      await Promise.all([screen.stop(), line.stop()]);
    },
  };
}

/** With the port it had before, or another one when somebody else has that now. */
async function listen<T>(
  port: number | undefined,
  start: (port: number) => Promise<T>,
): Promise<T> {
  try {
    return await start(port ?? 0);
  } catch (error) {
    if (port === undefined || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return await start(0);
  }
}

function advice(links: DemoLinks, apiUrl: string, statePath: string): string[] {
  const service = apiUrl === DEFAULT_URL ? "" : ` --url ${apiUrl}`;
  const command = (words: string): string => `  npx bmcon ${words}${service}`;
  return [
    "",
    `The console of ${DEMO_NODE}, ready in your browser (the link is good for some minutes):`,
    "",
    `  ${links.screen}`,
    "",
    `The serial console of ${SERIAL_NODE}:`,
    "",
    `  ${links.serial}`,
    "",
    "Try next, in another terminal, from this folder:",
    "",
    command("node list"),
    command(`console show ${DEMO_NODE}`),
    command(`console attach ${SERIAL_NODE}`),
    command(`sensors ${DEMO_NODE}`),
    command(`console disable ${DEMO_NODE}`),
    "",
    `The data is in ${statePath}. Ctrl-C stops everything.`,
    "",
  ];
}

/** @returns undefined when there is none or it is not ours */
function readSettings(file: string): BmcSettings | undefined {
  try {
    const read = JSON.parse(readFileSync(file, "utf8")) as Partial<BmcSettings>;
    const { port, serialPort, password } = read;
    const good =
      Number.isInteger(port) &&
      Number.isInteger(serialPort) &&
      typeof password === "string" &&
      password.length === 8;
    return good ? (read as BmcSettings) : undefined;
  } catch {
    return undefined;
  }
}

function writeSettings(file: string, settings: BmcSettings): void {
  const next = `${file}.new`;
  writeFileSync(next, `${JSON.stringify(settings)}\n`, { mode: 0o600 });
  renameSync(next, file);
}
