/** Line ends of piped text as the Enter key sends them: one CR for LF, CR LF or CR. */

const CR = 0x0d;
const LF = 0x0a;

export class EnterKey {
  #afterCr = false;

  /** @param chunk the next piece; a CR LF may be cut in two */
  convert(chunk: Uint8Array): Buffer {
    const out = Buffer.alloc(chunk.length);
    let length = 0;
    for (const byte of chunk) {
      const skipped = byte === LF && this.#afterCr;
      this.#afterCr = byte === CR;
      if (skipped) continue;
      out[length] = byte === LF ? CR : byte;
      length += 1;
    }
    return out.subarray(0, length);
  }
}
