/** Turns the text of one option into its value, or says what is wrong with it. */
import type { IntegerOption, Option } from "./option.ts";

export type ParsedValue = { readonly value: unknown } | { readonly mistake: string };

const TRUE = new Set(["1", "true", "t", "yes", "y", "on"]);
const FALSE = new Set(["0", "false", "f", "no", "n", "off"]);

/** Accepts what oslo.config accepts for the same type. The mistake reads on after `[group]name`. */
export function parseOptionValue(option: Option, text: string): ParsedValue {
  switch (option.type) {
    case "integer":
      return parseInteger(option, text);
    case "boolean": {
      const word = text.trim().toLowerCase();
      if (TRUE.has(word)) return { value: true };
      if (FALSE.has(word)) return { value: false };
      return { mistake: `must be true or false, not "${text}"` };
    }
    case "list":
      return {
        value: text
          .split(/[,\n]/)
          .map((item) => item.trim())
          .filter((item) => item !== ""),
      };
    case "path":
      return { value: text };
    case "string":
      if (option.choices && !option.choices.includes(text))
        return { mistake: `must be one of ${option.choices.join(", ")}, not "${text}"` };
      return { value: text };
  }
}

function parseInteger(option: IntegerOption, text: string): ParsedValue {
  const value = /^\s*-?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) return { mistake: `must be a whole number, not "${text}"` };
  if (value < option.min || value > option.max)
    return { mistake: `must be ${option.min} to ${option.max}, not ${value}` };
  return { value };
}
