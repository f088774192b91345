/** Presses keys at a VNC server that asks for no password, as a tenant's browser would (RFC 6143). */
import type { Duplex } from "node:stream";
import { once } from "node:events";

/** X11 keysyms. */
export const KEY: Readonly<Record<string, number>> = {
  Control: 0xffe3,
  Shift: 0xffe1,
  Alt: 0xffe9,
  Super: 0xffeb,
  Tab: 0xff09,
  Escape: 0xff1b,
  Delete: 0xffff,
  Home: 0xff50,
  Left: 0xff51,
  Menu: 0xff67,
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_none, index) => [`F${index + 1}`, 0xffbe + index]),
  ),
};

export class KeyPresser {
  readonly #stream: Duplex;

  private constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("error", () => undefined).resume();
  }

  static async login(stream: Duplex): Promise<KeyPresser> {
    await bytes(stream, 12);
    stream.write("RFB 003.008\n");
    const types = await bytes(stream, 2);
    if (types[1] !== 1) throw new Error(`security types ${[...types].join(",")}`);
    stream.write(Uint8Array.of(1));
    if ((await bytes(stream, 4)).readUInt32BE() !== 0) throw new Error("not let in");
    stream.write(Uint8Array.of(1));
    await bytes(stream, (await bytes(stream, 24)).readUInt32BE(20));
    return new KeyPresser(stream);
  }

  /** @param combination for example `Control+Shift+n` */
  press(combination: string): void {
    const keys = combination.split("+").map((name) => KEY[name] ?? name.charCodeAt(0));
    for (const key of keys) this.#key(key, true);
    for (const key of keys.toReversed()) this.#key(key, false);
  }

  /** @param button of the mouse, from 1 on */
  click(x: number, y: number, button: number): void {
    for (const mask of [0, 1 << (button - 1), 0]) {
      const message = Buffer.from([5, mask, 0, 0, 0, 0]);
      message.writeUInt16BE(x, 2);
      message.writeUInt16BE(y, 4);
      this.#stream.write(message);
    }
  }

  close(): void {
    this.#stream.destroy();
  }

  #key(keysym: number, down: boolean): void {
    const message = Buffer.from([4, down ? 1 : 0, 0, 0, 0, 0, 0, 0]);
    message.writeUInt32BE(keysym, 4);
    this.#stream.write(message);
  }
}

async function bytes(stream: Duplex, count: number): Promise<Buffer> {
  for (;;) {
    const got = stream.read(count) as Buffer | null;
    if (got) return got;
    await once(stream, "readable", { signal: AbortSignal.timeout(10_000) });
  }
}
