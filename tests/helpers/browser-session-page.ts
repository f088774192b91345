/** A BMC's page that tries to get out of its kiosk, and a neighbour that must never hear of it. */
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { makeTestPki } from "./pki.ts";

export interface HostilePage {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly origin: string;
  readonly fingerprint: string;
  /** Another server on this machine, that no session may reach. */
  readonly neighbour: string;
  /** Connections that the neighbour got. */
  readonly neighbourCalls: () => number;
  close(): Promise<void>;
}

/** Counts what the user does; does nothing against it. */
const PAGE = `<!doctype html><title>BMC</title><body style="background:#246;color:#fff">
<h1>remote console</h1><script>
window.pressed = []; window.menus = 0; window.asked = 0;
addEventListener("keydown", (event) => pressed.push(event.key));
addEventListener("contextmenu", () => menus++);
</script>`;

export async function startHostilePage(): Promise<HostilePage> {
  const pki = makeTestPki();
  const { certPem: cert, keyPem: key, fingerprint } = pki.issue("bmc", { selfSigned: true });
  pki.remove();
  const server = createServer({ cert, key }, (request, response) => {
    response.setHeader("content-type", "text/html");
    if (request.url === "/file") response.setHeader("content-disposition", "attachment");
    if (request.url === "/sign-in") {
      response.writeHead(401, { "www-authenticate": 'Basic realm="console"' }).end("no entry");
      return;
    }
    response.end(PAGE);
  });
  let calls = 0;
  const neighbour = createServer({ cert, key }, (_request, response) => response.end("secret"));
  neighbour.on("connection", () => (calls += 1));
  for (const one of [server, neighbour]) {
    one.listen(0, "127.0.0.1");
    await once(one, "listening");
  }
  const portOf = (one: typeof server): number => (one.address() as AddressInfo).port;
  return {
    host: "127.0.0.1",
    port: portOf(server),
    origin: `https://127.0.0.1:${portOf(server)}`,
    fingerprint,
    neighbour: `127.0.0.1:${portOf(neighbour)}`,
    neighbourCalls: () => calls,
    async close() {
      for (const one of [server, neighbour]) {
        one.closeAllConnections();
        one.close();
        await once(one, "close");
      }
    },
  };
}
