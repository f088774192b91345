/** Which microversions of the Bare Metal API we speak, and how a request's header names one. */
import { VersionNotSupported } from "../../common/errors.ts";

export const MAJOR = 1;
export const MIN_MINOR = 1;
/** 2024.2: virtual media came with 1.89 and 1.93. What later versions add is not a console's business. */
export const MAX_MINOR = 93;
export const MIN_VERSION = `${MAJOR}.${MIN_MINOR}`;
export const MAX_VERSION = `${MAJOR}.${MAX_MINOR}`;

export const VERSION_HEADER = "X-OpenStack-Ironic-API-Version";
export const MIN_VERSION_HEADER = "X-OpenStack-Ironic-API-Minimum-Version";
export const MAX_VERSION_HEADER = "X-OpenStack-Ironic-API-Maximum-Version";
export const STANDARD_VERSION_HEADER = "OpenStack-API-Version";

const RANGE = `[${MIN_VERSION}, ${MAX_VERSION}]`;

/**
 * @param standard value of OpenStack-API-Version, possibly for several services (`baremetal 1.78`)
 * @param legacy value of X-OpenStack-Ironic-API-Version
 * @returns the minor version; without a header the oldest
 * @throws {VersionNotSupported} in Ironic's words
 */
export function negotiateMinor(standard: string | undefined, legacy: string | undefined): number {
  const wanted = forBaremetal(standard) ?? legacy?.trim();
  if (wanted === undefined || wanted === "") return MIN_MINOR;
  if (wanted.toLowerCase() === "latest") return MAX_MINOR;
  const match = /^(\d{1,9})\.(\d{1,9})$/.exec(wanted);
  if (!match) throw new VersionNotSupported(`Invalid value for ${VERSION_HEADER} header`);
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major !== MAJOR)
    throw new VersionNotSupported(
      `Mutually exclusive versions requested. Version ${major}.${minor} requested but not supported by this service. The supported version range is: ${RANGE}.`,
    );
  if (minor < MIN_MINOR || minor > MAX_MINOR)
    throw new VersionNotSupported(
      `Version ${major}.${minor} was requested but the minor version is not supported by this service. The supported version range is: ${RANGE}.`,
    );
  return minor;
}

function forBaremetal(standard: string | undefined): string | undefined {
  for (const entry of standard?.split(",") ?? []) {
    const [service, version] = entry.trim().split(/\s+/);
    if (service?.toLowerCase() === "baremetal") return version ?? "";
  }
  return undefined;
}
