import assert from "node:assert/strict";
import { ConsoleError } from "../../../common/errors.ts";
import { Secret } from "../../../common/secret.ts";
import { scrubError, scrubText, secretsIn } from "../../../conductor/scrub.ts";

describe("scrub", () => {
  const secrets = secretsIn([
    { a: { list: [new Secret("s3cret!")] } },
    new Secret("ab"),
    "plain",
    null,
  ]);

  it("finds secrets at any depth", () => {
    assert.deepEqual(
      secrets.map((secret) => secret.reveal()),
      ["s3cret!", "ab"],
    );
  });

  it("takes every occurrence out of a text, but no secret that is too short to be one", () => {
    assert.equal(
      scrubText("user s3cret! said s3cret! and ab", secrets),
      "user ****** said ****** and ab",
    );
  });

  it("cleans message, stack and causes and keeps the error's identity", () => {
    const cause = new Error("login with s3cret! failed");
    const error = new ConsoleError("s3cret! refused", { cause });
    assert.equal(scrubError(error, secrets), error);
    assert.equal(error.message, "****** refused");
    for (const text of [error.stack, cause.message, cause.stack])
      assert.ok(text?.includes("******") && !text.includes("s3cret!"));
  });

  it("makes a plain line of bounded length of what a machine said", () => {
    const error = new ConsoleError(`s3cret!\n\u001b[2J\u202e${"x".repeat(100_000)}`);
    scrubError(error, secrets);
    assert.match(error.message, /^\*{6}\\n\\u\{1b\}\[2J\\u\{202e\}x+…$/);
    assert.equal(error.message.length, 2000);
  });

  it("cleans a text that was thrown, and leaves what is neither as it is", () => {
    assert.equal(scrubError("s3cret!\r", secrets), "******\\r");
    assert.equal(scrubError(5, secrets), 5);
  });

  it("ends on causes that go in circles", () => {
    const error = new Error("s3cret!");
    error.cause = error;
    scrubError(error, secrets);
    assert.equal(error.message, "******");
  });
});
