import assert from "node:assert/strict";
import { createDeadConductors } from "../../../conductor/dead-conductors.ts";
import type { Database } from "../../../db/database.ts";
import { freshDatabase } from "../../helpers/database.ts";
import { SettableClock } from "../db/samples.ts";

const INTERVAL = 10;
const TIMEOUT = 60;

describe("the look for dead conductors", () => {
  let clock: SettableClock;
  let database: Database;
  let look: () => Promise<string[]>;

  beforeEach(async () => {
    clock = new SettableClock();
    database = await freshDatabase(clock);
    await register("other");
    look = createDeadConductors({
      clock,
      database,
      host: "self",
      config: { conductor: { heartbeat_interval: INTERVAL, heartbeat_timeout: TIMEOUT } },
    });
  });

  const register = (hostname: string) =>
    database.conductors.register({ hostname, conductorGroup: "", rpcUrl: "", drivers: [] }, [], {
      heartbeatTimeoutSeconds: TIMEOUT,
      takeOver: false,
    });

  /** Looks as often as the job would in so many seconds. @returns what the last look found */
  async function lookFor(seconds: number, meanwhile?: () => Promise<unknown>): Promise<string[]> {
    let dead = await look();
    for (let passed = 0; passed < seconds; passed += INTERVAL) {
      clock.advance(INTERVAL);
      await meanwhile?.();
      dead = await look();
    }
    return dead;
  }

  it("finds one whose sign of life stands still for heartbeat_timeout", async () => {
    assert.deepEqual(await lookFor(TIMEOUT - INTERVAL), []);
    clock.advance(INTERVAL);
    assert.deepEqual(await look(), []);
    clock.advance(1);
    assert.deepEqual(await look(), ["other"]);
  });

  it("finds one that withdrew at once", async () => {
    await database.conductors.unregister("other");
    assert.deepEqual(await look(), ["other"]);
  });

  it("never finds itself", async () => {
    await register("self");
    assert.deepEqual(await lookFor(2 * TIMEOUT, () => database.conductors.heartbeat("other")), []);
  });

  it("finds nobody right after its own start, however old the signs of life are", async () => {
    clock.advance(10 * TIMEOUT);
    assert.deepEqual(await lookFor(TIMEOUT - INTERVAL), []);
  });

  it("finds nobody after a pause in which it could not look itself", async () => {
    await lookFor(TIMEOUT - INTERVAL);
    clock.advance(10 * TIMEOUT);
    assert.deepEqual(await look(), []);
    clock.advance(INTERVAL);
    await database.conductors.heartbeat("other");
    assert.deepEqual(await look(), []);
  });

  it("finds nobody whose clock is behind and who gives signs of life", async () => {
    const behind = async (): Promise<void> => {
      clock.advance(-10 * TIMEOUT);
      await database.conductors.heartbeat("other");
      clock.advance(10 * TIMEOUT);
    };
    await behind();
    assert.deepEqual(await lookFor(3 * TIMEOUT, behind), []);
  });
});
