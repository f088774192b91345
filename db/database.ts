/**
 * What the services may ask of the database. Only this folder holds SQL; the two dialects (SQLite,
 * PostgreSQL) share one schema and one implementation of these interfaces.
 *
 * Locks are conditional UPDATEs, never `FOR UPDATE`. Times are milliseconds since the epoch.
 */
import type { CloseHookRepository } from "./close-hooks.ts";
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
  readonly hooks: CloseHookRepository;
  readonly images: ImageRepository;
  readonly media: NodeMediaRepository;
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
  /** Who is told when a session under it has ended, see close-hooks.ts. */
  readonly closeUrl: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface ConsoleAuthTokenRepository {
  /** Stores only the SHA-256. @returns the raw token, this once */
  authorize(
    grant: Omit<ConsoleAuthToken, "id" | "createdAt" | "expiresAt" | "closeUrl"> & {
      readonly ttlSeconds: number;
      readonly closeUrl?: string | null;
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
  /** Somebody is to be told of its end, whether the token says so or not. */
  readonly closeHook?: boolean;
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
  /** The same for those that may type, but this one. @returns how many */
  requestKillOthers(nodeUuid: string, exceptId: string, reason: ClosedReason): Promise<number>;
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

/**
 * `queued`: without content yet; `uploading`, `fetching`: it is coming; `active`: there, and never changed
 * again; `failed`: see its error, content may be sent once more.
 */
export type ImageState = "queued" | "uploading" | "fetching" | "active" | "failed";

/** One image of the library. The content is a file of the image store that has the uuid as its name. */
export interface Image {
  readonly uuid: string;
  /** For people; not unique, never part of a path. */
  readonly name: string;
  /** Whose it is; null for the operators'. */
  readonly projectId: string | null;
  readonly userId: string | null;
  /** True: every project may use it. */
  readonly public: boolean;
  readonly state: ImageState;
  /** Where it was fetched from, without credentials and query; null for an upload. */
  readonly source: string | null;
  /** Hexadecimal. Of the content when `active`, before that what it has to be, if anything. */
  readonly sha256: string | null;
  /** What has arrived. */
  readonly sizeBytes: number;
  /** What is to arrive, when known. */
  readonly totalBytes: number | null;
  /** `iso9660`, `udf`, `fat`, `gpt`, `mbr`, … as its first bytes look; for information alone. */
  readonly format: string | null;
  readonly error: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type ImageChanges = Partial<
  Pick<
    Image,
    | "name"
    | "public"
    | "state"
    | "source"
    | "sha256"
    | "sizeBytes"
    | "totalBytes"
    | "format"
    | "error"
  >
>;

export interface ImageRepository {
  create(
    image: Pick<Image, "uuid" | "name" | "projectId" | "userId" | "public" | "sha256">,
  ): Promise<Image>;
  get(uuid: string): Promise<Image | undefined>;
  /** In order of creation. @param visibleTo a project: only its own and public ones */
  list(filter?: { readonly name?: string; readonly visibleTo?: string | null }): Promise<Image[]>;
  /** Without `from` whatever its state is. @returns undefined when it is gone or in another state */
  update(
    uuid: string,
    changes: ImageChanges,
    from?: readonly ImageState[],
  ): Promise<Image | undefined>;
  /**
   * Sets aside so many bytes of the library for one image.
   * @returns false when the library would hold more than `limitBytes`; nothing is changed then
   */
  reserve(uuid: string, bytes: number, limitBytes: number): Promise<boolean>;
  /** @throws {ImageNotFound} {@link ImageInUse} naming the nodes that have it */
  destroy(uuid: string): Promise<void>;
  /** What was coming and has not moved since `before` fails. @returns how many */
  failStalled(before: number, error: string): Promise<number>;
}

/** `cdrom`, `disk` (a USB stick) or `floppy`, as Ironic names them. */
export const MEDIA_DEVICE_TYPES = ["cdrom", "disk", "floppy"] as const;
export type MediaDeviceType = (typeof MEDIA_DEVICE_TYPES)[number];

/** `attaching` and `detaching` are promises that outlive a crash. */
export type NodeMediaState = "attaching" | "attached" | "detaching";

/** What is in one virtual drive of one node, by our doing. */
export interface NodeMedia {
  readonly nodeUuid: string;
  readonly deviceType: MediaDeviceType;
  /** `bmc`: its BMC reads it by HTTP; `browser`: the browser of its console gets it as a file. */
  readonly via: "bmc" | "browser";
  readonly imageUuid: string | null;
  /** Of an image that is not in the library, without credentials and query. */
  readonly imageUrl: string | null;
  /** Names this attachment inside the signed URL. */
  readonly grantId: string;
  readonly state: NodeMediaState;
  readonly ejectOn: "session_end" | "hand_over";
  /** The only ones that the URL is served to; null for any. */
  readonly addresses: readonly string[] | null;
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly attachedAt: number;
  readonly expiresAt: number | null;
  /** When ejecting it is tried again. */
  readonly retryAt: number | null;
  readonly error: string | null;
  readonly servedBytes: number;
  readonly servedAt: number | null;
}

/** An attachment with what the image server needs of its image. */
export interface ServedMedia {
  readonly media: NodeMedia;
  readonly image: Image;
}

export type NewNodeMedia = Omit<
  NodeMedia,
  "state" | "attachedAt" | "retryAt" | "error" | "servedBytes" | "servedAt"
>;

export interface NodeMediaRepository {
  /**
   * Notes that it is being attached; with that the image counts as in use.
   * @throws {Conflict} when the drive has one already; {@link ImageNotFound} when the image is gone or
   * not `active`; {@link NodeNotFound}
   */
  add(media: NewNodeMedia): Promise<NodeMedia>;
  listForNode(nodeUuid: string): Promise<NodeMedia[]>;
  /** An attachment whose URL is to be served now: not expired, not on its way out, the image there. */
  findServed(grantId: string): Promise<ServedMedia | undefined>;
  /** @returns false when that attachment is not there any more, or is on its way out */
  attached(nodeUuid: string, grantId: string): Promise<boolean>;
  /** Ends the URLs of these drives at once. @returns what was in them */
  beginDetach(
    nodeUuid: string,
    deviceTypes: readonly MediaDeviceType[],
  ): Promise<readonly NodeMedia[]>;
  /** They are out. */
  remove(nodeUuid: string, grantId: string): Promise<void>;
  /** Could not be ejected; it is tried again then. */
  failDetach(nodeUuid: string, grantId: string, error: string, retryAt: number): Promise<void>;
  /**
   * What is to be ejected now: expired, on its way out, in the middle of being attached for longer than
   * since `stuckBefore`, or with `session_end` and the last session is over.
   */
  listDue(stuckBefore: number): Promise<NodeMedia[]>;
  /** Adds to what was read of it. */
  noteServed(grantId: string, bytes: number): Promise<void>;
}
