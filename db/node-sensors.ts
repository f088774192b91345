/** The table `node_sensors`: the last readings of each node, for /metrics and quick answers. */
import { RowMapper } from "./columns.ts";
import type { NodeSensors, TelemetryRepository } from "./database.ts";
import type { Engine, Statement } from "./engine.ts";
import { NODE_SENSORS_COLUMNS } from "./tables.ts";

type StatementName = "save" | "fail" | "get" | "list";

export class NodeSensorsTable implements TelemetryRepository {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<NodeSensors>(NODE_SENSORS_COLUMNS);
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = statements(engine, this.#mapper.selectList);
  }

  async save({ nodeUuid, collectedAt, readings, error }: NodeSensors): Promise<void> {
    const values = [collectedAt, JSON.stringify(readings), error, nodeUuid];
    await this.#engine.run(this.#statements.save, values);
  }

  async fail(nodeUuid: string, error: string): Promise<void> {
    await this.#engine.run(this.#statements.fail, [error, nodeUuid]);
  }

  async get(nodeUuid: string): Promise<NodeSensors | undefined> {
    const [row] = (await this.#engine.run(this.#statements.get, [nodeUuid])).rows;
    return row && this.#mapper.fromRow(row);
  }

  async list(): Promise<(NodeSensors & { readonly nodeName: string | null })[]> {
    const { rows } = await this.#engine.run(this.#statements.list, []);
    return rows.map((row) => ({
      ...this.#mapper.fromRow(row),
      nodeName: row["name"] as string | null,
    }));
  }
}

function statements(engine: Engine, columns: string): Record<StatementName, Statement> {
  return {
    /* From the node's own row, so that a deleted node leaves nothing behind. */
    save: engine.statement(
      `insert into node_sensors (node_uuid, collected_at, readings, error)
       select uuid, ?, ?, ? from nodes where uuid = ?
       on conflict (node_uuid) do update set collected_at = excluded.collected_at,
         readings = excluded.readings, error = excluded.error`,
    ),
    fail: engine.statement(
      `insert into node_sensors (node_uuid, collected_at, readings, error)
       select uuid, 0, '[]', ? from nodes where uuid = ?
       on conflict (node_uuid) do update set error = excluded.error`,
    ),
    get: engine.statement(`select ${columns} from node_sensors where node_uuid = ?`),
    list: engine.statement(
      `select ${columns}, nodes.name from node_sensors join nodes on nodes.uuid = node_uuid
       order by node_uuid`,
    ),
  };
}
