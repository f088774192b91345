/**
 * Regular expressions of a recipe. An operator wrote them, but they run over what a BMC says, and a BMC
 * may be an attacker's: so the text is cut, patterns that are known to explode are refused when the
 * recipe is read, and each match has a time limit, after which the start has failed: an unknown answer is
 * not a no.
 */
import { createContext, Script } from "node:vm";
import { PageError } from "../errors.ts";

/** Patterns do not mind case, and know Unicode (ECMA-262 section 22.2). */
const PATTERN_FLAGS = "iu";
const PATTERN_LIMIT = 1024;
/** Longest text that is looked at, in characters; what comes after is as if it was not there. */
const MATCHED_TEXT_LIMIT = 65_536;
/** Of the wall; a busy machine may put the process aside for that long. */
const TRY_LIMIT_MS = 100;
/** Of the processor: only a process that had so much of it has really tried. */
const PROCESSOR_LIMIT_MS = 150;
const MOST_TRIES = 20;

/** @returns what is wrong with it, in words; undefined when it may be used */
export function patternMistake(source: string): string | undefined {
  if (source.length > PATTERN_LIMIT) return `is longer than ${PATTERN_LIMIT} characters`;
  try {
    // oxlint-disable-next-line no-new -- only whether it compiles
    new RegExp(source, PATTERN_FLAGS);
  } catch (error) {
    return `is no regular expression: ${(error as Error).message.replace(/^.*\/iu?: /, "")}`;
  }
  return repeatsRepetition(source)
    ? "repeats a group that itself repeats something, which can take forever"
    : undefined;
}

/**
 * @param source one that {@link patternMistake} has let through
 * @returns the match with its groups; undefined without one
 * @throws {PageError} when it takes too long
 */
export function matchPattern(source: string, text: string): readonly string[] | undefined {
  const found = inTime(MATCH, {
    pattern: new RegExp(source, PATTERN_FLAGS),
    text: text.slice(0, MATCHED_TEXT_LIMIT),
  }) as readonly (string | undefined)[] | null | undefined;
  return found ? Array.from(found, (group) => group ?? "") : undefined;
}

export function matchesPattern(source: string, text: string): boolean {
  return matchPattern(source, text) !== undefined;
}

/**
 * Puts `by` in place of every match.
 * @returns undefined when the text is longer than can be looked at
 * @throws {PageError} when it takes too long
 */
export function replacePattern(source: string, text: string, by: string): string | undefined {
  if (text.length > MATCHED_TEXT_LIMIT) return undefined;
  const pattern = new RegExp(source, `${PATTERN_FLAGS}g`);
  return inTime(REPLACE, { pattern, text, by: () => by }) as string | undefined;
}

const MATCH = new Script("pattern.exec(text)");
const REPLACE = new Script("text.replace(pattern, by)");

/* Making one takes half a millisecond, and a page is looked at ten times a second. Empty between calls. */
const CONTEXT = createContext(Object.create(null) as Record<string, unknown>);

/** V8 looks for the end of the time whenever an expression goes back to try another way. */
function inTime(script: Script, values: Readonly<Record<string, unknown>>): unknown {
  const begun = process.cpuUsage();
  try {
    Object.assign(CONTEXT, values);
    for (let left = MOST_TRIES; left > 0; left -= 1)
      try {
        return script.runInContext(CONTEXT, { timeout: TRY_LIMIT_MS });
      } catch (error) {
        if ((error as { code?: unknown }).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
        const { user, system } = process.cpuUsage(begun);
        if (user + system > PROCESSOR_LIMIT_MS * 1000) break;
      }
    throw new PageError(
      "unexpected_page",
      "a pattern of the recipe takes too long on what is there",
    );
  } finally {
    for (const name of Object.keys(values)) delete CONTEXT[name];
  }
}

/** `(a+)+`, `(?:x*y)*`, `(a|b{2,}){3,}`: an unbounded quantifier on a group that holds one. */
function repeatsRepetition(source: string): boolean {
  /* For each open group: whether something in it repeats. */
  const groups: boolean[] = [false];
  let closed = false;
  for (const token of source.match(TOKEN) ?? []) {
    if (token === "(") groups.push(false);
    else if (token === ")") {
      const repeats = groups.length > 1 && groups.pop() === true;
      closed = repeats;
      if (repeats) groups[groups.length - 1] = true;
      continue;
    } else if (UNBOUNDED.test(token)) {
      if (closed) return true;
      groups[groups.length - 1] = true;
    }
    closed = false;
  }
  return false;
}

/** Escapes and character classes count as one character each. */
const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[^]/gu;
/** `{3,9}` counts too: nested, they multiply. */
const UNBOUNDED = /^(?:[*+]|\{\d+,\d*\})$/;
