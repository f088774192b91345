/**
 * One short connection to where a machine's console is offered, TCP or TLS from the first byte: for asking
 * whether something is there, or logging in to it once. Never used for a session: that is novncproxy's.
 */
import { connect, type Socket } from "node:net";
import type { CaFiles } from "../../common/ca-files.ts";
import { upgradeToTls, type HostTlsKind } from "../../common/host-tls.ts";
import type { HostChannel } from "../../common/rfb/byte-channel.ts";
import { HostUnreachable, messageOf, RFBProtocolError, type HostTls } from "../base.ts";
import { bmcError } from "./host-errors.ts";

export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly tls?: HostTls;
}

export interface ShortConnectionOptions {
  /** Its abort ends the connection and fails what is under way. */
  readonly signal: AbortSignal;
  /** How long everything may take, the TLS handshake included. */
  readonly limitMs: number;
  readonly caFiles?: CaFiles | undefined;
  /** driver_info option that would pin the server's certificate, for the message when it is refused. */
  readonly pinOption?: string | undefined;
}

export function nameOf(target: ConnectionTarget): string {
  return target.host.includes(":")
    ? `[${target.host}]:${target.port}`
    : `${target.host}:${target.port}`;
}

/**
 * Opens a connection, uses it and closes it whatever happens.
 * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcProtocolError} {@link BmcCertificateInvalid}
 *   {@link BmcAuthenticationFailed} {@link BmcFeatureMissing}
 */
export async function useConnection<T>(
  target: ConnectionTarget,
  options: ShortConnectionOptions,
  use: (connection: ShortConnection) => Promise<T>,
): Promise<T> {
  const connection = new ShortConnection(target, options);
  try {
    await connection.opened();
    return await use(connection);
  } catch (cause) {
    throw bmcError(cause, nameOf(target), options.pinOption);
  } finally {
    connection.close();
  }
}

/** After these it is worth to look at a socket again. */
const CHANGES = ["connect", "readable", "end", "close"] as const;

export class ShortConnection implements HostChannel {
  readonly #target: ConnectionTarget;
  readonly #options: ShortConnectionOptions;
  readonly #tcp: Socket;
  /** The same, or the TLS socket around it. */
  #stream: Socket;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;
  readonly #abort = (): void => void this.#tcp.destroy();
  /** Listens all the time: a new listener for "readable" is called for bytes that are known to be few. */
  readonly #onChange = (): void => this.#wake();

  constructor(target: ConnectionTarget, options: ShortConnectionOptions) {
    this.#target = target;
    this.#options = options;
    this.#tcp = connect({ host: target.host, port: target.port });
    this.#stream = this.#tcp;
    this.#watch(this.#tcp);
    if (options.signal.aborted) this.#abort();
    else options.signal.addEventListener("abort", this.#abort, { once: true });
  }

  /**
   * Resolves when the server took the connection, and TLS is up where it comes first.
   * @throws what sockets throw; {@link HostError} family
   */
  async opened(): Promise<void> {
    while (this.#tcp.connecting) await this.#change();
    if (this.#tcp.destroyed) throw this.#failure ?? this.#left("connection");
    if (this.#target.tls?.wrap) await this.startTls("certificate");
  }

  async read(name: string, length: number): Promise<Buffer> {
    for (;;) {
      const bytes = length === 0 ? Buffer.alloc(0) : (this.#stream.read(length) as Buffer | null);
      if (bytes?.length === length) return bytes;
      /* at its end a stream hands out what is left, however short */
      if (bytes !== null || this.#stream.readableEnded || this.#stream.destroyed)
        throw this.#left(name);
      await this.#change();
    }
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  async startTls(kind: HostTlsKind): Promise<void> {
    /* bytes sent in the clear must never pass for encrypted ones */
    if (this.#tcp.readableLength > 0)
      throw new RFBProtocolError("TLS handshake: the host sent bytes before it");
    for (const event of CHANGES) this.#tcp.off(event, this.#onChange);
    this.#stream = await upgradeToTls(this.#tcp, {
      kind,
      tls: this.#target.tls,
      hostName: this.#target.host,
      timeoutSeconds: this.#options.limitMs / 1000,
      caFiles: this.#options.caFiles,
    });
    this.#watch(this.#stream);
  }

  /** Sends what is pending, then closes without waiting for the peer. */
  close(): void {
    this.#options.signal.removeEventListener("abort", this.#abort);
    this.#stream.end();
    this.#stream.destroySoon();
    if (this.#tcp !== this.#stream) this.#tcp.destroySoon();
  }

  /** An error between two reads shows at the next one; it must not end the process. */
  #watch(stream: Socket): void {
    stream.on("error", (error) => (this.#failure ??= error));
    for (const event of CHANGES) stream.on(event, this.#onChange);
  }

  #left(name: string): HostUnreachable {
    const why = this.#failure ? ` (${messageOf(this.#failure)})` : "";
    return new HostUnreachable(`${name}: the host closed the connection${why}`, {
      cause: this.#failure,
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
