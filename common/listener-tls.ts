/**
 * The certificate of a TLS listener: read from two PEM files, and read again when they change, so that
 * renewing one needs no restart. A bad new certificate is logged and the old one stays in use.
 */
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createSecureContext, type SecureContextOptions, type SecureVersion } from "node:tls";
import { ConfigInvalid, messageOf } from "./errors.ts";
import type { Logger } from "./log.ts";

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Lowest TLS version; default 1.2. */
  readonly minVersion?: SecureVersion;
  /** OpenSSL cipher list; empty or missing for Node's default. */
  readonly ciphers?: string;
}

/**
 * @returns options for `https.createServer`
 * @throws {ConfigInvalid} when a file cannot be read or the two do not belong together
 */
export function readTlsFiles(files: TlsFiles): SecureContextOptions {
  try {
    const options: SecureContextOptions = {
      cert: readFileSync(files.certFile),
      key: readFileSync(files.keyFile),
      minVersion: files.minVersion ?? "TLSv1.2",
      ...(files.ciphers && { ciphers: files.ciphers }),
    };
    createSecureContext(options);
    return options;
  } catch (cause) {
    throw new ConfigInvalid([
      `cannot serve TLS with certificate "${files.certFile}" and key "${files.keyFile}": ${messageOf(cause)}`,
    ]);
  }
}

/** What of an https.Server (or tls.Server) is needed here. */
export interface CertificateHolder {
  setSecureContext(options: SecureContextOptions): void;
}

export interface TlsReload {
  /** Reads the files now, as on SIGHUP. @returns false when the new ones are not usable */
  reload(): boolean;
  stop(): void;
}

/** Gives the server the files' new contents within `intervalMs` of a change. */
export function reloadTlsFiles(
  server: CertificateHolder,
  files: TlsFiles,
  options: { readonly log: Logger; readonly intervalMs?: number },
): TlsReload {
  const reload = (): boolean => {
    try {
      server.setSecureContext(readTlsFiles(files));
      options.log.info("the TLS certificate was read again", { certificate: files.certFile });
      return true;
    } catch (error) {
      /* Certificate and key are two files: between the two writes they do not match. */
      options.log.warn("the new TLS certificate is not usable, the old one stays", { error });
      return false;
    }
  };
  const interval = options.intervalMs ?? 5000;
  const watched = [...new Set([files.certFile, files.keyFile])];
  const onChange = (): void => {
    reload();
  };
  for (const file of watched) watchFile(file, { interval, persistent: false }, onChange);
  return {
    reload,
    stop: () => {
      for (const file of watched) unwatchFile(file, onChange);
    },
  };
}
