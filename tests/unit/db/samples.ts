/** Rows that the database's tests start from. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../../common/clock.ts";
import type { StoredConsoleEndpoint } from "../../../common/console-endpoint.ts";
import type { NewNode, Node } from "../../../common/node.ts";
import type { Database, OpenSessionRequest } from "../../../db/database.ts";

export const ENDPOINT: StoredConsoleEndpoint = {
  consoleType: "vnc",
  transport: { kind: "tcp", host: "192.0.2.7", port: 5901 },
  credentials: { password: { $sealed: "bmc1.k1.nonce.body" } },
  allowedSecurityTypes: ["VncAuth"],
};

/** A clock that stands until it is moved. */
export class SettableClock implements Clock {
  milliseconds = 1_900_000_000_123; /* beyond 32 bits, with milliseconds */

  now(): number {
    return this.milliseconds;
  }

  advance(seconds: number): void {
    this.milliseconds += seconds * 1000;
  }
}

export function createNode(database: Database, node: Partial<NewNode> = {}): Promise<Node> {
  return database.nodes.create({ uuid: randomUUID(), driver: "fake-hardware", ...node });
}

export function createConsoleNode(database: Database): Promise<Node> {
  return createNode(database, { consoleEnabled: true, consoleEndpoint: ENDPOINT });
}

export async function authorize(
  database: Database,
  nodeUuid: string,
  ttlSeconds = 600,
): Promise<string> {
  const { token } = await database.tokens.authorize({
    nodeUuid,
    consoleType: "vnc",
    mode: "control",
    userId: "alice",
    projectId: "lab",
    ttlSeconds,
  });
  return token;
}

export function openRequest(
  token: string,
  rest: Partial<OpenSessionRequest> = {},
): OpenSessionRequest {
  return {
    token,
    sourceAddress: "198.51.100.9",
    userAgent: "a browser",
    proxyHost: "proxy-1",
    maxSessionsPerNode: 10,
    ...rest,
  };
}
