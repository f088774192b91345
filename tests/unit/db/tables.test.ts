import assert from "node:assert/strict";
import { columnName } from "../../../db/columns.ts";
import { upgradeDatabase } from "../../../db/migrate.ts";
import { openEngine } from "../../../db/open-engine.ts";
import * as tables from "../../../db/tables.ts";
import { databaseOptions, describeOnEveryDatabase } from "../../helpers/database.ts";

/** Columns that are not part of the objects the repositories give. */
const INTERNAL: Readonly<Record<string, readonly string[]>> = {
  nodes: ["id", "sessions_opened"],
  console_auth_tokens: ["token_hash"],
  console_sessions: ["close_url", "close_hook_at", "close_hook_tries"],
  proxies: [],
  conductors: ["id"],
  conductor_hardware_interfaces: [],
};
const DESCRIBED: Readonly<Record<string, object>> = {
  nodes: tables.NODE_COLUMNS,
  console_auth_tokens: tables.CONSOLE_AUTH_TOKEN_COLUMNS,
  console_sessions: tables.CONSOLE_SESSION_COLUMNS,
  proxies: tables.PROXY_COLUMNS,
  conductors: tables.CONDUCTOR_COLUMNS,
  conductor_hardware_interfaces: tables.CONDUCTOR_INTERFACE_COLUMNS,
};

describeOnEveryDatabase("table descriptions", (_fresh, kind) => {
  it("name exactly the columns that the migrations make", async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const engine = await openEngine(options, false);
    try {
      for (const [table, description] of Object.entries(DESCRIBED)) {
        const made = Object.keys(await engine.knex(table).columnInfo());
        const described = Object.keys(description).map(columnName);
        assert.deepEqual(made.sort(), [...described, ...(INTERNAL[table] ?? [])].sort(), table);
      }
    } finally {
      await engine.close();
    }
  });
});
