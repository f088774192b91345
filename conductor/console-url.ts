/** Builds the URLs that a tenant opens. They hold the token: never log them. */
import { isIPv6 } from "node:net";
import type { Config } from "../common/config/options.ts";
import { ConfigInvalid } from "../common/errors.ts";

const PAGE = "/vnc_lite.html";
const ANY_ADDRESS = new Set(["", "0.0.0.0", "::"]);

/**
 * The base of console URLs: [vnc]public_url, else one made from the proxy's listen address.
 * @throws {ConfigInvalid} when public_url is not an http(s) URL
 */
export function consoleBaseUrl(config: Config): string {
  const { public_url: publicUrl, host_ip: address, port, enable_ssl: tls } = config.vnc;
  if (publicUrl !== "") return checkedBaseUrl(publicUrl);
  const name = ANY_ADDRESS.has(address) ? config.DEFAULT.host : address;
  const host = isIPv6(name) ? `[${name}]` : name;
  return `${tls ? "https" : "http"}://${host}:${port}${PAGE}`;
}

function checkedBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new ConfigInvalid([`[vnc]public_url must be an http or https URL, not "${text}"`]);
  return text;
}

/**
 * `<base>?path=websockify%3Fnode%3DUUID%26token%3DTOKEN`, the form of Nova and Ironic. Other query
 * parameters of the base are kept.
 */
export function consoleUrl(base: string, nodeUuid: string, token: string): string {
  const url = new URL(base);
  const target = new URLSearchParams({ node: nodeUuid, token });
  url.searchParams.set("path", `websockify?${target.toString()}`);
  return url.href;
}

/** The page of a serial console stands beside that of screens: `…/serial.html`. */
export function serialConsoleUrl(base: string, nodeUuid: string, token: string): string {
  return consoleUrl(new URL("serial.html", base).href, nodeUuid, token);
}

/** `ws://…/websockify?node=UUID&token=TOKEN`, below the same folder as the pages. */
export function webSocketUrl(base: string, nodeUuid: string, token: string): string {
  const url = new URL("websockify", base);
  url.protocol = url.protocol.replace("http", "ws");
  url.search = new URLSearchParams({ node: nodeUuid, token }).toString();
  return url.href;
}
