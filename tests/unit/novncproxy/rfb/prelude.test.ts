import assert from "node:assert/strict";
import { preludeLine, type PreludeMessage } from "../../../../common/console-prelude.ts";
import { ConsoleStartFailed, RFBProtocolError } from "../../../../common/errors.ts";
import { readPrelude } from "../../../../novncproxy/rfb/prelude.ts";
import { ChoppingChannel, CHOPPINGS } from "../../../helpers/chopping-channel.ts";

const BANNER = "RFB 003.008\n";
const STEP: PreludeMessage = { type: "step", step: "login", elapsedMs: 900 };

function channelWith(
  text: string,
  chopping: (typeof CHOPPINGS)[number] = "whole",
): ChoppingChannel {
  const channel = new ChoppingChannel(chopping);
  channel.deliver(Buffer.from(text, "latin1"));
  channel.end();
  return channel;
}

describe("reading a prelude", () => {
  for (const chopping of CHOPPINGS)
    it(`says each message and leaves RFB as it came, bytes ${chopping}`, async () => {
      const said: PreludeMessage[] = [];
      const lines = `${preludeLine(STEP)}${preludeLine({ type: "bmc", answers: true })}{"type":"new"}\n`;
      const channel = channelWith(`${lines}${BANNER}tail`, chopping);
      const rest = await readPrelude(channel, (message) => said.push(message));
      assert.deepEqual(said, [STEP, { type: "bmc", answers: true }]);
      assert.equal((await rest.read("ProtocolVersion", 12)).toString("latin1"), BANNER);
      assert.equal((await rest.read("more", 4)).toString("latin1"), "tail");
    });

  it("takes no message at all for a console that runs", async () => {
    const rest = await readPrelude(channelWith(BANNER), () => assert.fail());
    assert.equal((await rest.read("ProtocolVersion", 12)).toString("latin1"), BANNER);
  });

  it("turns a failure into an error with the code that the page has words for", async () => {
    const line = preludeLine({ type: "failed", step: "login", failure: "wrong_password" });
    await assert.rejects(
      readPrelude(channelWith(line), () => assert.fail()),
      (error: Error) => {
        assert.ok(error instanceof ConsoleStartFailed);
        assert.equal(error.reason, "CONSOLE_LOGIN_REFUSED");
        assert.equal(error.safe, true);
        return true;
      },
    );
  });

  it("refuses other bytes, and lines without an end", async () => {
    for (const text of ["HTTP/1.1 200", `{${"x".repeat(2000)}`])
      await assert.rejects(
        readPrelude(channelWith(text), () => assert.fail()),
        RFBProtocolError,
      );
  });

  it("ends with the error of a host that leaves", async () => {
    await assert.rejects(
      readPrelude(channelWith(preludeLine(STEP)), () => undefined),
      /closed/,
    );
  });
});
