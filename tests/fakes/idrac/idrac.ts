/**
 * A Dell iDRAC for tests: Redfish and SSH racadm over one set of VNC attributes, which switch a real
 * Xvnc on and off. It enforces the rules of a real one and lies on purpose where told to.
 *
 *   const idrac = await startFakeIdrac();
 *   idrac.behaviour.sessionTableFull = true;
 *   ... driver_info: idrac.driverInfo ...
 *   await idrac.stop();
 */
import { once } from "node:events";
import { rmSync, mkdtempSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Releasers } from "../../../common/lifecycle.ts";
import { Secret } from "../../../common/secret.ts";
import type { DriverInfo } from "../../../drivers/base.ts";
import { makeTestPki, type IssuedCertificate } from "../../helpers/pki.ts";
import { freePort } from "../../helpers/server-process.ts";
import { makeSshHostKey } from "../../helpers/ssh-keys.ts";
import { startVncServer } from "../../helpers/vnc-servers.ts";
import { VncAttributes, type IdracBehaviour } from "./attributes.ts";
import { RacadmFace, type RacadmBehaviour } from "./racadm.ts";
import { RedfishFace, type RedfishBehaviour } from "./redfish.ts";
import { FakeSystem } from "./system.ts";
import { VncFront } from "./vnc-front.ts";

export type FakeIdracBehaviour = IdracBehaviour & RedfishBehaviour & RacadmBehaviour;

export interface FakeIdrac {
  /** May be changed at any time. */
  readonly behaviour: FakeIdracBehaviour;
  readonly attributes: VncAttributes;
  readonly system: FakeSystem;
  readonly redfish: RedfishFace;
  readonly racadm: RacadmFace;
  readonly vnc: VncFront;
  readonly certificate: IssuedCertificate;
  readonly username: string;
  readonly password: string;
  /** Address, credentials and pins, for Redfish and racadm. */
  readonly driverInfo: DriverInfo;
  /** Everything as after the start, and well-behaved. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes one with a free VNC port, switched off. */
export async function startFakeIdrac(): Promise<FakeIdrac> {
  const releasers = new Releasers();
  try {
    return await start(releasers);
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

async function start(releasers: Releasers): Promise<FakeIdrac> {
  const credentials = { username: "root", password: 'calvin "and" h$bbes' };
  const behaviour: FakeIdracBehaviour = {};
  const pki = makeTestPki();
  releasers.push("certificates", () => pki.remove());
  const certificate = pki.issue("idrac", { selfSigned: true, commonName: "idrac-ABC1234" });
  const folder = mkdtempSync(join(tmpdir(), "fake-idrac-"));
  releasers.push("folder", () => rmSync(folder, { recursive: true, force: true }));
  const passwordFile = join(folder, "vnc-password");
  const xvnc = await startVncServer({
    kind: "xvnc-vncauth",
    geometry: "320x200",
    pki,
    certificate,
    extraArgs: [
      "-rfbauth",
      passwordFile,
      "-BlacklistThreshold",
      "1000000",
      "-SecurityTypes",
      "X509Vnc,VncAuth",
    ],
  });
  releasers.push("Xvnc", () => xvnc.stop());
  const vnc = new VncFront({ certificate, backendPort: xvnc.port, passwordFile, behaviour });
  releasers.push("VNC port", () => vnc.close());
  const port = await freePort();
  const attributes: VncAttributes = new VncAttributes(port, behaviour, () => vnc.apply(attributes));
  const system = new FakeSystem();
  const redfish = new RedfishFace({ attributes, system, certificate, credentials, behaviour });
  redfish.server.listen(0, "127.0.0.1");
  await once(redfish.server, "listening");
  releasers.push("Redfish", () => closeServer(redfish));
  const racadm = new RacadmFace({ attributes, credentials, behaviour, hostKey: makeSshHostKey() });
  await racadm.listen();
  releasers.push("racadm", () => racadm.close());
  return {
    behaviour,
    attributes,
    system,
    redfish,
    racadm,
    vnc,
    certificate,
    ...credentials,
    driverInfo: {
      redfish_address: `127.0.0.1:${(redfish.server.address() as AddressInfo).port}`,
      redfish_username: credentials.username,
      redfish_password: new Secret(credentials.password),
      redfish_tls_fingerprint: certificate.fingerprint,
      idrac_ssh_port: racadm.port,
      idrac_ssh_host_key_fingerprint: racadm.hostKeyFingerprint,
    },
    reset: async () => {
      for (const key of Object.keys(behaviour)) delete behaviour[key as keyof FakeIdracBehaviour];
      Object.assign(attributes, { enabled: false, port, timeout: 300, ssl: 0, toggles: 0 });
      Object.assign(attributes, { activeSessions: 0, consoleAccess: "Full Access" });
      redfish.requests.length = 0;
      racadm.commands.length = 0;
      await vnc.apply(attributes);
    },
    stop: () => releasers.stop(),
  };
}

async function closeServer(redfish: RedfishFace): Promise<void> {
  redfish.server.closeAllConnections();
  redfish.server.close();
  await once(redfish.server, "close");
}
