/**
 * One TLS port for all nodes of a conductor: the proxy shows the certificate that was made for the node, and
 * pins ours. A connection without one of these certificates ends before a byte is read from it.
 */
import { isIP } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { ConsoleError, InvalidParameterValue, messageOf } from "../../base.ts";
import { makeCertificate, type OwnCertificate } from "../../lib/certificate.ts";
import type { DoorAddress, Doors, OnKnock } from "./doors.ts";

const HANDSHAKE_LIMIT_MS = 10_000;
/** Strangers who connect and say nothing. */
const MAX_CONNECTIONS = 4096;

interface Door {
  readonly client: OwnCertificate;
  onKnock: OnKnock;
}

interface Listening {
  readonly server: Server;
  readonly own: OwnCertificate;
  readonly port: number;
}

export class TlsDoors implements Doors {
  readonly #address: string;
  readonly #port: number;
  readonly #doors = new Map<string, Door>();
  /** Node by the fingerprint of its proxy's certificate. */
  readonly #nodes = new Map<string, string>();
  #listening: Promise<Listening> | undefined;

  /** @throws {InvalidParameterValue} for what proxies could not dial */
  constructor(address: string, port: number) {
    this.#address = dialable(address);
    this.#port = port;
  }

  async open(uuid: string, onKnock: OnKnock): Promise<DoorAddress> {
    this.#listening ??= this.#listen();
    const starting = this.#listening;
    const { own, port } = await starting.catch((error: unknown) => {
      this.#listening = undefined;
      throw error;
    });
    const client = this.#doors.get(uuid)?.client ?? (await makeCertificate(`console ${uuid}`));
    this.#doors.set(uuid, { client, onKnock });
    this.#nodes.set(client.fingerprint, uuid);
    return {
      transport: { kind: "tcp", host: this.#address, port },
      tls: { wrap: true, verify: "pin", fingerprint: own.fingerprint, minVersion: "TLSv1.2" },
      credentials: { clientCertificate: client.certificate, clientKey: client.key },
    };
  }

  isOpen(uuid: string): boolean {
    return this.#doors.has(uuid);
  }

  /** With the last one the port closes too. */
  async close(uuid: string): Promise<void> {
    const door = this.#doors.get(uuid);
    if (!door) return;
    this.#doors.delete(uuid);
    this.#nodes.delete(door.client.fingerprint);
    if (this.#doors.size > 0) return;
    const last = await this.#listening?.catch(() => undefined);
    // Somebody may have opened another meanwhile.
    if (this.#doors.size > 0) return;
    this.#listening = undefined;
    last?.server.close();
  }

  async closeAll(): Promise<void> {
    for (const uuid of this.#doors.keys()) await this.close(uuid);
  }

  async #listen(): Promise<Listening> {
    const own = await makeCertificate("consoles of this conductor");
    const server = createServer({
      cert: own.certificate,
      key: own.key.reveal(),
      minVersion: "TLSv1.2",
      requestCert: true,
      // Nobody signed them: they are compared one by one below.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.on("tlsClientError", () => undefined);
    server.on("secureConnection", (connection) => this.#let(connection));
    await listening(server, this.#port, this.#address);
    return { server, own, port: (server.address() as AddressInfo).port };
  }

  /** FACT(RFC 8446 4.4.3): who shows a certificate has proved that he has its key. */
  #let(connection: TLSSocket): void {
    connection.on("error", () => undefined);
    const shown = connection.getPeerX509Certificate()?.fingerprint256;
    const uuid = shown && this.#nodes.get(shown.replaceAll(":", "").toLowerCase());
    const door = uuid === undefined ? undefined : this.#doors.get(uuid || "");
    if (door) door.onKnock(connection);
    else connection.destroy();
  }
}

function dialable(given: string): string {
  const address = given.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) === 0)
    throw new InvalidParameterValue("[browser]listen_address must be an IP address");
  if (/^[0:.]+$/.test(address))
    throw new InvalidParameterValue(
      "[browser]listen_address must be the one address at which proxies reach this machine, not all of them",
    );
  return address;
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new ConsoleError(
          `cannot listen at [browser]listen_address and listen_port: ${messageOf(cause)}`,
          { cause },
        ),
      ),
    );
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve();
    });
  });
}
