/** The Redfish service of the iDRAC simulator, over HTTPS with a certificate nobody signed. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { IssuedCertificate } from "../../helpers/pki.ts";
import { Refused, type VncAttributes } from "./attributes.ts";
import type { FakeSystem } from "./system.ts";

export interface RedfishBehaviour {
  managerId?: string;
  model?: string;
  /** Where the attributes are; `nowhere` is an iDRAC8, `no-redfish` an older one. */
  attributesAt?: "DellAttributes" | "Attributes" | "both" | "nowhere" | "no-redfish";
  sessionTableFull?: boolean;
  /** Somebody else writes between every read and write: ETags never match. */
  staleEtags?: boolean;
  /** Accepts requests and never answers. */
  silentRedfish?: boolean;
  /** Sends this many bytes of rubbish for every GET of attributes. */
  hugeAnswer?: number;
  /** Sends clients elsewhere. */
  redirectTo?: string;
  /** Answers attributes with something that is no JSON. */
  notJson?: boolean;
}

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export class RedfishFace {
  readonly requests: string[] = [];
  /** Tokens of sessions that are open. */
  readonly sessions = new Map<string, string>();
  readonly server: Server;
  readonly #attributes: VncAttributes;
  readonly #system: FakeSystem;
  readonly #credentials: { username: string; password: string };
  readonly #behaviour: RedfishBehaviour;
  #version = 1;

  constructor(options: {
    attributes: VncAttributes;
    system: FakeSystem;
    certificate: IssuedCertificate;
    credentials: { username: string; password: string };
    behaviour: RedfishBehaviour;
  }) {
    this.#attributes = options.attributes;
    this.#system = options.system;
    this.#credentials = options.credentials;
    this.#behaviour = options.behaviour;
    const { certPem: cert, keyPem: key } = options.certificate;
    this.server = createServer({ cert, key }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  get managerPath(): string {
    return `/redfish/v1/Managers/${this.#behaviour.managerId ?? "iDRAC.Embedded.1"}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const path = (request.url ?? "/").replace(/\/$/, "");
    this.requests.push(`${request.method} ${path}`);
    if (this.#behaviour.silentRedfish) return;
    const { status, body, headers } = await this.#answer(request, path, text);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body));
  }

  async #answer(request: IncomingMessage, path: string, text: string): Promise<Answer> {
    const { attributesAt, sessionTableFull, redirectTo } = this.#behaviour;
    if (attributesAt === "no-redfish") return { status: 404, body: "<html>not found</html>" };
    if (redirectTo) return { status: 307, headers: { location: redirectTo } };
    if (request.method === "POST" && path === "/redfish/v1/SessionService/Sessions")
      return this.#logIn(text);
    if (!this.#authorized(request)) return error(401, "Base.1.5.AccessDenied", "access denied");
    if (sessionTableFull)
      return error(503, "IDRAC.2.1.RAC0218", "The maximum number of user sessions is reached.");
    if (request.method === "DELETE" && this.sessions.delete(path.split("/").at(-1) ?? ""))
      return { status: 200 };
    const ifMatch = request.headers["if-match"];
    if (request.method === "PATCH" && ifMatch !== undefined && ifMatch !== this.#etag)
      return error(412, "Base.1.5.PreconditionFailed", "the ETag does not match");
    return (await this.#resource(request.method ?? "GET", path, text)) ?? notFound(path);
  }

  async #resource(method: string, path: string, text: string): Promise<Answer | undefined> {
    if (path === "/redfish/v1/Managers")
      return { status: 200, body: { Members: [{ "@odata.id": this.managerPath }] } };
    if (path === this.managerPath)
      return {
        status: 200,
        body: { "@odata.id": this.managerPath, Model: this.#behaviour.model ?? "14G Monolithic" },
      };
    if (this.#isAttributesPath(path))
      return method === "PATCH" ? await this.#patch(text) : this.#readAttributes();
    return this.#system.answer(method, path, text);
  }

  #isAttributesPath(path: string): boolean {
    const at = this.#behaviour.attributesAt ?? "both";
    const id = this.managerPath.split("/").at(-1);
    const oem = `${this.managerPath}/Oem/Dell/DellAttributes/${id}`;
    if (path === oem) return at === "both" || at === "DellAttributes";
    return path === `${this.managerPath}/Attributes` && (at === "both" || at === "Attributes");
  }

  get #etag(): string {
    return `W/"${this.#version}"`;
  }

  #readAttributes(): Answer {
    if (this.#behaviour.notJson) return { status: 200, body: "<html>login</html>" };
    if (this.#behaviour.hugeAnswer)
      return { status: 200, body: { Attributes: { x: "y".repeat(this.#behaviour.hugeAnswer) } } };
    const vnc = Object.entries(this.#attributes.read()).map(([k, v]) => [`VNCServer.1.${k}`, v]);
    const etag = this.#etag;
    if (this.#behaviour.staleEtags) this.#version += 1;
    return {
      status: 200,
      headers: { etag },
      body: {
        "@odata.id": this.managerPath,
        Attributes: {
          "WebServer.1.Port": 443,
          "VirtualConsole.1.AccessPrivilege": this.#attributes.consoleAccess,
          ...(Object.fromEntries(vnc) as object),
        },
      },
    };
  }

  async #patch(text: string): Promise<Answer> {
    const { Attributes: all } = JSON.parse(text) as { Attributes: Record<string, unknown> };
    const values = Object.entries(all).map(([k, v]) => [k.replace(/^VNCServer\.1\./, ""), v]);
    try {
      await this.#attributes.write(
        Object.fromEntries(values) as Record<string, unknown>,
        "redfish",
      );
    } catch (cause) {
      if (cause instanceof Refused) return error(400, `IDRAC.2.1.${cause.id}`, cause.message);
      throw cause;
    }
    this.#version += 1;
    return { status: 200, body: {} };
  }

  #authorized(request: IncomingMessage): boolean {
    const token = request.headers["x-auth-token"];
    if (token !== undefined) return [...this.sessions.values()].includes(String(token));
    const { username, password } = this.#credentials;
    const expected = Buffer.from(`${username}:${password}`).toString("base64");
    return request.headers.authorization === `Basic ${expected}`;
  }

  #logIn(text: string): Answer {
    const { UserName, Password } = JSON.parse(text) as Record<string, string>;
    if (UserName !== this.#credentials.username || Password !== this.#credentials.password)
      return error(401, "Base.1.5.AccessDenied", "access denied");
    if (this.#behaviour.sessionTableFull)
      return error(503, "IDRAC.2.1.RAC0218", "The maximum number of user sessions is reached.");
    const id = String(this.sessions.size + 1);
    this.sessions.set(id, `token-${id}-${Math.random()}`);
    const location = `/redfish/v1/SessionService/Sessions/${id}`;
    return {
      status: 201,
      headers: { "x-auth-token": this.sessions.get(id) ?? "", location },
      body: {},
    };
  }
}

function notFound(path: string): Answer {
  return error(
    404,
    "Base.1.5.ResourceMissingAtURI",
    `The resource at the URI ${path} was not found.`,
  );
}

export function error(status: number, id: string, message: string): Answer {
  return {
    status,
    body: {
      error: {
        code: "Base.1.5.GeneralError",
        message: "A general error has occurred. See ExtendedInfo for more information",
        "@Message.ExtendedInfo": [{ MessageId: id, Message: message }],
      },
    },
  };
}
