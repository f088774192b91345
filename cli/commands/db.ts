/** `db …`: the database's schema. */
import type { Command } from "commander";
import { printLine, type CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { withConfigOptions, type ConfigFlags } from "../settings.ts";

export function addDbCommands(program: Command, io: CliIo): void {
  const db = program.command("db").description("the database's schema");
  const upgradeCommand = withConfigOptions(db.command("upgrade"))
    .description("brings the database to this program's schema; `all` does it by itself")
    .action(async (flags: ConfigFlags) => {
      const { upgrade } = await import("../serve.ts");
      const { from, to } = await upgrade(io, flags);
      printLine(
        io.stderr,
        from === to ? `already at version ${to}` : `upgraded from version ${from} to ${to}`,
      );
    });
  withExamples(upgradeCommand, [
    ["db upgrade --config-file /etc/baremetal-console.conf", "before the new services start"],
  ]);
  const versionCommand = withConfigOptions(db.command("version"))
    .description("prints the schema version of the database and of this program")
    .action(async (flags: ConfigFlags) => {
      const { version } = await import("../serve.ts");
      const { database, program: wanted } = await version(io, flags);
      printLine(io.stdout, `database ${database}, program ${wanted}`);
    });
  withExamples(versionCommand, [["db version --data-dir data", "of the database in a folder"]]);
}
