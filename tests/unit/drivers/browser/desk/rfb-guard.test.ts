import assert from "node:assert/strict";
import { RfbGuard } from "../../../../../drivers/browser/desk/rfb-guard.ts";

const HANDSHAKE = Buffer.concat([Buffer.from("RFB 003.008\n"), Buffer.from([1, 1])]);
const KEY = Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]);
const POINTER = Buffer.from([5, 0x81, 0, 1, 0, 2]);
const UPDATE = Buffer.from([3, 0, 0, 0, 0, 0, 0, 9, 0, 9]);
/** SetDesktopSize with one screen. */
const RESIZE = Buffer.concat([Buffer.from([251, 0, 4, 0, 3, 0, 1, 0]), Buffer.alloc(16)]);
const CUT_TEXT = Buffer.from([6, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
const EXTENDED_CUT = Buffer.from([6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 1, 2, 3, 4]);
const FENCE = Buffer.from([248, 0, 0, 0, 0, 0, 0, 1, 2, 9, 9]);
const QEMU_KEY = Buffer.from([255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 30]);
const encodings = (...list: number[]): Buffer => {
  const message = Buffer.alloc(4 + 4 * list.length);
  message.writeUInt8(2, 0);
  message.writeUInt16BE(list.length, 2);
  for (const [index, encoding] of list.entries()) message.writeInt32BE(encoding, 4 + 4 * index);
  return message;
};

async function through(bytes: Buffer, sizes: () => number): Promise<Buffer> {
  const guard = new RfbGuard();
  const out: Buffer[] = [];
  guard.on("data", (chunk: Buffer) => out.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    guard.once("end", resolve).once("error", reject);
  });
  for (let at = 0; at < bytes.length;) {
    const size = sizes();
    guard.write(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  guard.end();
  await ended;
  return Buffer.concat(out);
}

describe("what a viewer may say to a session's VNC server", () => {
  const talk = [HANDSHAKE, encodings(0, -308), KEY, RESIZE, POINTER, CUT_TEXT, UPDATE];
  const more = [EXTENDED_CUT, FENCE, RESIZE, RESIZE, QEMU_KEY, KEY];
  const said = Buffer.concat([...talk, ...more]);
  const heard = Buffer.concat(
    [HANDSHAKE, encodings(0, -308), KEY, POINTER, UPDATE].concat([FENCE, QEMU_KEY, KEY]),
  );

  it("leaves out every change of the display's size and the clipboard, and nothing else", async () => {
    assert.deepEqual(await through(said, () => said.length), heard);
  });

  it("does so however the bytes are cut", async () => {
    assert.deepEqual(await through(said, () => 1), heard);
    for (let size = 2; size < 30; size += 1)
      assert.deepEqual(await through(said, () => size), heard, `pieces of ${size}`);
  });

  it("agrees on no pointer messages of seven bytes, however the offer is cut", async () => {
    const offered = Buffer.concat([HANDSHAKE, encodings(7, -316, -308, -316), POINTER, KEY]);
    const wanted = Buffer.concat([HANDSHAKE, encodings(7, -308), POINTER, KEY]);
    for (const size of [1, 3, 17, 64])
      assert.deepEqual(await through(offered, () => size), wanted, `pieces of ${size}`);
  });

  it("leaves out what is pressed while input is held, and lets go of what was pressed", async () => {
    const released = [
      Buffer.from([4, 0, 0, 0, 0, 0, 0, 0x61]),
      Buffer.from([5, 0, 0, 1, 0, 2]),
      Buffer.from([255, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 30]),
    ];
    const pressed = [KEY, POINTER, QEMU_KEY];
    const told = Buffer.concat([UPDATE, ...pressed, ...released, ...pressed, FENCE, ...pressed]);
    for (const size of [1, 2, 5, 64]) {
      const guard = new RfbGuard();
      guard.write(Buffer.concat([HANDSHAKE, KEY]));
      guard.holdsInput = true;
      for (let at = 0; at < told.length; at += size) guard.write(told.subarray(at, at + size));
      guard.holdsInput = false;
      guard.write(POINTER);
      const heardThen = [HANDSHAKE, KEY, UPDATE, ...released, FENCE, POINTER];
      assert.deepEqual(guard.read(), Buffer.concat(heardThen), `pieces of ${size}`);
    }
  });

  for (const [what, bytes] of [
    ["an unknown message", Buffer.from([77])],
    ["sound", Buffer.from([255, 1, 0, 0])],
    ["a clipboard of gigabytes", Buffer.from([6, 0, 0, 0, 0x7f, 0, 0, 0])],
    ["more encodings than there are", Buffer.from([2, 0, 0xff, 0xff])],
  ] as const)
    it(`ends a connection that sends ${what}`, async () => {
      await assert.rejects(
        through(Buffer.concat([HANDSHAKE, bytes]), () => 64),
        /let through|at most/,
      );
    });
});
