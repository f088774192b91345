import assert from "node:assert/strict";
import { isRightResponse } from "../../../../cli/demo/vnc-auth.ts";
import { Secret } from "../../../../common/secret.ts";

const CHALLENGE = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");

/* Answers computed with node-forge, OpenSSL and PyCryptodome, all three agreeing. */
const ANSWERS = {
  password: "b866924125c8eebb9debc1db61c538e2",
  "": "491e890de9ace932838a49792f2213f3",
  "longer-than-eight": "d7f5512dcd81e076eaf94d16cb29ec75",
};

describe("VNC authentication of the simulated BMC", () => {
  for (const [password, answer] of Object.entries(ANSWERS))
    it(`expects the known answer for the password "${password}"`, () => {
      assert.ok(isRightResponse(new Secret(password), CHALLENGE, Buffer.from(answer, "hex")));
    });

  it("refuses the answer for another password, and one of another length", () => {
    const answer = Buffer.from(ANSWERS.password, "hex");
    assert.equal(isRightResponse(new Secret("passwore"), CHALLENGE, answer), false);
    assert.equal(isRightResponse(new Secret("password"), CHALLENGE, answer.subarray(1)), false);
  });
});
