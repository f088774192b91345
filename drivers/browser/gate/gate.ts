/**
 * The only way out of a session's sandbox. It speaks SOCKS5 with the browser, connects to nothing but the
 * destinations of its list, and stands in the middle of TLS: toward the browser with a key of its own that
 * this browser alone believes, toward the BMC judging the certificate as the operator said. So a browser of
 * today shows BMCs that speak nothing newer than TLS 1.0, and never a BMC that is not the right one.
 */
import type { Duplex } from "node:stream";
import type { HostTls } from "../../base.ts";
import type { Destination } from "../providers/provider.ts";

export interface GateDestination extends Destination {
  /** How the BMC's certificate is judged; null passes the bytes on as they are (a viewer's own port). */
  readonly tls: Omit<HostTls, "wrap"> | null;
}

export interface Gate {
  /** base64 of SHA-256 over the SPKI of the key that the browser has to believe. */
  readonly trustedKey: string;
  /** From now on these, and only these. Connections to others end. */
  allow(destinations: readonly GateDestination[]): void;
  /** Takes one connection out of the sandbox. */
  accept(stream: Duplex): void;
  /** The last failure toward an allowed destination, for the words of an error. */
  readonly lastFailure: Error | undefined;
  /** `host:port` of what was asked for and refused, newest last, at most 20: a page that tries to get out. */
  readonly refused: readonly string[];
  /** Ends every connection. */
  end(): void;
}

export type DialDestination = (destination: Destination, signal: AbortSignal) => Promise<Duplex>;
