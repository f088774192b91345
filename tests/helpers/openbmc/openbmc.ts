/**
 * A simulated OpenBMC: HTTPS with sessions, basic authentication and roles, a little Redfish, and the WebSockets of
 * its consoles, which go to a real VNC server and to a serial line. Written after openbmc/bmcweb@7debb892
 * (include/authentication.hpp, include/cookies.hpp, features/kvm/kvm_websocket.hpp,
 * features/serial/obmc_console.hpp, http/websocket_impl.hpp), not after our code.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, NetConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { Secret } from "../../../common/secret.ts";
import type { HostTls } from "../../../common/console-endpoint.ts";
import { makeTestPki, type TestPki } from "../pki.ts";
import { OpenBmcAccounts, type Login } from "./accounts.ts";
import { OpenBmcConsoles } from "./consoles.ts";

export interface OpenBmcOptions {
  /** Where the picture comes from. */
  readonly rfb?: NetConnectOpts;
  /** Where the serial line ends. */
  readonly serial?: NetConnectOpts;
  readonly password?: string;
}

const SESSIONS = "/redfish/v1/SessionService/Sessions";
const MAX_BODY_BYTES = 4096;

export class OpenBmc {
  readonly accounts: OpenBmcAccounts;
  readonly consoles: OpenBmcConsoles;
  /** What the Redfish resources say besides. */
  graphicalConsole: Record<string, unknown> | undefined = {
    ServiceEnabled: true,
    MaxConcurrentSessions: 4,
    ConnectTypesSupported: ["KVMIP"],
  };
  serialConsole: Record<string, unknown> | undefined = { MaxConcurrentSessions: 15 };
  /** Answers to every request for a session, after a while. */
  beforeLogin: () => Promise<void> = () => Promise.resolve();
  /** `METHOD path` of every request. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #pki: TestPki;
  readonly #fingerprint: string;
  #port = 0;

  private constructor(options: OpenBmcOptions) {
    this.accounts = new OpenBmcAccounts(options.password ?? "0penBmc");
    this.consoles = new OpenBmcConsoles(options);
    this.#pki = makeTestPki();
    const { certPem: cert, keyPem: key, fingerprint } = this.#pki.issue("openbmc");
    this.#fingerprint = fingerprint;
    this.#server = createServer({ cert, key }, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(options: OpenBmcOptions = {}): Promise<OpenBmc> {
    const made = new OpenBmc(options);
    made.#server.listen(0, "127.0.0.1");
    await once(made.#server, "listening");
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get caFile(): string {
    return this.#pki.caFile;
  }

  get tls(): HostTls {
    return { wrap: true, verify: "pin", fingerprint: this.#fingerprint };
  }

  get driverInfo(): Record<string, string | Secret> {
    return {
      redfish_address: `127.0.0.1:${this.port}`,
      redfish_username: "root",
      redfish_password: new Secret(this.accounts.password),
      redfish_tls_fingerprint: this.#fingerprint,
    };
  }

  /** As in a restart: sessions outlast it. */
  async goDown(): Promise<void> {
    this.#port = this.port;
    this.consoles.drop();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async comeBack(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.goDown();
    this.#pki.remove();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const { method = "" } = request;
    this.asked.push(`${method} ${path}`);
    const send = (status: number, body: object = {}, headers: Record<string, string> = {}): void =>
      void response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(status === 204 ? undefined : JSON.stringify(body));
    if (method === "POST" && path === SESSIONS) {
      await this.beforeLogin();
      const login = this.accounts.logIn(await bodyOf(request));
      if (!login) return send(401, refusal("ResourceAtUriUnauthorized"));
      const location = `${SESSIONS}/${login.id}`;
      return send(201, { "@odata.id": location }, { "x-auth-token": login.token, location });
    }
    const login = this.accounts.of(request);
    if (!login) return send(401, refusal("InsufficientPrivilege"));
    if (method === "DELETE" && path.startsWith(`${SESSIONS}/`)) {
      this.accounts.logOut(path.slice(SESSIONS.length + 1));
      return send(204);
    }
    const resource = this.#resource(path);
    if (!resource) return send(404, refusal("ResourceMissingAtURI"));
    send(200, { "@odata.id": path, ...resource });
  }

  #resource(path: string): object | undefined {
    const members = (id: string): object => ({ Members: [{ "@odata.id": `${path}/${id}` }] });
    switch (path) {
      case "/redfish/v1":
        return { RedfishVersion: "1.17.0" };
      case "/redfish/v1/Managers":
        return members("bmc");
      case "/redfish/v1/Systems":
        return members("system");
      case "/redfish/v1/Managers/bmc":
        return { Id: "bmc", GraphicalConsole: this.graphicalConsole };
      case "/redfish/v1/Systems/system":
        return { Id: "system", PowerState: "On", SerialConsole: this.serialConsole };
      default:
        return undefined;
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => undefined);
    const path = pathOf(request);
    this.asked.push(`upgrade ${path}`);
    const login = this.accounts.of(request);
    const status = this.#judge(login, path, request);
    if (status === 101) this.consoles.take(path, request, socket, head);
    else socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  }

  #judge(login: Login | undefined, path: string, request: IncomingMessage): number {
    if (!login) return 401;
    if (!this.consoles.has(path)) return 404;
    if (login.role !== "Administrator") return 403;
    /* who comes with a cookie has to show its XSRF token as the sub-protocol */
    const offered = request.headers["sec-websocket-protocol"];
    return login.byCookie && offered !== login.csrf ? 401 : 101;
  }
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? "/", "https://bmc").pathname.replace(/(.)\/$/, "$1");
}

function refusal(id: string): object {
  return { error: { "@Message.ExtendedInfo": [{ MessageId: `Base.1.18.${id}` }] } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) return "";
  }
  return text;
}
