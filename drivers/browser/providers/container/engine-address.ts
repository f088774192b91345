/** Where the container engine's API is: a Unix socket, or a port with TLS and a certificate of our own. */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { ConfigInvalid } from "../../../base.ts";

/** Where Podman and Docker listen when they run as services of the system. */
const USUAL_SOCKETS = ["/run/podman/podman.sock", "/run/docker.sock"];
/** FACT(docs.docker.com, protect-access): 2376 is the port with TLS. */
const TLS_PORT = 2376;

export type EngineAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tls"; readonly host: string; readonly port: number };

/**
 * @param text `unix:///path`, `tcp://host[:port]`, or empty for the usual sockets
 * @throws {ConfigInvalid}
 */
export function parseEngineAddress(text: string): EngineAddress {
  if (text === "")
    return {
      kind: "unix",
      path: USUAL_SOCKETS.find((path) => existsSync(path)) ?? USUAL_SOCKETS[0]!,
    };
  const path = /^unix:\/\/(.+)$/.exec(text)?.[1];
  if (path !== undefined && isAbsolute(path)) return { kind: "unix", path };
  const url = text.startsWith("tcp://") && URL.canParse(text) ? new URL(text) : undefined;
  const bare = url && url.username === "" && url.password === "" && /^\/?$/.test(url.pathname);
  if (!url || !bare || url.hostname === "" || url.search !== "" || url.hash !== "")
    throw new ConfigInvalid([
      `[browser]container_engine is "${text}", neither unix:///PATH nor tcp://HOST[:PORT]`,
    ]);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { kind: "tls", host, port: url.port === "" ? TLS_PORT : Number(url.port) };
}

/** For messages. */
export function engineName(address: EngineAddress): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  const { host, port } = address;
  return `tcp://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
