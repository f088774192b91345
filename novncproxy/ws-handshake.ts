/**
 * The opening handshake (RFC 6455 section 4.2): judges an upgrade request's form, writes the 101 and the
 * refusals. Knows nothing of tokens.
 */
import { createHash } from "node:crypto";
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Invalid, UpgradeRequired } from "../common/errors.ts";

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_PATTERN = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = "13";

/** Our own: RFB or a line's bytes in binary frames, notices in text frames. */
export const NOTICES_PROTOCOL = "baremetal-console.v1";
/** The bytes in base64 in text frames; for serial lines only. */
export const BASE64_PROTOCOL = "base64";
/** In order of preference. `binary` is what noVNC before 1.5 and other tools offer. */
const PROTOCOLS: readonly string[] = [NOTICES_PROTOCOL, "binary", BASE64_PROTOCOL];

/** @throws {Invalid} when it is no WebSocket handshake; {@link UpgradeRequired} for another version */
export function checkHandshake(request: IncomingMessage): void {
  const { headers } = request;
  if (request.method !== "GET") throw new Invalid("a websocket handshake is a GET");
  if (headers.upgrade?.toLowerCase() !== "websocket")
    throw new Invalid("only websockets are served here");
  if (!KEY_PATTERN.test(headers["sec-websocket-key"] ?? ""))
    throw new Invalid("Sec-WebSocket-Key is not 16 bytes of base64");
  if (headers["sec-websocket-version"] !== VERSION)
    throw new UpgradeRequired("Sec-WebSocket-Version is not 13");
}

/**
 * @returns the sub-protocol to answer; undefined when none was offered
 * @throws {Invalid} when only unknown ones were offered
 */
export function chooseProtocol(request: IncomingMessage): string | undefined {
  const header = request.headers["sec-websocket-protocol"];
  if (header === undefined) return undefined;
  const offered = header.split(",").map((name) => name.trim());
  const chosen = PROTOCOLS.find((name) => offered.includes(name));
  if (chosen === undefined) throw new Invalid("no known sub-protocol is offered");
  return chosen;
}

/** The 101 answer, complete. */
export function acceptance(request: IncomingMessage, protocol: string | undefined): string {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(key).update(ACCEPT_GUID).digest("base64");
  return (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n` +
    (protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`) +
    "\r\n"
  );
}

/** Refuses with a status and nothing else: some clients take any byte of a body for RFB. */
export function refuse(socket: Duplex, status: number): void {
  const version = status === 426 ? `Sec-WebSocket-Version: ${VERSION}\r\n` : "";
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\nConnection: close\r\n${version}Content-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}
