/** Every migration, oldest first. Versions count up by one; released ones never change. */
import { initialSchema } from "./0001-initial-schema.ts";
import type { Migration } from "./migration.ts";
import { serialLinesAndSensors } from "./0002-serial-lines-and-sensors.ts";

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "initial schema", up: initialSchema },
  { version: 2, name: "serial lines and sensors", up: serialLinesAndSensors },
];

/** The version this program works with. */
export const SCHEMA_VERSION = MIGRATIONS.length;
