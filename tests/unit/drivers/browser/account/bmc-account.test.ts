import assert from "node:assert/strict";
import {
  accountName,
  accountPassword,
} from "../../../../../drivers/browser/account/bmc-account.ts";

describe("an account for one session", () => {
  it("has a name that IPMI takes, after its session", () => {
    assert.equal(accountName("abcdefghij012345"), "conabcdefghij");
  });

  it("has a password with a character of each kind, a letter first, and never the same", () => {
    const seen = new Set<string>();
    for (let count = 0; count < 200; count += 1) {
      const password = accountPassword().reveal();
      assert.equal(password.length, 16);
      for (const kind of [/^[a-z]/, /[A-Z]/, /[0-9]/, /[-_+]/]) assert.match(password, kind);
      seen.add(password);
    }
    assert.equal(seen.size, 200);
  });
});
