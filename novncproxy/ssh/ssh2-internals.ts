/**
 * What ssh2 has inside and offers to nobody, and a server cannot do without. Pinned by its exact version
 * in package.json; each of these has a test that sees it work.
 */
import type { Socket } from "node:net";
import type { Connection, ServerChannel } from "ssh2";

type RequestHandler = (
  protocol: unknown,
  recipient: number,
  type: string,
  wantReply: boolean,
  data: unknown,
) => void;

interface Inside {
  readonly _sock: Socket;
  readonly _protocol: {
    /** Set between the two ends of a key exchange. */
    readonly _kexinit?: Buffer;
    readonly _handlers: { CHANNEL_REQUEST: RequestHandler };
    ping(): void;
  };
}

function inside(client: Connection): Inside {
  return client as unknown as Inside;
}

export function socketOf(client: Connection): Socket {
  return inside(client)._sock;
}

/**
 * FACT(ssh2 1.17, protocol/utils.js sendPacket): during a key exchange packets wait in a queue without
 * bound, and the peer says how long that takes.
 */
export function isExchangingKeys(client: Connection): boolean {
  return inside(client)._protocol._kexinit !== undefined;
}

/** Sends keepalive@openssh.com, which every client answers. */
export function askForLife(client: Connection): void {
  inside(client)._protocol.ping();
}

/** FACT(ssh2 1.17, server.js): break requests (RFC 4335) are refused without asking. */
export function onBreakRequest(client: Connection, listener: () => void): void {
  const handlers = inside(client)._protocol._handlers;
  const others = handlers.CHANNEL_REQUEST;
  handlers.CHANNEL_REQUEST = (protocol, recipient, type, wantReply, data) => {
    if (type === "break") listener();
    others(protocol, recipient, type, wantReply, data);
  };
}

/** Bytes that the client lets us send on this channel. */
export function windowOf(channel: ServerChannel): number {
  return (channel as unknown as { readonly outgoing: { readonly window: number } }).outgoing.window;
}
