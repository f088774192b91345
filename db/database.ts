/**
 * What the services may ask of the database. Only this folder holds SQL; the two dialects (SQLite,
 * PostgreSQL) share one schema and one implementation of these interfaces.
 *
 * Locks are conditional UPDATEs, never `FOR UPDATE`. Times are milliseconds since the epoch.
 */
import type { ClosedReason } from "../common/closed-reason.ts";
import type { ConsoleType, StoredConsoleEndpoint } from "../common/console-endpoint.ts";
import type { InterfaceType, Json, NewNode, Node, NodeChanges } from "../common/node.ts";

export interface Database {
  readonly dialect: "sqlite" | "postgresql";
  readonly nodes: NodeRepository;
  readonly tokens: ConsoleAuthTokenRepository;
  readonly sessions: ConsoleSessionRepository;
  readonly conductors: ConductorRepository;
  readonly lines: ConsoleLineRepository;
  readonly telemetry: TelemetryRepository;
  /** Answers a trivial query; for /readyz. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface NodeFilters {
  readonly uuids?: readonly string[];
  readonly driver?: string;
  readonly resourceClass?: string;
  readonly conductorGroup?: string;
  readonly conductorAffinity?: string;
  readonly provisionState?: string;
  readonly instanceUuid?: string;
  /** True: has an instance_uuid; false: has none. */
  readonly associated?: boolean;
  readonly maintenance?: boolean;
  readonly retired?: boolean;
  readonly consoleEnabled?: boolean;
  readonly fault?: string;
  readonly owner?: string;
  readonly lessee?: string;
  /** Owner or lessee. */
  readonly project?: string;
  readonly shards?: readonly string[];
  readonly sharded?: boolean;
  readonly descriptionContains?: string;
  /** Nodes whose reservation is this conductor. */
  readonly reservedBy?: string;
}

export interface NodeListQuery {
  readonly filters?: NodeFilters;
  /** A key of Node that is a plain column; default creation order. */
  readonly sortKey?: keyof Node;
  readonly sortDirection?: "asc" | "desc";
  readonly limit?: number;
  /** UUID of the last node of the page before. @throws NodeNotFound when unknown */
  readonly marker?: string;
}

export interface NodeRepository {
  /** @throws {NodeAlreadyExists} for a taken uuid, name or instance_uuid, in Ironic's words */
  create(node: NewNode): Promise<Node>;
  /** @param ident UUID or name. @throws {NodeNotFound} */
  get(ident: string): Promise<Node>;
  list(query?: NodeListQuery): Promise<Node[]>;
  /** @throws {NodeNotFound} {@link NodeAlreadyExists} */
  update(uuid: string, changes: NodeChanges): Promise<Node>;
  /**
   * Deletes the node and its tokens and asks the proxies to end its sessions, in one transaction; closed
   * sessions stay as history. @throws {NodeNotFound}
   */
  destroy(uuid: string): Promise<void>;
  /** Takes the exclusive lock. @throws {NodeLocked} at once when another holds it; {@link NodeNotFound} */
  reserve(uuid: string, host: string): Promise<Node>;
  /** Gives it back; a lock that is not ours stays. */
  release(uuid: string, host: string): Promise<void>;
}

export type SessionMode = "control" | "view";
/** `log` reads the node's console log, and opens no session. */
export type GrantMode = SessionMode | "log";

export interface ConsoleAuthToken {
  readonly id: number;
  readonly nodeUuid: string;
  readonly consoleType: ConsoleType;
  readonly mode: GrantMode;
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface ConsoleAuthTokenRepository {
  /** Stores only the SHA-256. @returns the raw token, this once */
  authorize(
    grant: Omit<ConsoleAuthToken, "id" | "createdAt" | "expiresAt"> & {
      readonly ttlSeconds: number;
    },
  ): Promise<{ readonly token: string; readonly grant: ConsoleAuthToken }>;
  /** @throws {InvalidToken} for unknown, expired and revoked alike, or when `nodeUuid` is another node */
  validate(token: string, nodeUuid?: string): Promise<ConsoleAuthToken>;
  /** Revokes every token of a node. */
  cleanForNode(nodeUuid: string): Promise<number>;
  cleanExpired(): Promise<number>;
}

export interface ConsoleSession {
  /** UUID. */
  readonly id: string;
  readonly nodeUuid: string;
  readonly tokenId: number | null;
  readonly consoleType: ConsoleType;
  readonly mode: SessionMode;
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly sourceAddress: string;
  readonly userAgent: string | null;
  /** Host name of the proxy that carries it. */
  readonly proxyHost: string;
  readonly openedAt: number;
  readonly lastInputAt: number | null;
  readonly closedAt: number | null;
  /** A ClosedReason, or the code of the error that ended it. */
  readonly closedReason: string | null;
  /** Set to have the proxy end it. */
  readonly killReason: ClosedReason | null;
  readonly bytesToTenant: number;
  readonly bytesToHost: number;
}

export interface OpenSessionRequest {
  readonly token: string;
  /** From the URL; must be the token's node when given. */
  readonly nodeUuid?: string;
  readonly sourceAddress: string;
  readonly userAgent: string | null;
  readonly proxyHost: string;
  readonly maxSessionsPerNode: number;
  /** Running sessions under this one token; no limit when left out. */
  readonly maxSessionsPerToken?: number;
}

export interface OpenedSession {
  readonly session: ConsoleSession;
  readonly tokenExpiresAt: number;
  readonly node: {
    readonly uuid: string;
    readonly name: string | null;
    /** See Node.consoleHistorySince. */
    readonly historySince: number | null;
  };
  readonly endpoint: StoredConsoleEndpoint;
}

export interface ConsoleProxy {
  readonly host: string;
  /** Changes with every sign of life, and says nothing else. Null: it has sessions, but is not known. */
  readonly beat: number | null;
}

export interface SessionCounters {
  readonly lastInputAt: number | null;
  readonly bytesToTenant: number;
  readonly bytesToHost: number;
}

export interface SessionEnd {
  readonly id: string;
  /** A ClosedReason or an error code. */
  readonly reason: string;
  readonly counters: SessionCounters;
}

export interface ConsoleSessionRepository {
  /**
   * Checks the token and opens a session under it in one transaction, so that a token revoked at the
   * same moment either refuses the session or has it killed.
   * @throws {InvalidToken} {@link TooManySessions}; {@link NodeConsoleNotEnabled} when the console is off
   */
  open(request: OpenSessionRequest): Promise<OpenedSession>;
  /** Writes counters of several running sessions at once. */
  touch(counters: ReadonlyMap<string, SessionCounters>): Promise<void>;
  /** The first close wins. @param reason a ClosedReason or an error code */
  close(id: string, reason: string, counters: SessionCounters): Promise<void>;
  /** The same for many, all of them or none. */
  closeAll(ends: readonly SessionEnd[]): Promise<void>;
  get(id: string): Promise<ConsoleSession | undefined>;
  listActive(filter?: {
    readonly nodeUuid?: string;
    readonly proxyHost?: string;
  }): Promise<ConsoleSession[]>;
  /** Asks the proxies to end a node's sessions. @returns how many */
  requestKillForNode(nodeUuid: string, reason: ClosedReason): Promise<number>;
  /** Ends one session and revokes the token it came by, so that it cannot simply come back. */
  requestKill(id: string, reason: ClosedReason): Promise<boolean>;
  /** What a proxy polls every half second; cheap. */
  killRequests(
    proxyHost: string,
  ): Promise<{ readonly id: string; readonly reason: ClosedReason }[]>;
  /**
   * At a proxy's start: closes what its crashed run left open, as `proxy_crashed`, and makes the proxy
   * known as a living one.
   */
  closeCrashed(proxyHost: string): Promise<number>;
  /**
   * A proxy's sign of life.
   * @returns false when the proxy was not known: it had been given up, and its sessions may be closed
   */
  beat(proxyHost: string): Promise<boolean>;
  /** Every proxy that is known or has running sessions. */
  listProxies(): Promise<ConsoleProxy[]>;
  /**
   * Gives a proxy up and closes its sessions as `proxy_crashed`, unless it beat since `beat` was read.
   * @returns how many sessions
   */
  closeSilent(proxyHost: string, beat: number | null): Promise<number>;
  /** Deletes up to `limit` sessions that were closed before, oldest first. @returns how many */
  deleteClosedBefore(time: number, limit: number): Promise<number>;
}

export interface ConductorInterface {
  readonly hardwareType: string;
  readonly interfaceType: InterfaceType;
  readonly interfaceName: string;
  /** True when it is the hardware type's default here. */
  readonly isDefault: boolean;
}

export interface Conductor {
  readonly hostname: string;
  readonly conductorGroup: string;
  /** Where its RPC answers; empty for in-process. */
  readonly rpcUrl: string;
  readonly online: boolean;
  /** Hardware types. */
  readonly drivers: readonly string[];
  readonly createdAt: number;
  /** Last heartbeat. */
  readonly updatedAt: number;
}

export interface ConductorRepository {
  /**
   * @throws {ConductorAlreadyRegistered} when that name is online with a heartbeat younger than
   * `heartbeatTimeoutSeconds` and `takeOver` is not set
   */
  register(
    conductor: Pick<Conductor, "hostname" | "conductorGroup" | "rpcUrl" | "drivers">,
    interfaces: readonly ConductorInterface[],
    options: { readonly heartbeatTimeoutSeconds: number; readonly takeOver: boolean },
  ): Promise<Conductor>;
  heartbeat(hostname: string): Promise<void>;
  unregister(hostname: string): Promise<void>;
  list(): Promise<Conductor[]>;
  /** Online with a heartbeat younger than this. */
  listAlive(heartbeatTimeoutSeconds: number): Promise<Conductor[]>;
  /** Interfaces of all online conductors, without repetition. */
  listInterfaces(
    hardwareType?: string,
  ): Promise<(ConductorInterface & { readonly hostname: string })[]>;
}

/** What a serial line is doing, as the proxy that holds it says. */
export const LINE_STATES = ["idle", "connecting", "connected", "reconnecting", "taken"] as const;
/**
 * `idle`: held by nobody's wish now; `connecting`: for the first time; `reconnecting`: it was lost, and is
 * tried again; `taken`: the BMC says that somebody else has it.
 */
export type LineState = (typeof LINE_STATES)[number];

/** One serial line and the one proxy that may dial it. */
export interface ConsoleLine {
  readonly nodeUuid: string;
  readonly proxyHost: string;
  readonly state: LineState;
  /** Words for an operator: why it is not connected. */
  readonly detail: string | null;
  /** When `state` began. */
  readonly since: number;
  /** When it is tried again. */
  readonly retryAt: number | null;
  /** A proxy that has viewers for it, while `proxyHost` may have none. */
  readonly wantedBy: string | null;
}

export interface HeldLine {
  readonly line: ConsoleLine;
  /** Null when the console is off, or is not serial any more: let the line go. */
  readonly endpoint: StoredConsoleEndpoint | null;
  /** See Node.consoleHistorySince. */
  readonly historySince: number | null;
}

/**
 * Who holds which serial line. A proxy dials a line only while its row names it; the row of a proxy that
 * is not known as living any more is free.
 */
export interface ConsoleLineRepository {
  /** Makes the proxy's own address known to the api, which fetches console logs there. */
  announce(proxyHost: string, url: string): Promise<void>;
  /** Addresses of the living proxies. */
  listProxyUrls(): Promise<{ readonly host: string; readonly url: string }[]>;
  /**
   * Takes a line, or notes in its row that this proxy wants it when another living one holds it.
   * @returns the row: `proxyHost` tells who has it now
   */
  claim(nodeUuid: string, proxyHost: string): Promise<ConsoleLine>;
  /** What a proxy holds, with the endpoints as they are now; asked every second. */
  listHeld(proxyHost: string): Promise<HeldLine[]>;
  /** Nodes whose line is to be held always (`serial.hold`) and that no living proxy holds. */
  listUnheld(limit: number): Promise<string[]>;
  /** Says what the line does; without effect when another proxy has it now. */
  report(
    nodeUuid: string,
    proxyHost: string,
    state: Pick<ConsoleLine, "state" | "detail" | "retryAt">,
  ): Promise<void>;
  /** Lets a line go. With `to`, hands it over to that proxy in the same statement. */
  release(nodeUuid: string, proxyHost: string, to?: string): Promise<void>;
  /** At a proxy's start and stop. */
  releaseAll(proxyHost: string): Promise<number>;
  get(nodeUuid: string): Promise<ConsoleLine | undefined>;
  /** See Node.consoleHistorySince. */
  historySince(nodeUuid: string): Promise<number | null>;
}

/** The last sensor readings of one node, as collected. */
export interface NodeSensors {
  readonly nodeUuid: string;
  /** 0 when no attempt has succeeded yet. */
  readonly collectedAt: number;
  /** `SensorReading[]` of drivers/base.ts, as JSON. */
  readonly readings: Json;
  /** Why the last attempt failed; the readings are then older than it. */
  readonly error: string | null;
}

export interface TelemetryRepository {
  /** Replaces a node's readings. Without effect when the node is gone. */
  save(sensors: NodeSensors): Promise<void>;
  /** Keeps the readings, notes the failure, the first one too. Without effect when the node is gone. */
  fail(nodeUuid: string, error: string): Promise<void>;
  get(nodeUuid: string): Promise<NodeSensors | undefined>;
  list(): Promise<(NodeSensors & { readonly nodeName: string | null })[]>;
}
