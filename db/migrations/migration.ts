/** What a migration is. It only goes forward, and runs inside the one transaction of an upgrade. */
import type { Knex } from "knex";

/** Column types that the dialects spell differently. */
export interface SchemaTypes {
  /** Text that is compared and sorted by its bytes, so that both dialects agree on order. */
  readonly text: string;
}

export interface Migration {
  readonly version: number;
  readonly name: string;
  up(knex: Knex, types: SchemaTypes): Promise<void>;
}

export function schemaTypes(dialect: "sqlite" | "postgresql"): SchemaTypes {
  return { text: dialect === "sqlite" ? "text" : 'text collate "C"' };
}
