/**
 * One connection out of a sandbox: SOCKS handshake, judgement, dial, TLS on both sides, then bytes with
 * back-pressure until both ends have finished. Owns both streams and every timer.
 */
import { pipeline, type Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { CaFiles } from "../../../common/ca-files.ts";
import { upgradeToTls } from "../../../common/host-tls.ts";
import { bmcError } from "../../lib/host-errors.ts";
import { peerOf } from "../providers/dial-tcp.ts";
import type { Destination } from "../providers/provider.ts";
import type { DialDestination, GateDestination } from "./gate.ts";
import type { GateIdentity } from "./identity.ts";
import { readExactly, readRequest, REPLY, reply } from "./socks5.ts";

const HANDSHAKE_LIMIT_MS = 10_000;
/** A browser says hello at once; it may open a connection ahead of need. */
const HELLO_LIMIT_MS = 30_000;
const TLS_LIMIT_SECONDS = 20;
/** One side has finished: the other one gets this long to do the same. */
const HALF_OPEN_LIMIT_MS = 60_000;
/** FACT(RFC 8446 section 5.1): type 22, handshake; older versions too. */
const TLS_HANDSHAKE_RECORD = 22;
/** driver_info option that pins a BMC's certificate for its web page. */
const PIN_OPTION = "web_tls_fingerprint";

export interface ConnectionParts {
  readonly identity: GateIdentity;
  readonly dial: DialDestination;
  readonly caFiles: CaFiles | undefined;
  /** @returns undefined when it may not go there */
  readonly find: (wanted: Destination) => GateDestination | undefined;
}

export class Connection {
  /** Where it goes, as soon as that is allowed. */
  destination: GateDestination | undefined;
  /** Resolves when it is over: with why, when the destination was to blame. Never rejects. */
  readonly failed: Promise<Error | undefined>;
  readonly #parts: ConnectionParts;
  readonly #browser: Duplex;
  readonly #ending = new AbortController();
  readonly #open = new Set<Duplex>();

  constructor(browser: Duplex, parts: ConnectionParts) {
    this.#browser = this.#own(browser);
    this.#parts = parts;
    this.failed = this.#run();
  }

  end(): void {
    this.#ending.abort();
    for (const stream of this.#open) stream.destroy();
  }

  async #run(): Promise<Error | undefined> {
    try {
      const destination = await this.#asked();
      if (!destination) return undefined;
      return await this.#serve(destination);
    } catch {
      return undefined; // the browser's side: it left, or never spoke SOCKS
    } finally {
      this.end();
    }
  }

  async #asked(): Promise<GateDestination | undefined> {
    const wanted = await this.#within(HANDSHAKE_LIMIT_MS, (signal) =>
      readRequest(this.#browser, signal),
    );
    this.destination = this.#parts.find(wanted);
    if (!this.destination) await this.#refuse(REPLY.notAllowed);
    return this.destination;
  }

  /** @returns what the destination is to blame for */
  async #serve(destination: GateDestination): Promise<Error | undefined> {
    let bmc: Duplex;
    try {
      bmc = this.#own(await this.#parts.dial(destination, this.#ending.signal));
    } catch (error) {
      if (this.#ending.signal.aborted) return undefined;
      await this.#refuse(REPLY.hostUnreachable);
      return bmcError(error, peerOf(destination));
    }
    if (this.#ending.signal.aborted) return undefined;
    reply(this.#browser, REPLY.succeeded);
    if (destination.tls === null) {
      await this.#relay(this.#browser, bmc);
      return undefined;
    }
    const hello = await this.#within(HELLO_LIMIT_MS, (signal) =>
      readExactly(this.#browser, 1, signal),
    );
    this.#browser.unshift(hello);
    if (hello[0] !== TLS_HANDSHAKE_RECORD) return undefined;
    try {
      bmc = this.#own(await this.#judged(bmc, destination));
    } catch (error) {
      return this.#ending.signal.aborted
        ? undefined
        : bmcError(error, peerOf(destination), PIN_OPTION);
    }
    await this.#relay(await this.#towardBrowser(), bmc);
    return undefined;
  }

  async #judged(bmc: Duplex, { host, tls }: GateDestination): Promise<Duplex> {
    return await upgradeToTls(bmc, {
      kind: "certificate",
      tls: { ...(tls ?? { verify: "ca" }), wrap: true },
      hostName: host,
      timeoutSeconds: TLS_LIMIT_SECONDS,
      caFiles: this.#parts.caFiles,
    });
  }

  async #towardBrowser(): Promise<Duplex> {
    const secure = new TLSSocket(this.#browser, {
      isServer: true,
      secureContext: this.#parts.identity.context,
      ALPNProtocols: ["http/1.1"],
    });
    this.#own(secure);
    await this.#within(HANDSHAKE_LIMIT_MS, (signal) => {
      return new Promise<void>((resolve, reject) => {
        const fail = (): void => reject(new Error("TLS with the browser failed"));
        secure.once("secure", resolve).once("error", fail).once("close", fail);
        signal.addEventListener("abort", fail, { once: true });
      });
    });
    return secure;
  }

  /** Resolves when both directions are over. */
  #relay(browser: Duplex, bmc: Duplex): Promise<void> {
    return new Promise((resolve) => {
      let open = 2;
      let timer: NodeJS.Timeout | undefined;
      const done = (): void => {
        open -= 1;
        if (open === 1) timer = setTimeout(() => this.end(), HALF_OPEN_LIMIT_MS);
        else {
          clearTimeout(timer);
          resolve();
        }
      };
      pipeline(browser, bmc, done);
      pipeline(bmc, browser, done);
    });
  }

  /** Says why before it closes. */
  async #refuse(code: number): Promise<void> {
    reply(this.#browser, code);
    await new Promise<void>((resolve) => {
      this.#browser.once("close", resolve).end(resolve);
      if (this.#browser.destroyed) resolve();
    });
  }

  async #within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs);
    try {
      return await work(AbortSignal.any([limit.signal, this.#ending.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  #own(stream: Duplex): Duplex {
    stream.on("error", () => undefined);
    this.#open.add(stream);
    return stream;
  }
}
