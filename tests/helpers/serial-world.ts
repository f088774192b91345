/** Viewers of serial lines at a running novncproxy. */
import type { ConsoleSpec, ProxyWorld } from "./novncproxy-world.ts";
import type { SessionMode } from "../../db/database.ts";
import type { SerialFarSide } from "../fakes/serial-far-side.ts";
import { TenantClient } from "./tenant-client.ts";
import { until } from "./until.ts";

export const OURS = ["baremetal-console.v1"];

export function serialSpec(
  far: SerialFarSide,
  hold: "always" | "on-demand" = "on-demand",
): ConsoleSpec {
  return {
    transport: far.transport,
    serial: { dialect: far.options.ipmitool === false ? "raw" : "ipmitool", hold },
  };
}

/** One WebSocket to a line: the bytes it got, and the messages. */
export class SerialClient extends TenantClient {
  #bytes: Buffer[] = [];

  constructor(address: string, protocols: readonly string[] = OURS) {
    super(address, { protocols });
    this.countOnly();
    this.socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.#bytes.push(data);
    });
  }

  get shown(): string {
    return Buffer.concat(this.#bytes).toString("utf8");
  }

  /** Forgets what was shown so far. */
  clear(): void {
    this.#bytes = [];
  }

  async shows(text: string): Promise<void> {
    await until(() => this.shown.includes(text), `shown ${JSON.stringify(text.slice(0, 80))}`);
  }

  ask(request: object): void {
    this.socket.send(JSON.stringify(request));
  }

  /** Waits for a `line` message of that state. */
  async line(state: string): Promise<Record<string, unknown>> {
    const isIt = (text: Record<string, unknown>): boolean =>
      text["type"] === "line" && text["state"] === state;
    await this.until(`a line that is ${state}`, () => this.texts.some(isIt));
    return this.texts.find(isIt)!;
  }
}

export async function serialAddress(
  world: ProxyWorld,
  node: string,
  options: { readonly mode?: SessionMode; readonly userId?: string } = {},
): Promise<string> {
  return world.address(node, await world.authorize(node, { consoleType: "serial", ...options }));
}

export async function viewerOf(
  world: ProxyWorld,
  node: string,
  options: {
    readonly mode?: SessionMode;
    readonly userId?: string;
    readonly protocols?: readonly string[];
  } = {},
): Promise<SerialClient> {
  return new SerialClient(await serialAddress(world, node, options), options.protocols ?? OURS);
}
