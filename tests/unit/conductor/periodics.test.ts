import assert from "node:assert/strict";
import { useFakeTimers, type SinonFakeTimers } from "sinon";
import { silentLogger } from "../../../common/log.ts";
import { Periodics } from "../../../conductor/periodics.ts";
import { Gate } from "./until.ts";

describe("Periodics", () => {
  let clock: SinonFakeTimers;

  beforeEach(() => {
    clock = useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });

  afterEach(() => clock.restore());

  it("runs each job at its own spacing, and one of spacing 0 never", async () => {
    const runs: string[] = [];
    const job = (name: string, spacingSeconds: number) => ({
      name,
      spacingSeconds,
      run: async () => runs.push(name),
    });
    const periodics = new Periodics([job("a", 1), job("b", 3), job("never", 0)], silentLogger());
    periodics.start();
    await clock.tickAsync(3000);
    await periodics.stop();
    assert.deepEqual(runs.sort(), ["a", "a", "a", "b"]);
  });

  it("puts a run off by its jitter at most, and drops one that is put off when it stops", async () => {
    clock.restore();
    clock = useFakeTimers({
      toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"],
    });
    let runs = 0;
    const run = async (): Promise<number> => (runs += 1);
    const job = { name: "late", spacingSeconds: 100, jitterSeconds: 10, run };
    const periodics = new Periodics([job], silentLogger());
    periodics.start();
    await clock.tickAsync(99_999);
    assert.equal(runs, 0);
    await clock.tickAsync(10_001);
    assert.equal(runs, 1);
    await clock.tickAsync(90_000);
    await periodics.stop();
    const atStop = runs;
    await clock.tickAsync(100_000);
    assert.equal(runs, atStop);
  });

  it("skips a run while the one before is unfinished", async () => {
    const gate = new Gate();
    let runs = 0;
    const run = (): Promise<void> => {
      runs += 1;
      return gate.opened;
    };
    const periodics = new Periodics([{ name: "slow", spacingSeconds: 1, run }], silentLogger());
    periodics.start();
    await clock.tickAsync(5000);
    assert.equal(runs, 1);
    gate.open();
    await clock.tickAsync(1000);
    assert.equal(runs, 2);
    await periodics.stop();
  });

  it("goes on after a run that fails", async () => {
    let runs = 0;
    const run = (): Promise<void> => {
      runs += 1;
      return Promise.reject(new Error("once"));
    };
    const periodics = new Periodics([{ name: "failing", spacingSeconds: 1, run }], silentLogger());
    periodics.start();
    await clock.tickAsync(2000);
    assert.equal(runs, 2);
    await periodics.stop();
  });

  it("waits for the last run when it stops, and starts none after", async () => {
    const gate = new Gate();
    let ended = false;
    let runs = 0;
    const run = async (): Promise<void> => {
      runs += 1;
      await gate.opened;
      ended = true;
    };
    const periodics = new Periodics([{ name: "slow", spacingSeconds: 1, run }], silentLogger());
    periodics.start();
    await clock.tickAsync(1000);
    const stopping = periodics.stop();
    gate.open();
    await stopping;
    assert.ok(ended);
    await periodics.run("slow");
    await clock.tickAsync(5000);
    assert.equal(runs, 1);
    assert.equal(clock.countTimers(), 0);
  });
});
