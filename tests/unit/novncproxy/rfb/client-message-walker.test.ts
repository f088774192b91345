import assert from "node:assert/strict";
import { TenantProtocolError } from "../../../../common/errors.ts";
import {
  ClientMessageWalker,
  type WalkerOptions,
} from "../../../../novncproxy/rfb/client-message-walker.ts";
import type { PixelFormat } from "../../../../common/rfb/pixel-format.ts";
import * as rfb from "../../../helpers/rfb-messages.ts";
import {
  eachByte,
  IDRAC8,
  NOVNC_ENCODINGS,
  SAMPLES,
  text,
  walkAll,
} from "../../../helpers/walker-samples.ts";

describe("client message walker", () => {
  for (const { what, bytes, view, quirked } of SAMPLES) {
    const marker = rfb.updateRequest(false, 1, 2);
    const around = (inner: Buffer): Buffer => Buffer.concat([marker, inner, marker]);
    const nothing = Buffer.alloc(0);
    const expected: [mode: string, options: WalkerOptions, result: Buffer][] = [
      ["passes on", { viewOnly: false }, around(bytes)],
      [
        `${view ? "passes on" : "drops"} in view-only`,
        { viewOnly: true },
        around(view ? bytes : nothing),
      ],
      [
        `${quirked === true ? "passes on" : quirked === false ? "keeps back" : "replaces"} under quirks`,
        { viewOnly: false, quirks: IDRAC8 },
        around(quirked === true ? bytes : quirked === false ? nothing : quirked),
      ],
    ];
    for (const [mode, options, result] of expected)
      it(`${mode}: ${what}, whole and one byte at a time`, () => {
        const whole = around(bytes);
        assert.equal(walkAll(options, [whole]).toString("hex"), result.toString("hex"));
        assert.equal(walkAll(options, eachByte(whole)).toString("hex"), result.toString("hex"));
      });
  }

  it("returns the very chunk when nothing is dropped", () => {
    const walker = new ClientMessageWalker({ viewOnly: false });
    const chunk = Buffer.concat([rfb.keyEvent(true, 97), rfb.pointerEvent(0, 1, 1)]);
    assert.equal(walker.walk(chunk), chunk);
  });

  it("compacts into the same memory when something is dropped", () => {
    const walker = new ClientMessageWalker({ viewOnly: true });
    const kept = rfb.updateRequest(true, 9, 9);
    const chunk = Buffer.concat([rfb.keyEvent(true, 97), kept, rfb.pointerEvent(0, 1, 1), kept]);
    const result = walker.walk(chunk);
    assert.equal(result.buffer, chunk.buffer);
    assert.deepEqual(result, Buffer.concat([kept, kept]));
  });

  describe("input", () => {
    for (const { what, bytes } of SAMPLES)
      it(`${/Key|Pointer|Cut|QEMU/.test(what) ? "is" : "is not"} noticed in ${what}`, () => {
        for (const viewOnly of [false, true]) {
          const walker = new ClientMessageWalker({ viewOnly });
          walker.walk(Buffer.from(bytes));
          assert.equal(walker.sawInput, /Key|Pointer|Cut|QEMU/.test(what));
        }
      });
  });

  describe("extended mouse buttons", () => {
    const offer = rfb.setEncodings([0, -316]);
    const extended = rfb.extendedPointerEvent(0x101, 5, 6);

    it("are seven bytes once offered, also when cut", () => {
      const whole = Buffer.concat([
        offer,
        extended,
        rfb.pointerEvent(1, 2, 3),
        rfb.xvp(2),
        rfb.updateRequest(true, 1, 1),
      ]);
      const result = Buffer.concat([offer, rfb.updateRequest(true, 1, 1)]);
      for (let cut = 0; cut <= whole.length; cut += 1) {
        const pieces = [whole.subarray(0, cut), whole.subarray(cut)];
        assert.deepEqual(walkAll({ viewOnly: true }, pieces), result, `cut at ${cut}`);
      }
    });

    it("are not offered by bytes of two numbers that look like it", () => {
      // -316 is ff ff fe c4
      const lookalike = rfb.setEncodings([0x00fffffe, 0xc4000000]);
      const whole = Buffer.concat([lookalike, rfb.pointerEvent(0x80, 5, 6), lookalike]);
      assert.deepEqual(walkAll({ viewOnly: true }, [whole]), Buffer.concat([lookalike, lookalike]));
    });

    it("are an ordinary mask bit when not offered", () => {
      const whole = Buffer.concat([rfb.pointerEvent(0x80, 5, 6), rfb.updateRequest(true, 1, 1)]);
      assert.deepEqual(walkAll({ viewOnly: true }, [whole]), rfb.updateRequest(true, 1, 1));
    });

    it("are an ordinary mask bit again when no longer offered", () => {
      const last = rfb.setEncodings([0]);
      const whole = Buffer.concat([offer, last, rfb.pointerEvent(0x80, 5, 6), offer]);
      assert.deepEqual(walkAll({ viewOnly: true }, [whole]), Buffer.concat([offer, last, offer]));
    });

    it("are an ordinary mask bit when a quirk keeps the offer from the machine", () => {
      const whole = Buffer.concat([offer, rfb.pointerEvent(0x80, 5, 6), rfb.keyEvent(true, 97)]);
      const result = Buffer.concat([
        rfb.setEncodings([0]),
        rfb.pointerEvent(0x80, 5, 6),
        rfb.keyEvent(true, 97),
      ]);
      assert.deepEqual(walkAll({ viewOnly: false, quirks: IDRAC8 }, [whole]), result);
    });
  });

  describe("quirks", () => {
    it("tell the pixel format that the tenant asked for", () => {
      const formats: PixelFormat[] = [];
      const options = {
        viewOnly: false,
        quirks: IDRAC8,
        onPixelFormat: (one: PixelFormat) => formats.push(one),
      };
      assert.equal(walkAll(options, eachByte(rfb.setPixelFormat(rfb.BGR888))).length, 0);
      assert.deepEqual(formats, [
        {
          bitsPerPixel: 32,
          depth: 24,
          bigEndian: false,
          trueColour: true,
          redMax: 255,
          greenMax: 255,
          blueMax: 255,
          redShift: 0,
          greenShift: 8,
          blueShift: 16,
        },
      ]);
    });

    it("offer the machine only what the tenant offers too, in the quirk's order, and always Raw", () => {
      const quirks = { encodings: [-223, 0, 1] };
      const run = (list: number[]): Buffer =>
        walkAll({ viewOnly: false, quirks }, [rfb.setEncodings(list)]);
      assert.deepEqual(run([7, 1, -223]), rfb.setEncodings([-223, 0, 1]));
      assert.deepEqual(run([7]), rfb.setEncodings([0]));
      assert.deepEqual(run([]), rfb.setEncodings([0]));
    });

    it("offer a machine with a held pixel format only what can be translated", () => {
      const quirks = { pixelFormat: "native", encodings: [7, 16, 1, 0, -239] } as const;
      assert.deepEqual(
        walkAll({ viewOnly: false, quirks }, [rfb.setEncodings(NOVNC_ENCODINGS)]),
        rfb.setEncodings([1, 0, -239]),
      );
    });

    it("make room when the list for the machine is longer than the tenant's", () => {
      const quirks = { encodings: [0] };
      const key = rfb.keyEvent(true, 97);
      const empty = rfb.setEncodings([]);
      const whole = Buffer.concat([key, ...Array.from({ length: 500 }, () => empty), key]);
      const result = Buffer.concat([
        key,
        ...Array.from({ length: 500 }, () => rfb.setEncodings([0])),
        key,
      ]);
      assert.deepEqual(walkAll({ viewOnly: false, quirks }, [whole]), result);
    });

    it("let a message pass whose pseudo-encoding the list has", () => {
      const quirks = { encodings: [0, -258] };
      const key = rfb.qemuKeyEvent(true, 97, 30);
      assert.deepEqual(walkAll({ viewOnly: false, quirks }, [key]), key);
    });

    it("leave everything as it is when they are only about time", () => {
      const offer = rfb.setEncodings(NOVNC_ENCODINGS);
      assert.deepEqual(
        walkAll({ viewOnly: false, quirks: { bannerTimeoutSeconds: 30 } }, [offer]),
        offer,
      );
    });

    for (const [what, message] of [
      ["a colour map", rfb.setPixelFormat({ ...rfb.RGB332, trueColour: false })],
      ["24 bits per pixel", rfb.setPixelFormat({ ...rfb.RGB888, bits: 24 })],
      ["a shift beyond the pixel", rfb.setPixelFormat({ ...rfb.RGB565, shift: [12, 5, 0] })],
      [
        "a maximum that is no power of two less one",
        rfb.setPixelFormat({ ...rfb.RGB565, max: [31, 62, 31] }),
      ],
      ["an extended clipboard", rfb.clientCutText(text, true)],
    ] as const)
      it(`refuse ${what}`, () => {
        assert.throws(
          () => walkAll({ viewOnly: false, quirks: IDRAC8 }, [message]),
          TenantProtocolError,
        );
      });
  });

  describe("bounds", () => {
    for (const [what, message, wanted] of [
      ["encodings", [2, 0, 4, 1], /SetEncodings: encodings: at most 1024 expected, got 1025/],
      [
        "text",
        [6, 0, 0, 0, 0, 0x10, 0, 1],
        /ClientCutText: bytes of text: at most 1048576 expected, got 1048577/,
      ],
      ["extended text", [6, 0, 0, 0, 0x80, 0, 0, 0], /got 2147483648/],
      [
        "a fence",
        [248, 0, 0, 0, 0, 0, 0, 0, 65],
        /ClientFence: bytes of payload: at most 64 expected, got 65/,
      ],
    ] as const)
      it(`refuse too much of ${what}, before it comes`, () => {
        for (const viewOnly of [false, true]) {
          assert.throws(() => walkAll({ viewOnly }, [Buffer.from(message)]), {
            code: "TENANT_PROTOCOL_ERROR",
            message: wanted,
          });
        }
      });

    it("let a clipboard of 1 MiB pass in pieces", () => {
      const message = rfb.clientCutText(Buffer.alloc(1_048_576, 0x61));
      const pieces = rfb.cutAt(message, [0.1, 0.5, 0.500001]);
      assert.deepEqual(walkAll({ viewOnly: false }, pieces), message);
    });
  });

  describe("an unknown message", () => {
    for (const [what, options] of [
      ["view-only", { viewOnly: true }],
      ["quirked", { viewOnly: false, quirks: IDRAC8 }],
    ] as const)
      for (const message of [
        [7, 1, 2, 3],
        [255, 9],
      ])
        it(`of type ${message[0]} ends a ${what} session`, () => {
          assert.throws(
            () => walkAll(options, [Buffer.from(message)]),
            (error: Error) => {
              assert.ok(error instanceof TenantProtocolError);
              return true;
            },
          );
        });

    it("makes a plain session pass everything on from there, as input", () => {
      const walker = new ClientMessageWalker({ viewOnly: false });
      const request = rfb.updateRequest(true, 1, 1);
      const odd = Buffer.concat([request, Buffer.from([7, 1, 2, 3])]);
      assert.deepEqual(walker.walk(Buffer.from(odd)), odd);
      walker.sawInput = false;
      assert.deepEqual(walker.walk(Buffer.from(request)), request);
      assert.equal(walker.sawInput, true);
    });
  });
});
