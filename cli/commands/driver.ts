/** `driver list`: the hardware types that nodes may use. */
import type { Command } from "commander";
import { withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import type { CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { printRows } from "../output.ts";

const COLUMNS = ["name", "default_console_interface", "enabled_console_interfaces", "hosts"];

export function addDriverCommands(program: Command, io: CliIo): void {
  const driver = program.command("driver").description("kinds of machines");
  const list = withClientOptions(driver.command("list"))
    .description("lists hardware types with their console interfaces")
    .action((flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const rows = await client.list("/v1/drivers?detail=True", "drivers");
        printRows(io, flags.json ? rows : rows.map(listsAsText), COLUMNS, flags.json === true);
      }),
    );
  withExamples(list, [["driver list", "what --driver may be"]]);
}

function listsAsText(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}
