/** `node manage`: has the service reach a machine's BMC, from when on it keeps the power state up to date. */
import type { Command } from "commander";
import { ConsoleError } from "../../common/errors.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import type { CliIo } from "../cli-io.ts";
import type { ApiClient, JsonAnswer } from "../client.ts";
import { nodesArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import { forEachNode, printResults, withManyOptions, type ManyFlags } from "../many-nodes.ts";
import { waitForNode } from "../node-wait.ts";

const TIMEOUT_SECONDS = 180;

export function addManageCommand(node: Command, io: CliIo): void {
  const command = withManyOptions(withClientOptions(node.command("manage")))
    .description("checks that enrolled machines can be reached, and reads their power from now on")
    .addArgument(nodesArgument())
    .action(async (args: string[], flags: ClientFlags & ManyFlags) => {
      const nodes = expandNodes(args);
      await withClient(io, flags, async (client) => {
        const results = await forEachNode(io, nodes, { title: "node manage", flags }, (one) =>
          manage(io, client, one),
        );
        const columns = ["provision_state", "power_state"];
        printResults(io, results, { columns, json: flags.json === true }, (row) => [row]);
      });
    });
  withExamples(command, [["node manage rack1-n[01-12]", "a dozen machines"]]);
}

/** @throws {ConsoleError} with the node's last_error when it could not be reached */
async function manage(io: CliIo, client: ApiClient, node: string): Promise<JsonAnswer> {
  await client.call("PUT", nodePath(node, "states", "provision"), { target: "manage" });
  const options = { clock: io.clock, timeoutSeconds: TIMEOUT_SECONDS };
  const row = await waitForNode(client, node, "the verification of", () => true, options);
  if (row["provision_state"] === "manageable") return row;
  const reason = row["last_error"];
  throw new ConsoleError(typeof reason === "string" ? reason : `${node} could not be verified`);
}
