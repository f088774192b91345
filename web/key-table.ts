/** The keys that browsers and operating systems keep for themselves, as X11 keysyms and key codes. */

export interface Key {
  /** X11 keysymdef.h. */
  readonly keysym: number;
  /** KeyboardEvent.code, from which noVNC makes the scan code for machines that want one. */
  readonly code: string;
}

export const MODIFIERS = {
  ctrl: { keysym: 0xffe3, code: "ControlLeft" },
  alt: { keysym: 0xffe9, code: "AltLeft" },
  shift: { keysym: 0xffe1, code: "ShiftLeft" },
  win: { keysym: 0xffeb, code: "MetaLeft" },
} as const satisfies Record<string, Key>;

export type ModifierName = keyof typeof MODIFIERS;

const XK_F1 = 0xffbe;

export const BACKSPACE: Key = { keysym: 0xff08, code: "Backspace" };

const NAMED_KEYS: Readonly<Record<string, Key>> = {
  Escape: { keysym: 0xff1b, code: "Escape" },
  Tab: { keysym: 0xff09, code: "Tab" },
  Enter: { keysym: 0xff0d, code: "Enter" },
  Backspace: BACKSPACE,
  Insert: { keysym: 0xff63, code: "Insert" },
  Delete: { keysym: 0xffff, code: "Delete" },
  Home: { keysym: 0xff50, code: "Home" },
  End: { keysym: 0xff57, code: "End" },
  PageUp: { keysym: 0xff55, code: "PageUp" },
  PageDown: { keysym: 0xff56, code: "PageDown" },
  ArrowUp: { keysym: 0xff52, code: "ArrowUp" },
  ArrowDown: { keysym: 0xff54, code: "ArrowDown" },
  ArrowLeft: { keysym: 0xff51, code: "ArrowLeft" },
  ArrowRight: { keysym: 0xff53, code: "ArrowRight" },
  PrintScreen: { keysym: 0xff61, code: "PrintScreen" },
};

/** @param name `Escape`, `Tab`, `F1` … `F12` and the like; @returns undefined for another name */
export function keyNamed(name: string): Key | undefined {
  const number = /^F([1-9]|1[0-2])$/.exec(name)?.[1];
  if (number !== undefined) return { keysym: XK_F1 + Number(number) - 1, code: name };
  return Object.hasOwn(NAMED_KEYS, name) ? NAMED_KEYS[name] : undefined;
}

/**
 * The key for one typed character: Latin-1 has the same number, everything else is Unicode with a mark.
 * Source: X Window System Protocol, appendix A.
 */
export function keysymForCharacter(character: string): number | undefined {
  const code = character.codePointAt(0);
  if (code === undefined) return undefined;
  if (code === 0x0a || code === 0x0d) return 0xff0d;
  if (code === 0x09) return 0xff09;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return undefined;
  return code <= 0xff ? code : 0x0100_0000 + code;
}
