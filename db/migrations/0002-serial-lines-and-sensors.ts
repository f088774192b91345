/** Version 2: who holds which serial line, where proxies are reached, the last sensor readings. */
import type { Knex } from "knex";
import type { SchemaTypes } from "./migration.ts";

export async function serialLinesAndSensors(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.alterTable("nodes", (table) => {
    table.bigInteger("console_history_since");
  });
  await knex.schema.createTable("console_lines", (table) => {
    table.specificType("node_uuid", text).notNullable();
    table.specificType("proxy_host", text).notNullable();
    table.specificType("state", text).notNullable();
    table.specificType("detail", text);
    table.bigInteger("since").notNullable();
    table.bigInteger("retry_at");
    table.specificType("wanted_by", text);

    table.primary(["node_uuid"], "console_lines_primary");
    table.index(["proxy_host"], "console_lines_proxy_host_index");
  });
  /* Outlives the row in `proxies`, which comes and goes with the signs of life. */
  await knex.schema.createTable("proxy_addresses", (table) => {
    table.specificType("host", text).notNullable();
    table.specificType("url", text).notNullable();

    table.primary(["host"], "proxy_addresses_primary");
  });
  await knex.schema.createTable("node_sensors", (table) => {
    table.specificType("node_uuid", text).notNullable();
    table.bigInteger("collected_at").notNullable();
    table.text("readings").notNullable();
    table.specificType("error", text);

    table.primary(["node_uuid"], "node_sensors_primary");
  });
}
