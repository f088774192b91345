/**
 * A console service for tests of the page alone: serves the built page under the strict policy, speaks
 * the WebSocket contract (refusals, session messages, close reasons) and has a fake machine behind it.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { FakeRfb, type Colour } from "./fake-rfb.ts";

export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'";
export const NODE = { uuid: "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", name: "rack-7" };
export const TOKEN = "t0ken_".padEnd(43, "x");

const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "console.js": "text/javascript; charset=utf-8",
  "console.css": "text/css; charset=utf-8",
  "notices.txt": "text/plain; charset=utf-8",
};

/** One WebSocket of the page. */
export class Connection {
  readonly rfb: FakeRfb;
  readonly socket: WebSocket;
  /** Text frames from the page. */
  readonly texts: string[] = [];
  closedWith: { code: number; reason: string } | undefined;

  constructor(socket: WebSocket, picture: { width: number; height: number; colour: Colour }) {
    this.socket = socket;
    this.rfb = new FakeRfb((bytes) => socket.send(bytes), picture);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.rfb.receive(data);
      else this.texts.push(data.toString("utf8"));
    });
    socket.on("close", (code, reason) => {
      this.closedWith = { code, reason: reason.toString("utf8") };
    });
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  /** The network breaks. */
  cut(): void {
    this.socket.terminate();
  }
}

export interface Behaviour {
  /** Refuses upgrades, and says so to the page's question. */
  refusal?: { status: number; code: string } | undefined;
  /** Refuses upgrades, although the question is answered with 426. */
  blocked?: boolean;
  mode?: "control" | "view";
  /** Stops after this state message. */
  holdAt?: "connecting" | "authenticating" | undefined;
  colour?: Colour;
  nodeName?: string;
}

export class ContractServer {
  readonly connections: Connection[] = [];
  readonly upgrades: string[] = [];
  behaviour: Behaviour = {};
  readonly #pages: string;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  #framed = "";

  private constructor(pages: string) {
    this.#pages = pages;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) =>
        offered.has("baremetal-console.v1") ? "baremetal-console.v1" : "binary",
    });
    this.#http = createServer((request, response) => this.#answer(request, response));
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** @param pages folder of the built page */
  static async start(pages: string): Promise<ContractServer> {
    const server = new ContractServer(pages);
    server.#http.listen(0, "127.0.0.1");
    await once(server.#http, "listening");
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** A console link as the service makes it, with more parameters after it when wanted. */
  link(more = "", page = "vnc_lite.html"): string {
    const path = `websockify?node=${NODE.uuid}&token=${TOKEN}`;
    return `${this.origin}/${page}?path=${encodeURIComponent(path)}${more}`;
  }

  /** A page of another site (by name instead of address) that embeds the console as Horizon does. */
  dashboard(): string {
    this.#framed = this.link("&title=web-1(1be26c0b)").replaceAll("&", "&amp;");
    return `${this.origin.replace("127.0.0.1", "localhost")}/dashboard.html`;
  }

  get last(): Connection {
    const last = this.connections.at(-1);
    if (!last) throw new Error("the page has not connected");
    return last;
  }

  /** Starts counting anew for the next test. */
  forget(): void {
    for (const { socket } of this.connections) socket.terminate();
    this.connections.length = 0;
    this.upgrades.length = 0;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections) socket.terminate();
    this.#webSockets.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? "/", this.origin);
    if (pathname === "/websockify") {
      const { status, code } = this.behaviour.refusal ?? { status: 426, code: "" };
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ code, message: "for people" }));
      return;
    }
    if (pathname === "/dashboard.html") {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(`<iframe width="800" height="500" src="${this.#framed}"></iframe>`);
      return;
    }
    const isPage = ["/vnc_lite.html", "/vnc.html", "/vnc_auto.html"].includes(pathname);
    const name = isPage ? "index.html" : pathname.replace(/^\/console\//, "");
    const type = TYPES[name];
    if (type === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": type,
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    response.end(readFileSync(join(this.#pages, name)));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.upgrades.push(request.url ?? "");
    const { refusal, blocked } = this.behaviour;
    if (refusal || blocked) {
      socket.end(`HTTP/1.1 ${refusal?.status ?? 400} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket));
  }

  #serve(socket: WebSocket): void {
    const { mode = "control", holdAt, nodeName = NODE.name } = this.behaviour;
    const colour = this.behaviour.colour ?? { red: 200, green: 30, blue: 60 };
    const connection = new Connection(socket, { width: 640, height: 400, colour });
    connection.send({
      type: "session",
      id: "req-5e551",
      mode,
      node: { uuid: NODE.uuid, name: nodeName },
      idleTimeoutSeconds: 600,
      sessionTimeoutSeconds: 0,
      tokenExpiresAt: new Date(Date.now() + 600_000).toISOString(),
    });
    for (const state of ["connecting", "authenticating"] as const) {
      connection.send({ type: "state", state });
      if (state === holdAt) {
        this.connections.push(connection);
        return;
      }
    }
    connection.send({ type: "state", state: "connected" });
    this.connections.push(connection);
    connection.rfb.start();
  }
}
