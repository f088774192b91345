import assert from "node:assert/strict";
import { LoginMemory } from "../../../../../drivers/browser/desk/login-memory.ts";
import { ManualScheduler } from "./manual-scheduler.ts";

const WRONG = { step: "login", failure: "wrong_password", message: "no" } as const;

describe("the memory of failed starts", () => {
  it("answers instead of another login, so that no minute sees two with a wrong password", async () => {
    const scheduler = new ManualScheduler();
    const memory = new LoginMemory(scheduler);
    assert.equal(memory.answer(), undefined);
    memory.failed(WRONG);
    await scheduler.pass(59_000);
    assert.equal(memory.answer()?.failure, "wrong_password");
    await scheduler.pass(1_000);
    assert.equal(memory.answer(), undefined);
  });

  it("waits twice as long each time, and never longer than ten minutes", async () => {
    const scheduler = new ManualScheduler();
    const memory = new LoginMemory(scheduler);
    const pauses: number[] = [];
    for (let times = 0; times < 7; times += 1) {
      memory.failed(WRONG);
      let waited = 0;
      while (memory.answer()) {
        await scheduler.pass(1000);
        waited += 1;
      }
      pauses.push(waited);
    }
    assert.deepEqual(pauses, [60, 120, 240, 480, 600, 600, 600]);
  });

  it("lets the next one try soon after a failure that locks nothing", async () => {
    const scheduler = new ManualScheduler();
    const memory = new LoginMemory(scheduler);
    memory.failed({ step: "reach", failure: "unreachable", message: "no" });
    assert.ok(memory.answer());
    await scheduler.pass(2000);
    assert.equal(memory.answer(), undefined);
  });

  it("forgets when a start goes well", () => {
    const memory = new LoginMemory(new ManualScheduler());
    memory.failed(WRONG);
    memory.succeeded();
    assert.equal(memory.answer(), undefined);
  });
});
