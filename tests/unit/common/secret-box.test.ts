import assert from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import * as fc from "fast-check";
import { ConsoleServiceError, StartupError } from "../../../common/errors.ts";
import { SecretBox, isSealed } from "../../../common/secret-box.ts";
import { Secret } from "../../../common/secret.ts";

const PLACE = "nodes/6d1c/driver_info/vnc_password";
const KEY = Buffer.alloc(32, 7);
const KEY_FILE = `k1:${KEY.toString("base64")}\n`;

describe("SecretBox", () => {
  const box = new SecretBox(KEY_FILE);

  it("opens what it sealed, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        assert.equal(box.open(box.seal(new Secret(text), PLACE), PLACE).reveal(), text);
      }),
    );
  });

  it("makes envelopes that OpenSSL's AES-256-GCM opens with the place as additional data", () => {
    const { $sealed } = box.seal(new Secret("calvin"), PLACE);
    const [prefix, id, nonce = "", body = ""] = $sealed.split(".");
    assert.deepEqual([prefix, id], ["bmc1", "k1"]);
    const bytes = Buffer.from(body, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", KEY, Buffer.from(nonce, "base64url"));
    decipher.setAAD(Buffer.from(PLACE)).setAuthTag(bytes.subarray(-16));
    const clear = decipher.update(bytes.subarray(0, -16)).toString() + decipher.final().toString();
    assert.equal(clear, "calvin");
  });

  it("never makes the same envelope twice", () => {
    const secret = new Secret("calvin");
    assert.notEqual(box.seal(secret, PLACE).$sealed, box.seal(secret, PLACE).$sealed);
  });

  it("does not open an envelope copied to another place", () => {
    const sealed = box.seal(new Secret("calvin"), PLACE);
    assert.throws(
      () => box.open(sealed, "nodes/other/driver_info/vnc_password"),
      ConsoleServiceError,
    );
  });

  it("does not open an envelope with one bit changed anywhere", () => {
    const { $sealed } = box.seal(new Secret("calvin"), PLACE);
    const [prefix, id, nonce, body = ""] = $sealed.split(".");
    const bytes = Buffer.from(body, "base64url");
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const envelope = [prefix, id, nonce, changed.toString("base64url")].join(".");
      assert.throws(() => box.open({ $sealed: envelope }, PLACE), ConsoleServiceError);
    }
  });

  for (const envelope of [
    "",
    "bmc1",
    "bmc1.k1..",
    "bmc2.k1.AAAA.AAAA",
    "bmc1.k1.AAAA.AAAA",
    "....",
  ])
    it(`refuses the malformed envelope "${envelope}"`, () => {
      assert.throws(() => box.open({ $sealed: envelope }, PLACE), ConsoleServiceError);
    });

  it("opens with every key of the file, seals with the first, and names an unknown one", () => {
    const old = box.seal(new Secret("calvin"), PLACE);
    const rotated = new SecretBox(SecretBox.newKeyFileText() + KEY_FILE);
    assert.equal(rotated.open(old, PLACE).reveal(), "calvin");
    const fresh = rotated.seal(new Secret("hobbes"), PLACE);
    assert.throws(() => box.open(fresh, PLACE), /key "k[0-9a-f]{8}" is not in the key file/);
  });

  it("skips comments and empty lines of the key file", () => {
    const commented = new SecretBox(`# made in 2026\n\n${KEY_FILE}`);
    assert.equal(commented.open(box.seal(new Secret("calvin"), PLACE), PLACE).reveal(), "calvin");
  });

  for (const text of ["", "\n", "k1\n", "k1:AAAA\n", `bad id:${KEY.toString("base64")}\n`])
    it(`refuses the key file ${JSON.stringify(text)}`, () => {
      assert.throws(() => new SecretBox(text), StartupError);
    });

  it("names the line of a malformed key and not the key", () => {
    assert.throws(
      () => new SecretBox(`${KEY_FILE}k2:c2hvcnQ=\n`),
      (error: Error) => /line 2/.test(error.message) && !error.message.includes("c2hvcnQ"),
    );
  });

  it("recognises sealed values", () => {
    assert.ok(isSealed(box.seal(new Secret("x"), PLACE)));
    assert.ok(![null, "x", {}, { $sealed: 1 }].some(isSealed));
  });
});
