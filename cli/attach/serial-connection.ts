/**
 * One WebSocket to a serial line: bytes both ways, notices of the proxy checked field by field, and the
 * end with its name. Ends its own socket; neither prints nor connects again.
 */
import { Agent, request, WebSocket } from "undici";
import { InvalidParameterValue } from "../../common/errors.ts";
import type { ToldNotice } from "../../common/notice-words.ts";
import type { SerialRequest } from "../../common/serial-messages.ts";
import { tlsOptions, type ClientTls } from "../client-tls.ts";
import { parseNotice } from "./notices.ts";

const PROTOCOL = "baremetal-console.v1";
/** `binary` is for a plain proxy of bytes, by --raw-url. */
const PROTOCOLS = [PROTOCOL, "binary"];
const CONNECT_MS = 15_000;
const CLOSE_MS = 2000;
const LARGEST_REASON_BYTES = 65_536;
const NORMAL_CLOSURE = 1000;
const ABNORMAL_CLOSURE = 1006;

/** How a connection ended: the name from the close frame or from the refusal, and the close code. */
export interface Ending {
  readonly code: number;
  readonly name: string;
  /** The refusal's own sentence. */
  readonly message?: string;
  /** False when it was never open. */
  readonly wasOpen: boolean;
}

export interface SerialListener {
  readonly onOpen: (speaksNotices: boolean) => void;
  readonly onBytes: (bytes: Buffer) => void;
  readonly onNotice: (notice: ToldNotice) => void;
}

export class SerialConnection {
  /** Resolves once, whatever happens. */
  readonly ended: Promise<Ending>;
  readonly #socket: WebSocket;
  readonly #agent: Agent;
  #speaksNotices = false;
  #wasOpen = false;

  /** @throws {InvalidParameterValue} when it is no WebSocket URL; the URL holds a token and is not repeated */
  constructor(url: string, tls: ClientTls, listener: SerialListener) {
    if (!URL.canParse(url) || !/^wss?:$/.test(new URL(url).protocol))
      throw new InvalidParameterValue("the console's address is no ws:// or wss:// URL");
    this.#agent = new Agent({
      connect: { timeout: CONNECT_MS, ...tlsOptions(tls) },
      headersTimeout: CONNECT_MS,
      maxResponseSize: LARGEST_REASON_BYTES,
    });
    this.#socket = new WebSocket(url, { protocols: PROTOCOLS, dispatcher: this.#agent });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => {
      this.#wasOpen = true;
      this.#speaksNotices = this.#socket.protocol === PROTOCOL;
      listener.onOpen(this.#speaksNotices);
    });
    this.#socket.addEventListener("message", ({ data }: { data: unknown }) =>
      this.#take(data, listener),
    );
    /* undici reports a refused handshake so; what follows is a close. */
    this.#socket.addEventListener("error", () => undefined);
    this.ended = this.#untilEnd(url);
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Keys for the machine; without a connection they are lost. */
  send(bytes: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  /** @returns false when the other side understands no requests */
  ask(wish: SerialRequest): boolean {
    if (!this.#speaksNotices || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(wish));
    return true;
  }

  /** Says goodbye and waits a moment for the answer. */
  async close(): Promise<void> {
    this.#socket.close(NORMAL_CLOSURE);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([this.ended, patience]);
    clearTimeout(timer);
    await this.#agent.destroy();
  }

  async #untilEnd(url: string): Promise<Ending> {
    const { code, reason } = await new Promise<{ code: number; reason: string }>((resolve) => {
      this.#socket.addEventListener("close", (event) => resolve(event), { once: true });
    });
    try {
      if (this.#wasOpen) return { code, name: reason, wasOpen: true };
      return await this.#refusal(url);
    } finally {
      await this.#agent.destroy();
    }
  }

  /** The proxy says to a plain GET why it refuses the WebSocket; that opens nothing. */
  async #refusal(url: string): Promise<Ending> {
    const none = { code: ABNORMAL_CLOSURE, name: "", wasOpen: false };
    try {
      const answer = await request(url.replace(/^ws/, "http"), { dispatcher: this.#agent });
      const body: unknown = JSON.parse(await answer.body.text());
      const { code, message } = (body ?? {}) as Record<string, unknown>;
      if (typeof code !== "string") return none;
      return { ...none, name: code, ...(typeof message === "string" && { message }) };
    } catch {
      return none;
    }
  }

  #take(data: unknown, listener: SerialListener): void {
    if (data instanceof ArrayBuffer) return listener.onBytes(Buffer.from(data));
    if (typeof data !== "string") return;
    if (!this.#speaksNotices) return listener.onBytes(Buffer.from(data));
    const notice = parseNotice(data);
    if (notice) listener.onNotice(notice);
  }
}
