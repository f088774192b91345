/** Every migration, oldest first. Versions count up by one; released ones never change. */
import { initialSchema } from "./0001-initial-schema.ts";
import { closeHooks } from "./0004-close-hooks.ts";
import type { Migration } from "./migration.ts";
import { serialLinesAndSensors } from "./0002-serial-lines-and-sensors.ts";
import { virtualMedia } from "./0003-virtual-media.ts";

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "initial schema", up: initialSchema },
  { version: 2, name: "serial lines and sensors", up: serialLinesAndSensors },
  { version: 3, name: "virtual media", up: virtualMedia },
  { version: 4, name: "close hooks", up: closeHooks },
];

/** The version this program works with. */
export const SCHEMA_VERSION = MIGRATIONS.length;
