/**
 * Opens an OpenBMC's console once, lets somebody look at it and closes it, and says in words of drivers why it
 * was refused.
 */
import type { CaFiles } from "../../../common/ca-files.ts";
import { describeTransport } from "../../../common/console-endpoint.ts";
import { BmcSessions } from "../../../common/host-websocket/bmc-sessions.ts";
import { HostWebSocket } from "../../../common/host-websocket/host-websocket.ts";
import {
  HostHttpRefused,
  HostLoginRefused,
  HostWebSocketClosed,
} from "../../../common/host-websocket/refusals.ts";
import { printable } from "../../../common/printable.ts";
import type { HostChannel } from "../../../common/rfb/byte-channel.ts";
import {
  BmcAuthenticationFailed,
  BmcBusy,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  ConsoleError,
  HostUnreachable,
  RFBProtocolError,
  type ConsoleEndpoint,
  type ConsoleServiceError,
} from "../../base.ts";
import { withDeadline } from "../deadline.ts";
import { bmcError } from "../host-errors.ts";

export interface TryOptions {
  readonly signal: AbortSignal;
  /** For everything but the log-out. */
  readonly limitMs: number;
  readonly caFiles: CaFiles;
  /** What the account needs to be let in, for the message. */
  readonly privilege: string;
}

/**
 * @param use gets the console's bytes as soon as the BMC has switched to them
 * @throws {BmcAuthenticationFailed} {@link BmcFeatureMissing} {@link BmcBusy} {@link BmcUnreachable}
 *   {@link BmcTimeout} {@link BmcCertificateInvalid} {@link BmcProtocolError} {@link ConsoleError}
 */
export async function tryWebSocket(
  endpoint: ConsoleEndpoint,
  options: TryOptions,
  use: (channel: HostChannel) => Promise<void>,
): Promise<void> {
  const { transport, tls, credentials } = endpoint;
  if (transport.kind !== "websocket")
    throw new BmcProtocolError("the console of an OpenBMC is behind a WebSocket");
  const peer = describeTransport(transport);
  const { limitMs, caFiles } = options;
  const sessions = new BmcSessions();
  const onTimeout = (): Error =>
    new BmcTimeout(`${peer} did not show its console within ${limitMs / 1000} s`);
  const password = credentials?.password;
  try {
    await withDeadline({ ...options, onTimeout }, async (signal) => {
      const stream = new HostWebSocket(
        { transport, tls, username: credentials?.username, password: password && (() => password) },
        { stepMilliseconds: limitMs, caFiles, sessions },
      );
      const channel = new WebSocketChannel(stream, signal);
      try {
        await channel.opened();
        await use(channel);
      } catch (cause) {
        throw refusalOf(cause, peer, options.privilege);
      } finally {
        channel.close();
      }
    });
  } finally {
    await sessions.settle();
  }
}

function refusalOf(cause: unknown, peer: string, privilege: string): ConsoleServiceError {
  if (cause instanceof HostHttpRefused || cause instanceof HostLoginRefused)
    return statusRefusal(cause, peer, privilege);
  if (!(cause instanceof HostWebSocketClosed))
    return bmcError(cause, peer, "redfish_tls_fingerprint");
  const { closeReason } = cause;
  const said = printable(closeReason) || "nothing";
  // FACT(openbmc/bmcweb, features/kvm/kvm_websocket.hpp): these words.
  if (/max sessions/i.test(closeReason))
    return new BmcBusy(`${peer} has no free seat, the BMC says: ${said}`, { cause });
  if (/error in connecting/i.test(closeReason))
    return new ConsoleError(
      `${peer} has no picture, the machine is off or the BMC's KVM service is down, the BMC says: ${said}`,
      { cause },
    );
  return new ConsoleError(`${peer} closed the console at once, the BMC says: ${said}`, { cause });
}

function statusRefusal(
  cause: HostHttpRefused | HostLoginRefused,
  peer: string,
  privilege: string,
): ConsoleServiceError {
  const { httpStatus, message } = cause;
  if (httpStatus === 401)
    return new BmcAuthenticationFailed(`${peer} refuses the user or password`, { cause });
  if (httpStatus === 403)
    return new BmcFeatureMissing(
      `${peer} is not for this account, it needs ${privilege}; a password that has to be changed first is refused like that, too`,
      { cause },
    );
  if (httpStatus === 404)
    return new BmcFeatureMissing(`${peer} is not there: ${message}`, { cause });
  if (httpStatus === 503 || httpStatus === 429)
    return new BmcBusy(`${peer} is busy or its session table is full`, { cause });
  return new BmcProtocolError(`${peer}: ${message}`, { cause });
}

const CHANGES = ["connect", "readable", "end", "close"] as const;

/** Exact reads from the stream, for the handshake of RFB. */
class WebSocketChannel implements HostChannel {
  readonly #stream: HostWebSocket;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => void this.#stream.destroy();
  #open = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(stream: HostWebSocket, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
    stream.on("error", (error) => (this.#failure ??= error));
    stream.once("connect", () => (this.#open = true));
    for (const event of CHANGES) stream.on(event, () => this.#wake());
  }

  async opened(): Promise<void> {
    while (!this.#open && !this.#stream.destroyed) await this.#change();
    if (this.#stream.destroyed) throw this.#left("the WebSocket");
  }

  async read(name: string, length: number): Promise<Buffer> {
    for (;;) {
      const bytes = length === 0 ? Buffer.alloc(0) : (this.#stream.read(length) as Buffer | null);
      if (bytes?.length === length) return bytes;
      if (bytes !== null || this.#stream.readableEnded || this.#stream.destroyed)
        throw this.#left(name);
      await this.#change();
    }
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  startTls(): Promise<never> {
    return Promise.reject(new RFBProtocolError("TLS inside of a WebSocket is not supported"));
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#stream.destroy();
  }

  #left(name: string): Error {
    if (this.#failure) return this.#failure;
    return new HostUnreachable(`the host closed the connection while ${name} was awaited`);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
