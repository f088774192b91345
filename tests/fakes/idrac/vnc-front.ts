/**
 * The VNC port of the iDRAC simulator: opens and closes with the attributes, speaks TLS first when
 * encryption is on, and leads to a real Xvnc whose password is the one that was set.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { IssuedCertificate } from "../../helpers/pki.ts";
import type { IdracBehaviour, VncAttributes } from "./attributes.ts";

export class VncFront {
  readonly #certificate: IssuedCertificate;
  readonly #backendPort: number;
  readonly #passwordFile: string;
  readonly #behaviour: IdracBehaviour;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #at: string | undefined;
  #password: string | undefined;
  /** Connections accepted so far. */
  accepted = 0;

  constructor(options: {
    certificate: IssuedCertificate;
    backendPort: number;
    passwordFile: string;
    behaviour: IdracBehaviour;
  }) {
    this.#certificate = options.certificate;
    this.#backendPort = options.backendPort;
    this.#passwordFile = options.passwordFile;
    this.#behaviour = options.behaviour;
  }

  /** Makes the port what the attributes say. */
  async apply(attributes: VncAttributes): Promise<void> {
    if (attributes.password !== undefined) this.#writePassword(attributes.password);
    const { needsToggle, staysClosed } = this.#behaviour;
    const open =
      attributes.enabled && !staysClosed && !(needsToggle === true && attributes.toggles === 0);
    const wanted = open ? `${attributes.port} ${attributes.ssl > 0}` : undefined;
    if (wanted === this.#at) return;
    await this.close();
    if (open) await this.#listen(attributes);
    this.#at = wanted;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#at = undefined;
    if (!server) return;
    for (const socket of this.#sockets) socket.destroy();
    server.close();
    await once(server, "close");
  }

  async #listen(attributes: VncAttributes): Promise<void> {
    const serve = (socket: Socket): void => this.#serve(socket);
    const { certPem: cert, keyPem: key } = this.#certificate;
    const server =
      attributes.ssl > 0 && !this.#behaviour.silentVnc && !this.#behaviour.tlsInBand
        ? createTlsServer({ cert, key }, serve)
        : createServer(serve);
    // Raw connections too: one that hangs in the middle of a handshake must not keep the port open.
    server.on("connection", (socket: Socket) => this.#keep(socket));
    server.on("tlsClientError", () => {});
    server.listen(attributes.port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
  }

  #serve(socket: Socket): void {
    this.accepted += 1;
    this.#keep(socket);
    if (this.#behaviour.silentVnc) return;
    const backend = connect(this.#backendPort, "127.0.0.1");
    this.#keep(backend);
    socket.pipe(backend).pipe(socket);
    socket.once("close", () => backend.destroy());
    backend.once("close", () => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** FACT(TigerVNC): the file is read again for every login. */
  #writePassword(password: string): void {
    if (password === this.#password) return;
    this.#password = password;
    const made = spawnSync("tigervncpasswd", ["-f"], { input: `${password}\n` });
    if (made.status !== 0) throw new Error(`tigervncpasswd failed: ${made.stderr?.toString()}`);
    writeFileSync(this.#passwordFile, made.stdout, { mode: 0o600 });
  }
}
