/** Every migration, oldest first. Versions count up by one; released ones never change. */
import { initialSchema } from "./0001-initial-schema.ts";
import type { Migration } from "./migration.ts";

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "initial schema", up: initialSchema },
];

/** The version this program works with. */
export const SCHEMA_VERSION = MIGRATIONS.length;
