/** The walker with conversations and bytes of any kind. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { TenantProtocolError } from "../../../../common/errors.ts";
import {
  ClientMessageWalker,
  type WalkerOptions,
} from "../../../../novncproxy/rfb/client-message-walker.ts";
import * as rfb from "../../../helpers/rfb-messages.ts";
import { IDRAC8, SAMPLES, walkAll, type Sample } from "../../../helpers/walker-samples.ts";

describe("client message walker, anything goes", () => {
  /** Any conversation, with what each kind of session should make of it. */
  const message = fc.oneof(
    fc.constantFrom(...SAMPLES),
    fc.uint8Array({ maxLength: 300 }).map((bytes): Sample => ({
      what: "ClientCutText",
      bytes: rfb.clientCutText(bytes),
      view: false,
      quirked: true,
    })),
    fc.array(fc.constantFrom(0, 1, 7, -223, -316), { maxLength: 8 }).map((list): Sample => ({
      what: "SetEncodings",
      bytes: rfb.setEncodings(list),
      view: true,
      quirked: rfb.setEncodings(
        [0, 1, -223].filter((one) => one === 0 || (list as number[]).includes(one)),
      ),
    })),
    fc.tuple(fc.nat(127), fc.nat(65_535), fc.nat(65_535)).map(([mask, x, y]): Sample => ({
      what: "PointerEvent",
      bytes: rfb.pointerEvent(mask, x, y),
      view: false,
      quirked: true,
    })),
  );
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

  it("makes the same of any conversation, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 30 }), places, (conversation, cuts) => {
        const pieces = rfb.cutAt(Buffer.concat(conversation.map((one) => one.bytes)), cuts);
        const quirked = conversation.map((one) =>
          one.quirked === true ? one.bytes : one.quirked === false ? Buffer.alloc(0) : one.quirked,
        );
        const viewed = conversation.filter((one) => one.view).map((one) => one.bytes);
        assert.deepEqual(walkAll({ viewOnly: false }, pieces), Buffer.concat(pieces));
        assert.deepEqual(walkAll({ viewOnly: true }, pieces), Buffer.concat(viewed));
        assert.deepEqual(
          walkAll({ viewOnly: false, quirks: IDRAC8 }, pieces),
          Buffer.concat(quirked),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("ends with one of our errors or passes on bounded output, whatever the bytes", () => {
    const options = fc.constantFrom<WalkerOptions>(
      { viewOnly: false },
      { viewOnly: true },
      { viewOnly: false, quirks: IDRAC8 },
      { viewOnly: true, quirks: { encodings: [0, 1, -258, -308, -316] } },
    );
    const byte = fc.oneof(fc.constantFrom(0, 2, 3, 4, 5, 6, 150, 248, 250, 251, 255), fc.nat(255));
    const chunks = fc.array(fc.array(byte, { maxLength: 60 }), { maxLength: 10 });
    fc.assert(
      fc.property(options, chunks, (how, list) => {
        const walker = new ClientMessageWalker(how);
        for (const one of list) {
          try {
            // an empty SetEncodings of 4 bytes becomes one of at most 24
            assert.ok(walker.walk(Buffer.from(one)).length <= one.length * 6 + 24);
          } catch (error) {
            assert.ok(error instanceof TenantProtocolError, String(error));
            return;
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("lets nothing but harmless messages out of a view-only session, whatever the bytes", () => {
    const byte = fc.oneof(fc.constantFrom(0, 2, 3, 4, 5, 6, 150, 248, 250, 251, 255), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 400 }), places, (list, cuts) => {
        const walker = new ClientMessageWalker({ viewOnly: true });
        const out: Buffer[] = [];
        try {
          for (const piece of rfb.cutAt(Buffer.from(list), cuts))
            out.push(Buffer.from(walker.walk(piece)));
        } catch (error) {
          assert.ok(error instanceof TenantProtocolError);
        }
        assertHarmless(Buffer.concat(out));
      }),
      { numRuns: 500 },
    );
  });
});

/** Reads what a machine would read, by RFC 6143's lengths. */
function assertHarmless(bytes: Buffer): void {
  let at = 0;
  while (at < bytes.length) {
    const type = bytes[at]!;
    assert.ok([0, 2, 3, 150, 248].includes(type), `type ${type} reached the machine`);
    if (type === 0) at += 20;
    else if (type === 2) at += at + 4 > bytes.length ? 4 : 4 + 4 * bytes.readUInt16BE(at + 2);
    else if (type === 248) at += at + 9 > bytes.length ? 9 : 9 + bytes[at + 8]!;
    else at += 10;
  }
}
