/**
 * The world around the proxies: the C programs, a VNC source, and for our own proxy a database with
 * nodes, sealed passwords and tokens, so that what is measured is the product with everything on.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "../../common/clock.ts";
import { endpointPasswordPlace } from "../../common/console-endpoint.ts";
import { silentLogger } from "../../common/log.ts";
import { packageRoot } from "../../common/package-root.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { Secret } from "../../common/secret.ts";
import { openDatabase } from "../../db/connect.ts";
import type { Database } from "../../db/database.ts";
import { upgradeDatabase } from "../../db/migrate.ts";

export interface World {
  readonly folder: string;
  readonly configFile: string;
  readonly sourcePort: number;
  /** Where vnc-load is. */
  readonly loadBinary: string;
  /** Upgrade targets with valid tokens, one a node. */
  readonly targets: readonly string[];
  stop(): Promise<void>;
}

const NODES = 10;

export async function makeWorld(): Promise<World> {
  const loadBinary = compile("vnc-load");
  const sourceBinary = compile("vnc-source");

  const folder = mkdtempSync(join(tmpdir(), "bmcon-bench-"));
  const source = spawn(sourceBinary, ["0"], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: source.stdout }), "line")) as [string];
  const sourcePort = Number(line);
  const configFile = join(folder, "bench.conf");
  writeFileSync(configFile, CONFIG);
  return {
    folder,
    configFile,
    sourcePort,
    loadBinary,
    targets: await fillDatabase(folder, sourcePort),
    stop: async () => {
      source.stdin.end();
      await once(source, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const CONFIG = `[DEFAULT]
log_level = warn
[vnc]
max_sessions = 10000
max_sessions_per_node = 1000
max_sessions_per_token = 1000
token_timeout = 86400
`;

/** @returns path of the program */
export function compile(name: string): string {
  const folder = join(packageRoot(), ".build", "bench");
  mkdirSync(folder, { recursive: true });
  const source = join(packageRoot(), "tests", "bench", `${name}.c`);
  const binary = join(folder, name);
  const gcc = spawnSync("gcc", ["-O2", "-o", binary, source], { encoding: "utf8" });
  if (gcc.status !== 0)
    throw new Error(`gcc cannot build ${name}: ${gcc.error?.message ?? gcc.stderr}`);
  return binary;
}

async function fillDatabase(folder: string, sourcePort: number): Promise<string[]> {
  const keyText = SecretBox.newKeyFileText();
  writeFileSync(join(folder, "secret.key"), keyText, { mode: 0o600 });
  const options = {
    connection: `sqlite://${join(folder, "baremetal-console.sqlite")}`,
    maxPoolSize: 1,
    log: silentLogger(),
    clock: systemClock,
  };
  await upgradeDatabase(options);
  const database = await openDatabase(options);
  try {
    const box = new SecretBox(readFileSync(join(folder, "secret.key"), "utf8"));
    return await Promise.all(
      Array.from({ length: NODES }, () => addNode(database, box, sourcePort)),
    );
  } finally {
    await database.close();
  }
}

async function addNode(database: Database, box: SecretBox, port: number): Promise<string> {
  const uuid = randomUUID();
  const password = box.seal(new Secret("bench-pw"), endpointPasswordPlace(uuid));
  await database.nodes.create({
    uuid,
    driver: "fake-hardware",
    consoleInterface: "vnc",
    consoleEnabled: true,
    consoleEndpoint: {
      consoleType: "vnc",
      transport: { kind: "tcp", host: "127.0.0.1", port },
      credentials: { password },
      allowedSecurityTypes: ["VncAuth"],
    },
  });
  const { token } = await database.tokens.authorize({
    nodeUuid: uuid,
    consoleType: "vnc",
    mode: "control",
    userId: null,
    projectId: null,
    ttlSeconds: 86_400,
  });
  return `/websockify?node=${uuid}&token=${token}`;
}
