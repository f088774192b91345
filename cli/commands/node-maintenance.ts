/** `node maintenance set` and `unset`: while it is set, the service leaves the machine alone. */
import type { Command } from "commander";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { nodesArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import {
  failWhenFailed,
  forEachNode,
  sentenceOf,
  withManyOptions,
  type ManyFlags,
} from "../many-nodes.ts";

interface MaintenanceFlags extends ClientFlags, ManyFlags {
  readonly reason?: string;
}

export function addMaintenanceCommands(node: Command, io: CliIo): void {
  const maintenance = node.command("maintenance").description("takes machines out of service");
  const set = withManyOptions(withClientOptions(maintenance.command("set")))
    .description("marks machines as being worked on")
    .addArgument(nodesArgument())
    .option("--reason <text>", "why, for others to read")
    .action((args: string[], flags: MaintenanceFlags) => change(io, args, flags, true));
  withExamples(set, [
    ["node maintenance set rack1-n[01-12] --reason 'new switch'", "a dozen machines"],
  ]);
  const unset = withManyOptions(withClientOptions(maintenance.command("unset")))
    .description("puts machines back into service")
    .addArgument(nodesArgument())
    .action((args: string[], flags: MaintenanceFlags) => change(io, args, flags, false));
  withExamples(unset, [["node maintenance unset rack1-n[01-12]", "a dozen machines"]]);
}

async function change(
  io: CliIo,
  args: readonly string[],
  flags: MaintenanceFlags,
  on: boolean,
): Promise<void> {
  const nodes = expandNodes(args);
  const body = flags.reason === undefined ? {} : { reason: flags.reason };
  await withClient(io, flags, async (client) => {
    const options = { title: `node maintenance ${on ? "set" : "unset"}`, flags };
    const results = await forEachNode(io, nodes, options, (node) => {
      const path = nodePath(node, "maintenance");
      return on ? client.call("PUT", path, body) : client.call("DELETE", path);
    });
    for (const result of results)
      if (result.worked)
        printLine(io.stderr, `${result.node} is ${on ? "in" : "out of"} maintenance`);
      else if (nodes.length > 1)
        printLine(io.stderr, `${result.node}: ${sentenceOf(result.error)}`);
    failWhenFailed(results);
  });
}
