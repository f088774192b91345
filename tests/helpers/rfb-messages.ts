/**
 * Messages of the RFB protocol, put together from RFC 6143 and rfbproto by hand, for tests: viewer's and
 * machine's. It shares no code with the proxy, so that it can judge it.
 */

const u8 = (value: number): number[] => [value & 0xff];
const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];
const bytes = (...parts: (number[] | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part)));

/** Bits, depth, big-endian, true colour, maxima, shifts; as PIXEL_FORMAT has them. */
export interface Format {
  readonly bits: number;
  readonly depth: number;
  readonly big: boolean;
  readonly max: readonly [red: number, green: number, blue: number];
  readonly shift: readonly [red: number, green: number, blue: number];
  readonly trueColour?: boolean;
}

export const RGB888: Format = {
  bits: 32,
  depth: 24,
  big: false,
  max: [255, 255, 255],
  shift: [16, 8, 0],
};
/** noVNC's. */
export const BGR888: Format = { ...RGB888, shift: [0, 8, 16] };
export const RGB565: Format = {
  bits: 16,
  depth: 16,
  big: false,
  max: [31, 63, 31],
  shift: [11, 5, 0],
};
export const RGB332: Format = { bits: 8, depth: 8, big: false, max: [7, 7, 3], shift: [5, 2, 0] };

export function pixelFormat(format: Format): Buffer {
  return bytes(
    [format.bits, format.depth, format.big ? 1 : 0, format.trueColour === false ? 0 : 1],
    format.max.flatMap(u16),
    [...format.shift],
    [0, 0, 0],
  );
}

/* ---- from the viewer -------------------------------------------------------------------------- */

export const setPixelFormat = (format: Format): Buffer => bytes([0, 0, 0, 0], pixelFormat(format));
export const setEncodings = (list: readonly number[]): Buffer =>
  bytes([2, 0], u16(list.length), list.flatMap(u32));
export const updateRequest = (incremental: boolean, width: number, height: number): Buffer =>
  bytes([3, incremental ? 1 : 0], u16(0), u16(0), u16(width), u16(height));
export const keyEvent = (down: boolean, keysym: number): Buffer =>
  bytes([4, down ? 1 : 0, 0, 0], u32(keysym));
export const pointerEvent = (mask: number, x: number, y: number): Buffer =>
  bytes([5, mask], u16(x), u16(y));
export const extendedPointerEvent = (mask: number, x: number, y: number): Buffer =>
  bytes([5, (mask & 0x7f) | 0x80], u16(x), u16(y), [mask >>> 7]);
/** @param extended a negative length, as the Extended Clipboard has it */
export const clientCutText = (text: Uint8Array, extended = false): Buffer =>
  bytes([6, 0, 0, 0], u32(extended ? -text.length : text.length), text);
export const enableContinuousUpdates = (): Buffer => bytes([150, 1], u32(0), u32(0x04000300));
export const clientFence = (payload: Uint8Array): Buffer =>
  bytes([248, 0, 0, 0], u32(1), u8(payload.length), payload);
export const xvp = (code: number): Buffer => bytes([250, 0, 1, code]);
export const setDesktopSize = (screens: number): Buffer =>
  bytes(
    [251, 0],
    u16(800),
    u16(600),
    [screens, 0],
    Array.from({ length: 16 * screens }, () => 7),
  );
export const qemuKeyEvent = (down: boolean, keysym: number, keycode: number): Buffer =>
  bytes([255, 0], u16(down ? 1 : 0), u32(keysym), u32(keycode));
export const qemuAudio = (operation: number): Buffer =>
  bytes([255, 1], u16(operation), operation === 2 ? [3, 2, ...u32(44_100)] : []);

/* ---- from the machine ------------------------------------------------------------------------- */

export const framebufferUpdate = (count: number): Buffer => bytes([0, 0], u16(count));
export const rectangle = (
  [x, y, width, height]: readonly [number, number, number, number],
  encoding: number,
  body: Uint8Array = Buffer.alloc(0),
): Buffer => bytes(u16(x), u16(y), u16(width), u16(height), u32(encoding), body);
export const bell = (): Buffer => bytes([2]);
export const serverCutText = (text: Uint8Array): Buffer =>
  bytes([3, 0, 0, 0], u32(text.length), text);
export const setColourMapEntries = (
  first: number,
  colours: readonly (readonly [number, number, number])[],
): Buffer =>
  bytes(
    [1, 0],
    u16(first),
    u16(colours.length),
    colours.flatMap((one) => one.flatMap(u16)),
  );
export const serverFence = (payload: Uint8Array): Buffer =>
  bytes([248, 0, 0, 0], u32(1), u8(payload.length), payload);

/* ---- pixels ----------------------------------------------------------------------------------- */

/** Components as shares of one, written in a format by rounding to the nearest. */
export function pixel(format: Format, colour: readonly [number, number, number]): number[] {
  let value = 0;
  colour.forEach((share, index) => {
    value += Math.round(share * format.max[index]!) * 2 ** format.shift[index]!;
  });
  const little = [value, value / 2 ** 8, value / 2 ** 16, value / 2 ** 24]
    .map((one) => Math.floor(one) % 256)
    .slice(0, format.bits / 8);
  return format.big ? little.toReversed() : little;
}

/** The components of one pixel as shares of one. */
export function colourOf(format: Format, from: Uint8Array, at = 0): [number, number, number] {
  const own = [...from.subarray(at, at + format.bits / 8)];
  const little = format.big ? own.toReversed() : own;
  const value = little.reduce((sum, byte, index) => sum + byte * 256 ** index, 0);
  const part = (index: 0 | 1 | 2): number =>
    (Math.floor(value / 2 ** format.shift[index]) % (format.max[index] + 1)) / format.max[index];
  return [part(0), part(1), part(2)];
}

/** Cuts bytes at the given places, each a share of the whole. */
export function cutAt(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => Math.floor(place * whole.length)))].sort(
    (a, b) => a - b,
  );
  const pieces: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, whole.length]) {
    pieces.push(Buffer.from(whole.subarray(from, cut)));
    from = cut;
  }
  return pieces;
}
