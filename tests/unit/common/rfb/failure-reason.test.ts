import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  encodeFailureReason,
  printableBytes,
  readFailureReason,
} from "../../../../common/rfb/failure-reason.ts";
import { ChoppingChannel } from "../../../helpers/chopping-channel.ts";
import { leaves, peer, runTranscript, u32, type Line } from "../../../helpers/transcript.ts";

describe("failure reason", () => {
  const cases: [what: string, lines: Line[], text: string][] = [
    ["quotes it", [peer(u32(4), "busy")], "busy"],
    [
      "trims the NUL that QEMU counts",
      [peer(u32(22), "Authentication failed\0")],
      "Authentication failed",
    ],
    ["says so when it is empty", [peer(u32(0))], "no reason given"],
    ["says so when the host leaves instead", [leaves], "no reason given"],
    [
      "says so when the host leaves inside it",
      [peer(u32(40), "The ser"), leaves],
      "no reason given",
    ],
    [
      "does not read one of 4 GiB",
      [peer(u32(0xffffffff))],
      "a reason of 4294967295 bytes, more than is read",
    ],
    [
      "does not read one of 4097 bytes",
      [peer(u32(4097))],
      "a reason of 4097 bytes, more than is read",
    ],
    ["escapes what could forge a log line", [peer(u32(8), "a\nERROR\x1b")], "a\\nERROR\\u{1b}"],
    ["reads UTF-8", [peer(u32(3), Buffer.from("ü!"))], "ü!"],
    ["reads Latin-1 where it is no UTF-8", [peer(u32(2), [0xfc, 0x21])], "ü!"],
  ];
  for (const [what, lines, text] of cases)
    it(what, async () => {
      assert.equal(await runTranscript(lines, readFailureReason), text);
    });

  it("cuts a long one to 256 characters", async () => {
    const text = await runTranscript([peer(u32(4096), "x".repeat(4096))], readFailureReason);
    assert.equal(text, `${"x".repeat(255)}…`);
  });

  it("is one line without control or format characters, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = printableBytes(Buffer.from(bytes));
        assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        assert.ok(text.length <= 256);
      }),
    );
  });

  it("escapes direction marks", () => {
    assert.equal(printableBytes(Buffer.from("a\u202eb")), "a\\u{202e}b");
  });

  it("reads UTF-8 that has a character at the place where it is cut", () => {
    const text = "ü".repeat(600);
    for (const bytes of [Buffer.from(text), Buffer.from(`x${text}`)])
      assert.match(printableBytes(bytes), /^x?ü{254,255}…$/);
  });

  it("takes no longer for 64 KiB of blanks that something follows than for any other text", () => {
    const begin = performance.now();
    for (const blank of [" ", "\0", "\n"]) printableBytes(Buffer.from(`${blank.repeat(65_535)}x`));
    assert.ok(performance.now() - begin < 100);
  });

  it("never throws and never reads beyond its limit, whatever the bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const channel = new ChoppingChannel();
        channel.deliver(bytes);
        channel.end();
        assert.equal(typeof (await readFailureReason(channel)), "string");
      }),
      { numRuns: 100 },
    );
  });

  it("is written as its length in bytes and UTF-8", () => {
    assert.deepEqual(encodeFailureReason("nö"), Buffer.from([0, 0, 0, 3, 0x6e, 0xc3, 0xb6]));
  });
});
