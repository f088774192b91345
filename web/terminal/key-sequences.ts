/** What keys that browsers keep for themselves send on a serial line: those of an xterm. */

const CSI = "\u001B[";
const SS3 = "\u001BO";

const SEQUENCES: Readonly<Record<string, string>> = {
  Escape: "\u001B",
  Tab: "\t",
  Enter: "\r",
  Backspace: "\u007F",
  Insert: `${CSI}2~`,
  Delete: `${CSI}3~`,
  PageUp: `${CSI}5~`,
  PageDown: `${CSI}6~`,
  F1: `${SS3}P`,
  F2: `${SS3}Q`,
  F3: `${SS3}R`,
  F4: `${SS3}S`,
  F5: `${CSI}15~`,
  F6: `${CSI}17~`,
  F7: `${CSI}18~`,
  F8: `${CSI}19~`,
  F9: `${CSI}20~`,
  F10: `${CSI}21~`,
  F11: `${CSI}23~`,
  F12: `${CSI}24~`,
};

/** Keys with another sequence while the machine asks for application cursor keys (DECCKM). */
const CURSOR_KEYS: Readonly<Record<string, string>> = {
  ArrowUp: "A",
  ArrowDown: "B",
  ArrowRight: "C",
  ArrowLeft: "D",
  Home: "H",
  End: "F",
};

/**
 * @param name `Escape`, `F1`, `ArrowUp`, `ctrl+c` and the like
 * @returns undefined for another name
 */
export function sequenceFor(name: string, applicationCursorKeys: boolean): string | undefined {
  const control = /^ctrl\+(.)$/.exec(name)?.[1];
  if (control !== undefined) return controlCharacter(control);
  if (Object.hasOwn(CURSOR_KEYS, name)) {
    return `${applicationCursorKeys ? SS3 : CSI}${CURSOR_KEYS[name]!}`;
  }
  return Object.hasOwn(SEQUENCES, name) ? SEQUENCES[name] : undefined;
}

/** What Ctrl makes of a character (ECMA-48: columns 4 and 5 of the code table); undefined for others. */
export function controlCharacter(character: string): string | undefined {
  const code = character.toUpperCase().codePointAt(0) ?? 0;
  if (character === "?") return "\u007F";
  if (character === " ") return "\u0000";
  return code >= 0x40 && code <= 0x5f ? String.fromCodePoint(code - 0x40) : undefined;
}
