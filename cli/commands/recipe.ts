/** `recipe …`: recipes of BMC web pages. All but `try` work without a service. */
import type { Command } from "commander";
import { lintRecipe, type RecipeFindings } from "../../common/console-recipe/lint-recipe.ts";
import {
  RecipeFolder,
  shippedRecipeFolder,
  type RecipeFile,
} from "../../common/console-recipe/recipe-folder.ts";
import { InvalidParameterValue, NotFound } from "../../common/errors.ts";
import { printable } from "../../common/printable.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { withExamples } from "../examples.ts";
import { printRows } from "../output.ts";
import { recipeText } from "../recipe-text.ts";
import { addRecipeImport } from "./recipe-import.ts";
import { addRecipeTry } from "./recipe-try.ts";

interface LintFlags {
  readonly json?: boolean;
  readonly strict?: boolean;
}
interface FolderFlags {
  readonly dir?: string;
  readonly json?: boolean;
}

export function addRecipeCommands(program: Command, io: CliIo): void {
  const command = program
    .command("recipe")
    .description("recipes: how to get from a BMC's web page to its screen");
  addLint(command, io);
  addList(command, io);
  addShow(command, io);
  addRecipeTry(command, io);
  addRecipeImport(command, io);
}

function addLint(command: Command, io: CliIo): void {
  const lint = command
    .command("lint")
    .description("says what is wrong with recipe files, without a service")
    .argument("<files...>", "YAML files; - reads standard input")
    .option("--strict", "warnings count as mistakes")
    .option("--json", "print JSON")
    .action(async (files: string[], flags: LintFlags) => {
      const rows: Finding[] = [];
      for (const file of files)
        rows.push(...findingsOf(file, lintRecipe(await recipeText(io, file))));
      if (flags.json) printRows(io, rows, ["file", "line", "severity", "message"], true);
      else
        for (const { file, line, severity, message } of rows)
          printLine(io.stdout, `${printable(file)}: ${severity}: line ${line}: ${message}`);
      const bad = rows.filter(({ severity }) => flags.strict || severity === "mistake").length;
      if (bad > 0) throw new InvalidParameterValue(bad === 1 ? "1 mistake" : `${bad} mistakes`);
      if (!flags.json && rows.length === 0) printLine(io.stdout, "nothing to say");
    });
  withExamples(lint, [
    ["recipe lint mine.yaml", "mistakes and what was probably forgotten"],
    ["recipe lint --strict *.yaml", "for a check before a commit"],
  ]);
}

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly severity: "mistake" | "warning";
  readonly message: string;
  readonly [field: string]: unknown;
}

function findingsOf(file: string, { mistakes, warnings }: RecipeFindings): Finding[] {
  return [
    ...mistakes.map((one) => ({ file, severity: "mistake" as const, ...one })),
    ...warnings.map((one) => ({ file, severity: "warning" as const, ...one })),
  ];
}

function addList(command: Command, io: CliIo): void {
  const list = withFolder(command.command("list"))
    .description("lists the recipes that come with this program, and those of a folder")
    .action((flags: FolderFlags) => {
      const rows = recipesOf(io, flags).map(({ recipe, file }) => ({ ...recipe, file }));
      const columns = ["name", "title", "family", "type", "firmware", "file"];
      printRows(io, rows, flags.json ? columns : columns.slice(0, -1), flags.json === true);
    });
  withExamples(list, [
    ["recipe list", "those that come with the service"],
    ["recipe list --dir /var/lib/baremetal-console/recipes", "with your own"],
  ]);
}

function addShow(command: Command, io: CliIo): void {
  const show = withFolder(command.command("show"))
    .description("prints a recipe, to write another one after it")
    .argument("<name>", "a recipe's name")
    .action((name: string, flags: FolderFlags) => {
      const found = recipesOf(io, flags).find(({ recipe }) => recipe.name === name);
      if (!found) throw new NotFound(`there is no recipe "${name}", see bmcon recipe list`);
      if (flags.json) return printLine(io.stdout, JSON.stringify(found.recipe, null, 2));
      io.stdout.write(found.text);
    });
  withExamples(show, [["recipe show NAME > mine.yaml", "a start of your own"]]);
}

function withFolder(command: Command): Command {
  return command
    .option("--dir <folder>", "a folder of recipes, for example that of [browser]recipe_dir")
    .option("--json", "print JSON");
}

function recipesOf(io: CliIo, { dir }: FolderFlags): readonly RecipeFile[] {
  const folders = [shippedRecipeFolder(), ...(dir === undefined ? [] : [dir])];
  const warn = (file: string, message: string): void =>
    printLine(io.stderr, `warning: ${printable(file)} ${printable(message, 1000)}`);
  const byName = new Map<string, RecipeFile>();
  for (const folder of folders)
    for (const file of new RecipeFolder(folder, warn).read()) byName.set(file.recipe.name, file);
  return [...byName.values()].toSorted((a, b) => (a.recipe.name < b.recipe.name ? -1 : 1));
}
