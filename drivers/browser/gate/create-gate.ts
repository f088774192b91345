/** See gate.ts. One gate for each session; the identity is the conductor's. */
import type { Duplex } from "node:stream";
import type { CaFiles } from "../../../common/ca-files.ts";
import { printable } from "../../../common/printable.ts";
import { messageOf, type Logger } from "../../base.ts";
import { peerOf } from "../providers/dial-tcp.ts";
import type { Destination } from "../providers/provider.ts";
import { Connection } from "./connection.ts";
import { AllowedDestinations } from "./destinations.ts";
import type { DialDestination, Gate, GateDestination } from "./gate.ts";
import type { GateIdentity } from "./identity.ts";

/** More than a BMC's page needs, few enough for one that opens them without end. */
const MAX_CONNECTIONS = 64;
const MAX_REFUSED = 20;
/** FACT(Chromium 156): asks these for updates of its parts, whatever its flags say. */
const CHROMIUMS_OWN = /^(?:update|clients\d)\.google(?:apis)?\.com$/;

export interface GateParts {
  readonly identity: GateIdentity;
  readonly dial: DialDestination;
  readonly log: Logger;
  /** Remembers authorities from one connection to the next. */
  readonly caFiles?: CaFiles;
}

export function createGate(parts: GateParts): Gate {
  return new SessionGate(parts);
}

class SessionGate implements Gate {
  readonly #parts: GateParts;
  readonly #allowed = new AllowedDestinations();
  readonly #connections = new Set<Connection>();
  readonly #refused: string[] = [];
  #lastFailure: Error | undefined;
  #logged = 0;
  #ended = false;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  get trustedKey(): string {
    return this.#parts.identity.trustedKey;
  }

  get lastFailure(): Error | undefined {
    return this.#lastFailure;
  }

  get refused(): readonly string[] {
    return this.#refused;
  }

  allow(destinations: readonly GateDestination[]): void {
    this.#allowed.replace(destinations);
    for (const connection of this.#connections) {
      const now = connection.destination && this.#allowed.find(connection.destination);
      if (connection.destination && now !== connection.destination) connection.end();
    }
  }

  accept(stream: Duplex): void {
    stream.on("error", () => undefined);
    if (this.#ended || this.#connections.size >= MAX_CONNECTIONS) {
      stream.destroy();
      return;
    }
    const { identity, dial, caFiles } = this.#parts;
    const connection = new Connection(stream, {
      identity,
      dial,
      caFiles,
      find: (wanted) => this.#find(wanted),
    });
    this.#connections.add(connection);
    void this.#watch(connection);
  }

  end(): void {
    this.#ended = true;
    for (const connection of this.#connections) connection.end();
  }

  async #watch(connection: Connection): Promise<void> {
    const failure = await connection.failed;
    this.#connections.delete(connection);
    if (failure !== undefined) this.#note(failure);
  }

  #find(wanted: Destination): GateDestination | undefined {
    const found = this.#allowed.find(wanted);
    if (!found) {
      this.#refused.push(printable(peerOf(wanted)));
      if (this.#refused.length > MAX_REFUSED) this.#refused.shift();
      if ((this.#logged += 1) <= MAX_REFUSED)
        this.#parts.log.log(
          CHROMIUMS_OWN.test(wanted.host) ? "debug" : "info",
          "a session's browser asked for another place and was refused",
          { destination: this.#refused.at(-1) },
        );
    }
    return found;
  }

  #note(error: Error): void {
    this.#lastFailure = error;
    if ((this.#logged += 1) <= MAX_REFUSED)
      this.#parts.log.info("a browser's connection to its BMC failed", { why: messageOf(error) });
  }
}
