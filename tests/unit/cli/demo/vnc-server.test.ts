import assert from "node:assert/strict";
import * as fc from "fast-check";
import { startVncServer, type VncServer } from "../../../../cli/demo/vnc-server.ts";
import { Secret } from "../../../../common/secret.ts";
import { VncViewerFake, desResponse } from "../../../fakes/vnc-viewer.ts";

const PASSWORD = "s3cretpw";
const CELL_BYTES = 12 * 18 * 4;

describe("the simulated BMC's VNC server", () => {
  let server: VncServer;
  let viewers: VncViewerFake[];
  let aheadMs: number;

  beforeEach(async () => {
    viewers = [];
    aheadMs = 0;
    server = await startVncServer({
      port: 0,
      password: new Secret(PASSWORD),
      clock: { now: () => Date.now() + aheadMs },
    });
  });

  afterEach(async () => {
    for (const viewer of viewers) await viewer.end();
    await server.stop();
  });

  function connect(): VncViewerFake {
    const viewer = new VncViewerFake(server.port);
    viewers.push(viewer);
    return viewer;
  }

  async function loggedIn(): Promise<VncViewerFake> {
    const viewer = connect();
    assert.ok(await viewer.logIn(PASSWORD));
    return viewer;
  }

  /** Lets the boot log end, after which the prompt takes keys. */
  async function bootUp(viewer: VncViewerFake): Promise<void> {
    aheadMs += 60_000;
    viewer.requestUpdate(false);
    await viewer.readUpdate();
  }

  describe("handshake", () => {
    it("offers VNC authentication only, and shows its screen to who knows the password", async () => {
      const viewer = connect();
      assert.equal((await viewer.read(12)).toString(), "RFB 003.008\n");
      viewer.write("RFB 003.008\n");
      assert.deepEqual([...(await viewer.read(2))], [1, 2]);
      viewer.write(Buffer.from([2]));
      viewer.write(desResponse(PASSWORD, await viewer.read(16)));
      assert.equal((await viewer.read(4)).readUInt32BE(), 0);
      viewer.write(Buffer.from([0]));
      assert.deepEqual(await viewer.readServerInit(), {
        width: 960,
        height: 540,
        bitsPerPixel: 32,
        name: "demo-server",
      });
    });

    it("gives version 3.8 a reason when the password is wrong, and closes", async () => {
      const viewer = connect();
      assert.equal(await viewer.logIn("wrong"), undefined);
      const length = (await viewer.read(4)).readUInt32BE();
      assert.equal((await viewer.read(length)).toString(), "Authentication failed");
      await viewer.closed();
    });

    it("gives version 3.7 no reason", async () => {
      const viewer = connect();
      await viewer.read(12);
      viewer.write("RFB 003.007\n");
      assert.deepEqual([...(await viewer.read(2))], [1, 2]);
      viewer.write(Buffer.concat([Buffer.from([2]), Buffer.alloc(16)]));
      await viewer.read(16);
      assert.equal((await viewer.read(4)).readUInt32BE(), 1);
      await viewer.closed();
      await assert.rejects(viewer.read(1));
    });

    for (const version of ["RFB 003.003\n", "RFB 003.005\n"])
      it(`decides the security type itself for ${version.trim()}`, async () => {
        const viewer = connect();
        await viewer.read(12);
        viewer.write(version);
        assert.equal((await viewer.read(4)).readUInt32BE(), 2);
        viewer.write(desResponse(PASSWORD, await viewer.read(16)));
        assert.equal((await viewer.read(4)).readUInt32BE(), 0);
      });

    it("sends a new challenge every time", async () => {
      const challenges = new Set<string>();
      for (let round = 0; round < 3; round++) {
        const viewer = connect();
        await viewer.read(12);
        viewer.write("RFB 003.003\n");
        await viewer.read(4);
        challenges.add((await viewer.read(16)).toString("hex"));
      }
      assert.equal(challenges.size, 3);
    });

    for (const [what, bytes] of Object.entries({
      "no RFB version": "GET / HTTP/1.1\r\n\r\n",
      "a security type that was not offered": "RFB 003.008\n\u0001",
    }))
      it(`closes when it hears ${what}`, async () => {
        const viewer = connect();
        await viewer.read(12);
        viewer.write(bytes);
        await viewer.closed();
      });

    it("works one byte at a time", async () => {
      const viewer = connect();
      const send = async (bytes: Buffer): Promise<void> => {
        for (const byte of bytes) {
          viewer.write(Buffer.from([byte]));
          await new Promise(setImmediate);
        }
      };
      await viewer.read(12);
      await send(Buffer.from("RFB 003.008\n\u0002"));
      await viewer.read(2);
      await send(desResponse(PASSWORD, await viewer.read(16)));
      await viewer.read(4);
      await send(Buffer.from([1]));
      assert.equal((await viewer.readServerInit()).name, "demo-server");
    });
  });

  describe("screen", () => {
    it("sends everything once, then only what changes", async () => {
      const viewer = await loggedIn();
      viewer.requestUpdate(false);
      const all = await viewer.readUpdate();
      assert.equal(
        all.reduce((sum, each) => sum + each.pixels.length, 0),
        960 * 540 * 4,
      );
      viewer.requestUpdate(true);
      const some = await viewer.readUpdate();
      const bytes = some.reduce((sum, each) => sum + each.pixels.length, 0);
      assert.ok(bytes > 0 && bytes < 200 * CELL_BYTES, `${bytes} bytes`);
    });

    it("keeps its rectangles inside the screen when more is asked for", async () => {
      const viewer = await loggedIn();
      viewer.requestUpdate(false, 65535, 65535);
      const all = await viewer.readUpdate();
      assert.ok(all.every((each) => each.x + each.width <= 960 && each.y + each.height <= 540));
    });

    for (const [bits, trueColour, bytesPerPixel] of [
      [16, 1, 2],
      [8, 1, 1],
      [8, 0, 1],
    ] as const)
      it(`draws in a format of ${bits} bits ${trueColour ? "" : "with a colour map"}`, async () => {
        const viewer = await loggedIn();
        const format = [bits, bits, 0, trueColour, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0];
        const small = [8, 8, 0, trueColour, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0];
        viewer.write(Buffer.from([0, 0, 0, 0, ...(bits === 16 ? format : small)]));
        viewer.requestUpdate(false);
        if (!trueColour) {
          const head = await viewer.read(6);
          assert.deepEqual([head[0], head.readUInt16BE(4)], [1, 16]);
          await viewer.read(16 * 6);
        }
        const all = await viewer.readUpdate(bytesPerPixel);
        assert.equal(
          all.reduce((sum, each) => sum + each.pixels.length, 0),
          960 * 540 * bytesPerPixel,
        );
      });

    it("shows what one viewer draws to the others", async () => {
      const [one, other] = [await loggedIn(), await loggedIn()];
      other.requestUpdate(false);
      await other.readUpdate();
      one.write(pointerEvent(485, 275, 1));
      other.requestUpdate(true);
      /* The pen's mark: the cell at column 40, row 15. */
      for (;;) {
        const update = await other.readUpdate();
        if (update.some((each) => each.x <= 480 && each.x + each.width > 480 && each.y === 270))
          return;
        other.requestUpdate(true);
      }
    });

    it("puts what the command copy says into every viewer's clipboard", async () => {
      const [one, other] = [await loggedIn(), await loggedIn()];
      await bootUp(one);
      one.type("copy hello\n");
      const message = await other.read(8 + 5);
      assert.deepEqual([message[0], message.readUInt32BE(4)], [3, 5]);
      assert.equal(message.subarray(8).toString("latin1"), "hello");
    });

    it("rings every viewer's bell at the command beep", async () => {
      const viewer = await loggedIn();
      await bootUp(viewer);
      viewer.type("beep\n");
      assert.deepEqual([...(await viewer.read(1))], [2]);
    });
  });

  describe("bad input", () => {
    for (const [what, bytes] of Object.entries({
      "an unknown message": [77],
      "a pixel format of 24 bits": [
        0, 0, 0, 0, 24, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0,
      ],
      "a pixel format with an impossible shift": [
        0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 200, 8, 0, 0, 0, 0,
      ],
      "a clipboard of 4 GiB": [6, 0, 0, 0, 255, 255, 255, 255],
    }))
      it(`closes at ${what}, and serves the others`, async () => {
        const [bad, good] = [await loggedIn(), await loggedIn()];
        bad.write(Buffer.from(bytes));
        await bad.closed();
        good.requestUpdate(false);
        assert.ok((await good.readUpdate()).length > 0);
      });

    it("survives any bytes after the handshake", async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
          const viewer = connect();
          assert.ok(await viewer.logIn(PASSWORD));
          viewer.write(bytes);
          await viewer.end();
        }),
        { numRuns: 30 },
      );
      const after = await loggedIn();
      after.requestUpdate(false);
      assert.ok((await after.readUpdate()).length > 0);
    });
  });
});

function pointerEvent(x: number, y: number, buttons: number): Buffer {
  const message = Buffer.alloc(6);
  message.writeUInt8(5, 0);
  message.writeUInt8(buttons, 1);
  message.writeUInt16BE(x, 2);
  message.writeUInt16BE(y, 4);
  return message;
}
