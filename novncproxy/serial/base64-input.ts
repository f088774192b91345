/**
 * Decodes base64 that comes in pieces cut anywhere, as clients of the sub-protocol `base64` send it: each
 * message ends in its own padding, and the next begins anew. Keeps at most three characters.
 */

const ALPHABET = /[^A-Za-z0-9+/_-]/g;
const PADDING = 0x3d;

export class Base64Input {
  #rest = "";

  /** @returns the bytes that are complete; characters that are not base64 are skipped */
  decode(piece: Buffer): Buffer {
    const parts: Buffer[] = [];
    let from = 0;
    for (let end = piece.indexOf(PADDING); end >= 0; end = piece.indexOf(PADDING, from)) {
      parts.push(this.#take(piece.toString("latin1", from, end), true));
      from = end + 1;
    }
    parts.push(this.#take(piece.toString("latin1", from), false));
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** @param isEnd of a message: an incomplete group ends there */
  #take(text: string, isEnd: boolean): Buffer {
    const all = this.#rest + text.replaceAll(ALPHABET, "");
    const whole = isEnd ? all.length : all.length - (all.length % 4);
    this.#rest = all.slice(whole);
    return Buffer.from(all.slice(0, whole), "base64");
  }
}
