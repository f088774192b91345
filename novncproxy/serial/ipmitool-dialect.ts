/**
 * A connection to `ipmitool … sol activate`: hides what it says before it is operational, and keeps its
 * escape character from doing anything but what it is asked to.
 *
 * FACT(ipmitool 1.8.19, lib/ipmi_sol.c, processSolUserInput): `~` is an escape directly after a CR or LF
 * was typed, and at the very beginning; `~~` types one. After an escape the line counts as just begun.
 */
import type { LineDialect, LineLoss } from "./line-dialect.ts";
import { BREAK_ECHO, lossAfter, lossBefore, OPERATIONAL, TCGETATTR } from "./ipmitool-words.ts";

const ESCAPE = 0x7e;
const CR = 0x0d;
const LF = 0x0a;
/** Kept of what it says before it is operational, and at its end. */
const LEAD_IN_BYTES = 8192;
const TAIL_BYTES = 256;
const NO_BYTES = Buffer.alloc(0);

export class IpmitoolDialect implements LineDialect {
  /**
   * FACT(the same, ipmi_sol_activate): it says that it is operational just before it makes its terminal
   * raw; a Ctrl-C that comes in between ends it.
   */
  readonly settleMilliseconds = 50;
  operational = false;
  /** Before: all that came. Afterwards: the last of it. */
  #said: Buffer = NO_BYTES;
  /** The first bytes after OPERATIONAL are still to come. */
  #atStart = false;
  #breaksToHide = 0;
  #lineBegins = true;

  read(bytes: Buffer): Buffer {
    const clear = this.operational ? bytes : this.#readLeadIn(bytes);
    if (clear.length === 0) return clear;
    const shown = this.#withoutRemarks(clear);
    this.#said = lastOf(this.#said, shown);
    return shown;
  }

  write(bytes: Buffer): Buffer {
    const escapes = this.#countEscapes(bytes);
    if (escapes === 0) return bytes;
    const escaped = Buffer.allocUnsafe(bytes.length + escapes);
    let to = 0;
    let begins = this.#lineBegins;
    for (const byte of bytes) {
      if (byte === ESCAPE && begins) escaped[to++] = ESCAPE;
      escaped[to++] = byte;
      begins = byte === CR || byte === LF;
    }
    this.#lineBegins = begins;
    return escaped;
  }

  /** In the middle of a line ipmitool takes a break only after a CR, which the machine gets too. */
  writeBreak(): Buffer {
    const begins = this.#lineBegins;
    this.#lineBegins = true;
    this.#breaksToHide += 1;
    return Buffer.from(begins ? "~B" : "\r~B", "latin1");
  }

  loss(): LineLoss {
    const text = this.#said.toString("latin1");
    return this.operational ? lossAfter(text) : lossBefore(text);
  }

  #readLeadIn(bytes: Buffer): Buffer {
    const said = Buffer.concat([this.#said, bytes]);
    const found = OPERATIONAL.exec(said.toString("latin1"));
    if (!found) {
      this.#said = Buffer.from(said.subarray(-LEAD_IN_BYTES));
      return NO_BYTES;
    }
    this.operational = true;
    this.#atStart = true;
    this.#said = NO_BYTES;
    return said.subarray(found.index + found[0].length);
  }

  /** Without what ipmitool itself remarks, as far as it comes in one piece. */
  #withoutRemarks(bytes: Buffer): Buffer {
    let rest = bytes;
    if (this.#atStart) {
      this.#atStart = false;
      const remark = TCGETATTR.exec(rest.toString("latin1", 0, 120));
      if (remark) rest = rest.subarray(remark[0].length);
    }
    if (this.#breaksToHide === 0) return rest;
    const echo = BREAK_ECHO.exec(rest.toString("latin1"));
    if (!echo) return rest;
    this.#breaksToHide -= 1;
    return Buffer.concat([
      rest.subarray(0, echo.index),
      rest.subarray(echo.index + echo[0].length),
    ]);
  }

  /** Escapes that `write` has to double; without any it notes how the bytes end. */
  #countEscapes(bytes: Buffer): number {
    let escapes = 0;
    let begins = this.#lineBegins;
    for (const byte of bytes) {
      if (byte === ESCAPE && begins) escapes += 1;
      begins = byte === CR || byte === LF;
    }
    if (escapes === 0) this.#lineBegins = begins;
    return escapes;
  }
}

function lastOf(before: Buffer, bytes: Buffer): Buffer {
  if (bytes.length >= TAIL_BYTES) return Buffer.from(bytes.subarray(-TAIL_BYTES));
  return Buffer.concat([before.subarray(bytes.length - TAIL_BYTES), bytes]);
}
