import assert from "node:assert/strict";
import { HandshakeQueue } from "../../../novncproxy/handshake-queue.ts";

describe("HandshakeQueue", () => {
  it("gives exact lengths, however the bytes arrive", async () => {
    const queue = new HandshakeQueue();
    const first = queue.read("ProtocolVersion", 5, 1000);
    for (const byte of Buffer.from("hello wor")) queue.push(Buffer.from([byte]));
    assert.equal((await first).toString(), "hello");
    assert.equal((await queue.read("rest", 4, 1000)).toString(), " wor");
    assert.equal((await queue.read("nothing", 0, 1000)).length, 0);
  });

  it("fails a read at its deadline, with the read's name", async () => {
    const queue = new HandshakeQueue();
    const read = queue.read("SecurityResult", 4, 1000);
    queue.expire(999, () => new Error("too early"));
    queue.expire(1000, (name) => new Error(`no ${name}`));
    await assert.rejects(read, /no SecurityResult/);
  });

  it("gives what arrived before the peer left, then the failure", async () => {
    const queue = new HandshakeQueue();
    queue.push(Buffer.from("ab"));
    queue.fail((waitingFor) => new Error(`left, ${waitingFor ?? "nobody waited"}`));
    assert.equal((await queue.read("a", 1, 1000)).toString(), "a");
    await assert.rejects(queue.read("two more", 2, 1000), /left, nobody waited/);
  });

  it("hands on what was not read", () => {
    const queue = new HandshakeQueue();
    queue.push(Buffer.from("ahead"));
    assert.equal(queue.takeRest().toString(), "ahead");
    assert.equal(queue.length, 0);
  });
});
