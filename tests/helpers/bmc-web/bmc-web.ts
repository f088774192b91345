/**
 * A BMC with a web page, simulated: an HTTPS server on loopback with a vendor's login, pages and viewer.
 * It follows public facts about the vendor; where those end, its pages are ours and say so.
 */
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { SecureVersion } from "node:tls";
import { WebSocketServer } from "ws";
import { makeTestPki, type TestPki } from "../pki.ts";
import { Bmc, type BmcVendor } from "./bmc.ts";
import { answerHostile } from "./hostile.ts";
import { notFound, readRequest, requestHead, writeReply, type BmcReply } from "./http.ts";
import { answerRedfish } from "./redfish.ts";

export const BMC_USER = "bmc-operator";
/** Holds what a URL, a form, a header or a page must encode. */
export const BMC_PASSWORD = 'pa55&w+rd "%2F<é';

export interface BmcWebOptions {
  readonly maximumSessions?: number;
  /** One for many simulators saves time; made and removed by this one otherwise. */
  readonly pki?: TestPki;
  /** Of an old board, for example TLSv1 to TLSv1.1. */
  readonly tls?: { readonly minimum: SecureVersion; readonly maximum: SecureVersion };
  readonly address?: string;
  readonly port?: number;
  /** Of the Java viewer, see java-viewer.ts; opens its port, too. */
  readonly viewerJar?: Uint8Array;
}

export interface BmcWeb {
  readonly bmc: Bmc;
  /** `https://address:port`. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of its certificate, 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** Of the authority that signed it. */
  readonly caFile: string;
  readonly caPem: string;
  readonly certPem: string;
  /** base64 of SHA-256 over its SPKI, as Chromium's --ignore-certificate-errors-spki-list wants it. */
  readonly trustedKey: string;
  /** Ends connections and listener at once, as a BMC that restarts. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBmcWeb(vendor: BmcVendor, options: BmcWebOptions = {}): Promise<BmcWeb> {
  const pki = options.pki ?? makeTestPki();
  const certificate = pki.issue(`bmc-${vendor.name}`);
  const bmc = new Bmc(vendor, options.maximumSessions ?? 4);
  bmc.accounts.add(BMC_USER, BMC_PASSWORD, "Administrator");
  const server = createServer({
    cert: certificate.certPem,
    key: certificate.keyPem,
    ...(options.tls && {
      minVersion: options.tls.minimum,
      maxVersion: options.tls.maximum,
      ciphers: "DEFAULT:@SECLEVEL=0",
    }),
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => undefined);
  server.on("request", (incoming: IncomingMessage, response: ServerResponse) => {
    void serve(bmc, incoming, response).catch(() => response.destroy());
  });
  const upgrades = new WebSocketServer({ noServer: true, clientTracking: false });
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(bmc, upgrades, incoming, socket, head);
  });
  const address = options.address ?? "127.0.0.1";
  server.listen(options.port ?? 0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  const viewerPort = options.viewerJar && (await listenForJava(bmc, address, sockets));
  bmc.viewerPort = viewerPort ? (viewerPort.address() as AddressInfo).port : 0;
  bmc.viewerJar = options.viewerJar;

  async function crash(): Promise<void> {
    const both = viewerPort ? [server, viewerPort] : [server];
    const listening = both.filter((one) => one.listening);
    const closed = listening.map((one) => once(one, "close"));
    for (const one of listening) one.close();
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  }
  return {
    bmc,
    origin: `https://${address}:${port}`,
    host: address,
    port,
    fingerprint: certificate.fingerprint,
    caFile: pki.caFile,
    caPem: pki.caPem,
    certPem: certificate.certPem,
    trustedKey: trustedKeyOf(certificate.certPem),
    crash,
    async stop() {
      await crash();
      if (!options.pki) pki.remove();
    },
  };
}

/** The port that a Java viewer connects to: its first line says whose it is. */
async function listenForJava(bmc: Bmc, address: string, sockets: Set<Socket>): Promise<Server> {
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.once("data", (data: Buffer) => {
      const session = bmc.vendor.javaViewer?.(data.toString().trim(), bmc);
      if (session) bmc.machine.attachLines(socket, session);
      else socket.destroy();
    });
  });
  server.listen(0, address);
  await once(server, "listening");
  return server;
}

function trustedKeyOf(certPem: string): string {
  const spki = new X509Certificate(certPem).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64");
}

async function serve(bmc: Bmc, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = await readRequest(incoming);
  bmc.requests.push(`${request.method} ${incoming.url ?? ""}`);
  if (bmc.vendor.server !== undefined) response.setHeader("server", bmc.vendor.server);
  const { slowMs, hang, unavailable } = bmc.faults;
  if (hang?.test(request.path)) return;
  if (slowMs > 0) await sleep(slowMs);
  let reply: BmcReply | undefined;
  if (unavailable) reply = { status: 503, headers: {}, body: "Service Unavailable" };
  else if (request.path.startsWith("/redfish") && bmc.vendor.redfish !== false)
    reply = bmc.vendor.answer(request, bmc) ?? answerRedfish(request, bmc);
  else reply = bmc.vendor.answer(request, bmc) ?? answerHostile(request);
  writeReply(response, reply ?? notFound());
}

function upgrade(
  bmc: Bmc,
  upgrades: WebSocketServer,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on("error", () => socket.destroy());
  const request = requestHead(incoming);
  bmc.requests.push(`UPGRADE ${incoming.url ?? ""}`);
  if (bmc.faults.hang?.test(request.path)) return;
  const session = bmc.vendor.viewer(request, bmc);
  if (!session) {
    socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const onGone = (): void => {
    if (bmc.vendor.consolesEndWithViewers) bmc.logout(session);
  };
  upgrades.handleUpgrade(incoming, socket, head, (viewer) =>
    bmc.machine.attach(viewer, session, onGone),
  );
}
