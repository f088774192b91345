/**
 * Turns rows into objects and back, alike on both dialects: JSON is kept as text, booleans are
 * numbers on SQLite, times are milliseconds in 64-bit integers.
 */
import { InvalidParameterValue } from "../common/errors.ts";

export type ColumnKind = "text" | "integer" | "time" | "boolean" | "json";
export type Row = Record<string, unknown>;
export type TableDescription<T> = { readonly [K in keyof T]-?: ColumnKind };

interface Column {
  readonly key: string;
  readonly name: string;
  readonly kind: ColumnKind;
}

/** `driverInternalInfo` to `driver_internal_info`. */
export function columnName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export class RowMapper<T extends object> {
  readonly #columns: readonly Column[];
  readonly #byKey: ReadonlyMap<string, Column>;

  constructor(description: TableDescription<T>) {
    this.#columns = Object.entries<ColumnKind>(description).map(([key, kind]) => ({
      key,
      name: columnName(key),
      kind,
    }));
    this.#byKey = new Map(this.#columns.map((column) => [column.key, column]));
  }

  /** All columns, for a select list. */
  get selectList(): string {
    return this.#columns.map(({ name }) => name).join(", ");
  }

  /** The column of a key; undefined when there is none of that name. */
  column(key: string): Column | undefined {
    return this.#byKey.get(key);
  }

  fromRow(row: Row): T {
    const object: Record<string, unknown> = {};
    for (const { key, name, kind } of this.#columns) object[key] = fromStored(row[name], kind);
    return object as T;
  }

  /**
   * Only the keys that are given; undefined values are left out.
   * @throws {InvalidParameterValue} for a text that no database keeps
   */
  toRow(object: Partial<T>): Row {
    const row: Row = {};
    for (const [key, value] of Object.entries(object)) {
      const column = this.#byKey.get(key);
      if (column && value !== undefined) row[column.name] = toStored(value, column);
    }
    return row;
  }
}

function fromStored(value: unknown, kind: ColumnKind): unknown {
  if (value === null || value === undefined) return null;
  if (kind === "boolean") return value === true || value === 1;
  if (kind === "json") return JSON.parse(value as string);
  return value;
}

function toStored(value: unknown, column: Column): unknown {
  if (value === null) return null;
  if (column.kind === "json") return JSON.stringify(value);
  if (typeof value === "string" && holdsNul(value))
    throw new InvalidParameterValue(`${column.name} may not contain the character NUL`);
  return value;
}

/** FACT(PostgreSQL manual, section 8.3): the character with code zero cannot be stored. */
export function holdsNul(text: string): boolean {
  return text.includes("\0");
}
