/**
 * The way out of one SSH channel. Knows how much waits: for the client's window, behind a key exchange,
 * and in the socket, to which ssh2 hands everything that the window allows without looking.
 */
import type { Socket } from "node:net";
import type { Connection, ServerChannel } from "ssh2";
import { isExchangingKeys, windowOf } from "./ssh2-internals.ts";

const NOTHING = Buffer.alloc(0);
const LINE_FEED = 0x0a;
/** Words beside the line are left out when this much waits. */
const CROWDED_BYTES = 64 * 1024;
/** So are remarks then, of which three typed keys cause several: a client that reads nothing gets no more. */
const FULL_BYTES = 1024 * 1024;

export interface SshPeer {
  readonly client: Connection;
  readonly socket: Socket;
  readonly channel: ServerChannel;
}

export class SshOutput {
  readonly #peer: SshPeer;
  #corked = false;
  #ended = false;
  #atLineStart = true;

  constructor(peer: SshPeer) {
    this.#peer = peer;
    peer.client.on("handshake", () => this.#uncork());
    /* written to behind its end, when the client closes at the same moment */
    peer.channel.stderr.on("error", () => {});
  }

  get waitingBytes(): number {
    return this.#peer.channel.writableLength + this.#peer.socket.writableLength;
  }

  get isCrowded(): boolean {
    return this.waitingBytes > CROWDED_BYTES;
  }

  write(bytes: Buffer): void {
    if (this.#ended || bytes.length === 0) return;
    this.#atLineStart = bytes.at(-1) === LINE_FEED;
    this.#holdDuringKeyExchange();
    this.#peer.channel.write(bytes);
  }

  /** A line of its own among the machine's, pale. @param text without control characters */
  remark(text: string): void {
    if (this.waitingBytes > FULL_BYTES) return;
    const before = this.#atLineStart ? "" : "\r\n";
    this.write(Buffer.from(`${before}\u001b[2m[bmcon: ${text}]\u001b[22m\r\n`));
  }

  /**
   * A line on the other stream. Left out when there is no room for it at once.
   * FACT(ssh2 1.17, Channel.js): a stderr that waits for window sends old bytes of stdout once more.
   */
  aside(text: string): void {
    const bytes = Buffer.from(`bmcon: ${text}\n`);
    const { channel, client } = this.#peer;
    const room = channel.writableLength === 0 && windowOf(channel) > bytes.length;
    if (!this.#ended && room && !isExchangingKeys(client)) channel.stderr.write(bytes);
  }

  /** Calls back once when the client's side has taken everything; not at all when it is gone before. */
  whenTaken(callback: () => void): void {
    const { channel, socket } = this.#peer;
    this.#holdDuringKeyExchange();
    channel.write(NOTHING, (error) => {
      if (error || socket.destroyed) return;
      if (socket.writableLength === 0) callback();
      else
        socket.write(NOTHING, (failed) => {
          if (!failed) callback();
        });
    });
  }

  /** Nothing more comes. */
  end(exitStatus: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#uncork();
    const { channel } = this.#peer;
    channel.exit(exitStatus);
    channel.end();
  }

  #holdDuringKeyExchange(): void {
    if (this.#corked || !isExchangingKeys(this.#peer.client)) return;
    this.#corked = true;
    this.#peer.channel.cork();
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#peer.channel.uncork();
  }
}
