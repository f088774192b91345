/**
 * A conductor as a process of its own, for tests that kill it: `node conductor-child.js OPTIONS KEYFILE`
 * with OPTIONS as JSON of `group.name` to text. Prints `ready` when it serves, ends on SIGTERM.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { systemClock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import { createLogger } from "../../common/log.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { startConductor } from "../../conductor/main.ts";
import { openDatabase } from "../../db/connect.ts";

const [, , options = "{}", keyFile = ""] = process.argv;
const config = loadConfig({ overrides: JSON.parse(options) as Record<string, string> });
const log = createLogger({ level: "debug", format: "text" });
const database = await openDatabase({
  connection: config.database.connection,
  maxPoolSize: 4,
  log,
  clock: systemClock,
});
const conductor = await startConductor({
  config,
  log,
  clock: systemClock,
  database,
  secretBox: new SecretBox(readFileSync(keyFile, "utf8")),
  listen: true,
});
process.stdout.write("ready\n");
await once(process, "SIGTERM");
await conductor.stop();
await database.close();
