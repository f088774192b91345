/**
 * A console service with one serial line, for tests of `console attach`: gives links, takes WebSockets,
 * says what the test says and remembers what it got. The WebSockets are those of the `ws` package.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

const PROTOCOL = "baremetal-console.v1";

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export class SerialService {
  /** What arrived in binary frames, over all connections. */
  typed = Buffer.alloc(0);
  /** What arrived in text frames. */
  readonly requests: Record<string, unknown>[] = [];
  /** Queries of the links that were asked for. */
  readonly links: string[] = [];
  readonly handshakes: IncomingMessage[] = [];
  readonly sockets: WebSocket[] = [];
  /** The WebSocket is refused so, as long as it is set. */
  refusal: Refusal | undefined;
  enabled = true;
  /** Scrollback for everybody who comes. */
  scrollback = "";
  lineState = "connected";
  /** What the machine answers to keys. */
  answer: (keys: Buffer) => Buffer | undefined = (keys) => keys;
  readonly #server: Server;
  readonly #wss: WebSocketServer;
  readonly #protocol: string;
  #onChange: () => void = () => undefined;

  private constructor(server: Server, protocol: string) {
    this.#server = server;
    this.#protocol = protocol;
    this.#wss = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => [...offered].find((name) => name === protocol) ?? false,
    });
    server.on("request", (request: IncomingMessage, response: ServerResponse) =>
      this.#answer(request, response),
    );
    server.on("upgrade", (request: IncomingMessage, socket, head) => {
      if (this.refusal)
        return void socket.end(`HTTP/1.1 ${this.refusal.status} No\r\nConnection: close\r\n\r\n`);
      this.handshakes.push(request);
      this.#wss.handleUpgrade(request, socket, head, (webSocket) => this.#welcome(webSocket));
    });
  }

  /** @param options `protocol` that it speaks; `tls` key and certificate */
  static async start(
    options: {
      readonly protocol?: string;
      readonly tls?: { readonly key: string; readonly cert: string };
    } = {},
  ): Promise<SerialService> {
    const server = options.tls ? createTlsServer(options.tls) : createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SerialService(server, options.protocol ?? PROTOCOL);
  }

  get url(): string {
    return `${this.#isTls ? "https" : "http"}://${this.#host}`;
  }

  get webSocketUrl(): string {
    return `${this.#isTls ? "wss" : "ws"}://${this.#host}/websockify?node=n&token=${this.links.length}`;
  }

  /** The machine's bytes, to everybody. */
  say(bytes: string | Buffer): void {
    for (const socket of this.sockets) socket.send(Buffer.from(bytes), { binary: true });
  }

  notice(fields: object): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(fields));
  }

  /** Ends all connections so. */
  hangUp(code: number, reason: string): void {
    for (const socket of this.sockets.splice(0)) socket.close(code, reason);
  }

  /** As a broken network does. */
  cut(): void {
    for (const socket of this.sockets.splice(0)) socket.terminate();
  }

  /** @throws {Error} at the deadline */
  async until(done: () => boolean, deadlineMs = 15_000): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#onChange = () => {
          if (done()) resolve();
        };
        timer = setTimeout(
          () => reject(new Error(`${deadlineMs} ms went by; it got ${this.typed.toString()}`)),
          deadlineMs,
        );
        this.#onChange();
      });
    } finally {
      clearTimeout(timer);
      this.#onChange = () => undefined;
    }
  }

  async stop(): Promise<void> {
    this.cut();
    this.#wss.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #isTls(): boolean {
    return "setSecureContext" in this.#server;
  }

  get #host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://any");
    if (url.pathname === "/websockify") {
      const { status, ...body } = this.refusal ?? { status: 426, code: "UPGRADE_REQUIRED" };
      return send(response, status, body);
    }
    this.links.push(url.search);
    const info = {
      type: "serial",
      url: `${this.url}/serial.html`,
      websocket_url: this.webSocketUrl,
      line: { state: this.lineState },
    };
    send(response, 200, {
      console_enabled: this.enabled,
      console_info: this.enabled ? info : null,
    });
  }

  #welcome(socket: WebSocket): void {
    this.sockets.push(socket);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        this.typed = Buffer.concat([this.typed, data]);
        const answer = this.answer(data);
        if (answer) socket.send(answer, { binary: true });
      } else this.requests.push(JSON.parse(data.toString()) as Record<string, unknown>);
      this.#onChange();
    });
    socket.on("close", () => {
      this.sockets.splice(0, this.sockets.length, ...this.sockets.filter((one) => one !== socket));
      this.#onChange();
    });
    if (this.#protocol === PROTOCOL) this.#greet(socket);
    this.#onChange();
  }

  #greet(socket: WebSocket): void {
    const notices = [
      { type: "session", id: "s", mode: "control", node: { uuid: "u", name: "n1" } },
      { type: "state", state: "connected" },
      { type: "line", state: this.lineState, detail: null, since: 0, retrySeconds: null },
      { type: "viewers", viewers: [viewer("ada", true)] },
      { type: "replay", bytes: this.scrollback.length, lines: 1 },
    ];
    for (const notice of notices) socket.send(JSON.stringify(notice));
    if (this.scrollback !== "") socket.send(Buffer.from(this.scrollback), { binary: true });
  }
}

export function viewer(user: string, you: boolean): object {
  return { id: user, user, via: "browser", mode: "control", writing: true, since: 0, you };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
