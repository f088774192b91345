import assert from "node:assert/strict";
import { BmcProtocolError } from "../../../../../drivers/base.ts";
import { MessageSplitter } from "../../../../../drivers/browser/cdp/splitter.ts";

describe("the DevTools pipe's messages", () => {
  it("come out whole however they are cut", () => {
    const bytes = Buffer.from('{"id":1}\0{"method":"Ä"}\0{"id":2}\0');
    for (let size = 1; size <= bytes.length; size++) {
      const splitter = new MessageSplitter();
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        found.push(...splitter.push(bytes.subarray(at, at + size)));
      assert.deepEqual(found, ['{"id":1}', '{"method":"Ä"}', '{"id":2}'], `in pieces of ${size}`);
    }
  });

  it("wait for their end", () => {
    const splitter = new MessageSplitter();
    assert.deepEqual(splitter.push(Buffer.from("{}")), []);
    assert.deepEqual(splitter.push(Buffer.from("\0")), ["{}"]);
  });

  it("are refused when they are longer than the limit, in one piece or in many", () => {
    assert.deepEqual(new MessageSplitter(4).push(Buffer.from("1234\0")), ["1234"]);
    assert.throws(() => new MessageSplitter(4).push(Buffer.from("12345\0")), BmcProtocolError);
    const splitter = new MessageSplitter(4);
    splitter.push(Buffer.from("12"));
    splitter.push(Buffer.from("34"));
    assert.throws(() => splitter.push(Buffer.from("5")), BmcProtocolError);
  });
});
