/**
 * What somebody at a serial line sees when something breaks, how soon it works again, and that nothing is
 * left behind. Each fault has a machine of its own, and all of them happen at the same time: most of what
 * they do is wait. The times stand behind the titles.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { SerialStack } from "../helpers/serial-stack.ts";
import { until } from "../helpers/until.ts";
import { inSeconds, SerialScene } from "./serial-scene.ts";

const LOST = "reconnecting: the machine's serial line was lost";
const CONTESTED =
  "reconnecting: the machine's management controller closed the serial line, or somebody else took it";
const SWITCHED_OFF =
  "reconnecting: serial-over-LAN is switched off in the machine's management controller";
/** An ipmitool is judged by the conductor when it is 30 s old, and by itself after 34 s of silence. */
const NOTICED_MILLISECONDS = 50_000;

/** @returns words for the title */
type Fault = (scene: SerialScene) => Promise<string>;

const FAULTS: Record<string, Fault> = {
  "a BMC that restarts": async (scene) => {
    const { bmc, watcher } = await scene.begin();
    await bmc.restart();
    const begin = performance.now();
    await watcher.saw(/^reconnecting/, NOTICED_MILLISECONDS);
    await scene.answers();
    return `works again after ${inSeconds(performance.now() - begin)}`;
  },

  "a BMC that hangs for ten seconds": async (scene) => {
    const { bmc, watcher } = await scene.begin();
    bmc.freeze();
    watcher.type("not lost\r");
    await pause(10_000);
    bmc.thaw();
    const took = await scene.answers();
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    assert.ok(bmc.typed().includes("not lost"));
    return `works again ${inSeconds(took)} after that`;
  },

  "a BMC that is off for a while": async (scene) => {
    const { bmc, watcher } = await scene.begin();
    await bmc.kill();
    const begin = performance.now();
    watcher.type("x");
    await watcher.saw(/^reconnecting/, NOTICED_MILLISECONDS);
    const noticed = performance.now() - begin;
    await watcher.saw(/^reconnecting: .* does not answer/, NOTICED_MILLISECONDS);
    await bmc.startAgain();
    const took = await scene.answers();
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    return `noticed by the next key after ${inSeconds(noticed)}, works again ${inSeconds(took)} after its return`;
  },

  "an operator who switches it on and off in haste": async (scene) => {
    const { stack, name } = await scene.begin();
    const refused: unknown[] = [];
    for (let turn = 0; turn < 12; turn += 1)
      await stack.setConsole(name, turn % 2 === 1).catch((error: unknown) => refused.push(error));
    await until(async () => (await scene.row())["reservation"] === null, "free node", 20_000);
    await stack.disableClean(name, scene.bmc);
    assert.deepEqual(
      refused.filter((one) => !/409/.test(String(one))),
      [],
    );
    await scene.begin();
    return "ends as told last";
  },

  "an ipmitool that is killed": async (scene) => {
    const { watcher } = await scene.begin();
    process.kill(scene.ipmitool, "SIGKILL");
    await watcher.saw(/^reconnecting/);
    const took = await scene.answers();
    assert.deepEqual(watcher.story.slice(-3), ["connected", LOST, "connected"]);
    return `works again after ${inSeconds(took)}`;
  },

  "a socat that is killed": async (scene) => {
    const { watcher, socat } = await scene.begin();
    const begin = performance.now();
    process.kill(socat, "SIGKILL");
    await watcher.saw(/^reconnecting/);
    await scene.answers();
    const took = performance.now() - begin;
    assert.notEqual(scene.socat, socat);
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    assert.equal((await scene.row())["last_error"], null);
    return `works again after ${inSeconds(took)}`;
  },

  "a machine that is power cycled": async (scene) => {
    const { watcher, name, stack } = await scene.begin();
    const from = watcher.bytes.length;
    await stack.call("PUT", `/v1/nodes/${name}/states/power`, { target: "rebooting" });
    await until(() => watcher.bytes.subarray(from).includes(`${name} boots`), "banner", 15_000);
    await scene.answers();
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    await until(async () => (await scene.row())["reservation"] === null, "free node");
    return "shows its banner";
  },

  "a BMC that answers after 500 ms": async (scene) => {
    await scene.network("127.0.0.71", { delayMs: 250 });
    const { watcher } = await scene.begin();
    const took = await scene.answers();
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    return `answers after ${inSeconds(took)}`;
  },

  "a network that loses 30 % of the packets both ways": async (scene) => {
    const network = await scene.network("127.0.0.72", {});
    const { watcher } = await scene.begin();
    network.settings.loss = 0.3;
    const typing = setInterval(() => watcher.type("k"), 200);
    await pause(20_000).finally(() => clearInterval(typing));
    network.settings.loss = 0;
    const took = await scene.answers();
    assert.ok(network.lost > 10, `${network.lost} of ${network.seen} packets were lost`);
    const losses = watcher.story.filter((one) => one.startsWith("reconnecting")).length;
    return `lost ${losses} times in 20 s of typing, works ${inSeconds(took)} after them`;
  },

  "a network that passes nothing for five seconds": async (scene) => {
    const network = await scene.network("127.0.0.73", {});
    const { watcher } = await scene.begin();
    network.settings.blackhole = true;
    watcher.type("into the dark\r");
    await pause(5000);
    network.settings.blackhole = false;
    return `works again after ${inSeconds(await scene.answers())}`;
  },

  "somebody else who has the line when it is switched on": async (scene) => {
    await scene.takeLine();
    const { watcher } = await scene.begin();
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    return "is taken from them";
  },

  "somebody else who takes the line": async (scene) => {
    const { watcher } = await scene.begin();
    await scene.takeLine();
    const begin = performance.now();
    watcher.type("into nowhere\r");
    await watcher.saw(/^reconnecting/, NOTICED_MILLISECONDS);
    await scene.answers();
    assert.ok(watcher.story.includes(CONTESTED), watcher.story.join(" | "));
    return `works again after ${inSeconds(performance.now() - begin)}`;
  },

  "somebody else who frees the line while nobody types": async (scene) => {
    const { watcher } = await scene.begin();
    const begin = performance.now();
    await scene.byHand("sol", "deactivate");
    await watcher.saw(/^reconnecting/, NOTICED_MILLISECONDS);
    await scene.answers();
    return `works again after ${inSeconds(performance.now() - begin)}`;
  },

  "SOL that is switched off in the BMC": async (scene) => {
    await scene.byHand("sol", "set", "enabled", "false");
    const { stack, name } = scene;
    await stack.addNode(name, scene.bmc);
    await stack.setConsole(name, true);
    await until(async () => (await scene.row())["last_error"] !== null, "an error", 15_000);
    const { last_error: error, console_enabled: enabled } = await scene.row();
    assert.match(String(error), /has Serial over LAN switched off/);
    assert.equal(enabled, false);
    await scene.byHand("sol", "set", "enabled", "true");
    const { watcher } = await scene.begin();
    await scene.byHand("sol", "set", "enabled", "false");
    process.kill(scene.ipmitool, "SIGKILL");
    await watcher.saw(/switched off/);
    await scene.byHand("sol", "set", "enabled", "true");
    const took = await scene.answers();
    assert.deepEqual(watcher.story.slice(-3), [LOST, SWITCHED_OFF, "connected"]);
    return `works again after ${inSeconds(took)}`;
  },
};

describe("somebody watches a serial line, and there is", function suite() {
  this.timeout(90_000);
  let stack: SerialStack;
  const bmcs: IpmiBmc[] = [];
  const running = new Map<string, Promise<string>>();

  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    const titles = Object.keys(FAULTS);
    stack = await SerialStack.apart();
    const names = titles.map((_title, index) => `n${index}`);
    bmcs.push(...(await Promise.all(names.map((name) => startIpmiBmc({ name })))));
    await Promise.all(bmcs.map((bmc) => bmc.waitLine()));
    titles.forEach((title, index) => {
      const happening = happen(`n${index}`, bmcs[index]!, FAULTS[title]!);
      happening.catch(() => undefined);
      running.set(title, happening);
    });
  });
  after(async () => {
    await Promise.allSettled(running.values());
    await stack?.stop();
    await Promise.all(bmcs.map((bmc) => bmc.stop()));
  });

  async function happen(name: string, bmc: IpmiBmc, fault: Fault): Promise<string> {
    const scene = new SerialScene(stack, name, bmc);
    try {
      const words = await fault(scene);
      await scene.finish();
      return words;
    } finally {
      await scene.end();
    }
  }

  for (const title of Object.keys(FAULTS))
    it(title, async function fault() {
      this.test!.title += `: ${await running.get(title)}`;
    });
});
