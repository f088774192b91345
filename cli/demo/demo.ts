/** The demo: a simulated BMC beside the services, nodes for it, and what to try next. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../common/clock.ts";
import { Secret } from "../../common/secret.ts";
import { DEFAULT_URL } from "../client-command.ts";
import { ApiClient } from "../client.ts";
import { DEMO_NODE, seedDemo } from "./seed.ts";
import { startVncServer, type VncServer } from "./vnc-server.ts";

export interface Demo {
  /** Makes the nodes through the API, then prints a console URL and what to try. */
  present(apiUrl: string): Promise<void>;
  stop(): Promise<void>;
}

interface BmcSettings {
  readonly port: number;
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
  const server = await listen(before?.port ?? 0, new Secret(password), options.clock);
  const changed = before?.port !== server.port;
  if (changed) writeSettings(file, { port: server.port, password });
  return {
    present: async (apiUrl) => {
      const client = new ApiClient({ url: apiUrl });
      try {
        const bmc = { port: server.port, password: new Secret(password), changed };
        const url = await seedDemo(client, bmc, options.clock);
        for (const line of advice(url, apiUrl, options.statePath)) options.print(line);
      } finally {
        await client.stop();
      }
    },
    stop: () => server.stop(),
  };
}

async function listen(port: number, password: Secret, clock: Clock): Promise<VncServer> {
  try {
    return await startVncServer({ port, password, clock });
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return startVncServer({ port: 0, password, clock });
  }
}

function advice(url: string, apiUrl: string, statePath: string): string[] {
  const service = apiUrl === DEFAULT_URL ? "" : ` --url ${apiUrl}`;
  const command = (words: string): string => `  npx bmcon ${words}${service}`;
  return [
    "",
    `The console of ${DEMO_NODE}, ready in your browser (the link is good for some minutes):`,
    "",
    `  ${url}`,
    "",
    "Try next, in another terminal, from this folder:",
    "",
    command("node list"),
    command(`console show ${DEMO_NODE}`),
    command(`console disable ${DEMO_NODE}`),
    "",
    `The data is in ${statePath}. Ctrl-C stops everything.`,
    "",
  ];
}

/** @returns undefined when there is none or it is not ours */
function readSettings(file: string): BmcSettings | undefined {
  try {
    const { port, password } = JSON.parse(readFileSync(file, "utf8")) as Partial<BmcSettings>;
    const good = Number.isInteger(port) && typeof password === "string" && password.length === 8;
    return good ? { port: Number(port), password } : undefined;
  } catch {
    return undefined;
  }
}

function writeSettings(file: string, settings: BmcSettings): void {
  const next = `${file}.new`;
  writeFileSync(next, `${JSON.stringify(settings)}\n`, { mode: 0o600 });
  renameSync(next, file);
}
