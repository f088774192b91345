/** The one request of the REST API that the SSH front door makes, with users of a test's own. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Database } from "../../db/database.ts";

export class FakeConsoleApi {
  /** Passwords by user. */
  readonly users = new Map<string, string>([["bob", "secret:with colon"]]);
  /** Answers everybody, as with noauth. */
  open = false;
  /** Answers requests with credentials with this, when set. */
  status: number | undefined;
  readonly requests: { readonly path: string; readonly authorized: boolean }[] = [];
  readonly #server: Server;

  constructor(database: () => Database) {
    this.#server = createServer((request, response) => {
      void (async () => {
        const url = new URL(request.url ?? "", "http://api.invalid");
        const user = this.#userOf(request.headers.authorization);
        const known = this.open || user !== undefined;
        this.requests.push({ path: url.pathname + url.search, authorized: user !== undefined });
        const answer = (status: number, body: object): unknown =>
          response
            .writeHead(status, { "content-type": "application/json" })
            .end(JSON.stringify(body));
        if (!known) return answer(401, {});
        if (this.status !== undefined) return answer(this.status, {});
        const ident = /^\/v1\/nodes\/([^/]+)\/states\/console$/.exec(url.pathname)?.[1] ?? "";
        const node = await database()
          .nodes.get(ident)
          .catch(() => undefined);
        if (!node) return answer(404, { error_message: "not found" });
        if (!node.consoleEnabled)
          return answer(200, { console_enabled: false, console_info: null });
        const { token } = await database().tokens.authorize({
          nodeUuid: node.uuid,
          consoleType: "serial",
          mode: url.searchParams.get("mode") === "view" ? "view" : "control",
          userId: user ?? null,
          projectId: null,
          ttlSeconds: 600,
        });
        const address = `ws://proxy.invalid/websockify?node=${node.uuid}&token=${token}`;
        return answer(200, {
          console_enabled: true,
          console_info: { type: "serial", websocket_url: address },
        });
      })();
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #userOf(header: string | undefined): string | undefined {
    const pair = Buffer.from(header?.replace(/^Basic /, "") ?? "", "base64").toString();
    const colon = pair.indexOf(":");
    const user = pair.slice(0, Math.max(colon, 0));
    return this.users.get(user) === pair.slice(colon + 1) ? user : undefined;
  }
}
