/** The WebSocket of an exec, as another implementation (ws) writes it, cut anywhere. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import * as ws from "ws";
import { ChannelReader } from "../../../../../../drivers/browser/providers/kubernetes/channel-reader.ts";

interface Frame {
  readonly fin: boolean;
  readonly opcode: number;
}
/** FACT(ws 8, lib/sender.js): exported, but in no types. */
const { Sender } = ws as unknown as {
  readonly Sender: { frame(bytes: Buffer, options: object): readonly Buffer[] };
};

/** By the reference implementation. */
function frame(bytes: Buffer, options: Partial<Frame>): Buffer {
  const usual = { fin: true, mask: false, opcode: 2, readOnly: true, rsv1: false };
  return Buffer.concat(Sender.frame(bytes, { ...usual, ...options }));
}
const message = (channel: number, text: string): Buffer =>
  frame(Buffer.concat([Buffer.of(channel), Buffer.from(text)]), {});

class Seen {
  readonly texts: Record<number, string> = {};
  pings: string[] = [];
  closes = 0;
  onData(channel: number, bytes: Buffer): void {
    this.texts[channel] = (this.texts[channel] ?? "") + bytes.toString("latin1");
  }
  onPing(payload: Buffer): void {
    this.pings.push(payload.toString());
  }
  onClose(): void {
    this.closes += 1;
  }
}

function read(bytes: Buffer, step: number): Seen {
  const seen = new Seen();
  const reader = new ChannelReader(seen);
  for (let at = 0; at < bytes.length; at += step) reader.read(bytes.subarray(at, at + step));
  return seen;
}

describe("what comes from an exec", () => {
  const long = "x".repeat(70_000);
  const sent = Buffer.concat([
    message(1, "out"),
    message(2, "err"),
    message(1, ""),
    frame(Buffer.from("pi"), { opcode: 9 }),
    message(1, "y".repeat(200)),
    message(1, long),
    frame(Buffer.concat([Buffer.of(2), Buffer.from("in ")]), { fin: false }),
    frame(Buffer.from("ng"), { opcode: 9 }),
    frame(Buffer.from("pieces"), { opcode: 0 }),
    message(3, '{"status":"Success"}'),
    frame(Buffer.from([3, 232]), { opcode: 8 }),
    message(1, "after the end"),
  ]);

  for (const step of [1, 2, 3, 7, 1000, sent.length])
    it(`is told apart by its channels, ${step} bytes at a time`, () => {
      const seen = read(sent, step);
      assert.deepEqual(seen.texts, {
        1: `out${"y".repeat(200)}${long}`,
        2: "errin pieces",
        3: '{"status":"Success"}',
      });
      assert.deepEqual(seen.pings, ["pi", "ng"]);
      assert.equal(seen.closes, 1);
    });

  for (const [what, bytes] of Object.entries({
    "a masked frame": [0x82, 0x81, 1, 2, 3, 4, 5],
    "a reserved bit": [0xc2, 0x01, 1],
    "an unknown opcode": [0x83, 0x01, 1],
    "a continuation of nothing": [0x80, 0x01, 1],
    "a message inside another": [0x02, 0x01, 1, 0x82, 0x01, 1],
    "a ping in pieces": [0x09, 0x01, 1],
    "a ping that is too long": [0x89, 126, 0, 200],
    "a frame of many exabytes": [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255],
  }))
    it(`is refused when it has ${what}`, () => {
      assert.throws(() => read(Buffer.from(bytes), 1), /WebSocket is broken/);
    });

  it("is either read or refused, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (bytes, step) => {
          try {
            read(Buffer.from(bytes), step);
          } catch (error) {
            assert.match(String(error), /WebSocket is broken/);
          }
        },
      ),
    );
  });
});
