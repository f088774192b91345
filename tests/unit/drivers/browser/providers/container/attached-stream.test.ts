/** The engine's framing of a container's standard streams, cut anywhere. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import * as fc from "fast-check";
import { AttachedStream } from "../../../../../../drivers/browser/providers/container/attached-stream.ts";

function frame(kind: number, bytes: Buffer): Buffer {
  const header = Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

describe("an attached container", () => {
  let server: Server;
  let engine: Socket;
  let stream: AttachedStream;

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const ours = connect((server.address() as AddressInfo).port, "127.0.0.1");
    [engine] = (await once(server, "connection")) as [Socket];
    stream = new AttachedStream(ours, Buffer.alloc(0));
  });
  afterEach(async () => {
    stream.destroy();
    engine.destroy();
    server.close();
    await once(server, "close");
  });

  const collected = (): { output: () => Buffer; errors: () => Buffer } => {
    const parts: Buffer[][] = [[], []];
    stream.on("data", (bytes: Buffer) => parts[0]?.push(bytes));
    stream.stderr.on("data", (bytes: Buffer) => parts[1]?.push(bytes));
    return {
      output: () => Buffer.concat(parts[0] ?? []),
      errors: () => Buffer.concat(parts[1] ?? []),
    };
  };

  it("has its output and its errors apart, wherever they are cut", async () => {
    const both = collected();
    const sent = Buffer.concat([
      frame(1, Buffer.from("first ")),
      frame(2, Buffer.from("trouble ")),
      frame(1, Buffer.alloc(0)),
      frame(1, Buffer.from("second")),
      frame(2, Buffer.from("again")),
    ]);
    for (const byte of sent) {
      engine.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    engine.end();
    await once(stream, "end");
    assert.equal(both.output().toString(), "first second");
    assert.equal(both.errors().toString(), "trouble again");
  });

  it("gets what is written, without frames, and the end of it", async () => {
    stream.resume();
    stream.stderr.resume();
    let got = "";
    engine.setEncoding("utf8").on("data", (text: string) => (got += text));
    stream.write("hello");
    stream.end(" there");
    await once(engine, "end");
    assert.equal(got, "hello there");
  });

  it("is over once, for its reader and its writer, when the engine goes", async () => {
    let gone = 0;
    stream.on("gone", () => (gone += 1));
    stream.resume();
    stream.stderr.resume();
    const closed = once(stream, "close");
    engine.destroy();
    await closed;
    assert.equal(gone, 1);
  });

  it("is cut when what comes is framed otherwise", async () => {
    stream.resume();
    const closed = once(stream, "close");
    engine.write("HTTP/1.1 200 OK\r\n\r\n");
    await closed.catch(() => undefined);
    assert.match(stream.errored?.message ?? "", /no stream of frames/);
  });
});

describe("random bytes instead of frames", () => {
  it("never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const socket = connect({ port: 9, host: "127.0.0.1", autoSelectFamily: false }).on(
          "error",
          () => undefined,
        );
        const stream = new AttachedStream(socket, Buffer.from(bytes));
        stream.on("error", () => undefined);
        stream.destroy();
      }),
      { numRuns: 50 },
    );
  });
});
