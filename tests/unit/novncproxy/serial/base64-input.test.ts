import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Base64Input } from "../../../../novncproxy/serial/base64-input.ts";

describe("Base64Input", () => {
  it("decodes messages cut anywhere, each with its own padding", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        (messages, cuts) => {
          const text = messages.map((one) => Buffer.from(one).toString("base64")).join("");
          const input = new Base64Input();
          const out: Buffer[] = [];
          for (let at = 0, turn = 0; at < text.length; turn += 1) {
            const length = cuts[turn % cuts.length]!;
            out.push(input.decode(Buffer.from(text.slice(at, at + length), "latin1")));
            at += length;
          }
          assert.deepEqual(Buffer.concat(out), Buffer.concat(messages));
        },
      ),
    );
  });

  it("skips what is not base64", () => {
    const input = new Base64Input();
    assert.equal(input.decode(Buffer.from("bH\r\nM=\u0000")).toString(), "ls");
    assert.equal(input.decode(Buffer.from("====")).toString(), "");
    assert.equal(input.decode(Buffer.from("Cg==")).toString(), "\n");
  });
});
