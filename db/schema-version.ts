/** The one row that says which migrations a database has seen. */
import type { Knex } from "knex";

const TABLE = "schema_version";

/** @returns 0 for a database without our tables */
export async function readSchemaVersion(knex: Knex): Promise<number> {
  if (!(await knex.schema.hasTable(TABLE))) return 0;
  const row = await knex(TABLE).first<{ version: number } | undefined>("version");
  return row?.version ?? 0;
}

export async function writeSchemaVersion(knex: Knex, version: number, now: number): Promise<void> {
  if (!(await knex.schema.hasTable(TABLE)))
    await knex.schema.createTable(TABLE, (table) => {
      table.integer("id").notNullable();
      table.integer("version").notNullable();
      table.bigInteger("upgraded_at").notNullable();
      table.primary(["id"], "schema_version_primary");
    });
  await knex(TABLE)
    .insert({ id: 1, version, upgraded_at: now })
    .onConflict("id")
    .merge(["version", "upgraded_at"]);
}
