import assert from "node:assert/strict";
import { silentLogger } from "../../../common/log.ts";
import { createSilentProxies } from "../../../conductor/silent-proxies.ts";
import type { Database } from "../../../db/database.ts";
import { freshDatabase } from "../../helpers/database.ts";
import { SettableClock, authorize, createConsoleNode, openRequest } from "../db/samples.ts";

describe("the job that closes sessions of dead proxies", () => {
  let clock: SettableClock;
  let database: Database;

  beforeEach(async () => {
    clock = new SettableClock();
    database = await freshDatabase(clock);
  });

  const jobOf = (interval = 10) =>
    createSilentProxies({
      clock,
      database,
      log: silentLogger(),
      config: { vnc: { session_update_interval: interval } },
    });

  async function open(proxyHost: string): Promise<() => Promise<string | null | undefined>> {
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    const { session } = await database.sessions.open(openRequest(token, { proxyHost }));
    return async () => (await database.sessions.get(session.id))?.closedReason;
  }

  /** Runs the job as often as it would run in so many seconds. */
  async function runFor(
    job: ReturnType<typeof jobOf>,
    seconds: number,
    meanwhile: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> {
    for (let passed = 0; passed <= seconds; passed += job.spacingSeconds) {
      await meanwhile();
      await job.run();
      clock.advance(job.spacingSeconds);
    }
  }

  it("closes them after a minute of silence, and frees their places", async () => {
    await database.sessions.closeCrashed("dead");
    const [dead, living] = [await open("dead"), await open("living")];
    const job = jobOf();
    await runFor(job, 59, () => database.sessions.beat("living"));
    assert.equal(await dead(), null);
    await runFor(job, 15, () => database.sessions.beat("living"));
    assert.equal(await dead(), "proxy_crashed");
    assert.equal(await living(), null);
    assert.deepEqual(
      (await database.sessions.listProxies()).map((one) => one.host),
      ["living"],
    );
  });

  it("closes them when their proxy is not even known", async () => {
    const dead = await open("dead");
    await runFor(jobOf(), 75);
    assert.equal(await dead(), "proxy_crashed");
  });

  it("waits for three signs of life where they are rare", async () => {
    const dead = await open("dead");
    const job = jobOf(100);
    await runFor(job, 299);
    assert.equal(await dead(), null);
    await runFor(job, 75);
    assert.equal(await dead(), "proxy_crashed");
  });

  it("does not judge by the time that a proxy's clock shows", async () => {
    clock.advance(-86_400);
    await database.sessions.closeCrashed("slow-clock");
    const session = await open("slow-clock");
    clock.advance(86_400);
    await runFor(jobOf(), 45);
    assert.equal(await session(), null);
  });

  it("begins anew when it could not look for long, because proxies may not have been able to beat", async () => {
    await database.sessions.closeCrashed("p1");
    const session = await open("p1");
    const job = jobOf();
    await runFor(job, 30);
    clock.advance(3600);
    await job.run();
    assert.equal(await session(), null);
    clock.advance(-7200);
    await job.run();
    assert.equal(await session(), null);
    await runFor(job, 75);
    assert.equal(await session(), "proxy_crashed");
  });
});
