/**
 * Where browser sessions run: the one interface behind `local`, `ssh`, `container` and `kubernetes`.
 *
 * A session is Xvnc, a window manager and Chromium in a sandbox of their own. Whatever carries it, we see
 * three byte streams: DevTools messages, RFB connections, and the sandbox's way out, of which our gate
 * decides. Nothing listens on a network, and no credential is ever given to the sandbox: the controller
 * types them into the page.
 */
import type { Duplex } from "node:stream";
import type { Logger } from "../../base.ts";

export interface Destination {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface SessionSize {
  readonly width: number;
  readonly height: number;
}

/** An image that the BMC's page may be given as a local file: read-only, and the only one. */
export interface SharedFile {
  /** Absolute path where the conductor runs. */
  readonly path: string;
  /** The name that the page sees; no slash. */
  readonly name: string;
}

export interface SessionRequest {
  /** `[a-z0-9]{16}`, unique; names whatever the provider makes. */
  readonly id: string;
  readonly size: SessionSize;
  /**
   * The keys of the only certificates that Chromium believes, as base64 of SHA-256 over SPKI: that of our
   * gate, or the BMC's own where {@link SessionProvider.egress} is `policy`.
   */
  readonly trustedKeys: readonly string[];
  /** `https://host[:port]` that pages may come from; empty for a warm session, whose BMC is not known yet. */
  readonly origins: readonly string[];
  /** Takes each connection that leaves the sandbox and speaks SOCKS5 (RFC 1928) with it; see gate/. */
  readonly egress: (stream: Duplex) => void;
  /** What the sandbox may reach, for providers that confine by a network policy. */
  readonly destinations: readonly Destination[];
  readonly userAgent?: string;
  /** For old boards: OpenJDK and IcedTea-Web are needed beside Chromium. */
  readonly java: boolean;
  readonly files: readonly SharedFile[];
}

export interface SessionEnd {
  /** For the log: exit status, signal, "memory limit", "connection lost". */
  readonly reason: string;
}

export interface SessionProcess {
  /** The DevTools protocol as `--remote-debugging-pipe` speaks it: JSON messages, each ended by NUL. */
  readonly cdp: Duplex;
  /** A new connection to the session's VNC server, security type None. @throws {ConsoleError} */
  dialRfb(): Promise<Duplex>;
  /**
   * Starts a Java Web Start application beside the browser; its windows cover the browser's.
   * @param jnlp text of the file, codebase and arguments as the BMC gave them
   */
  runJnlp(jnlp: string): Promise<void>;
  /** Path inside the sandbox of each shared file, by its name. */
  readonly filePaths: ReadonlyMap<string, string>;
  /** Proportional memory of all its processes; null when it cannot be told. */
  memoryBytes(): Promise<number | null>;
  /** Resolves when the sandbox is gone, for whatever reason. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Ends it; resolves when processes, directories and accounts are gone. Safe to call twice. */
  end(): Promise<void>;
}

/** A free seat on one host, taken until it is released. */
export interface Place {
  /** For logs: `local`, the auxiliary host's name, the cluster's namespace. */
  readonly host: string;
  /**
   * The way to the BMC from there; the gate and Redfish requests use it.
   * @throws {BmcUnreachable} {@link BmcTimeout}
   */
  dial(destination: Destination, signal: AbortSignal): Promise<Duplex>;
  /** @throws {ConsoleSubprocessFailed} {@link ConsoleError} saying what to install or to allow */
  start(request: SessionRequest, signal: AbortSignal): Promise<SessionProcess>;
  /** Ends what was started there and gives the seat back. Safe to call twice. */
  release(): Promise<void>;
}

export interface SessionProvider {
  readonly name: "local" | "ssh" | "container" | "kubernetes";
  /** `gate`: the sandbox has no network but our gate. `policy`: a network policy and URL lists confine it. */
  readonly egress: "gate" | "policy";
  /** Seats over all its hosts. */
  readonly capacity: number;
  /** Looks for what it needs. @throws {ConsoleError} naming what is missing and how to get it */
  check(signal: AbortSignal): Promise<void>;
  /**
   * @returns undefined when every seat is taken; the desk queues then
   * @throws {ConsoleError} when no host can be used at all
   */
  place(signal: AbortSignal): Promise<Place | undefined>;
  /** Ends whatever an earlier run of this conductor left behind. @returns how many sessions that were */
  sweep(): Promise<number>;
  /** Ends every session. Nothing begins afterwards. */
  stop(): Promise<void>;
}

/** What every provider is made with. */
export interface ProviderParts {
  readonly log: Logger;
  /** [DEFAULT]host: marks what belongs to this conductor. */
  readonly conductor: string;
  /** Absolute; a folder of the provider's own below [DEFAULT]state_path, mode 0700. */
  readonly folder: string;
}
