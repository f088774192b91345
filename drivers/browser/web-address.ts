/** Where a BMC's web page is, from what an operator wrote. Looks nothing up and connects to nothing. */
import { InvalidParameterValue } from "../base.ts";

export interface WebAddress {
  /** `https://host[:port]`, as a browser spells it. */
  readonly origin: string;
  /** Host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** False for `http://`, which has to be written out. */
  readonly encrypted: boolean;
}

/**
 * @param option where it stands, for the message
 * @throws {InvalidParameterValue} for what is no host with an optional port
 */
export function parseWebAddress(text: string, option: string): WebAddress {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${bracketed(text)}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const plain = url && url.pathname === "/" && url.search === "" && url.hash === "";
  if (!url || !plain || url.username !== "" || url.password !== "" || url.hostname === "")
    throw new InvalidParameterValue(
      `${option} must be a host with an optional port, without a path or credentials`,
    );
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new InvalidParameterValue(`${option} must use https or http`);
  const encrypted = url.protocol === "https:";
  return {
    origin: url.origin,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (encrypted ? 443 : 80) : Number(url.port),
    encrypted,
  };
}

/** A bare IPv6 literal gets its brackets. */
function bracketed(address: string): string {
  return /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) ? `[${address}]` : address;
}
