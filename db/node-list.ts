/**
 * Filters, order and pages of node lists, as SQL that gives the same rows in the same order on both
 * dialects: texts compare by bytes, null comes before every value, equal values go by creation.
 */
import type { Knex } from "knex";
import { InvalidParameterValue, NodeNotFound } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import { type RowMapper, holdsNul } from "./columns.ts";
import type { NodeFilters, NodeListQuery } from "./database.ts";
import type { Engine } from "./engine.ts";

type Builder = Knex.QueryBuilder;

const EQUALS = {
  driver: "driver",
  resourceClass: "resource_class",
  conductorGroup: "conductor_group",
  conductorAffinity: "conductor_affinity",
  provisionState: "provision_state",
  instanceUuid: "instance_uuid",
  maintenance: "maintenance",
  retired: "retired",
  consoleEnabled: "console_enabled",
  fault: "fault",
  owner: "owner",
  lessee: "lessee",
  reservedBy: "reservation",
} as const satisfies Partial<Record<keyof NodeFilters, string>>;

export class NodeLister {
  readonly #engine: Engine;
  readonly #mapper: RowMapper<Node>;

  constructor(engine: Engine, mapper: RowMapper<Node>) {
    this.#engine = engine;
    this.#mapper = mapper;
  }

  /** @throws {NodeNotFound} unknown marker; {@link InvalidParameterValue} a key that has no order */
  async list(query: NodeListQuery): Promise<Node[]> {
    const { filters = {}, limit, marker } = query;
    if (Object.values(filters).some(cannotMatch)) return [];
    const sortColumn = this.#sortColumn(query.sortKey);
    const descending = query.sortDirection === "desc";
    const rows = this.#engine.knex("nodes").select(this.#engine.knex.raw(this.#mapper.selectList));
    this.#filter(rows, filters);
    if (marker !== undefined)
      after(rows, await this.#markerRow(marker, sortColumn), sortColumn, descending);
    order(rows, sortColumn, descending);
    if (limit !== undefined) rows.limit(limit);
    return (await this.#engine.build(rows)).map((row) => this.#mapper.fromRow(row));
  }

  #sortColumn(key: keyof Node | undefined): string | undefined {
    if (key === undefined) return undefined;
    const column = this.#mapper.column(key);
    if (!column || column.kind === "json")
      throw new InvalidParameterValue(
        `The sort_key value "${column?.name ?? key}" is invalid for sorting`,
      );
    return column.name;
  }

  async #markerRow(marker: string, sortColumn: string | undefined): Promise<MarkerRow> {
    const { knex } = this.#engine;
    const select = knex("nodes")
      .where({ uuid: marker })
      .select("id", { value: sortColumn ?? "id" });
    const [row] = holdsNul(marker) ? [] : await this.#engine.build(select);
    if (!row) throw new NodeNotFound(marker);
    return row as unknown as MarkerRow;
  }

  #filter(rows: Builder, filters: NodeFilters): void {
    for (const [key, column] of Object.entries(EQUALS)) {
      const value = filters[key as keyof typeof EQUALS];
      if (value !== undefined) rows.where(column, value);
    }
    if (filters.uuids) this.#anyOf(rows, "uuid", filters.uuids);
    if (filters.shards) this.#anyOf(rows, "shard", filters.shards);
    presence(rows, "instance_uuid", filters.associated);
    presence(rows, "shard", filters.sharded);
    const { project, descriptionContains } = filters;
    if (project !== undefined)
      rows.where((either) => {
        either.where("owner", project).orWhere("lessee", project);
      });
    if (descriptionContains !== undefined) this.#describes(rows, descriptionContains);
  }

  /** One value however long the list, so that the statement stays the same and no limit is met. */
  #anyOf(rows: Builder, column: string, values: readonly string[]): void {
    const wanted = values.filter((value) => !holdsNul(value));
    if (this.#engine.dialect === "sqlite")
      rows.whereRaw("?? in (select value from json_each(?))", [column, JSON.stringify(wanted)]);
    else rows.whereRaw("?? = any(?::text[])", [column, wanted]);
  }

  /** Without regard to the case of ASCII letters, the only ones that SQLite knows the case of. */
  #describes(rows: Builder, part: string): void {
    const wanted = part.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    if (this.#engine.dialect === "sqlite")
      rows.whereRaw("instr(lower(description), ?) > 0", [wanted]);
    else rows.whereRaw(`strpos(lower(description collate "C"), ?) > 0`, [wanted]);
  }
}

interface MarkerRow {
  readonly id: number;
  readonly value?: unknown;
}

function cannotMatch(value: unknown): boolean {
  return typeof value === "string" && holdsNul(value);
}

function presence(rows: Builder, column: string, wanted: boolean | undefined): void {
  if (wanted === true) rows.whereNotNull(column);
  if (wanted === false) rows.whereNull(column);
}

function order(rows: Builder, column: string | undefined, descending: boolean): void {
  const direction = descending ? "desc" : "asc";
  /* Raw, as knex's own "nulls first" forgets the column itself on SQLite. */
  if (column) rows.orderByRaw(`?? ${direction} nulls ${descending ? "last" : "first"}`, [column]);
  rows.orderBy("id", direction);
}

/** Only rows that come after the marker's in {@link order}. */
function after(
  rows: Builder,
  marker: MarkerRow,
  column: string | undefined,
  descending: boolean,
): void {
  const beyond = descending ? "<" : ">";
  if (!column) {
    rows.where("id", beyond, marker.id);
    return;
  }
  rows.where((either) => {
    if (marker.value === null) {
      either.where((same) => {
        same.whereNull(column).where("id", beyond, marker.id);
      });
      if (!descending) either.orWhereNotNull(column);
      return;
    }
    const value = marker.value as string | number | boolean;
    either.where(column, beyond, value);
    either.orWhere((same) => {
      same.where(column, value).where("id", beyond, marker.id);
    });
    if (descending) either.orWhereNull(column);
  });
}
