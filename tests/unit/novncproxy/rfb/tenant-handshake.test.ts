import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  ConsoleServiceError,
  HostTimeout,
  RFBAuthHandshakeFailed,
  TenantProtocolError,
  TooManySessions,
} from "../../../../common/errors.ts";
import { tenantHandshake } from "../../../../novncproxy/rfb/tenant-handshake.ts";
import { ChoppingChannel, CHOPPINGS } from "../../../helpers/chopping-channel.ts";
import { leaves, peer, proxy, runTranscript, u32, type Line } from "../../../helpers/transcript.ts";

const V33 = "RFB 003.003\n";
const V37 = "RFB 003.007\n";
const V38 = "RFB 003.008\n";
const UNABLE = "unable to connect to the console of this machine";

for (const chopping of CHOPPINGS)
  describe(`tenant handshake, bytes ${chopping}`, () => {
    const run = (lines: Line[], host: Promise<unknown> = Promise.resolve()) =>
      runTranscript(lines, (channel) => tenantHandshake(channel, host), {
        chopping,
        side: "tenant",
      });

    const talks: [what: string, lines: Line[]][] = [
      [
        "does 3.8: types, choice, SecurityResult, ClientInit",
        [proxy(V38), peer(V38), proxy([1, 1]), peer([1]), proxy(u32(0)), peer([1])],
      ],
      ["does 3.7: no SecurityResult", [proxy(V38), peer(V37), proxy([1, 1]), peer([1]), peer([0])]],
      ["does 3.3: a dictated type", [proxy(V38), peer(V33), proxy(u32(1)), peer([255])]],
      ["treats 3.5 as 3.3", [proxy(V38), peer("RFB 003.005\n"), proxy(u32(1)), peer([0])]],
      [
        "takes messages that come before they are asked for",
        [peer(V38, [1], [1]), proxy(V38, [1, 1], u32(0))],
      ],
    ];
    for (const [what, lines] of talks)
      it(what, async () => {
        await run(lines);
      });

    const hostFailure = new RFBAuthHandshakeFailed(
      "the host refused the VncAuth login: bad idrac7",
    );
    const refusal = (first: Buffer): Line => proxy(first, u32(UNABLE.length), UNABLE);
    for (const [what, lines] of [
      [
        "as SecurityResult in 3.8",
        [proxy(V38), peer(V38), proxy([1, 1]), peer([1]), refusal(u32(1))],
      ],
      ["instead of types in 3.7", [proxy(V38), peer(V37), refusal(Buffer.from([0]))]],
      ["instead of a type in 3.3", [proxy(V38), peer(V33), refusal(u32(0))]],
    ] as [string, Line[]][])
      it(`tells that the host failed ${what}, in a sentence that gives nothing away`, async () => {
        await assert.rejects(run(lines, Promise.reject(hostFailure)), hostFailure);
      });

    it("tells a safe error in its own words", async () => {
      const error = new TooManySessions("this machine has no free console");
      const lines = [
        proxy(V38),
        peer(V38),
        proxy([1, 1]),
        peer([1]),
        proxy(u32(1, 32), error.message),
      ];
      await assert.rejects(run(lines, Promise.reject(error)), error);
    });

    it("refuses any other security type, in RFB's form", async () => {
      const text = "security type choice: expected 1 (None), the only one offered, got 2";
      const lines = [
        proxy(V38),
        peer(V38),
        proxy([1, 1]),
        peer([2]),
        proxy(u32(1, text.length), text),
      ];
      await assert.rejects(run(lines), new TenantProtocolError(text));
    });

    it("refuses any other security type in 3.7, which has no form for it", async () => {
      await assert.rejects(
        run([proxy(V38), peer(V37), proxy([1, 1]), peer([0x80])]),
        TenantProtocolError,
      );
    });

    it("refuses what is no version", async () => {
      await assert.rejects(run([proxy(V38), peer("GET / HTTP/1")]), {
        code: "TENANT_PROTOCOL_ERROR",
        message:
          'ProtocolVersion: expected "RFB 003.008", "RFB 003.007" or "RFB 003.003", got "GET / HTTP/1"',
      });
    });

    it("passes on that the tenant left", async () => {
      await assert.rejects(run([proxy(V38), peer(V38), proxy([1, 1]), leaves]), /tenant closed/);
    });
  });

describe("tenant handshake", () => {
  it("writes the version before it returns its promise", async () => {
    const channel = new ChoppingChannel("whole", "tenant");
    const done = tenantHandshake(channel, Promise.resolve());
    assert.equal(channel.written.toString(), V38);
    channel.end();
    await assert.rejects(done);
  });

  it("holds SecurityResult back until the host has let us in, and writes it by itself", async () => {
    const channel = new ChoppingChannel("whole", "tenant");
    let letIn: () => void = () => assert.fail("not set");
    const host = new Promise<void>((resolve) => (letIn = resolve));
    const done = tenantHandshake(channel, host);
    channel.deliver(Buffer.from(`${V38}\x01\x01`, "latin1"));
    while (channel.reads.length < 2) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(channel.writes.slice(1), [Buffer.from([1, 1])]);
    letIn();
    await done;
    assert.deepEqual(channel.writes[2], u32(0));
  });

  it("leaves no unhandled rejection when both sides fail", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const channel = new ChoppingChannel("whole", "tenant");
      const done = tenantHandshake(channel, Promise.reject(new HostTimeout("dial: too long")));
      channel.end();
      await assert.rejects(done, TenantProtocolError);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(unhandled, []);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("ends with one of our errors or a result, whatever the bytes", async () => {
    const start = fc.constantFrom(V33, V37, V38, "");
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 40 }), async (version, bytes) => {
        const channel = new ChoppingChannel("whole", "tenant");
        channel.deliver(Buffer.concat([Buffer.from(version), Buffer.from(bytes)]));
        channel.end();
        try {
          await tenantHandshake(channel, Promise.resolve());
        } catch (error) {
          assert.ok(error instanceof ConsoleServiceError);
        }
      }),
      { numRuns: 200 },
    );
  });
});
