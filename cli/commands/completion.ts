/** `completion SHELL`: prints a script that completes commands and options, made from the command tree. */
import { Argument, type Command } from "commander";
import type { CliIo } from "../cli-io.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
const PROGRAMS = ["baremetal-console", "bmcon"];

export function addCompletionCommand(program: Command, io: CliIo): void {
  program
    .command("completion")
    .description("prints a completion script, for example: source <(bmcon completion bash)")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .action((shell: (typeof SHELLS)[number]) => {
      const words = wordsByPath(program);
      io.stdout.write(shell === "fish" ? fishScript(words) : bashScript(words, shell === "zsh"));
    });
}

/** What may follow each command path: sub-commands and long options. The root's path is empty. */
function wordsByPath(command: Command, path: readonly string[] = []): Map<string, string[]> {
  const options = command.options.flatMap((option) => (option.long ? [option.long] : []));
  const words = [...command.commands.map((child) => child.name()), ...options, "--help"];
  const all = new Map([[path.join(" "), words]]);
  for (const child of command.commands)
    for (const [key, value] of wordsByPath(child, [...path, child.name()])) all.set(key, value);
  return all;
}

function bashScript(words: ReadonlyMap<string, string[]>, forZsh: boolean): string {
  const cases = [...words].map(([path, next]) => `    "${path}") words="${next.join(" ")}" ;;\n`);
  return [
    forZsh ? "autoload -U +X bashcompinit && bashcompinit\n" : "",
    "_baremetal_console() {\n",
    '  local path="" word words=""\n',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do\n',
    '    case "$word" in -*) ;; *) path="${path:+$path }$word" ;; esac\n',
    "  done\n",
    '  case "$path" in\n',
    ...cases,
    "  esac\n",
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))\n',
    "}\n",
    `complete -o default -F _baremetal_console ${PROGRAMS.join(" ")}\n`,
  ].join("");
}

function fishScript(words: ReadonlyMap<string, string[]>): string {
  const lines = [
    "function __baremetal_console_path",
    "  set -l words (commandline -opc)",
    "  string join ' ' (string match -v -- '-*' $words[2..-1])",
    "end",
  ];
  for (const program of PROGRAMS)
    for (const [path, next] of words)
      lines.push(
        `complete -c ${program} -f -n 'test (__baremetal_console_path) = "${path}"' -a '${next.join(" ")}'`,
      );
  return `${lines.join("\n")}\n`;
}
