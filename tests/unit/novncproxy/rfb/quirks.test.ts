import assert from "node:assert/strict";
import { RFBProtocolError } from "../../../../common/errors.ts";
import { applyQuirks } from "../../../../novncproxy/rfb/quirks.ts";
import { readServerInit, type ServerInit } from "../../../../novncproxy/rfb/server-init.ts";
import * as rfb from "../../../helpers/rfb-messages.ts";
import { peer, runTranscript, u32 } from "../../../helpers/transcript.ts";

const INDEXED: rfb.Format = { ...rfb.RGB332, max: [0, 0, 0], shift: [0, 0, 0], trueColour: false };

function serverInit(format: rfb.Format): Promise<ServerInit> {
  return runTranscript(
    [peer([4, 0, 3, 0], rfb.pixelFormat(format), u32(4), "bmc1")],
    readServerInit,
  );
}

describe("quirks of a machine", () => {
  it("change nothing when there are none", async () => {
    const init = await serverInit(rfb.RGB888);
    for (const quirks of [undefined, {}, { encodings: [0, 1] }, { bannerTimeoutSeconds: 3 }])
      assert.deepEqual(applyQuirks(quirks, init), {
        toHost: Buffer.alloc(0),
        serverInit: init.bytes,
        translator: undefined,
      });
  });

  it("hold the machine to 16 bits from the start, while the tenant reads its own format", async () => {
    const init = await serverInit(rfb.RGB888);
    const session = applyQuirks({ pixelFormat: "rgb565" }, init);
    assert.deepEqual(session.toHost, rfb.setPixelFormat(rfb.RGB565));
    assert.deepEqual(session.serverInit, init.bytes);
    const update = (body: number[]): Buffer =>
      Buffer.concat([rfb.framebufferUpdate(1), rfb.rectangle([0, 0, 1, 1], 0, Buffer.from(body))]);
    // red: the highest five bits of sixteen, the third byte of little-endian 32
    assert.deepEqual(session.translator?.translate(update([0x00, 0xf8])), update([0, 0, 255, 0]));
  });

  it("send nothing to a machine that is held to its own format", async () => {
    const format = { ...rfb.RGB565, depth: 15, max: [31, 31, 31], shift: [10, 5, 0] } as const;
    const session = applyQuirks({ pixelFormat: "native" }, await serverInit(format));
    assert.equal(session.toHost.length, 0);
    assert.notEqual(session.translator, undefined);
  });

  it("announce true colour for a machine with a colour map", async () => {
    const init = await serverInit(INDEXED);
    const session = applyQuirks({ pixelFormat: "native" }, init);
    assert.deepEqual(session.serverInit.subarray(4, 20), rfb.pixelFormat(rfb.RGB888));
    assert.deepEqual(session.serverInit.subarray(20), init.bytes.subarray(20));
  });

  it("refuse to hold a machine to a format of its own that makes no sense", async () => {
    const init = await serverInit({ ...rfb.RGB888, bits: 24 });
    assert.throws(() => applyQuirks({ pixelFormat: "native" }, init), RFBProtocolError);
    assert.doesNotThrow(() => applyQuirks({ pixelFormat: "rgb565" }, init));
    assert.doesNotThrow(() => applyQuirks(undefined, init));
  });
});
