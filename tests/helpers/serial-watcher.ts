/** Somebody who watches a serial line by WebSocket, and everything that came in the order in which it came. */
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import type { SerialMachine } from "./ipmi/serial-host.ts";
import { until } from "./until.ts";

export const OUR_PROTOCOL = ["baremetal-console.v1"];

/** Of the first try; a slow line must not drown in later ones. */
const RETYPE_MILLISECONDS = 300;
const LONGEST_RETYPE_MILLISECONDS = 2000;
const HEAL_MILLISECONDS = 60_000;

export class SerialWatcher {
  readonly socket: WebSocket;
  readonly notices: Record<string, unknown>[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** What the line did, without repetitions: `connected`, `reconnecting: WORDS`, and last `closed: REASON`. */
  readonly story: string[] = [];
  readonly #parts: Buffer[] = [];

  constructor(url: string, protocols: readonly string[] = OUR_PROTOCOL) {
    this.socket = new WebSocket(url, [...protocols]);
    this.socket.on("error", () => undefined);
    this.socket.on("message", (data: Buffer, isBinary) => this.#take(data, isBinary));
    this.closed = new Promise((resolve) => {
      this.socket.once("close", (code, reason) => {
        this.#tell(`closed: ${reason.toString() || code}`);
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** The sub-protocol that was answered. */
  get protocol(): string {
    return this.socket.protocol;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  get shown(): string {
    return this.bytes.toString("latin1");
  }

  async opened(): Promise<this> {
    await until(() => this.socket.readyState === WebSocket.OPEN, "open WebSocket");
    return this;
  }

  type(text: string): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.protocol === "base64")
      this.socket.send(Buffer.from(text, "latin1").toString("base64"));
    else this.socket.send(Buffer.from(text, "latin1"));
  }

  async shows(text: string, milliseconds?: number): Promise<void> {
    await until(() => this.shown.includes(text), `shown ${JSON.stringify(text)}`, milliseconds);
  }

  async saw(happening: RegExp, milliseconds = 15_000): Promise<void> {
    await until(
      () => this.story.some((one) => happening.test(one)),
      `${String(happening)} in ${this.story.join(" | ")}`,
      milliseconds,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it saw: ${this.story.join(" | ")}`);
    });
  }

  /**
   * Types a word of its own and `whoami` until both come back in this order, which no scrollback can do.
   * FACT(ipmi_sim 2.0.33): it goes on with the packet numbers of the session before, so that the first
   * characters of a new session can be swallowed.
   * @returns milliseconds that it took
   */
  async typesAndSees(answer: string, milliseconds = HEAL_MILLISECONDS): Promise<number> {
    const begin = performance.now();
    const word = `word ${randomUUID()}`;
    const type = retyping(() => this.type(`\r${word}\rwhoami\r`));
    await until(
      () => {
        const { bytes } = this;
        const echo = bytes.indexOf(word);
        if (echo >= 0 && bytes.includes(answer, echo)) return true;
        type();
        return false;
      },
      `${answer} after ${this.story.join(" | ")}`,
      milliseconds,
    );
    return performance.now() - begin;
  }

  /** Types a text until the machine has it. */
  async reaches(machine: Pick<SerialMachine, "typed">, text: string): Promise<void> {
    const type = retyping(() => this.type(`${text}\r`));
    await until(
      () => {
        if (machine.typed().includes(text, 0, "latin1")) return true;
        type();
        return false;
      },
      `${text} at the machine`,
      HEAL_MILLISECONDS,
    );
  }

  notice(type: string): Record<string, unknown> | undefined {
    return this.notices.findLast((notice) => notice["type"] === type);
  }

  async leave(): Promise<void> {
    this.socket.close(1000);
    await this.closed;
  }

  terminate(): void {
    this.socket.terminate();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.#parts.push(data);
    else if (this.protocol === "base64") this.#parts.push(Buffer.from(data.toString(), "base64"));
    else this.#hear(JSON.parse(data.toString()) as Record<string, unknown>);
  }

  #hear(notice: Record<string, unknown>): void {
    this.notices.push(notice);
    if (notice["type"] !== "line") return;
    const { state, detail } = notice as { state: string; detail: string | null };
    this.#tell(detail === null ? state : `${state}: ${detail}`);
  }

  #tell(happening: string): void {
    if (this.story.at(-1) !== happening) this.story.push(happening);
  }
}

/** @returns does it at once, and when it is called later, less and less often */
function retyping(type: () => void): () => void {
  let due = -Infinity;
  let wait = RETYPE_MILLISECONDS;
  return () => {
    if (performance.now() < due) return;
    type();
    due = performance.now() + wait;
    wait = Math.min(wait * 2, LONGEST_RETYPE_MILLISECONDS);
  };
}
