/**
 * Lists of node names and UUIDs with `*` and `?`, as sshd's pattern lists: one of them must match, and
 * none that begins with `!`. Upper and lower case are the same.
 */

export class NodePatterns {
  readonly #wanted: readonly string[];
  readonly #excluded: readonly string[];

  /** @param list separated by commas */
  constructor(list: string) {
    const patterns = list.split(",").map((pattern) => pattern.trim().toLowerCase());
    this.#wanted = patterns.filter((pattern) => pattern !== "" && !pattern.startsWith("!"));
    this.#excluded = patterns
      .filter((pattern) => pattern.startsWith("!"))
      .map((pattern) => pattern.slice(1));
  }

  /** True when nothing can match. */
  get isEmpty(): boolean {
    return this.#wanted.length === 0;
  }

  matches(node: { readonly uuid: string; readonly name: string | null }): boolean {
    const names = [node.uuid, ...(node.name === null ? [] : [node.name])];
    const one = (patterns: readonly string[]): boolean =>
      patterns.some((pattern) => names.some((name) => matches(pattern, name.toLowerCase())));
    return one(this.#wanted) && !one(this.#excluded);
  }
}

/** Goes back to the last star only, so that `*a*a*a*b` costs no more than pattern times text. */
function matches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let from = 0;
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === "*") {
      star = p++;
      from = t;
    } else if (wanted === "?" || wanted === text[t]) {
      p += 1;
      t += 1;
    } else if (star === -1) return false;
    else {
      p = star + 1;
      t = ++from;
    }
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
