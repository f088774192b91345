/**
 * Where the reader of a growing console log is. Asked again from the time of the last record on, a
 * service gives that record once more, and perhaps others of the same millisecond: what was seen is left
 * out.
 */
import { linesOf } from "../common/console-log-format.ts";
import { parseRecord } from "../common/console-log-record.ts";

export class LogPosition {
  #time: string | undefined;
  /** Records of that time that were seen. */
  #seen = 0;

  /** Time of the last record, to ask from; undefined before the first one. */
  get time(): string | undefined {
    return this.#time;
  }

  /** Passes on the records that are new. @param chunks of an answer, from `time` on */
  async *fresh(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    let skip = this.#seen;
    const from = this.#time;
    for await (const line of linesOf(chunks)) {
      const record = parseRecord(line);
      if (!record || (from !== undefined && record.time < from)) continue;
      if (record.time === from && skip > 0) {
        skip -= 1;
        continue;
      }
      this.#seen = record.time === this.#time ? this.#seen + 1 : 1;
      this.#time = record.time;
      yield Buffer.from(`${line}\n`);
    }
  }
}
