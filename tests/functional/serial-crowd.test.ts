/** Many people and much text on one serial line of a real BMC simulator. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { SerialStack } from "../helpers/serial-stack.ts";
import type { SerialWatcher } from "../helpers/serial-watcher.ts";
import { until } from "../helpers/until.ts";
import { inSeconds } from "./serial-scene.ts";

const VIEWERS = 50;
const MEGABYTE = 1024 * 1024;
/** More than the network's buffers between proxy and viewer hold, and what the proxy keeps for one. */
const FLOOD_BYTES = 12 * MEGABYTE;

describe("on one serial line", function suite() {
  this.timeout(120_000);
  let stack: SerialStack;
  let bmc: IpmiBmc;

  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    bmc = await startIpmiBmc({ name: "m1", echo: false });
    stack = await SerialStack.all({
      "vnc.max_sessions_per_node": "100",
      "console.replay_bytes": "4096",
      "conductor.console_health_interval": "10",
    });
    await bmc.waitLine();
    await stack.addNode("m1", bmc);
  });
  after(async () => {
    await stack?.stop();
    await bmc?.stop();
  });
  beforeEach(() => stack.enable("m1"));
  afterEach(() => stack.disableClean("m1", bmc));

  async function watchers(count: number): Promise<SerialWatcher[]> {
    const all = [];
    for (let one = 0; one < count; one += 1) all.push(await (await stack.watch("m1")).opened());
    for (const one of all) await one.saw(/^connected/);
    return all;
  }

  it("50 people see everything while one of them has stopped reading", async function crowd() {
    const all = await watchers(VIEWERS);
    const [stalled, ...others] = all as [SerialWatcher, ...SerialWatcher[]];
    stalled.socket.pause();
    const begin = performance.now();
    const line = `${"x".repeat(1022)}\r\n`;
    const chunk = line.repeat(256);
    for (let sent = 0; sent < FLOOD_BYTES; sent += chunk.length) bmc.say(chunk);
    bmc.say("end of the flood");
    for (const one of others) await one.shows("end of the flood", 60_000);
    this.test!.title += `: ${FLOOD_BYTES / MEGABYTE} MB in ${inSeconds(performance.now() - begin)}`;
    stalled.socket.resume();
    await until(() => stalled.notice("gap") !== undefined, "a word about what is missing");
    assert.ok(Number(stalled.notice("gap")?.["bytes"]) > 0);
    bmc.say("after the gap");
    await stalled.shows("after the gap");
    for (const one of others) assert.equal(one.notice("gap"), undefined);
  });

  it("a megabyte that is pasted reaches the machine whole and in order", async function paste() {
    const [paster] = (await watchers(1)) as [SerialWatcher];
    await paster.reaches(bmc.machine, "begin");
    const text = randomBytes((MEGABYTE * 3) / 4)
      .toString("base64")
      .replaceAll(/.{64}/g, "$&\r");
    const begin = performance.now();
    paster.type(`\r<<<${text}>>>\r`);
    await until(() => bmc.typed().includes(">>>"), "the end of the paste", 90_000);
    const took = performance.now() - begin;
    this.test!.title += `: ${inSeconds(took)}`;
    const typed = bmc.typed();
    const arrived = typed.subarray(typed.indexOf("<<<") + 3, typed.indexOf(">>>"));
    assert.equal(arrived.length, text.length);
    assert.equal(sha256(arrived), sha256(Buffer.from(text)));
  });

  it("everybody is told within a second that the console was switched off", async function disable() {
    const all = await watchers(3);
    const begin = performance.now();
    const ends = all.map(async (one) => {
      const { reason } = await one.closed;
      return { reason, ms: performance.now() - begin };
    });
    await stack.setConsole("m1", false);
    const told = await Promise.all(ends);
    for (const { reason, ms } of told) {
      assert.equal(reason, "console_disabled");
      assert.ok(ms < 1000, `${ms} ms`);
    }
    this.test!.title += `: ${inSeconds(Math.max(...told.map(({ ms }) => ms)))}`;
  });
});

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
