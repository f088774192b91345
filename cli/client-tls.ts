/** Which certificates our client believes, for HTTP and WebSockets alike. */
import { readFileSync } from "node:fs";
import { InvalidParameterValue, messageOf } from "../common/errors.ts";

export interface ClientTls {
  /** PEM file of the authority that signed the service's certificate; the system's ones without it. */
  readonly cacert?: string;
  /** False believes any certificate: what `verify: false` in clouds.yaml and OS_INSECURE ask for. */
  readonly verify?: boolean;
}

/**
 * @returns options for undici's connector
 * @throws {InvalidParameterValue} when the file cannot be read
 */
export function tlsOptions(tls: ClientTls = {}): { ca?: string; rejectUnauthorized?: boolean } {
  return {
    ...(tls.cacert === undefined ? {} : { ca: readCertificate(tls.cacert) }),
    ...(tls.verify === false ? { rejectUnauthorized: false } : {}),
  };
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new InvalidParameterValue(`cannot read "${file}": ${messageOf(cause)}`, { cause });
  }
}
