import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Secret } from "../../../common/secret.ts";

describe("Secret", () => {
  const secret = new Secret("calvin");

  it("gives its text to who asks for it by name", () => {
    assert.equal(secret.reveal(), "calvin");
  });

  it("shows itself nowhere else", () => {
    const error = new Error(`failed with ${String(secret)}`, { cause: { secret } });
    const shown = [
      String(secret),
      JSON.stringify({ secret, list: [secret] }),
      inspect({ secret }, { depth: 9, showHidden: true }),
      inspect(error, { depth: 9 }),
      JSON.stringify(Object.entries(secret)),
    ].join();
    assert.doesNotMatch(shown, /calvin/);
    assert.match(shown, /\*{6}/);
  });
});
