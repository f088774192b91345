/**
 * Finds commands to ourselves among bytes typed at a serial line, in two styles: after Enter an escape
 * character and a letter, as ssh has it (`~.`), and Ctrl-E c and a letter, as conserver has it. What turns
 * out to be no command is passed on unchanged. Knows no time and does nothing itself.
 */

export type EscapeCommand = "detach" | "break" | "replay" | "who" | "take_control" | "help";

export type Typed =
  | { readonly bytes: Buffer }
  | { readonly command: EscapeCommand }
  /** A conserver-style command that does not exist; nothing is passed on. */
  | { readonly unknown: string };

export interface EscapeStyle {
  /** One byte; undefined for none. */
  readonly character: number | undefined;
  readonly conserver: boolean;
}

/** Every key goes to the machine. */
export const NO_ESCAPE: EscapeStyle = { character: undefined, conserver: false };

const CTRL_E = 0x05;
const LETTER_C = "c".charCodeAt(0);
const LETTER_L = "l".charCodeAt(0);
const LINE_ENDS = new Set([0x0a, 0x0d]);

/** FACT(ssh(1), ESCAPE CHARACTERS): `~.`, `~B`, `~?`; the others are ours. */
const AFTER_CHARACTER: Readonly<Record<string, EscapeCommand>> = {
  ".": "detach",
  B: "break",
  R: "replay",
  W: "who",
  T: "take_control",
  "?": "help",
};
/** FACT(conserver console(1)): `.`, `l0`, `r`, `w`, `f`, `?`; `b` is ours (there it broadcasts). */
const AFTER_CTRL_E_C: Readonly<Record<string, EscapeCommand>> = {
  ".": "detach",
  b: "break",
  r: "replay",
  w: "who",
  f: "take_control",
  "?": "help",
};

type State = "line" | "line_start" | "character" | "ctrl_e" | "ctrl_e_c" | "ctrl_e_c_l";

export class EscapeKeys {
  readonly #style: EscapeStyle;
  #state: State = "line_start";
  /** Where a Ctrl-E that was none of ours leads back to. */
  #before: State = "line_start";
  #out: Typed[] = [];
  #run: number[] = [];

  constructor(style: EscapeStyle) {
    this.#style = style;
  }

  /** True while a key is kept back that may begin a command. */
  get holds(): boolean {
    return this.#state === "ctrl_e";
  }

  /** @returns what these keys are, in order */
  feed(bytes: Uint8Array): Typed[] {
    if (this.#isPlain(bytes)) return this.#allPlain(bytes);
    for (const byte of bytes) this.#take(byte);
    return this.#taken();
  }

  /** Gives up waiting for the rest of a command: a Ctrl-E that is kept back is passed on. */
  flush(): Typed[] {
    if (this.#state === "ctrl_e") this.#pass(CTRL_E, "line");
    return this.#taken();
  }

  /** Pastes are so in most cases: no walk then. */
  #isPlain(bytes: Uint8Array): boolean {
    const { character, conserver } = this.#style;
    return (
      (this.#state === "line" || this.#state === "line_start") &&
      !(conserver && bytes.includes(CTRL_E)) &&
      !(character !== undefined && bytes.includes(character))
    );
  }

  #allPlain(bytes: Uint8Array): Typed[] {
    const last = bytes.at(-1);
    if (last === undefined) return [];
    this.#state = LINE_ENDS.has(last) ? "line_start" : "line";
    return [{ bytes: Buffer.from(bytes) }];
  }

  #take(byte: number): void {
    switch (this.#state) {
      case "line":
      case "line_start":
        return this.#takePlain(byte);
      case "character":
        return this.#takeAfterCharacter(byte);
      case "ctrl_e":
        return this.#takeAfterCtrlE(byte);
      case "ctrl_e_c":
        if (byte === LETTER_L) this.#state = "ctrl_e_c_l";
        else if (byte === CTRL_E) {
          this.#pass(CTRL_E, "line");
          this.#pass(LETTER_C, "line");
        } else this.#conserver(AFTER_CTRL_E_C, byte, "");
        return;
      case "ctrl_e_c_l":
        return this.#conserver({ "0": "break" }, byte, "l");
    }
  }

  #takePlain(byte: number): void {
    if (byte === this.#style.character && this.#state === "line_start") this.#state = "character";
    else if (byte === CTRL_E && this.#style.conserver) {
      this.#before = this.#state;
      this.#state = "ctrl_e";
    } else this.#pass(byte, LINE_ENDS.has(byte) ? "line_start" : "line");
  }

  #takeAfterCharacter(byte: number): void {
    const { character = 0 } = this.#style;
    const command = own(AFTER_CHARACTER, String.fromCharCode(byte));
    if (byte === character) this.#pass(byte, "line");
    else if (command) this.#command(command);
    else {
      this.#pass(character, "line");
      this.#takePlain(byte);
    }
  }

  #takeAfterCtrlE(byte: number): void {
    if (byte === LETTER_C) {
      this.#state = "ctrl_e_c";
      return;
    }
    this.#pass(CTRL_E, "line");
    this.#takePlain(byte);
  }

  #conserver(table: Readonly<Record<string, EscapeCommand>>, byte: number, before: string): void {
    const key = String.fromCharCode(byte);
    const command = own(table, key);
    if (command) return this.#command(command, this.#before);
    this.#flushRun();
    this.#out.push({ unknown: before + key });
    this.#state = this.#before;
  }

  #command(command: EscapeCommand, next: State = "line_start"): void {
    this.#flushRun();
    this.#out.push({ command });
    this.#state = next;
  }

  #pass(byte: number, next: State): void {
    this.#run.push(byte);
    this.#state = next;
  }

  #flushRun(): void {
    if (this.#run.length === 0) return;
    this.#out.push({ bytes: Buffer.from(this.#run) });
    this.#run = [];
  }

  #taken(): Typed[] {
    this.#flushRun();
    const out = this.#out;
    this.#out = [];
    return out;
  }
}

const MEANINGS: readonly (readonly [EscapeCommand, string])[] = [
  ["detach", "detach; the machine goes on"],
  ["break", "send a break"],
  ["replay", "show the last lines again"],
  ["who", "who is attached"],
  ["take_control", "type instead of whoever does"],
  ["help", "this help"],
];

/** What `help` shows. */
export function escapeHelp(style: EscapeStyle): string[] {
  const lines = MEANINGS.map(([command, meaning]) =>
    [...keysOf(command, style).map((keys) => keys.padEnd(10)), meaning].join("  "),
  );
  const character = style.character === undefined ? undefined : keyName(style.character);
  if (style.conserver) lines.push("Ctrl-E c Ctrl-E  sends Ctrl-E c to the machine");
  if (character !== undefined)
    lines.push(
      `${character}${character}  sends ${character}; ${character} is one after Enter only`,
    );
  return lines;
}

/** How a command is typed: `~.` or `Ctrl-E c .`, or both; none when there is no way. */
export function keysOf(command: EscapeCommand, style: EscapeStyle): string[] {
  const key = (table: Readonly<Record<string, EscapeCommand>>): string =>
    Object.keys(table).find((letter) => table[letter] === command) ?? "";
  const { character, conserver } = style;
  return [
    ...(character === undefined ? [] : [`${keyName(character)}${key(AFTER_CHARACTER)}`]),
    ...(conserver ? [`Ctrl-E c ${key(AFTER_CTRL_E_C)}`] : []),
  ];
}

/** `^]` for a control character. */
function keyName(byte: number): string {
  return byte < 0x20 ? `^${String.fromCharCode(byte + 0x40)}` : String.fromCharCode(byte);
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
