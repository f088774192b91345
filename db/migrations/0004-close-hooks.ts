/** Version 4: who is to be told when a console session has ended. */
import type { Knex } from "knex";
import type { SchemaTypes } from "./migration.ts";

export async function closeHooks(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.alterTable("console_auth_tokens", (table) => {
    table.specificType("close_url", text);
  });
  await knex.schema.alterTable("console_sessions", (table) => {
    /* Null for the configuration's own. */
    table.specificType("close_url", text);
    /* When to tell, or to try again; null once that is done, or when nobody wants to know. */
    table.bigInteger("close_hook_at");
    table.integer("close_hook_tries").notNullable().defaultTo(0);
  });
  await knex.raw(
    `create index console_sessions_close_hook_index on console_sessions (close_hook_at)
     where close_hook_at is not null and closed_at is not null`,
  );
}
