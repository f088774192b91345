/**
 * A running novncproxy with a database, nodes whose consoles are wherever a test says, and console URLs
 * for them. Ends everything it started.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../common/clock.ts";
import { systemClock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import {
  endpointClientKeyPlace,
  endpointPasswordPlace,
  type ConsoleQuirks,
  type ConsoleTransport,
  type ConsoleType,
  type HostTls,
  type SecurityTypeName,
  type SerialLine,
  type StoredConsoleEndpoint,
} from "../../common/console-endpoint.ts";
import { silentLogger, type Logger } from "../../common/log.ts";
import { Secret } from "../../common/secret.ts";
import { SecretBox } from "../../common/secret-box.ts";
import type { Database, SessionMode } from "../../db/database.ts";
import { startNoVNCProxy, type NoVNCProxy } from "../../novncproxy/main.ts";
import { freshDatabase } from "./database.ts";

export interface ConsoleSpec {
  /** host:port of a VNC server on the loopback address, or any transport. */
  readonly port?: number;
  readonly transport?: ConsoleTransport;
  readonly password?: string;
  readonly username?: string;
  readonly tls?: HostTls;
  readonly quirks?: ConsoleQuirks;
  /** It has to start something first. */
  readonly preludeSeconds?: number;
  readonly consoleType?: ConsoleType;
  readonly allowedSecurityTypes?: readonly SecurityTypeName[];
  /** Makes it a serial line. */
  readonly serial?: SerialLine;
  /** PEM, both. */
  readonly client?: { readonly certificate: string; readonly key: string };
}

export interface ProxyWorld {
  readonly proxy: NoVNCProxy;
  readonly database: Database;
  readonly secretBox: SecretBox;
  /** A node with its console on. @returns its UUID */
  addNode(spec: ConsoleSpec): Promise<string>;
  /** A token for it. */
  authorize(
    node: string,
    options?: {
      readonly mode?: SessionMode;
      readonly ttlSeconds?: number;
      readonly consoleType?: ConsoleType;
      readonly userId?: string;
    },
  ): Promise<string>;
  /** ws:// address with node and token. */
  address(node: string, token: string): string;
  /** http:// address of a path on the proxy. */
  http(path: string): string;
  stop(): Promise<void>;
}

export interface WorldOptions {
  /** By `group.name`; the port is free and pings are off unless set. */
  readonly config?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly database?: Database;
  /** Folder of the lock file; a new one unless set. */
  readonly statePath?: string;
  readonly webFolder?: string;
  readonly certificatePollMilliseconds?: number;
}

export async function startProxyWorld(options: WorldOptions = {}): Promise<ProxyWorld> {
  const folder = options.statePath ?? mkdtempSync(join(tmpdir(), "bmc-proxy-"));
  const removeFolder = (): void => {
    if (options.statePath === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const config = loadConfig({
    overrides: {
      "vnc.port": "0",
      "DEFAULT.host": "proxy1",
      "DEFAULT.state_path": folder,
      ...options.config,
    },
  });
  const clock = options.clock ?? systemClock;
  const database = options.database ?? (await freshDatabase(clock));
  const secretBox = new SecretBox(SecretBox.newKeyFileText());
  const proxy = await startNoVNCProxy({
    config,
    log: options.log ?? silentLogger(),
    clock,
    database,
    secretBox,
    ...(options.webFolder !== undefined && { webFolder: options.webFolder }),
    ...(options.certificatePollMilliseconds !== undefined && {
      certificatePollMilliseconds: options.certificatePollMilliseconds,
    }),
  }).catch((error: unknown) => {
    removeFolder();
    throw error;
  });
  const scheme = config.vnc.enable_ssl ? "s" : "";
  return {
    proxy,
    database,
    secretBox,
    addNode: (spec) => addNode(database, secretBox, spec),
    authorize: async (node, grant = {}) => {
      const { mode = "control", ttlSeconds = 600, consoleType = "vnc", userId = "alice" } = grant;
      const { token } = await database.tokens.authorize({
        nodeUuid: node,
        consoleType,
        mode,
        userId,
        projectId: "demo",
        ttlSeconds,
      });
      return token;
    },
    address: (node, token) =>
      `ws${scheme}://127.0.0.1:${proxy.port}/websockify?node=${node}&token=${token}`,
    http: (path) => `http${scheme}://127.0.0.1:${proxy.port}${path}`,
    stop: () => proxy.stop().finally(removeFolder),
  };
}

async function addNode(
  database: Database,
  secretBox: SecretBox,
  spec: ConsoleSpec,
): Promise<string> {
  const uuid = randomUUID();
  await database.nodes.create({
    uuid,
    driver: "fake-hardware",
    name: `node-${uuid.slice(0, 8)}`,
    consoleEnabled: true,
    consoleEndpoint: storedEndpoint(uuid, secretBox, spec),
  });
  return uuid;
}

/** What the conductor saves for a console. */
export function storedEndpoint(
  uuid: string,
  secretBox: SecretBox,
  spec: ConsoleSpec,
): StoredConsoleEndpoint {
  const { password, username, client } = spec;
  const credentials = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && {
      password: secretBox.seal(new Secret(password), endpointPasswordPlace(uuid)),
    }),
    ...(client && {
      clientCertificate: client.certificate,
      clientKey: secretBox.seal(new Secret(client.key), endpointClientKeyPlace(uuid)),
    }),
  };
  return {
    consoleType: spec.consoleType ?? (spec.serial ? "serial" : "vnc"),
    transport: spec.transport ?? { kind: "tcp", host: "127.0.0.1", port: spec.port ?? 9 },
    allowedSecurityTypes: spec.serial ? [] : (spec.allowedSecurityTypes ?? ["VncAuth", "None"]),
    ...(spec.tls && { tls: spec.tls }),
    ...(spec.quirks && { quirks: spec.quirks }),
    ...(spec.preludeSeconds !== undefined && { preludeSeconds: spec.preludeSeconds }),
    ...(spec.serial && { serial: spec.serial }),
    ...(Object.keys(credentials).length > 0 && { credentials }),
  };
}
