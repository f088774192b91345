/**
 * Cuts what comes from a machine into records of its log, in bounded memory. Knows no clock, no file and
 * no timer: who feeds it says when an unfinished line has waited long enough.
 */
import { MAX_RECORD_BYTES, noteRecord, recordOf } from "../../common/console-log-record.ts";

const LF = 10;

export class ConsoleLogRecords {
  /** Made with the first unfinished line. */
  #partial: Buffer | undefined;
  #length = 0;
  /** When its first byte came. */
  #since = 0;
  #stamp = { time: Number.NaN, text: "" };

  /** Bytes of the unfinished line that are in no record yet. */
  get partialBytes(): number {
    return this.#length;
  }

  /** @returns records that became whole, each with its LF */
  take(chunk: Uint8Array, time: number): string {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let records = "";
    for (let at = 0; at < bytes.length;) {
      const lf = bytes.indexOf(LF, at);
      const end = lf < 0 ? bytes.length : lf + 1;
      const piece = bytes.subarray(at, end);
      if (lf >= 0 && this.#length === 0 && piece.length <= MAX_RECORD_BYTES)
        records += `${recordOf(this.#text(time), piece)}\n`;
      else records += this.#keep(piece, lf >= 0, time);
      at = end;
    }
    return records;
  }

  /** @returns the unfinished line as a record that goes on; empty without one */
  cut(): string {
    if (!this.#partial || this.#length === 0) return "";
    const bytes = this.#partial.subarray(0, this.#length);
    this.#length = 0;
    return `${recordOf(this.#text(this.#since), bytes)}\n`;
  }

  /** @returns the unfinished line, if any, and the note */
  note(text: string, time: number): string {
    return `${this.cut()}${noteRecord(this.#text(time), text)}\n`;
  }

  #keep(piece: Buffer, whole: boolean, time: number): string {
    const partial = (this.#partial ??= Buffer.allocUnsafeSlow(MAX_RECORD_BYTES));
    let records = "";
    for (let at = 0; at < piece.length;) {
      if (this.#length === MAX_RECORD_BYTES) records += this.cut();
      if (this.#length === 0) this.#since = time;
      const taken = piece.copy(partial, this.#length, at);
      this.#length += taken;
      at += taken;
    }
    return whole ? records + this.cut() : records;
  }

  /** Many records share a millisecond. */
  #text(time: number): string {
    if (this.#stamp.time !== time) this.#stamp = { time, text: new Date(time).toISOString() };
    return this.#stamp.text;
  }
}
