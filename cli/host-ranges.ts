/**
 * NODES on the command line: names, comma lists and ranges as in `osl0[1-6]` or `rack[1-3]-n[01-12,15]`.
 * Bounded, whatever is asked for. Knows nothing of which nodes exist.
 */
import { InvalidParameterValue } from "../common/errors.ts";

/** More than anybody switches in one command on purpose. */
export const MOST_NAMES = 10_000;
const LONGEST_ARGUMENT = 65_536;
const LONGEST_NUMBER = 15;

/**
 * @param args in the order in which they were given; each may hold several names
 * @returns every name once, in the order in which it was named first
 * @throws {InvalidParameterValue} quoting the part that is no range, or when there are too many names
 */
export function expandNodes(args: readonly string[]): string[] {
  const names = new Set<string>();
  for (const arg of args) {
    if (arg.length > LONGEST_ARGUMENT)
      throw new InvalidParameterValue(`a list of nodes has ${LONGEST_ARGUMENT} characters at most`);
    for (const part of splitOutside(arg)) {
      if (part === "")
        throw new InvalidParameterValue(`"${arg}" names no node before or after a comma`);
      for (const name of expandPart(part, part)) {
        names.add(name);
        if (names.size > MOST_NAMES) throw tooMany(part);
      }
    }
  }
  return [...names];
}

/** Splits at commas that stand outside brackets. */
function splitOutside(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "[") depth += 1;
    else if (character === "]") depth -= 1;
    if (depth < 0 || depth > 1) throw malformed(text);
    if (character === "," && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  if (depth !== 0) throw malformed(text);
  parts.push(text.slice(from));
  return parts;
}

/** The product of all brackets; the last one counts fastest. */
function* expandPart(part: string, whole: string): Generator<string> {
  const open = part.indexOf("[");
  if (open < 0) {
    yield part;
    return;
  }
  const close = part.indexOf("]", open);
  const head = part.slice(0, open);
  const tail = part.slice(close + 1);
  for (const piece of part.slice(open + 1, close).split(","))
    for (const number of numbers(piece, whole))
      for (const rest of expandPart(tail, whole)) yield head + number + rest;
}

/** `7`, `01` or `01-12`. What has a leading zero keeps its width, as in `08`, `09`, `10`. */
function* numbers(piece: string, whole: string): Generator<string> {
  const match = /^(\d+)(?:-(\d+))?$/.exec(piece);
  const [first, last = first] = [match?.[1], match?.[2]];
  if (first === undefined || last === undefined || last.length > LONGEST_NUMBER)
    throw malformed(whole, piece);
  const padded = first.length > 1 && first.startsWith("0");
  const width = padded ? first.length : 0;
  const [from, to] = [Number(first), Number(last)];
  if (from > to) throw new InvalidParameterValue(`"${whole}": ${first} comes after ${last}`);
  if (to - from >= MOST_NAMES) throw tooMany(whole);
  for (let number = from; number <= to; number += 1) yield String(number).padStart(width, "0");
}

function malformed(whole: string, piece?: string): InvalidParameterValue {
  const what = piece === undefined ? `the brackets in "${whole}"` : `"${piece}" in "${whole}"`;
  return new InvalidParameterValue(
    `${what} is no range; wanted is for example n[1-6], n[01-12,15] or a,b (a name with brackets in it goes by its UUID)`,
  );
}

function tooMany(part: string): InvalidParameterValue {
  return new InvalidParameterValue(
    `"${part}" makes more than ${MOST_NAMES} names; name fewer at a time`,
  );
}
