/** The way to a BMC from the machine of the conductor itself: a plain TCP connection. */
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BmcTimeout } from "../../base.ts";
import { abortError, throwIfAborted } from "../../lib/deadline.ts";
import { networkError } from "../../lib/network-errors.ts";
import type { Destination } from "./provider.ts";

const CONNECT_LIMIT_MS = 10_000;
/** A BMC that vanished is noticed by this; a console may be silent for hours. */
const KEEP_ALIVE_MS = 30_000;

/** `host:port`, an IPv6 address in brackets. */
export function peerOf({ host, port }: Destination): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * @returns a connected socket that may be half closed
 * @throws {BmcUnreachable} {@link BmcTimeout}; the signal's reason when it aborts
 */
export function dialTcp(destination: Destination, signal: AbortSignal): Promise<Duplex> {
  throwIfAborted(signal);
  const { host, port } = destination;
  return new Promise<Socket>((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.off("connect", onConnect).off("error", settle);
      if (error === undefined) return resolve(socket);
      socket.on("error", () => undefined).destroy();
      reject(error instanceof Error && "code" in error ? networkError(error, peer) : error);
    };
    const peer = peerOf(destination);
    const onConnect = (): void => settle();
    const onAbort = (): void => settle(abortError(signal));
    const timer = setTimeout(
      () => settle(new BmcTimeout(`${peer} does not answer within ${CONNECT_LIMIT_MS / 1000} s`)),
      CONNECT_LIMIT_MS,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", onConnect).once("error", settle);
  });
}
