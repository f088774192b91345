import assert from "node:assert/strict";
import * as fc from "fast-check";
import { TenantProtocolError } from "../../../common/errors.ts";
import { OPCODE } from "../../../novncproxy/ws-frame.ts";
import { FrameParser, MAX_FRAME_BYTES, MAX_TEXT_BYTES } from "../../../novncproxy/ws-parser.ts";
import { chop, clientFrame, readWithWs } from "../../helpers/ws-oracle.ts";

interface Seen {
  binary: Buffer;
  events: string[];
}

function parseAll(chunks: readonly Buffer[]): Seen {
  const seen: Seen = { binary: Buffer.alloc(0), events: [] };
  const parser = new FrameParser({
    onText: (text) => seen.events.push(`text ${text}`),
    onPing: (payload) => seen.events.push(`ping ${payload.toString("hex")}`),
    onPong: () => seen.events.push("pong"),
    onClose: (code) => seen.events.push(`close ${code}`),
  });
  seen.binary = Buffer.concat(chunks.map((chunk) => chunk.subarray(0, parser.parse(chunk))));
  return seen;
}

const sizes = fc.array(fc.integer({ min: 500, max: 70_000 }), { maxLength: 6 });
const smallSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
const shortPayload = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ minLength: 40, maxLength: 150 }),
);
const longPayload = fc
  .integer({ min: 65_530, max: 70_000 })
  .map((length) => Uint8Array.from({ length }, (_, index) => (index * 7) & 255));
const control = fc.record({
  opcode: fc.constantFrom(OPCODE.ping, OPCODE.pong),
  payload: fc.uint8Array({ maxLength: 125 }),
});
const text = fc.string({ unit: "grapheme", maxLength: 40 });

/** Messages in fragments, with control frames between them. */
const conversation = (payload: fc.Arbitrary<Uint8Array>) =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          fragments: fc.array(payload, { minLength: 1, maxLength: 4 }),
          between: fc.array(control, { maxLength: 3 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ text, cut: fc.nat(40) }) },
    ),
    { maxLength: 8 },
  );
const conversations = fc.oneof(
  fc.tuple(conversation(shortPayload), smallSizes),
  fc.tuple(conversation(shortPayload), sizes),
  fc.tuple(conversation(longPayload), sizes),
);

describe("FrameParser", () => {
  it("reads what the ws package sends, cut anywhere", () => {
    fc.assert(
      fc.property(conversations, ([messages, cuts]) => {
        const sent: Buffer[] = [];
        const binary: Uint8Array[] = [];
        const wanted: string[] = [];
        for (const message of messages) {
          if ("text" in message) {
            const bytes = Buffer.from(message.text);
            const cut = Math.min(message.cut, bytes.length);
            sent.push(clientFrame(OPCODE.text, bytes.subarray(0, cut), { fin: false }));
            sent.push(clientFrame(OPCODE.continuation, bytes.subarray(cut)));
            wanted.push(`text ${message.text}`);
            continue;
          }
          for (const [index, part] of message.fragments.entries()) {
            const opcode = index === 0 ? OPCODE.binary : OPCODE.continuation;
            sent.push(clientFrame(opcode, part, { fin: index === message.fragments.length - 1 }));
            binary.push(part);
            const between = message.between[index];
            if (!between) continue;
            sent.push(clientFrame(between.opcode, between.payload));
            wanted.push(
              between.opcode === OPCODE.pong
                ? "pong"
                : `ping ${Buffer.from(between.payload).toString("hex")}`,
            );
          }
        }
        const seen = parseAll(chop(Buffer.concat(sent), cuts));
        assert.ok(seen.binary.equals(Buffer.concat(binary)));
        assert.deepEqual(seen.events, wanted);
      }),
      { numRuns: 200 },
    );
  });

  it("reads a pointer flood of one chunk as one piece", () => {
    const events = Array.from({ length: 1000 }, (_, index) =>
      Buffer.from([5, 0, 0, index & 255, 1, 2]),
    );
    const chunk = Buffer.concat(events.map((event) => clientFrame(OPCODE.binary, event)));
    assert.ok(parseAll([chunk]).binary.equals(Buffer.concat(events)));
  });

  it("says the close code, and 1005 when there is none", () => {
    assert.deepEqual(
      parseAll([clientFrame(OPCODE.close, Buffer.from([0x03, 0xe9, 0x61]))]).events,
      ["close 1001"],
    );
    assert.deepEqual(parseAll([clientFrame(OPCODE.close, Buffer.alloc(0))]).events, ["close 1005"]);
  });

  it("reads nothing behind a close frame", () => {
    const bytes = Buffer.concat([
      clientFrame(OPCODE.binary, Buffer.from("before")),
      clientFrame(OPCODE.close, Buffer.alloc(0)),
      clientFrame(OPCODE.binary, Buffer.from("behind")),
    ]);
    assert.equal(parseAll([bytes]).binary.toString(), "before");
  });

  const longHeader = (length: bigint): Buffer => {
    const bytes = Buffer.alloc(14);
    bytes[0] = 0x82;
    bytes[1] = 0xff;
    bytes.writeBigUInt64BE(length, 2);
    return bytes;
  };
  const forbidden: Record<string, Buffer> = {
    "a frame without a mask": clientFrame(OPCODE.binary, Buffer.from("x"), { mask: false }),
    "the first reserved bit": clientFrame(OPCODE.binary, Buffer.from("x"), { rsv1: true }),
    "the second reserved bit": Buffer.from([0xa2, 0x80, 0, 0, 0, 0]),
    "the third reserved bit": Buffer.from([0x92, 0x80, 0, 0, 0, 0]),
    "an unknown data opcode": clientFrame(0x3, Buffer.from("x")),
    "an unknown control opcode": clientFrame(0xb, Buffer.from("x")),
    "a fragmented ping": clientFrame(OPCODE.ping, Buffer.from("x"), { fin: false }),
    "a ping of 126 bytes": clientFrame(OPCODE.ping, Buffer.alloc(126)),
    "a continuation of nothing": clientFrame(OPCODE.continuation, Buffer.from("x")),
    "a message inside another": Buffer.concat([
      clientFrame(OPCODE.binary, Buffer.from("x"), { fin: false }),
      clientFrame(OPCODE.binary, Buffer.from("x")),
    ]),
    "a close payload of one byte": clientFrame(OPCODE.close, Buffer.from([3])),
    "a close code nobody may send": clientFrame(OPCODE.close, Buffer.from([0x03, 0xed])),
    "a close code below 1000": clientFrame(OPCODE.close, Buffer.from([0x03, 0xe7])),
    "a close code between the ranges": clientFrame(OPCODE.close, Buffer.from([0x0b, 0xb7])),
    "a close reason that is not UTF-8": clientFrame(OPCODE.close, Buffer.from([0x03, 0xe8, 0xff])),
    "a text that is not UTF-8": clientFrame(OPCODE.text, Buffer.from([0xc3, 0x28])),
    "a length of 2^63": longHeader(1n << 63n),
  };
  for (const [name, bytes] of Object.entries(forbidden)) {
    it(`refuses ${name}, as ws does, whole and byte by byte`, async () => {
      assert.equal((await readWithWs([bytes], "server")).errors.length, 1, "the oracle agrees");
      assert.throws(() => parseAll([Buffer.from(bytes)]), TenantProtocolError);
      assert.throws(() => parseAll(chop(bytes, [1])), TenantProtocolError);
    });
  }

  it("refuses a text beyond its limit, in one frame or in many", () => {
    const long = Buffer.alloc(MAX_TEXT_BYTES + 1, "a");
    assert.throws(() => parseAll([clientFrame(OPCODE.text, long)]), TenantProtocolError);
    const half = long.subarray(0, MAX_TEXT_BYTES / 2 + 1);
    const halves = Buffer.concat([
      clientFrame(OPCODE.text, half, { fin: false }),
      clientFrame(OPCODE.continuation, half),
    ]);
    assert.throws(() => parseAll([halves]), TenantProtocolError);
  });

  it("refuses a frame that announces more than the limit before any of it arrives", () => {
    assert.throws(() => parseAll([longHeader(BigInt(MAX_FRAME_BYTES) + 1n)]), TenantProtocolError);
  });

  it("never fails otherwise, and never yields more than it got, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), smallSizes, (bytes, cuts) => {
        try {
          assert.ok(parseAll(chop(Buffer.from(bytes), cuts)).binary.length <= bytes.length);
        } catch (error) {
          assert.ok(error instanceof TenantProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
