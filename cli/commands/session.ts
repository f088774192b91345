/** `session …`: who is connected to which console, and ending it. */
import type { Command } from "commander";
import { withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { printRows } from "../output.ts";

const COLUMNS = [
  "id",
  "node_uuid",
  "mode",
  "user_id",
  "source_address",
  "opened_at",
  "bytes_to_tenant",
  "bytes_to_host",
];

export function addSessionCommands(program: Command, io: CliIo): void {
  const session = program.command("session").description("running console sessions");
  const list = withClientOptions(session.command("list"))
    .description("lists who is connected")
    .option("--node <node>", "only sessions of this node, by name or UUID")
    .action((flags: ClientFlags & { node?: string }) =>
      withClient(io, flags, async (client) => {
        const query = flags.node === undefined ? "" : `?node=${encodeURIComponent(flags.node)}`;
        const rows = await client.list(`/v1/sessions${query}`, "sessions");
        printRows(io, rows, COLUMNS, flags.json === true);
      }),
    );
  withExamples(list, [["session list --node n1 --json", "who is on one machine"]]);
  const kill = withClientOptions(session.command("kill"))
    .description("ends sessions; the people in them are told")
    .argument("<id...>", "ids from `session list`")
    .action((ids: string[], flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        for (const id of ids) {
          await client.call("DELETE", `/v1/sessions/${encodeURIComponent(id)}`);
          printLine(io.stderr, `ending ${id}`);
        }
      }),
    );
  withExamples(kill, [
    ["session kill 1a5bb2bc-1df4-4a7b-8b5c-1e7f0c3f0d11", "its link is revoked too"],
  ]);
}
