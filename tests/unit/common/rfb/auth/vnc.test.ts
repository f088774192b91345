import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import * as fc from "fast-check";
import { Secret } from "../../../../../common/secret.ts";
import { vncResponse } from "../../../../../common/rfb/auth/vnc.ts";

const COUNTING = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");

/** OpenSSL's triple DES with one key three times is single DES. */
function opensslResponse(password: string, challenge: Uint8Array): string {
  const key = Buffer.alloc(8);
  Buffer.from(password, "utf8").copy(key, 0, 0, 8);
  const reversed = Buffer.from(
    [...key].map((byte) =>
      Number.parseInt(byte.toString(2).padStart(8, "0").split("").toReversed().join(""), 2),
    ),
  );
  const cipher = createCipheriv(
    "des-ede3-ecb",
    Buffer.concat([reversed, reversed, reversed]),
    null,
  );
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]).toString("hex");
}

describe("VNC authentication (type 2)", () => {
  for (const [password, response] of [
    ["password", "b866924125c8eebb9debc1db61c538e2"],
    ["", "491e890de9ace932838a49792f2213f3"],
    ["longer-than-eight", "d7f5512dcd81e076eaf94d16cb29ec75"],
  ] as const)
    it(`answers the counting challenge for ${JSON.stringify(password)}`, () => {
      assert.equal(vncResponse(new Secret(password), COUNTING).toString("hex"), response);
    });

  it("looks at eight bytes of the password only", () => {
    assert.deepEqual(
      vncResponse(new Secret("vncpass1XYZ"), COUNTING),
      vncResponse(new Secret("vncpass1"), COUNTING),
    );
  });

  it("answers as OpenSSL does, for any password and challenge", () => {
    const challenge = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), challenge, (password, bytes) => {
        assert.equal(
          vncResponse(new Secret(password), bytes).toString("hex"),
          opensslResponse(password, bytes),
        );
      }),
    );
  });
});
