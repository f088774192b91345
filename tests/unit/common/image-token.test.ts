import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import {
  imagePath,
  ImageTokens,
  newGrantId,
  tokenInPath,
  withoutImageTokens,
} from "../../../common/image-token.ts";
import { SecretBox } from "../../../common/secret-box.ts";

const KEY = Buffer.alloc(32, 7);
const KEY_FILE = `k1:${KEY.toString("base64")}\n`;
const GRANT = {
  nodeUuid: "1be26c0b-03f2-4d2e-ae87-c02d7f33c123",
  imageUuid: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
  grantId: "00112233445566778899aabbccddeeff",
  expiresAt: 1_900_000_000_000,
};
const NOW = GRANT.expiresAt - 1000;

describe("the token of an image's URL", () => {
  const tokens = ImageTokens.from(new SecretBox(KEY_FILE));
  const token = tokens.sign(GRANT);

  it("says what it was signed for", () => {
    assert.deepEqual(tokens.verify(token, NOW), GRANT);
  });

  it("is an HMAC-SHA256 under a key derived from the key file, as RFC 5869 has it", () => {
    const bytes = Buffer.from(token, "base64url");
    const key = Buffer.from(hkdfSync("sha256", KEY, "", "virtual media links", 32));
    const mac = createHmac("sha256", key).update(bytes.subarray(0, -32)).digest();
    assert.ok(bytes.subarray(-32).equals(mac));
    assert.ok(bytes.includes(Buffer.from(GRANT.grantId, "hex")));
  });

  it("ends with its time", () => {
    assert.equal(tokens.verify(token, GRANT.expiresAt), undefined);
  });

  it("is worth nothing after any change to any of its characters", () => {
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === "A" ? "B" : "A";
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      assert.equal(tokens.verify(changed, NOW), undefined, `character ${at}`);
    }
    for (const cut of [token.slice(1), token.slice(0, -1), `${token}A`, "", "A".repeat(115)])
      assert.equal(tokens.verify(cut, NOW), undefined);
  });

  it("has one spelling: spare bits of base64url do not make a second one", () => {
    const last = token.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const twins = alphabet
      .split("")
      .filter(
        (letter) =>
          letter !== last &&
          Buffer.from(token.slice(0, -1) + letter, "base64url").equals(
            Buffer.from(token, "base64url"),
          ),
      );
    assert.ok(twins.length > 0);
    for (const twin of twins)
      assert.equal(tokens.verify(token.slice(0, -1) + twin, NOW), undefined);
  });

  it("is not believed under another key, and is under an older one that is still in the file", () => {
    const fresh = SecretBox.newKeyFileText();
    assert.equal(ImageTokens.from(new SecretBox(fresh)).verify(token, NOW), undefined);
    const rotated = ImageTokens.from(new SecretBox(fresh + KEY_FILE));
    assert.deepEqual(rotated.verify(token, NOW), GRANT);
    assert.notEqual(rotated.sign(GRANT), token);
  });

  it("names attachments that nobody guesses", () => {
    assert.match(newGrantId(), /^[0-9a-f]{32}$/);
    assert.notEqual(newGrantId(), newGrantId());
  });

  for (const [name, path] of [
    ["debian-13.iso", "debian-13.iso"],
    ["../../etc/passwd", "etc-passwd.iso"],
    ["a b\r\nX-Evil: 1", "a-b-X-Evil-1.iso"],
    ["\u202e", "image.iso"],
    ["", "image.iso"],
    ["x".repeat(300), `${"x".repeat(40)}.iso`],
  ] as const)
    it(`leads through a path that a BMC takes, for an image called ${JSON.stringify(name).slice(0, 30)}`, () => {
      const whole = imagePath(token, name, "iso");
      assert.equal(whole, `/v1/vmedia/${token}/${path}`);
      assert.equal(tokenInPath(whole), token);
      assert.equal(tokenInPath(`/behind/a/proxy${whole}`), token);
    });

  it("is found in no other path", () => {
    for (const path of [
      "/",
      `/v1/vmedia/${token}`,
      `/v1/vmedia/${token}/`,
      `/v1/vmedia/${token}/../x`,
      `/v1/vmedia/${token}/a/b.iso`,
      `/v1/vmedia/${token}x/b.iso`,
      `/v1/vmedia/${token}/%2e%2e`,
    ])
      assert.equal(tokenInPath(path), undefined, path);
  });

  it("is taken out of texts", () => {
    const text = `cannot open http://192.0.2.1:6092/v1/vmedia/${token}/a.iso: refused`;
    assert.equal(
      withoutImageTokens(text),
      "cannot open http://192.0.2.1:6092/v1/vmedia/******/a.iso: refused",
    );
  });
});
