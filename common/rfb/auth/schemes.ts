/**
 * Which scheme is used with a host: the first one in the endpoint's order of preference that the host
 * offers and the credentials suffice for. What the endpoint does not list is never used.
 */
import { RFBAuthNoAvailableScheme } from "../../errors.ts";
import type { SecurityTypeName } from "../../console-endpoint.ts";
import {
  SECURITY_NONE,
  SECURITY_TYPE_LABELS,
  SECURITY_VENCRYPT,
  SECURITY_VNC_AUTH,
  VENCRYPT_SUBTYPE_LABELS,
  VENCRYPT_SUBTYPES,
  type VeNCryptName,
} from "../constants.ts";
import { noneScheme } from "./none.ts";
import { plainScheme } from "./plain.ts";
import type { HostCredentials, RFBAuthScheme } from "./scheme.ts";
import { vncScheme } from "./vnc.ts";

/** The scheme that proves who we are, for each type: VeNCrypt's are these inside TLS. */
const INNER_SCHEMES: Readonly<Record<SecurityTypeName, RFBAuthScheme>> = {
  None: noneScheme,
  VncAuth: vncScheme,
  Plain: plainScheme,
  TLSNone: noneScheme,
  TLSVnc: vncScheme,
  TLSPlain: plainScheme,
  X509None: noneScheme,
  X509Vnc: vncScheme,
  X509Plain: plainScheme,
};

export function innerScheme(name: SecurityTypeName): RFBAuthScheme {
  return INNER_SCHEMES[name];
}

export function isVeNCrypt(name: SecurityTypeName): name is VeNCryptName {
  return Object.hasOwn(VENCRYPT_SUBTYPES, name);
}

/** The number on the wire in the list of security types. */
export function securityTypeNumber(name: SecurityTypeName): number {
  if (isVeNCrypt(name)) return SECURITY_VENCRYPT;
  return name === "None" ? SECURITY_NONE : SECURITY_VNC_AUTH;
}

/**
 * Picks a security type out of the host's list.
 * @param offered numbers as the host sent them
 * @returns the preferred name; for a VeNCrypt one the subtypes still decide
 * @throws {RFBAuthNoAvailableScheme}
 */
export function chooseSecurityType(
  offered: readonly number[],
  allowed: readonly SecurityTypeName[],
  credentials: HostCredentials,
): SecurityTypeName {
  const isOffered = (name: SecurityTypeName): boolean => offered.includes(securityTypeNumber(name));
  const found = allowed.find((name) => isOffered(name) && lacks(name, credentials).length === 0);
  if (found !== undefined) return found;
  throw nothingUsable(
    describeSecurityTypes(offered),
    allowed.filter(isOffered),
    allowed,
    credentials,
  );
}

/**
 * Picks a VeNCrypt subtype out of the host's list.
 * @throws {RFBAuthNoAvailableScheme}
 */
export function chooseVeNCryptSubtype(
  offered: readonly number[],
  allowed: readonly SecurityTypeName[],
  credentials: HostCredentials,
): VeNCryptName {
  const known = allowed.filter(isVeNCrypt);
  const isOffered = (name: VeNCryptName): boolean => offered.includes(VENCRYPT_SUBTYPES[name]);
  const found = known.find((name) => isOffered(name) && lacks(name, credentials).length === 0);
  if (found !== undefined) return found;
  const list = describeList(offered, VENCRYPT_SUBTYPE_LABELS);
  throw nothingUsable(`VeNCrypt with ${list}`, known.filter(isOffered), allowed, credentials);
}

/** "2 VncAuth, 19 VeNCrypt, unknown (113)". */
export function describeSecurityTypes(numbers: readonly number[]): string {
  return describeList(numbers, SECURITY_TYPE_LABELS);
}

function describeList(numbers: readonly number[], labels: ReadonlyMap<number, string>): string {
  const describe = (number: number): string => {
    const label = labels.get(number);
    return label === undefined ? `unknown (${number})` : `${number} ${label}`;
  };
  return numbers.length === 0 ? "nothing" : numbers.map(describe).join(", ");
}

function lacks(name: SecurityTypeName, credentials: HostCredentials): (keyof HostCredentials)[] {
  return innerScheme(name).needs.filter((need) => credentials[need] === undefined);
}

function nothingUsable(
  offered: string,
  withoutCredentials: readonly SecurityTypeName[],
  allowed: readonly SecurityTypeName[],
  credentials: HostCredentials,
): RFBAuthNoAvailableScheme {
  const gaps = withoutCredentials.map(
    (name) =>
      `; ${name} needs a ${lacks(name, credentials).join(" and a ")} and none is configured`,
  );
  return new RFBAuthNoAvailableScheme(
    `no usable security type: the host offers ${offered}, allowed are ${allowed.join(", ") || "none"}${gaps.join("")}`,
  );
}
