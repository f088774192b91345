import assert from "node:assert/strict";
import * as fc from "fast-check";
import { HostError } from "../../../../common/errors.ts";
import { ClientFrameWriter } from "../../../../common/host-websocket/client-frames.ts";
import { ServerFrameReader } from "../../../../common/host-websocket/server-frames.ts";
import { chop, clientFrame, readWithWs } from "../../../helpers/ws-oracle.ts";

interface Seen {
  readonly data: Buffer;
  readonly events: string[];
}

/** What our reader makes of bytes cut into chunks. */
function read(bytes: Buffer, sizes: readonly number[] = []): Seen {
  const events: string[] = [];
  const reader = new ServerFrameReader({
    onPing: (payload) => events.push(`ping ${payload.toString("latin1")}`),
    onPong: (payload) => events.push(`pong ${payload.toString("latin1")}`),
    onClose: (code, reason) => events.push(`close ${code} ${reason}`),
  });
  const data = chop(bytes, sizes).map((chunk) => Buffer.from(reader.read(chunk)));
  return { data: Buffer.concat(data), events };
}

/** As a server sends it. */
function serverFrame(opcode: number, payload: Uint8Array | string, more: object = {}): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  return clientFrame(opcode, bytes, { mask: false, ...more });
}

function refuses(bytes: Buffer, words: RegExp): void {
  for (const sizes of [[], [1]])
    assert.throws(
      () => read(bytes, sizes),
      (error) => error instanceof HostError && words.test(error.message),
    );
}

describe("ServerFrameReader", () => {
  it("reads what the ws package sends, however it is cut", () => {
    const message = fc.record({
      payload: fc.uint8Array({ maxLength: 300 }),
      parts: fc.integer({ min: 1, max: 3 }),
      ping: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
        (messages, sizes) => {
          const frames: Buffer[] = [];
          let pings = 0;
          for (const { payload, parts, ping } of messages) {
            const size = Math.ceil(payload.length / parts);
            for (let part = 0; part < parts; part += 1) {
              const piece = payload.subarray(part * size, (part + 1) * size);
              const opcode = part === 0 ? 2 : 0;
              frames.push(serverFrame(opcode, piece, { fin: part === parts - 1 }));
              if (ping) frames.push(serverFrame(9, `${(pings += 1)}`));
            }
          }
          const seen = read(Buffer.concat(frames), sizes);
          const sent = Buffer.concat(messages.map(({ payload }) => payload));
          assert.deepEqual(seen.data, sent);
          assert.equal(seen.events.length, pings);
        },
      ),
    );
  });

  it("reads frames with lengths of 16 and 64 bits", () => {
    for (const length of [125, 126, 65_535, 65_536, 200_000]) {
      const payload = Buffer.alloc(length, 7);
      assert.deepEqual(read(serverFrame(2, payload), [1460]).data, payload, String(length));
    }
  });

  it("passes on the data of a chunk without a copy", () => {
    const reader = new ServerFrameReader({
      onPing: () => assert.fail(),
      onPong: () => assert.fail(),
      onClose: () => assert.fail(),
    });
    const chunk = Buffer.concat([serverFrame(2, "one"), serverFrame(2, "two")]);
    const data = reader.read(chunk);
    assert.equal(data.toString(), "onetwo");
    assert.equal(data.buffer, chunk.buffer);
  });

  it("tells a close with and without a code, and reads nothing behind it", () => {
    const goodbye = Buffer.concat([Buffer.from([3, 232]), Buffer.from("Buffer overrun")]);
    const bytes = Buffer.concat([
      serverFrame(2, "a"),
      serverFrame(8, goodbye),
      serverFrame(2, "b"),
    ]);
    assert.deepEqual(read(bytes), {
      data: Buffer.from("a"),
      events: ["close 1000 Buffer overrun"],
    });
    assert.deepEqual(read(serverFrame(8, "")).events, ["close 1005 "]);
  });

  it("refuses what a server must not send", () => {
    refuses(clientFrame(2, Buffer.from("masked")), /masked/);
    refuses(serverFrame(2, "x", { rsv1: true }), /reserved bit/);
    refuses(serverFrame(1, "text"), /text/);
    refuses(serverFrame(3, "x"), /unknown opcode 3/);
    refuses(serverFrame(11, "x"), /unknown opcode 11/);
    refuses(serverFrame(0, "x"), /continues no message/);
    refuses(
      Buffer.concat([serverFrame(2, "x", { fin: false }), serverFrame(2, "y")]),
      /begins inside another/,
    );
    refuses(serverFrame(9, "x", { fin: false }), /fragmented/);
    refuses(Buffer.from([0x89, 126, 0, 200]), /control frame is too long/);
    refuses(Buffer.from([0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), /too long/);
    refuses(Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]), /too long/);
  });

  it("gives up on nonsense with one kind of error, and never returns more than it got", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          assert.ok(read(Buffer.from(bytes), [17]).data.length <= bytes.length);
        } catch (error) {
          assert.ok(error instanceof HostError);
        }
      }),
    );
  });
});

describe("ClientFrameWriter", () => {
  it("writes what the ws package reads as a server", async () => {
    const writer = new ClientFrameWriter();
    const payloads = [0, 1, 3, 125, 126, 1024, 65_535, 65_536].map((length) =>
      Buffer.from(Uint8Array.from({ length }, (_none, index) => index & 0xff)),
    );
    const frames = [
      ...payloads.map((payload) => writer.frame(2, payload)),
      writer.frame(9, Buffer.from("ping")),
      writer.frame(8, Buffer.from([3, 232])),
    ];
    const seen = await readWithWs(frames, "server");
    assert.deepEqual(seen.errors, []);
    assert.deepEqual(
      seen.messages.map(({ data }) => data),
      payloads,
    );
    assert.deepEqual(seen.pings, [Buffer.from("ping")]);
    assert.deepEqual(seen.closes, [{ code: 1000, reason: "" }]);
  });

  it("uses another key for every frame", () => {
    const writer = new ClientFrameWriter();
    const keys = Array.from({ length: 200 }, () =>
      writer.frame(2, Buffer.alloc(0)).subarray(2).toString("hex"),
    );
    assert.equal(new Set(keys).size, keys.length);
  });
});
