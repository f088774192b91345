/**
 * One connection to what stands before a serial line: dials what the endpoint says, does TLS with the
 * certificates it names, and lets the dialect sort the bytes. Lives until it is lost or destroyed, and
 * never dials again.
 */
import { connect, Socket } from "node:net";
import type { CaFiles } from "../../common/ca-files.ts";
import { describeTransport, type StoredConsoleEndpoint } from "../../common/console-endpoint.ts";
import { messageOf } from "../../common/errors.ts";
import { upgradeToTls } from "../../common/host-tls.ts";
import type { BmcSessions } from "../../common/host-websocket/bmc-sessions.ts";
import type { HostWebSocket } from "../../common/host-websocket/host-websocket.ts";
import { printable } from "../../common/printable.ts";
import type { SecretBox } from "../../common/secret-box.ts";
import { clientCertificateOf } from "../client-certificate.ts";
import { dialWebSocket } from "../dial-web-socket.ts";
import type { TurnQueue } from "../turn-queue.ts";
import { IpmitoolDialect } from "./ipmitool-dialect.ts";
import type { LineDialect, LineLoss } from "./line-dialect.ts";
import { RawDialect } from "./raw-dialect.ts";

export interface LinkListener {
  /** What is typed reaches the machine from now on. */
  onOperational(): void;
  /** The machine's bytes; nobody writes to them any more. */
  onLineBytes(bytes: Buffer): void;
  /** Told once, last; never after `destroy`. */
  onLost(loss: LineLoss): void;
}

export interface LinkEnvironment {
  readonly secretBox: SecretBox;
  readonly caFiles: CaFiles;
  readonly turns: TurnQueue;
  readonly bmcSessions: BmcSessions;
  /** How long the connection and the TLS handshake may take, each. */
  readonly stepMilliseconds: number;
}

const KEEP_ALIVE_MILLISECONDS = 30_000;
/** Breaks that the kernel has not taken; a viewer can ask for them faster than any line sends them. */
const MOST_WAITING_BREAKS = 8;

export class LineLink {
  readonly #nodeUuid: string;
  readonly #endpoint: StoredConsoleEndpoint;
  readonly #environment: LinkEnvironment;
  readonly #listener: LinkListener;
  readonly #name: string;
  readonly #dialect: LineDialect;
  readonly #socket: Socket | HostWebSocket;
  /** The same or the TLS socket around it; undefined until bytes may flow. */
  #stream: Socket | HostWebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #encrypting = false;
  #turnBytes = 0;
  #waitingBreaks = 0;
  #over = false;

  constructor(
    nodeUuid: string,
    endpoint: StoredConsoleEndpoint,
    environment: LinkEnvironment,
    listener: LinkListener,
  ) {
    this.#nodeUuid = nodeUuid;
    this.#endpoint = endpoint;
    this.#environment = environment;
    this.#listener = listener;
    const { transport } = endpoint;
    this.#name = describeTransport(transport);
    this.#dialect =
      endpoint.serial?.dialect === "ipmitool" ? new IpmitoolDialect() : new RawDialect();
    const webSocket = dialWebSocket(endpoint, nodeUuid, environment);
    this.#socket = webSocket ?? this.#dial(transport);
    this.#socket.once("connect", () => void this.#start());
    this.#watch(this.#socket);
  }

  #dial(transport: StoredConsoleEndpoint["transport"]): Socket {
    const socket = connect(
      transport.kind === "unix"
        ? { path: transport.path }
        : { host: transport.host, port: transport.port, noDelay: true },
    );
    socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
    const seconds = this.#environment.stepMilliseconds / 1000;
    this.#timer = setTimeout(
      () => this.#fail(`${this.#name} did not take the connection within ${seconds} seconds`),
      this.#environment.stepMilliseconds,
    );
    return socket;
  }

  get settleMilliseconds(): number {
    return this.#dialect.settleMilliseconds;
  }

  /** True when the kernel has taken everything written so far. */
  get ready(): boolean {
    return !this.#over && this.#stream?.writableLength === 0;
  }

  /** Writes typed bytes. @param taken called when the kernel has taken them */
  write(bytes: Buffer, taken: () => void): void {
    if (!this.#over) this.#stream?.write(this.#dialect.write(bytes), taken);
  }

  /**
   * One of too many is left out.
   * @param taken as for `write` @returns false when this line has no way to send a break
   */
  sendBreak(taken: () => void): boolean {
    if (this.#waitingBreaks >= MOST_WAITING_BREAKS) return true;
    const bytes = this.#dialect.writeBreak();
    if (!bytes || this.#over) return bytes !== undefined;
    this.#waitingBreaks += 1;
    this.#stream?.write(bytes, () => {
      this.#waitingBreaks -= 1;
      taken();
    });
    return true;
  }

  onNextTurn(): void {
    if (!this.#over) this.#stream?.resume();
  }

  /** Ends the connection at once, without a word to the listener. */
  destroy(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#stream?.destroy();
    this.#socket.destroy();
  }

  async #start(): Promise<void> {
    clearTimeout(this.#timer);
    const { tls } = this.#endpoint;
    const socket = this.#socket;
    if (!tls || !(socket instanceof Socket)) {
      this.#carry(socket);
      return;
    }
    this.#encrypting = true; // until it is done, it says itself what went wrong
    try {
      const secure = await this.#encrypt(socket, tls);
      if (this.#over) secure.destroy();
      else this.#carry(secure);
    } catch (error) {
      this.#fail(messageOf(error));
    }
  }

  #encrypt(socket: Socket, tls: NonNullable<StoredConsoleEndpoint["tls"]>): Promise<Socket> {
    const { transport } = this.#endpoint;
    return upgradeToTls(socket, {
      kind: "certificate",
      tls,
      hostName: transport.kind === "tcp" ? transport.host : "localhost",
      timeoutSeconds: this.#environment.stepMilliseconds / 1000,
      caFiles: this.#environment.caFiles,
      client: clientCertificateOf(this.#endpoint, this.#nodeUuid, this.#environment.secretBox),
    });
  }

  #carry(stream: Socket | HostWebSocket): void {
    this.#stream = stream;
    if (stream !== this.#socket) this.#watch(stream);
    stream.on("data", (bytes: Buffer) => this.#onData(bytes));
    if (this.#dialect.operational) this.#listener.onOperational();
  }

  #onData(bytes: Buffer): void {
    if (this.#over) return;
    const before = this.#dialect.operational;
    const clear = this.#dialect.read(bytes);
    if (!before && this.#dialect.operational) this.#listener.onOperational();
    if (clear.length > 0) this.#listener.onLineBytes(clear);
    this.#turnBytes += bytes.length;
    const { turns } = this.#environment;
    if (this.#turnBytes < turns.budget) return;
    this.#turnBytes = 0;
    this.#stream?.pause();
    turns.push(this);
  }

  #watch(stream: Socket | HostWebSocket): void {
    stream.on("error", (error) => this.#onGone(error));
    stream.on("end", () => this.#onGone(undefined));
    stream.on("close", () => this.#onGone(undefined));
  }

  #onGone(error: Error | undefined): void {
    const why = error ? messageOf(error) : "it closed the connection";
    if (!this.#stream) {
      if (!this.#encrypting) this.#fail(`${this.#name} cannot be reached: ${why}`);
      return;
    }
    const loss = this.#dialect.loss();
    this.#lose(error ? { ...loss, detail: printable(`${this.#name}: ${why}`) } : loss);
  }

  /** It never came so far that bytes flowed. */
  #fail(detail: string): void {
    const words = "the machine's serial line cannot be reached";
    this.#lose({ kind: "lost", words, detail: printable(detail) });
  }

  #lose(loss: LineLoss): void {
    if (this.#over) return;
    this.destroy();
    this.#listener.onLost(loss);
  }
}
