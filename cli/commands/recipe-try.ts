/** `recipe try FILE NODE`: runs a recipe on a machine's BMC, through the service. */
import type { Command } from "commander";
import { readRecipe, spellMistake } from "../../common/console-recipe/read-recipe.ts";
import { fieldsOf, fieldsOfEach } from "../../common/json-fields.ts";
import { ConsoleError, InvalidParameterValue } from "../../common/errors.ts";
import { printable } from "../../common/printable.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { nodeArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { printFields } from "../output.ts";
import { recipeText } from "../recipe-text.ts";
import { savePicture } from "../save-picture.ts";

interface TryFlags extends ClientFlags {
  readonly output?: string;
}

export function addRecipeTry(command: Command, io: CliIo): void {
  const tryIt = withClientOptions(command.command("try"))
    .description("runs a recipe on a machine, without touching its console")
    .argument("<file>", "YAML file; - reads standard input")
    .addArgument(nodeArgument())
    .option("-o, --output <file>", "write what the page showed in the end there, a PNG")
    .action(async (file: string, node: string, flags: TryFlags) => {
      const recipe = await recipeText(io, file);
      refuseMistakes(recipe, file);
      await withClient(io, flags, async (client) => {
        const path = nodePath(node, "console", "recipe-trials");
        const { steps, failure, screenshot } = await client.call("POST", path, { recipe });
        const failed = failure === null ? undefined : fieldsOf(failure);
        const picture = screenshot ?? failed?.["screenshot"];
        if (flags.json) printFields(io, { steps, failure, screenshot }, true);
        else
          for (const step of fieldsOfEach(steps))
            printLine(io.stdout, `${milliseconds(step["milliseconds"])}  ${words(step["what"])}`);
        if (flags.output !== undefined) savePicture(io, flags.output, picture);
        if (failed)
          throw new ConsoleError(`${words(failed["failure"])}: ${words(failed["message"])}`);
        if (!flags.json) printLine(io.stdout, "the picture is there");
      });
    });
  withExamples(tryIt, [["recipe try mine.yaml n1 -o screen.png", "each step with its time"]]);
}

/** One mistake a line, before anything is sent. @throws {InvalidParameterValue} */
function refuseMistakes(recipe: string, file: string): void {
  const { mistakes } = readRecipe(recipe);
  if (mistakes.length > 0)
    throw new InvalidParameterValue(
      [`${file} is not valid:`, ...mistakes.map(spellMistake)].join("\n  "),
    );
}

function milliseconds(value: unknown): string {
  return `${String(Number(value)).padStart(7)} ms`;
}

function words(value: unknown): string {
  return printable(String(value), 1000);
}
