/** Slashes at the end of a path, taken off in one pass whatever a stranger sends. */

/** Not a regular expression: `/\/+$/` looks at a run of n slashes n times over before it gives up. */
export function withoutSlashesAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
}
