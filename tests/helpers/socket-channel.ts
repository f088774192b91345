/** A HostChannel over a real TCP connection, for tests against real VNC servers. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import type { HostTls } from "../../common/console-endpoint.ts";
import { HostError, HostTimeout } from "../../common/errors.ts";
import type { HostChannel } from "../../common/rfb/byte-channel.ts";
import { upgradeToTls, type HostTlsKind } from "../../common/host-tls.ts";

export interface SocketChannelOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: HostTls | undefined;
  /** Name that a certificate must be for; default `host`. */
  readonly hostName?: string;
  readonly timeoutSeconds?: number;
}

export class SocketChannel implements HostChannel {
  #socket: Socket;
  readonly #options: SocketChannelOptions;
  #bytes: Buffer = Buffer.alloc(0);
  #end: Error | undefined;
  #wake: () => void = () => undefined;
  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake();
  };
  readonly #onEnd = (): void => {
    this.#end ??= new HostError("the host closed the connection");
    this.#wake();
  };

  private constructor(socket: Socket, options: SocketChannelOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#listen();
  }

  /** Connects, and starts TLS at once where the endpoint says so. */
  static async open(options: SocketChannelOptions): Promise<SocketChannel> {
    const socket = connect(options.port, options.host);
    await once(socket, "connect");
    const channel = new SocketChannel(socket, options);
    if (options.tls?.wrap) await channel.startTls("certificate");
    return channel;
  }

  async read(name: string, length: number): Promise<Buffer> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      const late = (): void => reject(new HostTimeout(`${name}: the host did not answer in time`));
      timer = setTimeout(late, (this.#options.timeoutSeconds ?? 8) * 1000);
    });
    try {
      while (this.#bytes.length < length) {
        if (this.#end) throw new HostError(`${name}: ${this.#end.message}`, { cause: this.#end });
        await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), deadline]);
      }
    } finally {
      clearTimeout(timer);
    }
    const result = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return result;
  }

  /** Whatever is there, at least one byte. */
  async readSome(name: string): Promise<Buffer> {
    const first = Buffer.from(await this.read(name, 1));
    const rest = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    return Buffer.concat([first, rest]);
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async startTls(kind: HostTlsKind): Promise<void> {
    const plain = this.#socket;
    plain.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onEnd);
    plain.pause();
    this.#socket = await upgradeToTls(plain, {
      kind,
      tls: this.#options.tls,
      hostName: this.#options.hostName ?? this.#options.host,
      timeoutSeconds: this.#options.timeoutSeconds ?? 8,
    });
    this.#listen();
  }

  close(): void {
    this.#socket.off("data", this.#onData).off("end", this.#onEnd).destroy();
  }

  #listen(): void {
    this.#socket.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onEnd);
  }
}
