/** Where and how the proxy reaches a socat of ours. */
import type { ConsoleEndpoint } from "../base.ts";
import type { OwnCertificate } from "../lib/certificate.ts";
import type { ConsoleFiles } from "./console-files.ts";
import type { RunningNote } from "./note.ts";
import type { SocatSettings } from "./options.ts";

/** @param port null for a Unix socket */
export function endpointOf(
  { listener, hold }: SocatSettings,
  files: ConsoleFiles,
  port: number | null,
  certificates: { readonly server: OwnCertificate; readonly client: OwnCertificate } | null,
): ConsoleEndpoint {
  const secured = certificates && {
    tls: {
      wrap: true,
      verify: "pin",
      fingerprint: certificates.server.fingerprint,
      minVersion: "TLSv1.2",
    } as const,
    credentials: {
      clientCertificate: certificates.client.certificate,
      clientKey: certificates.client.key,
    },
  };
  return {
    consoleType: "serial",
    transport:
      listener.kind === "unix"
        ? { kind: "unix", path: files.socket }
        : { kind: "tcp", host: listener.address, port: port ?? 0 },
    ...secured,
    allowedSecurityTypes: [],
    serial: {
      dialect: "ipmitool",
      hold,
      ...(listener.kind === "plain" && { direct: true as const }),
    },
  };
}

/**
 * The endpoint of a socat that was found running. With TLS the client's key is in the saved endpoint and
 * nowhere else.
 * @returns undefined when the way to it is lost
 */
export function endpointOfRunning(
  settings: SocatSettings,
  files: ConsoleFiles,
  note: RunningNote,
  saved: ConsoleEndpoint | null,
): ConsoleEndpoint | undefined {
  if (settings.listener.kind !== "tls") return endpointOf(settings, files, note.port, null);
  const endpoint = endpointOf(settings, files, note.port, null);
  const isItsKey = saved?.tls?.fingerprint === note.fingerprint && saved.credentials?.clientKey;
  if (!isItsKey || !saved.tls || !saved.credentials) return undefined;
  return { ...endpoint, tls: saved.tls, credentials: saved.credentials };
}
