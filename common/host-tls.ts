/**
 * TLS toward a machine: for connections that are TLS from the first byte, for VeNCrypt, and for BMCs. It
 * decides whom we believe; nothing is written to a peer before it has been judged.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { CaFiles, type ContextSettings } from "./ca-files.ts";
import type { HostTls } from "./console-endpoint.ts";
import {
  HostCertificateInvalid,
  HostError,
  HostTimeout,
  HostUnreachable,
  messageOf,
} from "./errors.ts";
import { printable } from "./printable.ts";
import type { Secret } from "./secret.ts";

/** "certificate": judged as HostTls says. "anonymous": VeNCrypt's TLS* subtypes, no certificate. */
export type HostTlsKind = "certificate" | "anonymous";

/** How a certificate is judged. */
export type CertificateTrust = Pick<HostTls, "verify" | "caFile" | "fingerprint">;

/** What we show to a machine's side that asks who we are; PEM both. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: Secret;
}

export interface UpgradeOptions {
  readonly kind: HostTlsKind;
  /** Without it a certificate must be signed by the system's authorities. */
  readonly tls?: HostTls | undefined;
  /** Host name or IP address that the certificate must be for. */
  readonly hostName: string;
  /** How long the TLS handshake may take. */
  readonly timeoutSeconds: number;
  /** Remembers authorities from one connection to the next; without it they are read for each one. */
  readonly caFiles?: CaFiles | undefined;
  /** With `verify` "pin" or "none" only. */
  readonly client?: ClientCertificate | undefined;
}

/** Where distributions keep what `update-ca-certificates` and its like maintain. */
const SYSTEM_CA_FILES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL
  "/etc/ssl/ca-bundle.pem", // SUSE
  "/etc/ssl/cert.pem", // Alpine, macOS, BSD
];

/** A path and what is wrong with it. */
const MAX_CAUSE_CHARACTERS = 400;
/** FACT(OpenSSL 3): TLS 1.0 and 1.1 need level 0, else ERR_SSL_LEGACY_SIGALG_DISALLOWED. */
const LEGACY_CIPHERS = "DEFAULT:@SECLEVEL=0";
/** FACT(QEMU 7.2, TigerVNC 1.12): anonymous suites (ADH, AECDH) exist up to TLS 1.2 only. */
const ANONYMOUS_CIPHERS = "aNULL:@SECLEVEL=0";

/**
 * Does a TLS client handshake on a connected socket, whose bytes up to here have all been read.
 * @returns the encrypted socket; on failure the plain one is destroyed
 * @throws {HostCertificateInvalid} saying what is wrong with it
 * @throws {HostTimeout} {@link HostError}
 */
export async function upgradeToTls(
  socket: Duplex,
  options: UpgradeOptions,
): Promise<tls.TLSSocket> {
  socket.on("error", () => undefined); // until TLS is up; from then on its own socket reports
  const settings = await hostTlsOptions(options).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  if (socket.destroyed) throw hostLeft();
  const secure = tls.connect({ ...settings, socket });
  const shown = watchFingerprint(secure);
  try {
    await handshake(secure, options, shown);
    if (options.kind === "certificate" && options.tls) checkPin(secure, options.tls);
    return secure;
  } catch (error) {
    secure.destroy();
    socket.destroy();
    throw error;
  }
}

/**
 * The options of one connection, without the socket.
 * @throws {HostCertificateInvalid} when the CA file cannot be read
 */
async function hostTlsOptions(options: UpgradeOptions): Promise<tls.ConnectionOptions> {
  const { kind, hostName } = options;
  const settings: HostTls = options.tls ?? { wrap: false, verify: "ca" };
  const minVersion = settings.minVersion ?? "TLSv1.2";
  const target: tls.ConnectionOptions = { host: hostName };
  if (isIP(hostName) === 0) target.servername = hostName; // RFC 6066 section 3: no addresses in SNI
  if (kind === "anonymous")
    return {
      ...target,
      ...UNJUDGED,
      ciphers: ANONYMOUS_CIPHERS,
      maxVersion: "TLSv1.2",
      minVersion: minVersion === "TLSv1.3" ? "TLSv1.2" : minVersion,
    };
  const legacy = minVersion === "TLSv1" || minVersion === "TLSv1.1";
  const context = { minVersion, ...(legacy && { ciphers: LEGACY_CIPHERS }) };
  return {
    ...target,
    ...(await judgingOptions(settings, context, options.caFiles)),
    ...shownBy(options.client, settings),
  };
}

/** @throws {HostCertificateInvalid} with authorities, whose contexts are shared between connections */
function shownBy(
  client: ClientCertificate | undefined,
  { verify }: HostTls,
): tls.ConnectionOptions {
  if (!client) return {};
  if (verify === "ca")
    throw new HostCertificateInvalid("a client certificate needs a pinned host certificate");
  return { cert: client.certificate, key: client.key.reveal() };
}

/**
 * The options that decide whom a TLS connection believes. For `pin`, {@link checkPin} is to be called
 * after the handshake.
 * @throws {HostCertificateInvalid} when the CA file cannot be read
 */
export async function judgingOptions(
  trust: CertificateTrust,
  settings: ContextSettings,
  caFiles: CaFiles = new CaFiles(),
): Promise<tls.ConnectionOptions> {
  if (trust.verify !== "ca") return { ...settings, ...UNJUDGED };
  const secureContext = await contextOf(trust, settings, caFiles);
  return { ...settings, rejectUnauthorized: true, ...(secureContext && { secureContext }) };
}

/** Neither chain nor name is looked at; `pin` looks at the certificate itself afterwards. */
const UNJUDGED = { rejectUnauthorized: false, checkServerIdentity: () => undefined } as const;

/** @returns undefined for the authorities that Node.js brings */
async function contextOf(
  trust: CertificateTrust,
  settings: ContextSettings,
  caFiles: CaFiles,
): Promise<tls.SecureContext | undefined> {
  if (trust.caFile !== undefined) {
    try {
      return await caFiles.context(trust.caFile, settings);
    } catch (cause) {
      const why = printable(messageOf(cause), MAX_CAUSE_CHARACTERS);
      throw new HostCertificateInvalid(`cannot read the CA file: ${why}`, { cause });
    }
  }
  for (const path of SYSTEM_CA_FILES) {
    const context = await caFiles.context(path, settings).catch(() => undefined);
    if (context !== undefined) return context;
  }
  return undefined;
}

/**
 * Notes which certificate a peer shows, for the message when it is refused; judges nothing.
 *
 * FACT(Node.js 20, tried): a refused connection is destroyed, and its certificate gone, before
 * "error"; "secure" comes when the handshake is done, before node judges the certificate in its own
 * listener. Without that event the message just lacks the fingerprint.
 * @param secure a connection under way
 * @returns the SHA-256 of the DER certificate as hex digits, undefined while none was shown
 */
export function watchFingerprint(secure: tls.TLSSocket): () => string | undefined {
  let shown: string | undefined;
  secure.prependOnceListener("secure", () => {
    // FACT(Node.js 20, tried): getPeerX509Certificate() takes the certificate away from who asks next,
    // node's own judgement and checkPin too; this one does not. It has no fields when there is none.
    try {
      const { raw } = secure.getPeerCertificate() as Partial<tls.PeerCertificate>;
      if (raw !== undefined) shown = sha256Of(raw).toString("hex");
    } catch {
      // Nobody has judged this certificate yet: one that node cannot parse must not end the process.
    }
  });
  return () => shown;
}

const FINGERPRINT = "its SHA-256 fingerprint is ";

/** ", its SHA-256 fingerprint is …"; nothing when none was shown. */
export function namingFingerprint(shown: string | undefined): string {
  return shown === undefined ? "" : `, ${FINGERPRINT}${shown}`;
}

/** True when the error is about a certificate that was shown, and names its fingerprint. */
export function namesFingerprint(error: unknown): boolean {
  return error instanceof HostCertificateInvalid && error.message.includes(FINGERPRINT);
}

function sha256Of(der: Uint8Array): Buffer {
  return createHash("sha256").update(der).digest();
}

function handshake(
  secure: tls.TLSSocket,
  options: UpgradeOptions,
  shown: () => string | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const seconds = options.timeoutSeconds;
    const timer = setTimeout(
      () => end(new HostTimeout(`TLS handshake: the host did not finish within ${seconds} s`)),
      seconds * 1000,
    );
    const onSecure = (): void => end();
    const onError = (error: Error): void => end(explain(error, options, shown()));
    const onClose = (): void => end(hostLeft());
    const end = (error?: HostError): void => {
      clearTimeout(timer);
      secure.off("secureConnect", onSecure).off("close", onClose);
      if (error === undefined) {
        secure.off("error", onError);
        resolve();
      } else {
        // what a destroyed socket still reports has no other listener
        secure.off("error", onError).on("error", () => undefined);
        reject(error);
      }
    };
    secure.once("secureConnect", onSecure).once("error", onError).once("close", onClose);
  });
}

/**
 * Compares the peer's certificate with the pinned one, where one is pinned, in constant time.
 * @throws {HostCertificateInvalid}
 */
export function checkPin(secure: tls.TLSSocket, { verify, fingerprint }: CertificateTrust): void {
  if (verify !== "pin") return;
  const certificate = secure.getPeerX509Certificate();
  if (certificate === undefined)
    throw new HostCertificateInvalid("certificate: the host showed none, a pinned one is wanted");
  const got = sha256Of(certificate.raw);
  const wanted = Buffer.from(fingerprint ?? "", "hex");
  if (wanted.length !== got.length || !timingSafeEqual(wanted, got))
    throw new HostCertificateInvalid(
      `certificate: ${FINGERPRINT}${got.toString("hex")}, pinned is ${fingerprint || "none"}`,
    );
}

/** OpenSSL's and Node's codes of certificate troubles, in an operator's words. */
const CERTIFICATE_TROUBLES: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "it is self-signed"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "its chain ends in an authority that is not trusted here"],
  ["UNABLE_TO_GET_ISSUER_CERT", "the authority that signed it is not trusted here"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "the authority that signed it is not trusted here"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "the authority that signed it is not trusted here"],
  ["CERT_SIGNATURE_FAILURE", "its signature is wrong"],
  ["CERT_HAS_EXPIRED", "it has expired"],
  ["CERT_NOT_YET_VALID", "it is not valid yet"],
  ["CERT_REVOKED", "it is revoked"],
  ["CERT_UNTRUSTED", "it is not trusted here"],
  ["CERT_REJECTED", "it is not meant for this purpose"],
  ["INVALID_PURPOSE", "it is not meant for this purpose"],
  ["INVALID_CA", "one of its authorities must not sign certificates"],
  ["CERT_CHAIN_TOO_LONG", "its chain is too long"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "it is for another name"],
]);

function explain(error: Error, options: UpgradeOptions, shown: string | undefined): HostError {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const trouble = CERTIFICATE_TROUBLES.get(code);
  if (trouble !== undefined) {
    const names = code === "ERR_TLS_CERT_ALTNAME_INVALID" ? namesIn(error, options.hostName) : "";
    // The names come last: they are the peer's words, and what is too long is cut at the end.
    return new HostCertificateInvalid(
      `certificate: ${trouble} (${code})${namingFingerprint(shown)}${names}`,
      { cause: error },
    );
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG")
    return new HostError("TLS handshake: the host does not speak TLS here", { cause: error });
  if (code === "ECONNRESET" || code === "EPIPE") return hostLeft(error);
  return new HostError(`TLS handshake: ${code || firstLine(messageOf(error))}`, { cause: error });
}

function hostLeft(cause?: Error): HostUnreachable {
  return new HostUnreachable("TLS handshake: the host closed the connection", { cause });
}

/** "; wanted 192.0.2.1, it has DNS:idrac" */
function namesIn(error: Error, hostName: string): string {
  const certificate = "cert" in error ? (error.cert as tls.PeerCertificate) : undefined;
  const has = certificate?.subjectaltname ?? certificate?.subject?.CN;
  return `; wanted ${hostName}, it has ${has === undefined ? "none" : firstLine(String(has))}`;
}

function firstLine(text: string): string {
  return printable(text.slice(0, MAX_CAUSE_CHARACTERS).split("\n")[0] ?? "");
}
