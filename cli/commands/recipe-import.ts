/** `recipe import FILE`: recipes out of a nojava-ipmi-kvm configuration. */
import type { Command } from "commander";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importNojava } from "../../common/console-recipe/import-nojava.ts";
import { lintRecipe } from "../../common/console-recipe/lint-recipe.ts";
import { spellMistake } from "../../common/console-recipe/read-recipe.ts";
import { Conflict, InvalidParameterValue, messageOf } from "../../common/errors.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { recipeText } from "../recipe-text.ts";

interface ImportFlags {
  readonly output?: string;
}

export function addRecipeImport(command: Command, io: CliIo): void {
  const importIt = command
    .command("import")
    .description("makes recipes of the templates of a nojava-ipmi-kvm configuration (YAML)")
    .argument("<file>", "its configuration; - reads standard input")
    .option("-o, --output <folder>", "write a file for each recipe there, instead of printing them")
    .action(async (file: string, flags: ImportFlags) => {
      const { recipes, notes } = importNojava(await recipeText(io, file));
      for (const { name, text } of recipes)
        if (flags.output === undefined) io.stdout.write(`---\n${text}`);
        else write(io, join(flags.output, `${name}.yaml`), text);
      for (const note of notes) printLine(io.stderr, note);
      for (const { name, text } of recipes)
        for (const mistake of lintRecipe(text).mistakes)
          printLine(io.stderr, `${name}: to be corrected: ${spellMistake(mistake)}`);
    });
  withExamples(importIt, [
    ["recipe import ~/.nojava-ipmi-kvmrc.yaml", "to look at"],
    ["recipe import ~/.nojava-ipmi-kvmrc.yaml -o recipes", "a file for each template"],
  ]);
}

/** @throws {Conflict} when the file is there: it may hold work of somebody */
function write(io: CliIo, file: string, text: string): void {
  if (existsSync(file)) throw new Conflict(`${file} is there already, and was left as it is`);
  try {
    writeFileSync(file, text, { mode: 0o644, flag: "wx" });
  } catch (cause) {
    throw new InvalidParameterValue(`cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
  printLine(io.stdout, file);
}
