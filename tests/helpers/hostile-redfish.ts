/** A Redfish service that answers whatever a test wants, to see what a driver makes of a hostile BMC. */
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Secret } from "../../common/secret.ts";
import type { DriverInfo } from "../../drivers/base.ts";
import { makeTestPki } from "./pki.ts";

export interface HostileAnswer {
  readonly status?: number;
  readonly body: unknown;
}

export interface HostileRedfish {
  /** Method and path to its answer; what has none is answered with 404 and nothing else. */
  answers: Record<string, HostileAnswer>;
  readonly driverInfo: DriverInfo;
  stop(): Promise<void>;
}

/** What nobody wants in a log line: a forged line, a terminal's commands, turned text, and much of it. */
export const NASTY = `x\r\n2026-01-01 error forged\u001b[2J\u009b2J\u202e\u2028${"A".repeat(5000)}`;
/** Unicode's categories that {@link NASTY} has something of. */
export const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export async function startHostileRedfish(password = "calvin"): Promise<HostileRedfish> {
  const pki = makeTestPki();
  const { certPem: cert, keyPem: key, fingerprint } = pki.issue("bmc", { selfSigned: true });
  const server = createServer({ cert, key }, (request, response) => {
    const answer = hostile.answers[`${request.method} ${request.url}`];
    request.resume();
    response.writeHead(answer?.status ?? (answer ? 200 : 404));
    response.end(answer ? JSON.stringify(answer.body) : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const hostile: HostileRedfish = {
    answers: {},
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
  return hostile;
}
