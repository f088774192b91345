/**
 * A console service with one serial line, for tests of the serial page alone: serves the built pages under
 * the product's own headers, speaks common/serial-messages.ts, and has a machine behind it that a test
 * plays. It has real fan-out, scrollback and writers, and lies only when a test says so.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { LineStateName, SerialNotice, SerialViewer } from "../../common/serial-messages.ts";
import { loadPages, type Pages } from "../../novncproxy/pages.ts";
import { contentSecurityPolicy } from "../../novncproxy/security-headers.ts";

export const SERIAL_NODE = { uuid: "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", name: "rack-7" };

export interface SerialBehaviour {
  refusal?: { status: number; code: string } | undefined;
  writers?: "many" | "one";
  nodeName?: string;
  /** Most scrollback a new viewer gets. */
  replayBytes?: number;
  /** Hears what is typed. */
  host?: (typed: string, line: SerialService) => void;
}

/** One attached page. */
export class AttachedPage {
  readonly socket: WebSocket;
  readonly id: string;
  readonly user: string;
  readonly mode: "control" | "view";
  readonly since: number;
  readonly requests: { readonly type: string }[] = [];
  writing = false;
  /** Its own bytes. */
  typed = "";
  closedWith: { code: number; reason: string } | undefined;

  constructor(
    socket: WebSocket,
    who: { id: string; user: string; mode: "control" | "view"; since: number },
  ) {
    this.socket = socket;
    this.id = who.id;
    this.user = who.user;
    this.mode = who.mode;
    this.since = who.since;
  }

  notice(notice: SerialNotice | { type: string; [field: string]: unknown }): void {
    this.socket.send(JSON.stringify(notice));
  }
}

export class SerialService {
  readonly pages: AttachedPage[] = [];
  readonly upgrades: string[] = [];
  behaviour: SerialBehaviour = {};
  /** Everything the machine was sent. */
  typed = "";
  /** When each frame from a page came, and how much it was. */
  readonly arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
  #history = Buffer.alloc(0);
  #line: { state: LineStateName; detail: string | null; retrySeconds: number | null } = CONNECTED;
  #others: SerialViewer[] = [];
  #count = 0;
  readonly #files: Pages;
  readonly #http: Server;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });

  private constructor(folder: string) {
    const policy = contentSecurityPolicy({ frameAncestors: [], publicUrl: "" });
    this.#files = loadPages(folder, policy);
    this.#http = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://x");
      if (this.#files.has(pathname)) this.#files.serve(pathname, request, response);
      else if (pathname === "/websockify") {
        const { status, code } = this.behaviour.refusal ?? { status: 426, code: "" };
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify({ code, message: "for people" }));
      } else response.writeHead(404).end();
    });
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** @param folder of the built pages */
  static async start(folder: string): Promise<SerialService> {
    const service = new SerialService(folder);
    service.#http.listen(0, "127.0.0.1");
    await once(service.#http, "listening");
    return service;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  link(user = "alice", mode: "control" | "view" = "control"): string {
    const path = `websockify?node=${SERIAL_NODE.uuid}&token=${user}-${mode}-${"x".repeat(30)}`;
    return `${this.origin}/serial.html?path=${encodeURIComponent(path)}`;
  }

  get last(): AttachedPage {
    const last = this.pages.at(-1);
    if (!last) throw new Error("no page has connected");
    return last;
  }

  /** The machine says something: to everybody and into the scrollback. */
  say(what: string | Buffer): void {
    const bytes = Buffer.from(what);
    this.sayUnheard(bytes);
    for (const { socket } of this.pages) socket.send(bytes);
  }

  /** The machine says something that reaches no page now, only the scrollback. */
  sayUnheard(what: string | Buffer): void {
    this.#history = Buffer.concat([this.#history, Buffer.from(what)]);
  }

  line(
    state: LineStateName,
    detail: string | null = null,
    retrySeconds: number | null = null,
  ): void {
    this.#line = { state, detail, retrySeconds };
    for (const page of this.pages) page.notice(this.#lineNotice());
  }

  /** Somebody attached by other means than a page. */
  addOther(viewer: Partial<SerialViewer>): void {
    const since = 1_700_000_000_000;
    const plain = {
      id: `other-${this.#others.length}`,
      user: null,
      via: "ssh",
      mode: "control",
    } as const;
    this.#others.push({ ...plain, writing: false, since, you: false, ...viewer });
    this.tellViewers();
  }

  tellViewers(): void {
    for (const page of this.pages) page.notice(this.#viewersFor(page));
  }

  /** Starts anew for the next test. */
  forget(): void {
    for (const { socket } of this.pages) socket.terminate();
    this.pages.length = 0;
    this.upgrades.length = 0;
    this.arrivals.length = 0;
    this.typed = "";
    this.#history = Buffer.alloc(0);
    this.#others = [];
    this.#line = CONNECTED;
    this.behaviour = {};
  }

  async stop(): Promise<void> {
    this.forget();
    this.#webSockets.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.upgrades.push(request.url ?? "");
    const { refusal } = this.behaviour;
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const token = new URL(request.url ?? "/", "http://x").searchParams.get("token") ?? "";
    const [user = "", mode] = token.split("-");
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#attach(webSocket, user, mode === "view" ? "view" : "control"),
    );
  }

  #attach(socket: WebSocket, user: string, mode: "control" | "view"): void {
    const { nodeName = SERIAL_NODE.name, writers = "many", replayBytes = 262_144 } = this.behaviour;
    this.#count += 1;
    const id = `req-${this.#count}`;
    const page = new AttachedPage(socket, {
      id,
      user,
      mode,
      since: 1_700_000_000_000 + this.#count,
    });
    const isFree =
      !this.pages.some((one) => one.writing) && !this.#others.some((one) => one.writing);
    page.writing = mode === "control" && (writers === "many" || isFree);
    socket.on("message", (data: Buffer, isBinary) => this.#hear(page, data, isBinary));
    socket.on("close", (code, reason) => {
      page.closedWith = { code, reason: reason.toString("utf8") };
      const at = this.pages.indexOf(page);
      if (at >= 0) this.pages.splice(at, 1);
      this.tellViewers();
    });
    page.notice({
      type: "session",
      id,
      mode,
      node: { uuid: SERIAL_NODE.uuid, name: nodeName },
      idleTimeoutSeconds: 600,
      sessionTimeoutSeconds: 0,
      tokenExpiresAt: Date.now() + 600_000,
    });
    page.notice({ type: "state", state: "connected" });
    page.notice(this.#lineNotice());
    this.pages.push(page);
    this.tellViewers();
    const replay = this.#history.subarray(-replayBytes);
    page.notice({ type: "replay", bytes: replay.length, lines: 1000 });
    // In two frames, the second of which a live byte could follow.
    const half = Math.floor(replay.length / 2);
    if (half > 0) socket.send(replay.subarray(0, half));
    if (replay.length > 0) socket.send(replay.subarray(half));
  }

  #hear(page: AttachedPage, data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      const request = JSON.parse(data.toString("utf8")) as { type: string };
      page.requests.push(request);
      if (request.type !== "take_control" || page.mode !== "control") return;
      for (const one of this.pages) one.writing = one === page;
      this.#others = this.#others.map((other) => ({ ...other, writing: false }));
      this.tellViewers();
      return;
    }
    const text = data.toString("utf8");
    page.typed += text;
    this.arrivals.push({ atMs: performance.now(), bytes: data.length });
    if (!page.writing) return;
    this.typed += text;
    this.behaviour.host?.(text, this);
  }

  #lineNotice(): SerialNotice {
    return { type: "line", ...this.#line, since: Date.now() };
  }

  #viewersFor(page: AttachedPage): SerialNotice {
    const pages = this.pages.map(({ id, user, mode, writing, since }): SerialViewer => ({
      id,
      user,
      mode,
      writing,
      since,
      via: "browser",
      you: id === page.id,
    }));
    return { type: "viewers", viewers: [...this.#others, ...pages] };
  }
}

const PROTOCOL = "baremetal-console.v1";
const CONNECTED = { state: "connected", detail: null, retrySeconds: null } as const;
