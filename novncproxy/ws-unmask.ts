/**
 * Unmasks WebSocket payloads in place (RFC 6455 section 5.3): long ones in machine words, short ones
 * byte by byte while they are moved to their place.
 */

/** Below this, looking for word boundaries costs more than it saves. */
const WORDWISE_FROM = 48;

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Byte `index & 3` of a key that was read big-endian. */
function maskByte(mask: number, index: number): number {
  return (mask >>> (24 - ((index & 3) << 3))) & 0xff;
}

/**
 * @param bytes where the payload stands
 * @param start first payload byte; @param end behind the last
 * @param mask the key as a big-endian 32-bit number
 * @param phase how many payload bytes of this frame came before `start`, modulo 4
 * @param target where the clear bytes go, at most `start`: they are moved down while unmasked
 */
export function unmaskTo(
  bytes: Buffer,
  start: number,
  end: number,
  mask: number,
  phase: number,
  target: number,
): void {
  if (end - start < WORDWISE_FROM) {
    const k0 = maskByte(mask, phase);
    const k1 = maskByte(mask, phase + 1);
    const k2 = maskByte(mask, phase + 2);
    const k3 = maskByte(mask, phase + 3);
    let to = target;
    let at = start;
    for (; at + 3 < end; at += 4, to += 4) {
      bytes[to] = bytes[at]! ^ k0;
      bytes[to + 1] = bytes[at + 1]! ^ k1;
      bytes[to + 2] = bytes[at + 2]! ^ k2;
      bytes[to + 3] = bytes[at + 3]! ^ k3;
    }
    if (at < end) bytes[to] = bytes[at]! ^ k0;
    if (at + 1 < end) bytes[to + 1] = bytes[at + 1]! ^ k1;
    if (at + 2 < end) bytes[to + 2] = bytes[at + 2]! ^ k2;
    return;
  }
  unmaskWordwise(bytes, start, end, mask, phase);
  if (target !== start) bytes.copyWithin(target, start, end);
}

function unmaskWordwise(
  bytes: Buffer,
  start: number,
  end: number,
  mask: number,
  phase: number,
): void {
  let at = start;
  let turn = phase;
  for (; ((bytes.byteOffset + at) & 3) !== 0; at += 1, turn += 1)
    bytes[at] = bytes[at]! ^ maskByte(mask, turn);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >>> 2);
  const word = keyWord(mask, turn);
  for (let index = 0; index < words.length; index += 1) words[index]! ^= word;
  for (at += words.length << 2; at < end; at += 1, turn += 1)
    bytes[at] = bytes[at]! ^ maskByte(mask, turn);
}

/** The four key bytes from `phase` on as one word of this machine's byte order. */
function keyWord(mask: number, phase: number): number {
  const shift = (phase & 3) << 3;
  const rotated = shift === 0 ? mask | 0 : (mask << shift) | (mask >>> (32 - shift));
  if (!LITTLE_ENDIAN) return rotated;
  return (
    (rotated >>> 24) |
    ((rotated >>> 8) & 0xff00) |
    ((rotated << 8) & 0xff0000) |
    ((rotated & 0xff) << 24)
  );
}
