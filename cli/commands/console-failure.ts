/** `console failure NODE`: what the last start of a machine's web console failed at, for administrators. */
import type { Command } from "commander";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { nodeArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { printFields } from "../output.ts";
import { savePicture } from "../save-picture.ts";

interface FailureFlags extends ClientFlags {
  readonly output?: string;
}

export function addConsoleFailureCommand(command: Command, io: CliIo): void {
  const failure = withClientOptions(command.command("failure"))
    .description("shows what the last start of a console by a BMC's web page failed at")
    .addArgument(nodeArgument())
    .option("-o, --output <file>", "write what the page showed then there, a PNG")
    .action(async (node: string, flags: FailureFlags) => {
      await withClient(io, flags, async (client) => {
        const answer = await client.call("GET", nodePath(node, "console", "last-failure"));
        const { screenshot, ...fields } = answer;
        if (flags.json) printFields(io, answer, true);
        else if (fields["at"] === null)
          printLine(
            io.stdout,
            `the last start of the console of ${node} went well, or there was none`,
          );
        else printFields(io, { ...fields, screenshot: screenshot === null ? "no" : "yes" }, false);
        if (flags.output !== undefined) savePicture(io, flags.output, screenshot);
      });
    });
  withExamples(failure, [["console failure n1 -o page.png", "with a picture of the page"]]);
}
