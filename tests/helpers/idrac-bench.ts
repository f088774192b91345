/**
 * What the tests of idrac-vnc share: a simulated iDRAC for the suite, a fresh memo for each test, and
 * short words for starting a console before it.
 */
import assert from "node:assert/strict";
import type { ConsoleEndpoint, DriverInfo } from "../../drivers/base.ts";
import { IdracVncConsole, type IdracTimings } from "../../drivers/idrac-vnc/console.ts";
import { fakeTask, FakeMemo, type FakeTask } from "../../drivers/testing/fake-task.ts";
import { printed } from "../../drivers/testing/watch.ts";
import { startFakeIdrac, type FakeIdrac } from "../fakes/idrac/idrac.ts";
import { missingForVncServer } from "./vnc-servers.ts";

/** Waits for the port that fail in less than a second. */
export const QUICK: IdracTimings = { openMs: 400, attemptMs: 300, pauseMs: 20, undoMs: 5000 };
const PATIENT: IdracTimings = { openMs: 10_000, attemptMs: 5000, pauseMs: 50, undoMs: 5000 };

export class IdracBench {
  memo = new FakeMemo();
  #idrac: FakeIdrac | undefined;
  #asFound = "";

  get idrac(): FakeIdrac {
    assert.ok(this.#idrac, "the simulated iDRAC runs");
    return this.#idrac;
  }

  /** Declares the hooks; call it inside `describe`. */
  declareHooks(): void {
    const begin = async (context: Mocha.Context): Promise<void> => {
      if (missingForVncServer("xvnc-vncauth").length > 0) context.skip();
      this.#idrac = await startFakeIdrac();
    };
    before(async function start() {
      await begin(this);
    });
    after(async () => await this.#idrac?.stop());
    beforeEach(async () => {
      await this.idrac.reset();
      this.memo = new FakeMemo();
      this.noteAttributes();
    });
  }

  driver(timings: IdracTimings = PATIENT): IdracVncConsole {
    return new IdracVncConsole(timings);
  }

  task(more: DriverInfo = {}, signal?: AbortSignal): FakeTask {
    return fakeTask({
      driverInfo: { ...this.idrac.driverInfo, ...more },
      driver: "idrac",
      memo: this.memo,
      ...(signal ? { signal } : {}),
    });
  }

  async start(more: DriverInfo = {}): Promise<ConsoleEndpoint> {
    return await this.driver().startConsole(this.task(more));
  }

  async stop(more: DriverInfo = {}): Promise<FakeTask> {
    const task = this.task(more);
    await this.driver().stopConsole(task);
    return task;
  }

  /** Takes the attributes as they are now for those that must be put back. */
  noteAttributes(): void {
    this.#asFound = printed(this.idrac.attributes.snapshot());
  }

  assertUnchanged(): void {
    const now = printed(this.idrac.attributes.snapshot());
    assert.equal(now, this.#asFound, "attributes are as found");
    assert.equal(this.memo.get(), undefined, "nothing is remembered");
  }
}

export function placeOf({ transport }: ConsoleEndpoint): { host: string; port: number } {
  assert.equal(transport.kind, "tcp");
  return transport;
}

export function passwordOf(endpoint: ConsoleEndpoint): string {
  return endpoint.credentials?.password?.reveal() ?? "";
}
