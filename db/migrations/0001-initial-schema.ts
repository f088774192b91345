/** Version 1: nodes, console auth tokens, console sessions, conductors. Never changed once released. */
import type { Knex } from "knex";
import type { SchemaTypes } from "./migration.ts";

export async function initialSchema(knex: Knex, types: SchemaTypes): Promise<void> {
  await createNodes(knex, types);
  await createConsoleAuthTokens(knex, types);
  await createConsoleSessions(knex, types);
  await createProxies(knex, types);
  await createConductors(knex, types);
}

async function createNodes(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.createTable("nodes", (table) => {
    table.bigIncrements("id");
    table.specificType("uuid", text).notNullable();
    table.specificType("name", text);
    table.specificType("driver", text).notNullable();
    for (const column of [
      "driver_info",
      "driver_internal_info",
      "properties",
      "extra",
      "instance_info",
      "network_data",
      "driver_memos",
    ])
      table.text(column).notNullable();
    table.text("console_endpoint");
    table.specificType("instance_uuid", text);
    for (const kind of [
      "bios",
      "boot",
      "console",
      "deploy",
      "inspect",
      "management",
      "network",
      "power",
      "raid",
      "rescue",
      "storage",
      "vendor",
    ])
      table.specificType(`${kind}_interface`, text);
    table.boolean("console_enabled").notNullable();
    for (const column of ["power_state", "target_power_state", "target_provision_state"])
      table.specificType(column, text);
    table.specificType("provision_state", text).notNullable();
    table.bigInteger("provision_updated_at");
    table.specificType("conductor_group", text).notNullable();
    for (const column of [
      "maintenance_reason",
      "fault",
      "last_error",
      "reservation",
      "conductor_affinity",
      "owner",
      "lessee",
      "description",
      "resource_class",
      "shard",
      "protected_reason",
      "retired_reason",
    ])
      table.specificType(column, text);
    for (const column of ["maintenance", "protected", "retired"])
      table.boolean(column).notNullable();
    table.boolean("automated_clean");
    /* Raised by every opened session: the row's lock makes sessions of one node open one by one. */
    table.bigInteger("sessions_opened").notNullable().defaultTo(0);
    table.bigInteger("created_at").notNullable();
    table.bigInteger("updated_at");

    table.unique(["uuid"], { indexName: "nodes_uuid_unique" });
    table.unique(["name"], { indexName: "nodes_name_unique" });
    table.unique(["instance_uuid"], { indexName: "nodes_instance_uuid_unique" });
    for (const column of ["driver", "provision_state", "conductor_group", "conductor_affinity"])
      table.index([column], `nodes_${column}_index`);
    for (const column of ["owner", "lessee", "resource_class", "shard"])
      table.index([column], `nodes_${column}_index`);
  });
  await knex.raw(
    "create index nodes_reservation_index on nodes (reservation) where reservation is not null",
  );
  await knex.raw(
    "create index nodes_console_enabled_index on nodes (conductor_group) where console_enabled",
  );
}

async function createConsoleAuthTokens(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.createTable("console_auth_tokens", (table) => {
    table.bigIncrements("id");
    table.specificType("token_hash", text).notNullable();
    table.specificType("node_uuid", text).notNullable();
    table.specificType("console_type", text).notNullable();
    table.specificType("mode", text).notNullable();
    table.specificType("user_id", text);
    table.specificType("project_id", text);
    table.bigInteger("created_at").notNullable();
    table.bigInteger("expires_at").notNullable();

    table.unique(["token_hash"], { indexName: "console_auth_tokens_token_hash_unique" });
    table.index(["node_uuid"], "console_auth_tokens_node_uuid_index");
    table.index(["expires_at"], "console_auth_tokens_expires_at_index");
    table
      .foreign(["node_uuid"], "console_auth_tokens_node_uuid_foreign")
      .references(["uuid"])
      .inTable("nodes");
  });
}

/** Rows outlive their node and their token, so they refer to both by value. */
async function createConsoleSessions(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.createTable("console_sessions", (table) => {
    table.specificType("id", text).notNullable();
    table.specificType("node_uuid", text).notNullable();
    table.bigInteger("token_id");
    table.specificType("console_type", text).notNullable();
    table.specificType("mode", text).notNullable();
    table.specificType("user_id", text);
    table.specificType("project_id", text);
    table.specificType("source_address", text).notNullable();
    table.specificType("user_agent", text);
    table.specificType("proxy_host", text).notNullable();
    table.bigInteger("opened_at").notNullable();
    table.bigInteger("last_input_at");
    table.bigInteger("closed_at");
    table.specificType("closed_reason", text);
    table.specificType("kill_reason", text);
    table.bigInteger("bytes_to_tenant").notNullable();
    table.bigInteger("bytes_to_host").notNullable();

    table.primary(["id"], "console_sessions_primary");
  });
  const running = "where closed_at is null";
  for (const index of [
    `console_sessions_running_by_proxy_host on console_sessions (proxy_host) ${running}`,
    `console_sessions_running_by_node_uuid on console_sessions (node_uuid) ${running}`,
    `console_sessions_kill_requests on console_sessions (proxy_host) ${running} and kill_reason is not null`,
  ])
    await knex.raw(`create index ${index}`);
  await knex.raw(
    "create index console_sessions_closed_at on console_sessions (closed_at) where closed_at is not null",
  );
}

/** Proxies that live, or did a minute ago. */
async function createProxies(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.createTable("proxies", (table) => {
    table.specificType("host", text).notNullable();
    table.bigInteger("beat").notNullable();

    table.primary(["host"], "proxies_primary");
  });
}

async function createConductors(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.createTable("conductors", (table) => {
    table.bigIncrements("id");
    table.specificType("hostname", text).notNullable();
    table.specificType("conductor_group", text).notNullable();
    table.specificType("rpc_url", text).notNullable();
    table.boolean("online").notNullable();
    table.text("drivers").notNullable();
    table.bigInteger("created_at").notNullable();
    table.bigInteger("updated_at").notNullable();

    table.unique(["hostname"], { indexName: "conductors_hostname_unique" });
  });
  await knex.schema.createTable("conductor_hardware_interfaces", (table) => {
    table.specificType("hostname", text).notNullable();
    table.specificType("hardware_type", text).notNullable();
    table.specificType("interface_type", text).notNullable();
    table.specificType("interface_name", text).notNullable();
    table.boolean("is_default").notNullable();

    table.primary(
      ["hostname", "hardware_type", "interface_type", "interface_name"],
      "conductor_hardware_interfaces_primary",
    );
    table
      .foreign(["hostname"], "conductor_hardware_interfaces_hostname_foreign")
      .references(["hostname"])
      .inTable("conductors");
  });
}
