/**
 * A bad network in front of a UDP service: loses, delays or swallows datagrams. Losses follow a fixed
 * pattern, so that a test sees the same network every time.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

export interface UdpFaultSettings {
  /** Share of datagrams to the service to lose, from 0 to 1: a BMC that drops what it receives. */
  loss: number;
  /** The same of its answers. */
  lossBack: number;
  /** Added to every datagram. */
  delayMs: number;
  /** True: nothing passes. */
  blackhole: boolean;
}

const SEED = 0x2545f491;

export class UdpFaults {
  readonly settings: UdpFaultSettings;
  /** Datagrams that came, and those that were lost on purpose. */
  seen = 0;
  lost = 0;
  readonly #front: Socket;
  readonly #target: { host: string; port: number };
  /** By the asker's port: the socket that stands for it at the service. */
  readonly #behind = new Map<number, Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #random = SEED;

  private constructor(
    front: Socket,
    target: { host: string; port: number },
    settings: Partial<UdpFaultSettings>,
  ) {
    this.#front = front;
    this.#target = target;
    this.settings = { loss: 0, lossBack: 0, delayMs: 0, blackhole: false, ...settings };
    front.on("message", (message, from) =>
      this.#pass(this.settings.loss, () => this.#forward(message, from)),
    );
    front.on("error", () => {});
  }

  /** @param at where askers find it; a free port of 127.0.0.1 unless set */
  static async start(
    target: { host: string; port: number },
    settings: Partial<UdpFaultSettings> = {},
    at: { host: string; port: number } = { host: "127.0.0.1", port: 0 },
  ): Promise<UdpFaults> {
    const front = createSocket("udp4");
    front.bind(at.port, at.host);
    await once(front, "listening");
    return new UdpFaults(front, target, settings);
  }

  get host(): string {
    return this.#front.address().address;
  }

  get port(): number {
    return this.#front.address().port;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#behind.values()) socket.close();
    this.#front.close();
    await once(this.#front, "close");
  }

  #forward(message: Buffer, from: RemoteInfo): void {
    this.#socketFor(from).send(message, this.#target.port, this.#target.host);
  }

  #socketFor(from: RemoteInfo): Socket {
    const known = this.#behind.get(from.port);
    if (known) return known;
    const socket = createSocket("udp4");
    socket.on("message", (answer) =>
      this.#pass(this.settings.lossBack, () => this.#front.send(answer, from.port, from.address)),
    );
    socket.on("error", () => {});
    this.#behind.set(from.port, socket);
    return socket;
  }

  #pass(loss: number, send: () => void): void {
    this.seen += 1;
    if (this.settings.blackhole || this.#next() < loss) {
      this.lost += 1;
      return;
    }
    if (this.settings.delayMs === 0) {
      send();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      send();
    }, this.settings.delayMs);
    this.#timers.add(timer);
  }

  /** Marsaglia's xorshift32, from 0 to 1. */
  #next(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x >>> 0;
    return this.#random / 2 ** 32;
  }
}

export async function startUdpFaults(
  target: { host: string; port: number },
  settings: Partial<UdpFaultSettings> = {},
  at?: { host: string; port: number },
): Promise<UdpFaults> {
  return await UdpFaults.start(target, settings, at);
}
