/**
 * Judges a CSS selector without a browser (Selectors Level 4, the grammar of section 17, loosely): enough to find
 * what is left open, empty or out of place. What passes may still match nothing.
 */

/** @returns what is wrong with it, in words; undefined when it reads well */
export function selectorMistake(selector: string): string | undefined {
  const compounds: string[] = [];
  let compound = "";
  let wants = "a selector at its beginning";
  const open: string[] = [];
  for (const token of selector.trim().match(TOKENS) ?? []) {
    if (/^["']/.test(token) && (token.length < 2 || token.at(-1) !== token[0]))
      return "has a quote that is not closed";
    const closes = CLOSING[token];
    if (closes !== undefined) {
      if (open.pop() !== closes) return `has a "${token}" that closes nothing`;
      compound += token;
    } else if (open.length > 0 || token === "[" || token === "(") {
      if (token === "[" || token === "(") open.push(token);
      compound += token;
    } else if (/^\s*[>+~,]\s*$/.test(token)) {
      if (compound === "") return `needs ${wants}`;
      compounds.push(compound);
      compound = "";
      wants = `something after "${token.trim()}"`;
    } else if (/^\s+$/.test(token)) {
      compounds.push(compound);
      compound = "";
    } else compound += token;
  }
  if (open.length > 0) return `has a "${open.at(-1)}" that is not closed`;
  if (compound === "") return `needs ${wants}`;
  const bad = [...compounds, compound].find((one) => !COMPOUND.test(one));
  return bad === undefined ? undefined : `has a part that cannot be read: ${bad}`;
}

const CLOSING: Readonly<Record<string, string>> = { ")": "(", "]": "[" };
const TOKENS =
  /\\[^]|"(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?|\s*[>+~,]\s*|\s+|[()[\]]|[^\s"'()[\]\\>+~,]+/g;
const NAME = String.raw`-?(?:[A-Za-z_\u{80}-\u{10ffff}]|\\[^]|-)(?:[\w\-\u{80}-\u{10ffff}]|\\[^])*`;
/** Element or *, then any of #id .class [attribute] :pseudo(…); brackets were balanced before. */
const COMPOUND = new RegExp(
  String.raw`^(?=.)(?:\*|${NAME})?(?:#${NAME}|\.${NAME}|::?${NAME}|\[\s*${NAME}[^]*?\]|\([^]*?\))*$`,
  "u",
);
