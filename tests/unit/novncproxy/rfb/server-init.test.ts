import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ConsoleServiceError, RFBProtocolError } from "../../../../common/errors.ts";
import { encodeServerInit, readServerInit } from "../../../../novncproxy/rfb/server-init.ts";
import { ChoppingChannel, CHOPPINGS } from "../../../helpers/chopping-channel.ts";
import { leaves, peer, runTranscript, u32 } from "../../../helpers/transcript.ts";

/** As TigerVNC sends it: 1024x768, 32 bits, depth 24, little-endian, BGRX in memory. */
const FORMAT = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
const SIZE = [4, 0, 3, 0];

describe("ServerInit", () => {
  for (const chopping of CHOPPINGS)
    it(`is read, bytes ${chopping}`, async () => {
      const lines = [peer(SIZE, FORMAT, u32(5), "node\x07")];
      const init = await runTranscript(lines, readServerInit, { chopping });
      assert.equal(init.width, 1024);
      assert.equal(init.height, 768);
      assert.deepEqual(init.pixelFormat, {
        bitsPerPixel: 32,
        depth: 24,
        bigEndian: false,
        trueColour: true,
        redMax: 255,
        greenMax: 255,
        blueMax: 255,
        redShift: 16,
        greenShift: 8,
        blueShift: 0,
      });
      assert.deepEqual(
        init.bytes,
        Buffer.from([...SIZE, ...FORMAT, 0, 0, 0, 5, 110, 111, 100, 101, 7]),
      );
    });

  it("takes no longer with the longest name, of blanks that something follows", async () => {
    const name = `${" ".repeat(65_535)}x`;
    const begin = performance.now();
    const init = await runTranscript([peer(SIZE, FORMAT, u32(65_536), name)], readServerInit);
    assert.ok(performance.now() - begin < 500);
    assert.equal(init.bytes.length, 24 + 65_536);
  });

  it("is read without a name", async () => {
    const init = await runTranscript([peer(SIZE, FORMAT, u32(0))], readServerInit);
    assert.equal(init.bytes.length, 24);
  });

  it("is refused with a name of 4 GiB, which is not read", async () => {
    const run = runTranscript([peer(SIZE, FORMAT, u32(0xffffffff))], readServerInit);
    await assert.rejects(run, (error: Error) => {
      assert.ok(error instanceof RFBProtocolError);
      assert.match(error.message, /at most 65536 bytes expected, got one of 4294967295/);
      return true;
    });
  });

  it("is refused when the host leaves inside it", async () => {
    await assert.rejects(
      runTranscript([peer(SIZE), leaves], readServerInit),
      /ServerInit: the host closed/,
    );
  });

  it("keeps everything but the pixel format when that is rewritten", async () => {
    const init = await runTranscript([peer(SIZE, FORMAT, u32(2), "bm")], readServerInit);
    const rgb565 = {
      bitsPerPixel: 16,
      depth: 16,
      bigEndian: true,
      trueColour: true,
      redMax: 31,
      greenMax: 63,
      blueMax: 31,
      redShift: 11,
      greenShift: 5,
      blueShift: 0,
    };
    assert.deepEqual(
      [...encodeServerInit(init, rgb565)],
      [...SIZE, 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0, 0, 0, 0, 2, 98, 109],
    );
    assert.deepEqual([...init.bytes.subarray(4, 20)], FORMAT);
  });

  it("is read or refused with one of our errors, whatever the bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
        const channel = new ChoppingChannel();
        channel.deliver(bytes);
        channel.end();
        try {
          await readServerInit(channel);
        } catch (error) {
          assert.ok(error instanceof ConsoleServiceError);
        }
      }),
      { numRuns: 200 },
    );
  });
});
