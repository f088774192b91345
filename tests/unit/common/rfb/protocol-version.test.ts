import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  describeBadVersion,
  encodeProtocolVersion,
  parseProtocolVersion,
} from "../../../../common/rfb/protocol-version.ts";

const parse = (text: string) => parseProtocolVersion(Buffer.from(text, "latin1"));

describe("protocol version", () => {
  const known: [stated: string, treatedAs: string][] = [
    ["003.003", "3.3"],
    ["003.007", "3.7"],
    ["003.008", "3.8"],
    ["003.889", "3.8"],
    ["004.000", "3.8"],
    ["004.001", "3.8"],
    ["005.000", "3.8"],
    // RFC 6143 section 7.1.1: everything else of 3.x is 3.3
    ["003.004", "3.3"],
    ["003.005", "3.3"],
    ["003.006", "3.3"],
    ["003.009", "3.3"],
    ["003.016", "3.3"],
  ];
  for (const [stated, treatedAs] of known)
    it(`treats ${stated} as ${treatedAs}`, () => {
      assert.deepEqual(parse(`RFB ${stated}\n`), { stated, treatedAs });
    });

  for (const text of [
    "RFB 000.000\n", // UltraVNC repeater
    "RFB 055.008\n", // ATEN
    "RFB 004.002\n",
    "RFB 003.008\r",
    "RFB 3.8\n\n\n\n\n",
    "RFB 003,008\n",
    "rfb 003.008\n",
    "HTTP/1.1 400",
    "SSH-2.0-Open",
    "\0\0\0\0\0\0\0\0\0\0\0\0",
  ])
    it(`does not take ${JSON.stringify(text)} for a version`, () => {
      assert.equal(parse(text), undefined);
    });

  it("writes the three versions of RFC 6143", () => {
    assert.equal(encodeProtocolVersion("3.3").toString(), "RFB 003.003\n");
    assert.equal(encodeProtocolVersion("3.7").toString(), "RFB 003.007\n");
    assert.equal(encodeProtocolVersion("3.8").toString(), "RFB 003.008\n");
  });

  it("names ATEN's protocol when it meets it", () => {
    assert.match(describeBadVersion(Buffer.from("RFB 055.008\n")), /"RFB 055.008", ATEN/);
  });

  it("describes any twelve bytes on one printable line", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (bytes) => {
        assert.doesNotMatch(describeBadVersion(Buffer.from(bytes)), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
