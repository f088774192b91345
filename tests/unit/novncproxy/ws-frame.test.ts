import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  encodeClose,
  encodeFrame,
  encodeHeader,
  HEADER_ROOM,
  OPCODE,
  writeHeaderBefore,
} from "../../../novncproxy/ws-frame.ts";
import { chop, readWithWs } from "../../helpers/ws-oracle.ts";

const lengths = fc.oneof(
  fc.constantFrom(0, 1, 125, 126, 127, 0xffff, 0x10000, 0x10001),
  fc.integer({ min: 0, max: 300_000 }),
);

describe("writeHeaderBefore", () => {
  it("makes frames that ws reads, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(lengths, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 4 }),
        async (wanted, cuts) => {
          const frames = wanted.map((length, index) => {
            const backing = Buffer.alloc(HEADER_ROOM + length, index + 1);
            return backing.subarray(writeHeaderBefore(backing, HEADER_ROOM, length, OPCODE.binary));
          });
          const read = await readWithWs(chop(Buffer.concat(frames), cuts), "client");
          assert.deepEqual(read.errors, []);
          assert.deepEqual(
            read.messages.map(({ data, binary }) => [data.length, binary]),
            wanted.map((length) => [length, true]),
          );
          for (const [index, { data }] of read.messages.entries())
            assert.ok(data.every((byte) => byte === index + 1));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("encodeFrame, encodeHeader and encodeClose", () => {
  it("make text, pong and binary frames that ws reads", async () => {
    const bytes = Buffer.concat([
      encodeFrame(OPCODE.text, Buffer.from('{"type":"x"}')),
      encodeFrame(OPCODE.pong, Buffer.from("abc")),
      encodeHeader(OPCODE.binary, 3),
      Buffer.from([1, 2, 3]),
    ]);
    const read = await readWithWs([bytes], "client");
    assert.equal(read.messages[0]?.data.toString(), '{"type":"x"}');
    assert.equal(read.pongs[0]?.toString(), "abc");
    assert.deepEqual([...(read.messages[1]?.data ?? [])], [1, 2, 3]);
  });

  it("make close frames that ws reads", async () => {
    const coded = await readWithWs([encodeClose(1012, "proxy_shutdown")], "client");
    assert.deepEqual(coded.closes, [{ code: 1012, reason: "proxy_shutdown" }]);
    const bare = await readWithWs([encodeClose(undefined)], "client");
    assert.deepEqual(bare.closes, [{ code: 1005, reason: "" }]);
  });
});
