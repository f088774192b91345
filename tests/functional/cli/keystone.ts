/**
 * A Keystone and a Bare Metal service behind it, as far as a client's login goes: two users of ways, one
 * token, a catalog. Its answers have the form that was recorded from the real one.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export const TOKEN = "gAAAAABfake-token";
export const PASSWORD = "s3cret-of-ada";
export const UNAUTHORIZED = "The request you have made requires authentication.";

export class FakeKeystone {
  /** What logins asked for. */
  readonly logins: Record<string, unknown>[] = [];
  /** Tokens that the Bare Metal service was shown. */
  readonly shown: (string | undefined)[] = [];
  /** ISO 8601, of tokens given from now on. */
  expiresAt = "2999-01-01T00:00:00.000000Z";
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeKeystone> {
    const server = createServer();
    const keystone = new FakeKeystone(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void keystone.#answer(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return keystone;
  }

  get authUrl(): string {
    return `${this.#base}/identity/v3`;
  }

  /** Of the Bare Metal service. */
  get endpoint(): string {
    return `${this.#base}/baremetal`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://any").pathname;
    if (path === "/identity/v3/auth/tokens" && request.method === "POST") {
      const body = JSON.parse(await text(request)) as { auth: Record<string, unknown> };
      this.logins.push(body.auth);
      if (!isKnown(body.auth)) return send(response, 401, unauthorized());
      response.setHeader("X-Subject-Token", TOKEN);
      return send(response, 201, { token: this.#token() });
    }
    if (path === "/baremetal/v1/nodes") {
      const token = request.headers["x-auth-token"];
      this.shown.push(token === undefined ? undefined : String(token));
      if (token !== TOKEN) return send(response, 401, unauthorized());
      return send(response, 200, { nodes: [{ uuid: "u1", name: "n1" }] });
    }
    send(response, 404, {});
  }

  #token(): object {
    const endpoint = (name: string, region: string, url: string): object => ({
      interface: name,
      region,
      region_id: region,
      url,
    });
    return {
      methods: ["password"],
      user: { id: "1", name: "ada", domain: { id: "default", name: "Default" } },
      expires_at: this.expiresAt,
      catalog: [
        {
          type: "compute",
          name: "nova",
          endpoints: [endpoint("public", "east", "http://127.0.0.1:1")],
        },
        {
          type: "baremetal",
          name: "ironic",
          endpoints: [
            endpoint("internal", "east", "http://127.0.0.1:1"),
            endpoint("public", "west", "http://127.0.0.1:1"),
            endpoint("public", "east", `${this.endpoint}/v1`),
          ],
        },
      ],
    };
  }
}

function isKnown(auth: Record<string, unknown>): boolean {
  const secret = JSON.stringify(auth["identity"]);
  return secret.includes(`"${PASSWORD}"`) || secret.includes(`"${TOKEN}"`);
}

function unauthorized(): object {
  return { error: { code: 401, title: "Unauthorized", message: UNAUTHORIZED } };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
