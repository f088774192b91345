import assert from "node:assert/strict";
import { hashToken, looksLikeToken, newToken } from "../../../common/token.ts";

describe("console auth tokens", () => {
  it("are 256 bits of base64url, never the same", () => {
    const tokens = Array.from({ length: 1000 }, newToken);
    assert.ok(tokens.every((token) => Buffer.from(token, "base64url").length === 32));
    assert.equal(new Set(tokens).size, 1000);
    assert.ok(tokens.every(looksLikeToken));
  });

  it("are stored as their SHA-256", () => {
    /* FIPS 180-4's example. */
    assert.equal(
      hashToken("abc"),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });

  for (const text of [
    "",
    "a",
    "a".repeat(42),
    "a".repeat(44),
    `${"a".repeat(42)}=`,
    `${"a".repeat(42)}\n`,
  ])
    it(`are not confused with ${JSON.stringify(text)}`, () => {
      assert.equal(looksLikeToken(text), false);
    });
});
