/**
 * Where and how novncproxy reaches a running console. A driver returns it, the conductor seals and
 * saves it, the proxy dials only what it says and knows no vendor.
 */
import type { Secret } from "./secret.ts";
import type { Sealed } from "./secret-box.ts";

export type ConsoleType = "vnc" | "serial";

export type ConsoleTransport =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  /** RFB or a serial line inside binary WebSocket messages, as OpenBMC's bmcweb does. */
  | {
      readonly kind: "websocket";
      readonly host: string;
      readonly port: number;
      /** From the first slash on. */
      readonly path: string;
      /**
       * How the endpoint's credentials are shown. `basic`: with the upgrade; `session`: a Redfish session is
       * made for the connection and ended with it.
       */
      readonly authentication: "basic" | "session";
      /** Longest message that the machine takes; longer writes are split. */
      readonly maxMessageBytes: number;
    };

/** How certificates of the host side are judged, for TLS-wrapped connections and VeNCrypt X509*. */
export interface HostTls {
  /** True when TLS comes before the first RFB byte ("VNC with SSL" of several BMCs). */
  readonly wrap: boolean;
  /** `ca`: by `caFile` or the system's authorities; `pin`: by `fingerprint`; `none`: not at all. */
  readonly verify: "ca" | "pin" | "none";
  /** PEM file, absolute path. */
  readonly caFile?: string;
  /** SHA-256 of the DER certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint?: string;
  /** Lowest TLS version to accept; default TLSv1.2, old BMCs need TLSv1. */
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

/** RFB security types we can speak toward a machine, VeNCrypt's subtypes by their rfbproto names. */
export const SECURITY_TYPE_NAMES = [
  "None",
  "VncAuth",
  "Plain",
  "TLSNone",
  "TLSVnc",
  "TLSPlain",
  "X509None",
  "X509Vnc",
  "X509Plain",
] as const;
export type SecurityTypeName = (typeof SECURITY_TYPE_NAMES)[number];

/** Differences of real machines, as data; the proxy applies them. */
export interface ConsoleQuirks {
  /**
   * Hold the machine to this pixel format whatever the tenant asks; the proxy translates Raw
   * rectangles to the tenant's format.
   */
  readonly pixelFormat?: "rgb565" | "rgb555" | "rgb888" | "native";
  /** Offer the machine only these encoding numbers (rfbproto), in this order. */
  readonly encodings?: readonly number[];
  /** Silence allowed before the ProtocolVersion line; default [vnc]handshake_timeout. */
  readonly bannerTimeoutSeconds?: number;
}

/** What novncproxy has to know of a serial line. */
export interface SerialLine {
  /**
   * What stands at the other end. `ipmitool`: its `sol activate`, with an escape character and words of
   * its own between those of the machine. `raw`: the machine's bytes and nothing else.
   */
  readonly dialect: "raw" | "ipmitool";
  /** `always`: a proxy holds the line while the console is enabled; `on-demand`: while somebody watches. */
  readonly hold: "always" | "on-demand";
  /**
   * The plain listener is there for others (a stock nova-serialproxy) to dial themselves, and takes one
   * connection at a time: the API gives out its address, and our proxy never holds it without a viewer.
   */
  readonly direct?: true;
}

interface Credentials<TSecret> {
  readonly username?: string;
  readonly password?: TSecret;
  /** PEM, shown to a machine side that asks for a client certificate. */
  readonly clientCertificate?: string;
  /** PEM, of the same. */
  readonly clientKey?: TSecret;
}

interface EndpointShape<TSecret> {
  readonly consoleType: ConsoleType;
  readonly transport: ConsoleTransport;
  readonly tls?: HostTls;
  readonly credentials?: Credentials<TSecret>;
  /**
   * RFB only, empty for a serial line. In order of preference; what is not listed is refused even when
   * the machine offers it.
   */
  readonly allowedSecurityTypes: readonly SecurityTypeName[];
  readonly quirks?: ConsoleQuirks;
  /**
   * RFB only: the endpoint may have to start something first and says how far it is, see
   * console-prelude.ts. For so long it may take until the ProtocolVersion line.
   */
  readonly preludeSeconds?: number;
  /** Set exactly when consoleType is `serial`. */
  readonly serial?: SerialLine;
}

export type ConsoleEndpoint = EndpointShape<Secret>;
/** The same as stored: JSON, its secrets sealed for `nodes/UUID/console_endpoint/…`. */
export type StoredConsoleEndpoint = EndpointShape<Sealed>;

export function endpointPasswordPlace(nodeUuid: string): string {
  return `nodes/${nodeUuid}/console_endpoint/password`;
}

export function endpointClientKeyPlace(nodeUuid: string): string {
  return `nodes/${nodeUuid}/console_endpoint/client_key`;
}

/** `host:port`, `host:port/path` or the socket's path, for log lines and errors. */
export function describeTransport(transport: ConsoleTransport): string {
  if (transport.kind === "unix") return transport.path;
  const path = transport.kind === "websocket" ? transport.path : "";
  const host = transport.host.includes(":") ? `[${transport.host}]` : transport.host;
  return `${host}:${transport.port}${path}`;
}
