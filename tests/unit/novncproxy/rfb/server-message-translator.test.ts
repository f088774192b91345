import assert from "node:assert/strict";
import * as fc from "fast-check";
import * as sinon from "sinon";
import { RFBProtocolError } from "../../../../common/errors.ts";
import { parsePixelFormat } from "../../../../common/rfb/pixel-format.ts";
import { ColourMap } from "../../../../novncproxy/rfb/pixel-converter.ts";
import { ServerMessageTranslator } from "../../../../novncproxy/rfb/server-message-translator.ts";
import * as rfb from "../../../helpers/rfb-messages.ts";

const parsed = (format: rfb.Format) => parsePixelFormat(rfb.pixelFormat(format));

function translateAll(held: rfb.Format, target: rfb.Format, pieces: readonly Buffer[]): Buffer {
  const translator = new ServerMessageTranslator(parsed(held), parsed(target));
  return Buffer.concat(pieces.map((piece) => Buffer.from(translator.translate(piece))));
}

/** Pixels of the held format and, by arithmetic of our own, of the other. */
function samePixels(held: rfb.Format, target: rfb.Format, raw: Uint8Array): [Buffer, Buffer] {
  const step = held.bits / 8;
  const source = Buffer.from(raw.subarray(0, raw.length - (raw.length % step)));
  const out: number[] = [];
  for (let at = 0; at < source.length; at += step)
    out.push(...rfb.pixel(target, rfb.colourOf(held, source, at)));
  return [source, Buffer.from(out)];
}

const HELD: [string, rfb.Format][] = [
  ["rgb565", rfb.RGB565],
  ["rgb555", { ...rfb.RGB565, depth: 15, max: [31, 31, 31], shift: [10, 5, 0] }],
  ["rgb565 big-endian", { ...rfb.RGB565, big: true }],
  ["rgb888", rfb.RGB888],
  ["rgb888 big-endian", { ...rfb.RGB888, big: true }],
  ["rgb332", rfb.RGB332],
];
const TARGETS: [string, rfb.Format][] = [
  ["noVNC's 32 bits", rfb.BGR888],
  ["32 bits big-endian", { ...rfb.RGB888, big: true, shift: [24, 16, 8] }],
  ["16 bits", rfb.RGB565],
  ["16 bits big-endian", { ...rfb.RGB565, big: true }],
  ["8 bits", rfb.RGB332],
  ["8 bits the other way round", { ...rfb.RGB332, shift: [0, 3, 6] }],
];
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 });

describe("server message translator", () => {
  for (const [from, held] of HELD)
    for (const [to, target] of TARGETS)
      it(`writes ${from} as ${to}, however it is cut`, () => {
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 120 }), places, (bytes, cuts) => {
            const [source, wanted] = samePixels(held, target, bytes);
            const width = source.length / (held.bits / 8);
            const update = (body: Buffer): Buffer =>
              Buffer.concat([
                rfb.framebufferUpdate(1),
                rfb.rectangle([1, 2, width, 1], 0, body),
                rfb.bell(),
              ]);
            const pieces = rfb.cutAt(update(source), cuts);
            assert.deepEqual(translateAll(held, target, pieces), update(wanted));
          }),
          { numRuns: 40 },
        );
      });

  it("writes black as black and white as white in every format", () => {
    for (const [, held] of HELD)
      for (const [, target] of TARGETS) {
        const body = (format: rfb.Format): Buffer =>
          Buffer.from([...rfb.pixel(format, [0, 0, 0]), ...rfb.pixel(format, [1, 1, 1])]);
        const update = (format: rfb.Format): Buffer =>
          Buffer.concat([rfb.framebufferUpdate(1), rfb.rectangle([0, 0, 2, 1], 0, body(format))]);
        assert.deepEqual(translateAll(held, target, [update(held)]), update(target));
      }
  });

  describe("passes on, byte for byte", () => {
    const pixels = Buffer.from([0xff, 0xff]);
    const white = Buffer.from([0xff, 0xff, 0xff, 0]);
    const update = (...rectangles: Buffer[]): Buffer =>
      Buffer.concat([rfb.framebufferUpdate(rectangles.length), ...rectangles]);
    const same: [string, Buffer][] = [
      ["CopyRect", update(rfb.rectangle([0, 0, 9, 9], 1, Buffer.from([0, 3, 0, 4])))],
      ["DesktopSize", update(rfb.rectangle([0, 0, 1024, 768], -223))],
      [
        "DesktopName",
        update(rfb.rectangle([0, 0, 0, 0], -307, Buffer.from([0, 0, 0, 2, 0x68, 0x69]))),
      ],
      [
        "ExtendedDesktopSize",
        update(
          rfb.rectangle(
            [0, 0, 9, 9],
            -308,
            Buffer.concat([Buffer.from([1, 0, 0, 0]), Buffer.alloc(16, 5)]),
          ),
        ),
      ],
      [
        "QEMU's keys and lamps",
        update(
          rfb.rectangle([0, 0, 0, 0], -258),
          rfb.rectangle([0, 0, 1, 1], -261, Buffer.from([2])),
        ),
      ],
      ["the confirmation of extended mouse buttons", update(rfb.rectangle([0, 0, 0, 0], -316))],
      ["an update without rectangles", update()],
      ["a bell", rfb.bell()],
      ["ServerCutText", rfb.serverCutText(Buffer.from("hello"))],
      ["a fence", rfb.serverFence(Buffer.from([1, 2, 3]))],
      ["the end of continuous updates", Buffer.from([150])],
      ["xvp", Buffer.from([250, 0, 1, 1])],
    ];
    for (const [what, message] of same)
      it(`${what}, whole and one byte at a time`, () => {
        const whole = Buffer.concat([message, rfb.bell()]);
        const bytewise = [...whole].map((byte) => Buffer.from([byte]));
        assert.deepEqual(translateAll(rfb.RGB565, rfb.BGR888, [whole]), whole);
        assert.deepEqual(translateAll(rfb.RGB565, rfb.BGR888, bytewise), whole);
      });

    it("a cursor's mask, after its pixels", () => {
      const cursor = (body: Buffer): Buffer =>
        update(
          rfb.rectangle(
            [0, 0, 9, 1],
            -239,
            Buffer.concat([...Array.from({ length: 9 }, () => body), Buffer.from([0xaa, 0x80])]),
          ),
        );
      const whole = Buffer.concat([cursor(pixels), rfb.bell()]);
      const wanted = Buffer.concat([cursor(white), rfb.bell()]);
      const bytewise = [...whole].map((byte) => Buffer.from([byte]));
      assert.deepEqual(translateAll(rfb.RGB565, rfb.BGR888, [whole]), wanted);
      assert.deepEqual(translateAll(rfb.RGB565, rfb.BGR888, bytewise), wanted);
    });

    it("an update that LastRect ends", () => {
      const whole = (body: Buffer): Buffer =>
        Buffer.concat([
          rfb.framebufferUpdate(0xffff),
          rfb.rectangle([0, 0, 1, 1], 0, body),
          rfb.rectangle([0, 0, 1, 1], 0, body),
          rfb.rectangle([0, 0, 0, 0], -224),
          rfb.bell(),
        ]);
      assert.deepEqual(translateAll(rfb.RGB565, rfb.BGR888, [whole(pixels)]), whole(white));
    });
  });

  it("reads an update of more rectangles than a count can say, until LastRect", () => {
    const many = Array.from({ length: 65_536 }, () => rfb.rectangle([0, 0, 9, 9], -223));
    const end = Buffer.concat([rfb.rectangle([0, 0, 0, 0], -224), rfb.bell()]);
    const whole = Buffer.concat([rfb.framebufferUpdate(0xffff), ...many, end]);
    assert.ok(translateAll(rfb.RGB565, rfb.BGR888, [whole]).equals(whole));
  });

  it("takes a new format from the next update on, not inside one", () => {
    const translator = new ServerMessageTranslator(parsed(rfb.RGB565), parsed(rfb.RGB565));
    const update = (body: number[]): Buffer =>
      Buffer.concat([rfb.framebufferUpdate(1), rfb.rectangle([0, 0, 2, 1], 0, Buffer.from(body))]);
    const first = update([0xff, 0xff, 0, 0]);
    const begun = translator.translate(first.subarray(0, 18));
    translator.setTenantFormat(parsed(rfb.RGB332));
    const rest = translator.translate(first.subarray(18));
    assert.deepEqual(Buffer.concat([begun, rest]), first);
    assert.deepEqual(translator.translate(first), update([0xff, 0]));
  });

  it("shows a machine with a colour map in true colour, and keeps the map from the tenant", () => {
    const indexed: rfb.Format = {
      bits: 8,
      depth: 8,
      big: false,
      max: [0, 0, 0],
      shift: [0, 0, 0],
      trueColour: false,
    };
    const colours = rfb.setColourMapEntries(1, [
      [0xffff, 0, 0],
      [0, 0x8000, 0xffff],
    ]);
    const update = (body: number[]): Buffer =>
      Buffer.concat([rfb.framebufferUpdate(1), rfb.rectangle([0, 0, 3, 1], 0, Buffer.from(body))]);
    const whole = Buffer.concat([colours, update([0, 1, 2])]);
    const wanted = update([0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0x80, 0xff, 0]);
    assert.deepEqual(translateAll(indexed, rfb.BGR888, [whole]), wanted);
    assert.deepEqual(
      translateAll(
        indexed,
        rfb.BGR888,
        [...whole].map((byte) => Buffer.from([byte])),
      ),
      wanted,
    );
  });

  const INDEXED: rfb.Format = {
    bits: 8,
    depth: 8,
    big: false,
    max: [0, 0, 0],
    shift: [0, 0, 0],
    trueColour: false,
  };
  for (const [kind, held] of [
    ["a colour map", INDEXED],
    ["true colour, which should send none", rfb.RGB565],
  ] as const)
    it(`converts a colour map that changes all the time once, before pixels, of a machine with ${kind}`, () => {
      const converted = sinon.spy(ColourMap.prototype, "converted");
      try {
        const none = rfb.setColourMapEntries(0, []);
        const one = rfb.setColourMapEntries(255, [[1, 2, 3]]);
        const pixels = Buffer.concat([
          rfb.framebufferUpdate(1),
          rfb.rectangle([0, 0, 2, 1], 0, Buffer.alloc((2 * held.bits) / 8)),
        ]);
        const changes = Array.from({ length: 2000 }, (_, index) => (index % 2 ? none : one));
        translateAll(held, rfb.BGR888, [...changes, pixels, pixels]);
        assert.equal(converted.callCount, 1);
      } finally {
        converted.restore();
      }
    });

  it("translates a rectangle of 16 GiB chunk by chunk, with bounded memory", () => {
    const translator = new ServerMessageTranslator(parsed(rfb.RGB565), parsed(rfb.BGR888));
    const header = rfb.rectangle([0, 0, 65_535, 65_535], 0);
    translator.translate(Buffer.concat([rfb.framebufferUpdate(1), header]));
    const chunk = Buffer.alloc(65_536, 0xff);
    for (let turn = 0; turn < 4; turn += 1) {
      const result = translator.translate(chunk);
      assert.equal(result.length, 131_072);
      assert.ok(result.buffer.byteLength < 140_000);
    }
  });

  for (const [what, bytes, message] of [
    ["an unknown message", [99], /message of unknown type 99/],
    [
      "an encoding that was not offered",
      [...rfb.framebufferUpdate(1), ...rfb.rectangle([0, 0, 1, 1], 7)],
      /encoding 7, which it was not offered/,
    ],
    [
      "a text of 2 GiB",
      [3, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff],
      /ServerCutText: at most 1048576 bytes/,
    ],
    [
      "a name of 4 GiB",
      [...rfb.framebufferUpdate(1), ...rfb.rectangle([0, 0, 0, 0], -307, Buffer.alloc(4, 0xff))],
      /DesktopName: at most 65536/,
    ],
    ["a fence of 65 bytes", [248, 0, 0, 0, 0, 0, 0, 0, 65], /ServerFence: at most 64/],
  ] as const)
    it(`refuses ${what}`, () => {
      const run = (): Buffer => translateAll(rfb.RGB565, rfb.BGR888, [Buffer.from(bytes)]);
      assert.throws(run, (error: Error) => {
        assert.ok(error instanceof RFBProtocolError);
        assert.match(error.message, message);
        return true;
      });
    });

  it("ends with one of our errors or bounded output, whatever the bytes", () => {
    const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 150, 248, 250, 255), fc.nat(255));
    const chunks = fc.array(fc.array(byte, { maxLength: 60 }), { maxLength: 10 });
    const formats = fc.constantFrom(...HELD.map(([, held]) => held));
    const targets = fc.constantFrom(...TARGETS.map(([, target]) => target));
    fc.assert(
      fc.property(formats, targets, chunks, (held, target, list) => {
        const translator = new ServerMessageTranslator(parsed(held), parsed(target));
        for (const one of list) {
          try {
            assert.ok(translator.translate(Buffer.from(one)).length <= (one.length + 16) * 4);
          } catch (error) {
            assert.ok(error instanceof RFBProtocolError, String(error));
            return;
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
