/**
 * Asks whether a BMC's web server answers, the way that its page will be fetched: TCP, TLS judged as the
 * operator said, one request for the first line of an answer. Sends no credentials, believes nothing of
 * the answer.
 */
import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { CaFiles } from "../../../common/ca-files.ts";
import { upgradeToTls } from "../../../common/host-tls.ts";
import { BmcProtocolError, BmcTimeout, BmcUnreachable, type HostTls } from "../../base.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { bmcError } from "../../lib/host-errors.ts";
import type { Destination } from "../providers/provider.ts";
import type { WebAddress } from "../web-address.ts";

const PIN_OPTION = "web_tls_fingerprint";
const STATUS_LINE_START = "HTTP/1.";

export interface ReachOptions {
  readonly bmc: WebAddress;
  readonly tls: Omit<HostTls, "wrap">;
  readonly dial: (destination: Destination, signal: AbortSignal) => Promise<Duplex>;
  readonly signal: AbortSignal;
  readonly limitMs: number;
  readonly caFiles: CaFiles;
}

export interface Reached {
  /** base64 of SHA-256 over the SPKI of the certificate's key; undefined without TLS. */
  readonly key: string | undefined;
}

/**
 * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcCertificateInvalid} {@link BmcProtocolError}
 */
export async function reach(options: ReachOptions): Promise<Reached> {
  const { bmc, limitMs } = options;
  const peer = new URL(bmc.origin).host;
  const onTimeout = (): Error =>
    new BmcTimeout(`${peer} did not answer as a web server within ${limitMs / 1000} s`);
  return await withDeadline({ signal: options.signal, limitMs, onTimeout }, async (signal) => {
    const carrier = await options.dial({ host: bmc.host, port: bmc.port }, signal);
    const cut = (): void => void carrier.destroy();
    carrier.on("error", () => undefined);
    signal.addEventListener("abort", cut, { once: true });
    try {
      signal.throwIfAborted();
      const stream = bmc.encrypted ? await secured(carrier, options) : carrier;
      const key = bmc.encrypted ? keyOf(stream as TLSSocket) : undefined;
      await askFor(stream, bmc.origin);
      return { key };
    } catch (cause) {
      throw bmcError(cause, peer, PIN_OPTION);
    } finally {
      signal.removeEventListener("abort", cut);
      carrier.destroy();
    }
  });
}

async function secured(carrier: Duplex, options: ReachOptions): Promise<Duplex> {
  return await upgradeToTls(carrier, {
    kind: "certificate",
    tls: { wrap: true, ...options.tls },
    hostName: options.bmc.host,
    timeoutSeconds: options.limitMs / 1000,
    caFiles: options.caFiles,
  });
}

function keyOf(secure: TLSSocket): string | undefined {
  const certificate = secure.getPeerX509Certificate();
  const spki = certificate?.publicKey.export({ type: "spki", format: "der" });
  return spki && createHash("sha256").update(spki).digest("base64");
}

/** Resolves with the beginning of an answer, whatever it is. */
function askFor(stream: Duplex, origin: string): Promise<void> {
  const host = new URL(origin).host;
  return new Promise((resolve, reject) => {
    let start = "";
    const left = (): void =>
      reject(new BmcUnreachable(`${host} closed the connection without an answer`));
    stream.on("error", reject);
    stream.once("close", left);
    stream.once("end", left);
    stream.on("data", (chunk: Buffer) => {
      start += chunk.subarray(0, STATUS_LINE_START.length).toString("latin1");
      if (start.length < STATUS_LINE_START.length) return;
      stream.destroy();
      if (start.startsWith(STATUS_LINE_START)) resolve();
      else reject(new BmcProtocolError(`${host} does not answer as a web server`));
    });
    stream.write(
      `GET / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
    );
  });
}
