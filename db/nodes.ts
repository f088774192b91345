/** The table `nodes`: Ironic's, as far as consoles need it. Locks are conditional updates. */
import type { ClosedReason } from "../common/closed-reason.ts";
import { NodeAlreadyExists, NodeLocked, NodeNotFound } from "../common/errors.ts";
import { LAST_ERROR_LIMIT, type NewNode, type Node, type NodeChanges } from "../common/node.ts";
import { printable } from "../common/printable.ts";
import { type Row, RowMapper, holdsNul } from "./columns.ts";
import { takenColumn } from "./constraint-errors.ts";
import type { NodeListQuery, NodeRepository } from "./database.ts";
import type { Engine, Statement } from "./engine.ts";
import { NodeLister } from "./node-list.ts";
import { NODE_COLUMNS } from "./tables.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Even when a caller passes a whole node. */
const NEVER_UPDATED = ["uuid", "created_at", "reservation"] as const;

export class NodeTable implements NodeRepository {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<Node>(NODE_COLUMNS);
  readonly #lister: NodeLister;
  readonly #statements: Readonly<
    Record<
      | "byUuid"
      | "byName"
      | "reserve"
      | "release"
      | "dropTokens"
      | "dropSensors"
      | "dropMedia"
      | "drop"
      | "endSessions",
      Statement
    >
  >;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#lister = new NodeLister(engine, this.#mapper);
    const columns = this.#mapper.selectList;
    this.#statements = {
      byUuid: engine.statement(`select ${columns} from nodes where uuid = ?`),
      byName: engine.statement(`select ${columns} from nodes where name = ?`),
      reserve: engine.statement(
        `update nodes set reservation = ? where uuid = ? and reservation is null returning ${columns}`,
      ),
      release: engine.statement(
        "update nodes set reservation = null where uuid = ? and reservation = ?",
      ),
      dropTokens: engine.statement("delete from console_auth_tokens where node_uuid = ?"),
      dropSensors: engine.statement("delete from node_sensors where node_uuid = ?"),
      dropMedia: engine.statement("delete from node_media where node_uuid = ?"),
      drop: engine.statement("delete from nodes where uuid = ?"),
      endSessions: engine.statement(
        `update console_sessions set kill_reason = coalesce(kill_reason, ?)
         where node_uuid = ? and closed_at is null`,
      ),
    };
  }

  async create(node: NewNode): Promise<Node> {
    const complete = { ...newNode(node, this.#engine.clock.now()), ...definedOnly(node) } as Node;
    const insert = this.#engine
      .knex("nodes")
      .insert(this.#mapper.toRow(complete))
      .returning(this.#columns());
    const rows = await this.#engine.build(insert).catch((error: unknown) => {
      throw explained(error, complete);
    });
    return this.#one(rows, node.uuid);
  }

  async get(ident: string): Promise<Node> {
    if (holdsNul(ident)) throw new NodeNotFound(ident);
    const { byUuid, byName } = this.#statements;
    const { rows } = await this.#engine.run(UUID.test(ident) ? byUuid : byName, [ident]);
    return this.#one(rows, ident);
  }

  list(query: NodeListQuery = {}): Promise<Node[]> {
    return this.#lister.list(query);
  }

  async update(uuid: string, changes: NodeChanges): Promise<Node> {
    const { lastError } = changes;
    const row = this.#mapper.toRow({
      ...changes,
      /* What a machine said may be of any length and hold anything. */
      ...(typeof lastError === "string" && { lastError: printable(lastError, LAST_ERROR_LIMIT) }),
      updatedAt: this.#engine.clock.now(),
    });
    for (const kept of NEVER_UPDATED) delete row[kept];
    const update = this.#engine
      .knex("nodes")
      .where({ uuid })
      .update(row)
      .returning(this.#columns());
    const rows = await this.#engine.build(update).catch((error: unknown) => {
      throw explained(error, { ...changes, uuid });
    });
    return this.#one(rows, uuid);
  }

  async destroy(uuid: string): Promise<void> {
    const { dropTokens, dropSensors, dropMedia, drop, endSessions } = this.#statements;
    const reason: ClosedReason = "node_deleted";
    await this.#engine.transaction(async (run) => {
      await run(dropTokens, [uuid]);
      await run(dropSensors, [uuid]);
      await run(dropMedia, [uuid]);
      const { count } = await run(drop, [uuid]);
      if (count === 0) throw new NodeNotFound(uuid);
      /* Last: a session that was being opened held the node's row until it was there to be seen. */
      await run(endSessions, [reason, uuid]);
    });
  }

  async reserve(uuid: string, host: string): Promise<Node> {
    const { rows } = await this.#engine.run(this.#statements.reserve, [host, uuid]);
    if (rows.length > 0) return this.#one(rows, uuid);
    const holder = (await this.get(uuid)).reservation;
    /* Given back between the two statements: as good as held, the caller tries again. */
    throw new NodeLocked(uuid, holder ?? host);
  }

  async release(uuid: string, host: string): Promise<void> {
    await this.#engine.run(this.#statements.release, [uuid, host]);
  }

  #columns(): string[] {
    return this.#mapper.selectList.split(", ");
  }

  #one(rows: readonly Row[], ident: string): Node {
    const [row] = rows;
    if (!row) throw new NodeNotFound(ident);
    return this.#mapper.fromRow(row);
  }
}

function definedOnly(node: NewNode): Partial<Node> {
  return Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined));
}

function newNode({ uuid, driver }: NewNode, now: number): Node {
  return {
    uuid,
    driver,
    name: null,
    driverInfo: {},
    driverInternalInfo: {},
    properties: {},
    extra: {},
    instanceInfo: {},
    instanceUuid: null,
    networkData: {},
    biosInterface: null,
    bootInterface: null,
    consoleInterface: null,
    deployInterface: null,
    inspectInterface: null,
    managementInterface: null,
    networkInterface: null,
    powerInterface: null,
    raidInterface: null,
    rescueInterface: null,
    storageInterface: null,
    vendorInterface: null,
    consoleEnabled: false,
    consoleEndpoint: null,
    consoleHistorySince: null,
    driverMemos: {},
    powerState: null,
    targetPowerState: null,
    provisionState: "enroll",
    targetProvisionState: null,
    provisionUpdatedAt: null,
    maintenance: false,
    maintenanceReason: null,
    fault: null,
    lastError: null,
    reservation: null,
    conductorAffinity: null,
    conductorGroup: "",
    owner: null,
    lessee: null,
    description: null,
    resourceClass: null,
    shard: null,
    automatedClean: null,
    protected: false,
    protectedReason: null,
    retired: false,
    retiredReason: null,
    createdAt: now,
    updatedAt: null,
  };
}

/** A taken name in Ironic's words; any other error as it is. */
function explained(error: unknown, node: Partial<Node>): unknown {
  const column = takenColumn(error, "nodes");
  if (column === "name")
    return new NodeAlreadyExists(`A node with name ${node.name} already exists.`);
  if (column === "uuid")
    return new NodeAlreadyExists(`A node with UUID ${node.uuid} already exists.`);
  if (column === "instance_uuid")
    return new NodeAlreadyExists(
      `Instance ${node.instanceUuid} is already associated with a node, ` +
        `it cannot be associated with this other node ${node.uuid}`,
    );
  return error;
}
