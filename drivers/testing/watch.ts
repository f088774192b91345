/** What the contract suite watches a driver with: network use, resources left over, secrets shown. */
import { Socket } from "node:net";
import { inspect } from "node:util";
import { Secret, type DriverInfo } from "../base.ts";

/** Handles that a driver might leave: sockets, pipes, children. Timers are watched as well. */
const HANDLES = /^(?:TCPSocketWrap|TCPConnectWrap|TLSWrap|PipeWrap|ProcessWrap|Timeout|UDPWrap)$/;

/** Runs `work` and tells whether a socket was opened meanwhile. */
export async function countConnections(work: () => unknown): Promise<number> {
  let count = 0;
  const prototype: { connect: unknown } = Socket.prototype;
  const connect = prototype.connect as (...args: unknown[]) => Socket;
  prototype.connect = function counted(this: Socket, ...args: unknown[]): Socket {
    count += 1;
    return Reflect.apply(connect, this, args);
  };
  try {
    await work();
  } finally {
    prototype.connect = connect;
  }
  return count;
}

/** How many handles of each kind this process has, once the test runner has set its own timer. */
export async function handlesNow(): Promise<Map<string, number>> {
  await new Promise((resolve) => setImmediate(resolve));
  return handles();
}

function handles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo())
    if (HANDLES.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/**
 * Waits until no kind of handle is more numerous than before.
 * @returns what is still there at the deadline, empty when all is well
 */
export async function handlesLeft(
  before: ReadonlyMap<string, number>,
  limitMs: number,
): Promise<string[]> {
  const end = Date.now() + limitMs;
  for (;;) {
    const left = [...handles()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (left.length === 0) return [];
    if (Date.now() > end) return left.map(([kind, count]) => `${kind} ${count}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** driver_info that notes which options are read. */
export function watched(driverInfo: DriverInfo): { driverInfo: DriverInfo; read: Set<string> } {
  const read = new Set<string>();
  const note = (key: string | symbol): void => {
    if (typeof key === "string") read.add(key);
  };
  const proxy = new Proxy(driverInfo, {
    get: (target, key) => {
      note(key);
      return Reflect.get(target, key) as unknown;
    },
    has: (target, key) => {
      note(key);
      return Reflect.has(target, key);
    },
  });
  return { driverInfo: proxy, read };
}

/** The clear texts of all secrets in there, those long enough to be told from chance. */
export function secretsOf(value: unknown): string[] {
  if (value instanceof Secret) return value.reveal().length >= 4 ? [value.reveal()] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(secretsOf);
}

/** Everything an error or a value shows when it is printed in any usual way. */
export function printed(value: unknown): string {
  const chain: string[] = [inspect(value, { depth: 10, showHidden: true })];
  for (let error = value, depth = 0; error instanceof Error && depth < 10; depth += 1) {
    chain.push(error.message, error.stack ?? "", JSON.stringify(error));
    error = error.cause;
  }
  chain.push(JSON.stringify(value) ?? "");
  return chain.join("\n");
}
