/** An HTTPS server on loopback that stands for a BMC's Redfish service, with the driver_info that reaches it. */
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Secret } from "../../common/secret.ts";
import { makeTestPki } from "./pki.ts";

export interface RedfishServer {
  readonly driverInfo: {
    readonly redfish_address: string;
    readonly redfish_username: string;
    readonly redfish_password: Secret;
    readonly redfish_tls_fingerprint: string;
  };
  stop(): Promise<void>;
}

export async function startRedfishServer(
  password: string,
  answer: RequestListener,
): Promise<RedfishServer> {
  const pki = makeTestPki();
  const { certPem: cert, keyPem: key, fingerprint } = pki.issue("bmc", { selfSigned: true });
  const server = createServer({ cert, key }, answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    driverInfo: {
      redfish_address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      redfish_username: "root",
      redfish_password: new Secret(password),
      redfish_tls_fingerprint: fingerprint,
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      pki.remove();
    },
  };
}
