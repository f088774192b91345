/**
 * Makes text that somebody else wrote (a BMC, a VNC server, a client) fit for one line of a message, a
 * log or a terminal: what would break the line, steer a terminal or turn the reading direction becomes
 * visible. Takes linear time whatever it gets. No protection for HTML, shells or SQL.
 */

/** What {@link printable} leaves of a text, in characters. */
export const PRINTABLE_LIMIT = 200;

/** Controls, format characters (bidi, zero width), line and paragraph separators, half characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The whole text on one line: unprintable characters as `\n`, `\r`, `\t` or `\u{202e}`. */
export function escaped(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** A finished line of JSON with the same escaped as JSON spells it: it says what it said (RFC 8259 section 7). */
export function escapedInJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (character) =>
    Array.from(
      { length: character.length },
      (_none, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** {@link escaped}, cut to `limit` characters at most, with an ellipsis as the last one when something is missing. */
export function printable(text: string, limit = PRINTABLE_LIMIT): string {
  const whole = text.length <= limit ? escaped(text) : undefined;
  if (whole !== undefined && whole.length <= limit) return whole;
  let cut = "";
  for (const character of text.slice(0, limit)) {
    const piece = escaped(character);
    if (cut.length + piece.length >= limit) break;
    cut += piece;
  }
  return `${cut}…`;
}
