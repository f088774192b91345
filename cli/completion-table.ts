/** What may follow what on the command line, read off the command tree, for completion scripts. */
import type { Command } from "commander";
import { CompletedArgument } from "./completed-argument.ts";

export interface CompletionTable {
  /** Each command's path, `node list` for example; the program's own is empty. */
  readonly commands: readonly CommandWords[];
  /** Options that take a value, long and short. */
  readonly valueOptions: readonly string[];
}

export interface CommandWords {
  readonly path: string;
  readonly children: readonly string[];
  readonly options: readonly string[];
  readonly places: readonly Place[];
}

/** What may stand as an argument. */
export interface Place {
  /** From 0 on; of the last one that may be repeated also everything behind it. */
  readonly index: number;
  readonly repeated: boolean;
  readonly nodes: boolean;
  readonly words: readonly string[];
}

export function completionTable(program: Command): CompletionTable {
  const all = commandsBelow(program, []);
  const valueOptions = new Set(
    all
      .flatMap(({ command }) => command.options)
      .filter((option) => option.required || option.optional)
      .flatMap((option) => [option.long, option.short])
      .filter((flag) => flag !== undefined && flag !== null),
  );
  return { commands: all.map(wordsOf), valueOptions: [...valueOptions] };
}

interface Found {
  readonly command: Command;
  readonly path: readonly string[];
}

function commandsBelow(command: Command, path: readonly string[]): Found[] {
  const children = visible(command).flatMap((child) =>
    commandsBelow(child, [...path, child.name()]),
  );
  return [{ command, path }, ...children];
}

function wordsOf({ command, path }: Found): CommandWords {
  const options = command.options.flatMap((option) => (option.long ? [option.long] : []));
  const places = command.registeredArguments.map((argument, index): Place => {
    const known = argument instanceof CompletedArgument;
    return {
      index,
      repeated: argument.variadic,
      nodes: known && argument.nodes,
      words: known ? argument.words : (argument.argChoices ?? []),
    };
  });
  return {
    path: path.join(" "),
    children: visible(command).map((child) => child.name()),
    options: [...options, "--help"],
    places: places.filter((place) => place.nodes || place.words.length > 0),
  };
}

function visible(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== "help");
}
