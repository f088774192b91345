/** What was typed between two contents of a text field, as backspaces and text at its end. */

export interface TypedDifference {
  readonly backspaces: number;
  readonly text: string;
}

/** Counts in characters, not UTF-16 halves. */
export function typedDifference(before: string, after: string): TypedDifference {
  const old = Array.from(before);
  const now = Array.from(after);
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same++;
  return { backspaces: old.length - same, text: now.slice(same).join("") };
}
