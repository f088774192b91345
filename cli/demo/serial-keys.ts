/** Turns what a terminal sends (ECMA-48, xterm's cursor keys) into the shell's keys. Keeps no more than one escape sequence. */
import { KEY } from "./shell.ts";

export interface Key {
  readonly keysym: number;
  readonly control: boolean;
}

const FINAL: Readonly<Record<string, number>> = {
  A: KEY.up,
  B: KEY.down,
  C: KEY.right,
  D: KEY.left,
  F: KEY.end,
  H: KEY.home,
  "1~": KEY.home,
  "3~": KEY.delete,
  "4~": KEY.end,
};
const SINGLE: Readonly<Record<number, number>> = {
  0x08: KEY.backspace,
  0x09: KEY.tab,
  0x0d: KEY.enter,
  0x7f: KEY.backspace,
};
/** Longer sequences are no keys that the shell knows. */
const LONGEST_SEQUENCE = 8;

export class SerialKeys {
  #sequence: string | undefined;

  /** The keys in these bytes; a sequence that is cut in two is completed by the next call. */
  *read(bytes: Uint8Array): Generator<Key> {
    for (const byte of bytes) {
      const key = this.#sequence === undefined ? this.#single(byte) : this.#inSequence(byte);
      if (key) yield key;
    }
  }

  #single(byte: number): Key | undefined {
    if (byte === 0x1b) {
      this.#sequence = "";
      return undefined;
    }
    const named = SINGLE[byte];
    if (named !== undefined) return { keysym: named, control: false };
    if (byte === 0x0a) return undefined;
    if (byte < 0x20) return { keysym: byte | 0x60, control: true };
    return { keysym: byte, control: false };
  }

  #inSequence(byte: number): Key | undefined {
    const sequence = `${this.#sequence}${String.fromCharCode(byte)}`;
    this.#sequence = sequence;
    if (/^[O[]\d*$/.test(sequence) && sequence.length < LONGEST_SEQUENCE) return undefined;
    this.#sequence = undefined;
    const final = sequence.slice(1);
    return Object.hasOwn(FINAL, final) ? { keysym: FINAL[final]!, control: false } : undefined;
  }
}
