/** A child process for tests: upgrades the database and prints the versions before and after. */
import { systemClock } from "../../../../common/clock.ts";
import { silentLogger } from "../../../../common/log.ts";
import { upgradeDatabase } from "../../../../db/migrate.ts";

const { from, to } = await upgradeDatabase({
  connection: process.argv[2] ?? "",
  maxPoolSize: 2,
  log: silentLogger(),
  clock: systemClock,
});
process.stdout.write(`${from} ${to}\n`);
