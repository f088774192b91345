/** Arguments that know what may stand in them, for shell completion. */
import { Argument } from "commander";

export const NODES_HELP = "names or UUIDs, also lists and ranges: a,b osl0[1-6] r[1-3]-n[01-12,15]";

export class CompletedArgument extends Argument {
  /** Names of nodes. */
  readonly nodes: boolean;
  /** Fixed words, for example power states. */
  readonly words: readonly string[];

  constructor(
    name: string,
    description: string,
    { nodes = false, words = [] }: { readonly nodes?: boolean; readonly words?: readonly string[] },
  ) {
    super(name, description);
    this.nodes = nodes;
    this.words = words;
  }
}

/** `<node>`: one. */
export function nodeArgument(): CompletedArgument {
  return new CompletedArgument("<node>", "name or UUID", { nodes: true });
}

/** `<nodes...>`: several, also as ranges. */
export function nodesArgument(): CompletedArgument {
  return new CompletedArgument("<nodes...>", NODES_HELP, { nodes: true });
}
