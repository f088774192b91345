/**
 * Completion scripts for bash, zsh and fish, made from the table of commands. Words in them are our own;
 * names of nodes come from `complete-nodes`, which lets none through that a shell could take for more.
 */
import type { CommandWords, CompletionTable, Place } from "./completion-table.ts";

const PROGRAMS = ["baremetal-console", "bmcon"];
/** Hidden command that prints the names of nodes. */
export const COMPLETE_NODES = "complete-nodes";

/**
 * Also for zsh, whose bashcompinit runs it. FACT(zshparam): `path` and `words` are zsh's own, and what
 * follows a colon in `${x:1:n}` must not be a letter.
 */
export function bashScript(table: CompletionTable, forZsh: boolean): string {
  const paths = table.commands.map(({ path }) => path).filter((path) => path !== "");
  return [
    ...(forZsh ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    "_baremetal_console() {",
    '  local at="" word offers="" nodes="" skip="" count=0',
    '  local cur="${COMP_WORDS[COMP_CWORD]}"',
    '  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do',
    '    if [ -n "$skip" ]; then skip=""; continue; fi',
    '    case "$word" in',
    `      ${table.valueOptions.join("|")}) skip=1 ;;`,
    "      -*) ;;",
    '      *) case "${at:+$at }$word" in',
    `           ${paths.map(quoted).join("|")}) at="\${at:+$at }$word" ;;`,
    "           *) count=$((count+1)) ;;",
    "         esac ;;",
    "    esac",
    "  done",
    "  COMPREPLY=()",
    '  if [ -n "$skip" ]; then return; fi',
    '  case "$cur" in',
    '    -*) case "$at" in',
    ...table.commands.map(
      ({ path, options }) => `      ${quoted(path)}) offers=${quoted(options.join(" "))} ;;`,
    ),
    "    esac ;;",
    '    *) case "$at:$count" in',
    ...table.commands.flatMap(bashPlaces),
    "    esac ;;",
    "  esac",
    '  if [ -n "$nodes" ]; then',
    `    offers="$offers $("\${COMP_WORDS[0]}" ${COMPLETE_NODES} -- "$cur" 2>/dev/null)"`,
    "  fi",
    '  COMPREPLY=($(compgen -W "$offers" -- "$cur"))',
    "}",
    `complete -o default -F _baremetal_console ${PROGRAMS.join(" ")}`,
    "",
  ].join("\n");
}

function bashPlaces({ path, children, places }: CommandWords): string[] {
  const below =
    children.length === 0
      ? []
      : [`      ${quoted(`${path}:0`)}) offers=${quoted(children.join(" "))} ;;`];
  const arguments_ = places.map((place) => {
    const pattern = place.repeated ? `${quoted(`${path}:`)}*` : quoted(`${path}:${place.index}`);
    return `      ${pattern}) ${place.nodes ? "nodes=1 " : ""}offers=${quoted(place.words.join(" "))} ;;`;
  });
  return [...below, ...arguments_];
}

export function fishScript(table: CompletionTable): string {
  const paths = table.commands.map(({ path }) => path).filter((path) => path !== "");
  const lines = [
    "function __baremetal_console_at",
    "  set -l path ''",
    "  set -l count 0",
    "  set -l skip 0",
    "  for word in (commandline -opc)[2..-1]",
    "    if test $skip = 1",
    "      set skip 0",
    "      continue",
    "    end",
    "    switch $word",
    `      case ${table.valueOptions.map(fishQuoted).join(" ")}`,
    "        set skip 1",
    "      case '-*'",
    "      case '*'",
    '        set -l next (string trim -- "$path $word")',
    `        if contains -- "$next" ${paths.map(fishQuoted).join(" ")}`,
    '          set path "$next"',
    "        else",
    "          set count (math $count + 1)",
    "        end",
    "    end",
    "  end",
    '  test $skip = 1; or echo "$path:$count"',
    "end",
  ];
  for (const program of PROGRAMS)
    for (const command of table.commands) lines.push(...fishLines(program, command));
  return `${lines.join("\n")}\n`;
}

function fishLines(program: string, { path, children, options, places }: CommandWords): string[] {
  const offer = (pattern: string, words: string): string =>
    `complete -c ${program} -f -n ${fishQuoted(`string match -q -- ${JSON.stringify(pattern)} (__baremetal_console_at)`)} -a ${fishQuoted(words)}`;
  const pattern = (place: Place): string =>
    place.repeated ? `${path}:*` : `${path}:${place.index}`;
  return [
    offer(`${path}:*`, options.join(" ")),
    ...(children.length === 0 ? [] : [offer(`${path}:0`, children.join(" "))]),
    ...places.map((place) =>
      offer(
        pattern(place),
        [
          ...(place.nodes ? [`(${program} ${COMPLETE_NODES} 2>/dev/null)`] : []),
          ...place.words,
        ].join(" "),
      ),
    ),
  ];
}

function quoted(text: string): string {
  return `"${text}"`;
}

function fishQuoted(text: string): string {
  return `'${text}'`;
}
