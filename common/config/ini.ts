/**
 * Reads INI text as oslo.config does, so that an operator can paste from ironic.conf: `key = value` or
 * `key: value`; `#` and `;` start a comment only at the start of a line (a password may hold both);
 * an indented line continues the value above; a repeated key replaces the earlier one.
 */

export interface IniEntry {
  readonly group: string;
  readonly name: string;
  readonly value: string;
  /** 1-based line in the text. */
  readonly line: number;
}

/** @returns entries in order, and one sentence for every line that is not understood */
export function parseIni(text: string): { entries: IniEntry[]; mistakes: string[] } {
  const entries: { group: string; name: string; value: string; line: number }[] = [];
  const mistakes: string[] = [];
  let group = "DEFAULT";
  let current: (typeof entries)[number] | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (raw.trim() === "") {
      current = undefined;
      continue;
    }
    if (/^[#;]/.test(raw)) continue;
    if (/^\s/.test(raw)) {
      if (current) current.value += `\n${raw.trim()}`;
      else mistakes.push(`line ${line}: a continuation without an option above it`);
      continue;
    }
    const header = /^\[([^\]]+)\]\s*$/.exec(raw);
    const assignment = /^([^=:]+)[=:](.*)$/.exec(raw);
    current = undefined;
    if (header?.[1]) group = header[1].trim();
    else if (assignment?.[1]) {
      current = {
        group,
        name: assignment[1].trim(),
        value: unquote((assignment[2] ?? "").trim()),
        line,
      };
      entries.push(current);
    } else mistakes.push(`line ${line}: neither [group] nor name = value: "${raw.slice(0, 60)}"`);
  }
  return { entries, mistakes };
}

/** oslo.config drops one pair of equal quotes around the whole value. */
function unquote(value: string): string {
  return /^(["']).*\1$/.test(value) && value.length >= 2 ? value.slice(1, -1) : value;
}
