/**
 * One HTTP/1.1 exchange with a BMC's web service, on a connection of its own that was judged before the first
 * byte. Bounded in time and size, follows no redirect, and reads no body.
 */
import { createHash, randomBytes } from "node:crypto";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { CaFiles } from "../ca-files.ts";
import type { HostTls } from "../console-endpoint.ts";
import { HostError, HostTimeout, HostUnreachable, messageOf } from "../errors.ts";
import { upgradeToTls } from "../host-tls.ts";
import { printable } from "../printable.ts";
import { httpRefusal } from "./refusals.ts";

/** Where, and how its certificate is judged; without `tls` in the clear. */
export interface WebPlace {
  readonly host: string;
  readonly port: number;
  readonly tls?: HostTls | undefined;
}

export interface WebLimits {
  /** How long each of dial, TLS handshake and answer may take. */
  readonly stepMilliseconds: number;
  readonly caFiles: CaFiles;
  /** Its abort ends the exchange. */
  readonly signal: AbortSignal;
}

type Headers = Readonly<Record<string, string>>;

export interface WebAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
}

export interface Upgraded {
  readonly socket: Socket;
  /** What came after the answer in the same packet. */
  readonly head: Buffer;
}

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MAX_HEADER_BYTES = 16 * 1024;
const KEEP_ALIVE_MILLISECONDS = 30_000;

/**
 * @returns the head of the answer, whatever its status
 * @throws {HostUnreachable} {@link HostTimeout} {@link HostCertificateInvalid} {@link HostError}
 */
export async function askWeb(
  place: WebPlace,
  limits: WebLimits,
  what: { readonly method: string; readonly path: string; readonly headers: Headers },
  body?: string,
): Promise<WebAnswer> {
  const socket = await dial(place, limits);
  try {
    const { answer } = await exchange(socket, place, limits, what, body);
    return { status: answer.statusCode ?? 0, headers: answer.headers };
  } finally {
    socket.destroy();
  }
}

/**
 * Opens a WebSocket. No sub-protocol is offered and no extension.
 * @throws {HostHttpRefused} {@link HostLoginRefused} and as {@link askWeb}
 */
export async function upgradeWeb(
  place: WebPlace,
  limits: WebLimits,
  path: string,
  headers: Headers,
): Promise<Upgraded> {
  const socket = await dial(place, limits);
  const key = randomBytes(16).toString("base64");
  const websocket = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": key,
  };
  const what = { method: "GET", path, headers: { ...headers, ...websocket } };
  try {
    const { answer, head } = await exchange(socket, place, limits, what);
    if (!head) throw httpRefusal(answer.statusCode ?? 0, `GET ${printable(path)}`);
    checkAcceptance(answer, key);
    return { socket, head };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** @throws {HostError} */
function checkAcceptance({ headers }: IncomingMessage, key: string): void {
  const accept = createHash("sha1").update(key).update(ACCEPT_GUID).digest("base64");
  if (headers.upgrade?.toLowerCase() !== "websocket" || headers["sec-websocket-accept"] !== accept)
    throw new HostError("the host's answer opens no WebSocket (Sec-WebSocket-Accept)");
  if (headers["sec-websocket-extensions"] || headers["sec-websocket-protocol"])
    throw new HostError("the host's WebSocket has an extension or a sub-protocol nobody asked for");
}

async function dial(place: WebPlace, limits: WebLimits): Promise<Socket> {
  const socket = connect({ host: place.host, port: place.port, noDelay: true });
  socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
  const abort = (): void => void socket.destroy(new HostError("the session is over"));
  limits.signal.addEventListener("abort", abort, { once: true });
  try {
    if (limits.signal.aborted) abort();
    await taken(socket, place, limits.stepMilliseconds);
    if (!place.tls) return socket;
    return await upgradeToTls(socket, {
      kind: "certificate",
      tls: place.tls,
      hostName: place.host,
      timeoutSeconds: limits.stepMilliseconds / 1000,
      caFiles: limits.caFiles,
    });
  } finally {
    limits.signal.removeEventListener("abort", abort);
  }
}

function taken(socket: Socket, place: WebPlace, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const seconds = milliseconds / 1000;
      socket.destroy(new HostTimeout(`it did not take the connection within ${seconds} seconds`));
    }, milliseconds);
    const end = (): void => {
      clearTimeout(timer);
      socket.off("connect", onConnect).off("close", onClose);
    };
    const onConnect = (): void => {
      end();
      resolve();
    };
    const onClose = (): void => {
      end();
      const why = socket.errored ?? new Error("closed");
      reject(
        why instanceof HostError
          ? why
          : new HostUnreachable(`${place.host} cannot be reached: ${messageOf(why)}`, {
              cause: why,
            }),
      );
    };
    socket.on("error", () => undefined);
    socket.once("connect", onConnect).once("close", onClose);
  });
}

/** @returns `head` exactly when the host switched to another protocol */
function exchange(
  socket: Socket,
  place: WebPlace,
  limits: WebLimits,
  what: { readonly method: string; readonly path: string; readonly headers: Headers },
  body?: string,
): Promise<{ answer: IncomingMessage; head?: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = request({
      createConnection: () => socket,
      method: what.method,
      path: what.path,
      headers: { host: hostHeader(place), ...what.headers },
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    const seconds = limits.stepMilliseconds / 1000;
    const timer = setTimeout(
      () => end(new HostTimeout(`the host did not answer ${what.method} within ${seconds} s`)),
      limits.stepMilliseconds,
    );
    const abort = (): void => end(new HostError("the session is over"));
    let over = false;
    const end = (outcome: Error | { answer: IncomingMessage; head?: Buffer }): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      limits.signal.removeEventListener("abort", abort);
      if (outcome instanceof Error) {
        asked.destroy();
        reject(outcome);
      } else resolve(outcome);
    };
    limits.signal.addEventListener("abort", abort, { once: true });
    if (limits.signal.aborted) abort();
    asked.on("error", (error) => end(explain(error)));
    asked.once("upgrade", (answer, _same, head) => end({ answer, head }));
    asked.once("response", (answer) => end({ answer }));
    asked.once("close", () => end(new HostUnreachable("the host closed the connection")));
    asked.end(body);
  });
}

function explain(error: Error): HostError {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const why = printable(code || messageOf(error));
  if (code.startsWith("HPE_")) return new HostError(`the host's answer is no HTTP (${why})`);
  return new HostUnreachable(`the host closed the connection (${why})`, { cause: error });
}

function hostHeader({ host, port, tls }: WebPlace): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}
