import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { SerialLine, StoredConsoleEndpoint } from "../../../common/console-endpoint.ts";
import type { Database } from "../../../db/database.ts";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import { SettableClock } from "./samples.ts";

const NODE = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

function endpoint(serial: Partial<SerialLine> = {}): StoredConsoleEndpoint {
  return {
    consoleType: "serial",
    transport: { kind: "unix", path: "/run/line" },
    allowedSecurityTypes: [],
    serial: { dialect: "ipmitool", hold: "always", ...serial },
  };
}

async function addNode(
  database: Database,
  consoleEndpoint: StoredConsoleEndpoint | null,
  consoleEnabled = true,
): Promise<string> {
  const uuid = randomUUID();
  await database.nodes.create({ uuid, driver: "ipmi", consoleEnabled, consoleEndpoint });
  return uuid;
}

/** Living proxies. */
async function withProxies(database: Database, ...hosts: string[]): Promise<void> {
  for (const host of hosts) await database.sessions.beat(host);
}

async function giveUp(database: Database, host: string): Promise<void> {
  const proxies = await database.sessions.listProxies();
  await database.sessions.closeSilent(host, proxies.find((one) => one.host === host)!.beat);
}

describeOnEveryDatabase("serial lines", (fresh) => {
  it("belong to the first who claims them; another is noted as wanting it", async () => {
    const database = await fresh(new SettableClock());
    const { lines } = database;
    await withProxies(database, "p1", "p2");
    const first = await lines.claim(NODE, "p1");
    assert.deepEqual(
      [first.proxyHost, first.state, first.wantedBy, first.detail, first.retryAt],
      ["p1", "idle", null, null, null],
    );
    const second = await lines.claim(NODE, "p2");
    assert.deepEqual([second.proxyHost, second.wantedBy], ["p1", "p2"]);
    const again = await lines.claim(NODE, "p1");
    assert.deepEqual([again.proxyHost, again.wantedBy], ["p1", "p2"]);
    assert.deepEqual(await lines.get(NODE), again);
  });

  it("have one owner when many claim them at once", async () => {
    const database = await fresh();
    const hosts = Array.from({ length: 8 }, (_none, index) => `p${index}`);
    await withProxies(database, ...hosts);
    const rows = await Promise.all(hosts.map((host) => database.lines.claim(NODE, host)));
    assert.equal(new Set(rows.map((row) => row.proxyHost)).size, 1);
  });

  it("of a dead proxy are free, and what it said of them is forgotten with its wish", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    await withProxies(database, "p1", "p2");
    await database.lines.claim(NODE, "p1");
    await database.lines.claim(NODE, "p2");
    await giveUp(database, "p1");
    clock.advance(1000);
    const row = await database.lines.claim(NODE, "p2");
    assert.deepEqual([row.proxyHost, row.wantedBy, row.since], ["p2", null, clock.now()]);
  });

  it("are handed over by one statement, and only by who has them", async () => {
    const database = await fresh();
    const { lines } = database;
    await withProxies(database, "p1", "p2", "p3");
    await lines.claim(NODE, "p1");
    await lines.claim(NODE, "p2");
    await lines.report(NODE, "p1", { state: "connected", detail: null, retryAt: null });
    await lines.release(NODE, "p3", "p3");
    assert.equal((await lines.get(NODE))?.proxyHost, "p1");
    await lines.release(NODE, "p1", "p2");
    const row = await lines.get(NODE);
    assert.deepEqual([row?.proxyHost, row?.wantedBy, row?.state], ["p2", null, "idle"]);
    await lines.release(NODE, "p1");
    assert.equal((await lines.get(NODE))?.proxyHost, "p2");
    await lines.release(NODE, "p2");
    assert.equal(await lines.get(NODE), undefined);
  });

  it("say what they do since when, as long as the teller has them", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { lines } = database;
    await withProxies(database, "p1");
    await lines.claim(NODE, "p1");
    clock.advance(500);
    const began = clock.now();
    await lines.report(NODE, "p1", { state: "taken", detail: "by x", retryAt: began + 5000 });
    clock.advance(500);
    await lines.report(NODE, "p1", { state: "taken", detail: "by y", retryAt: null });
    await lines.report(NODE, "p9", { state: "connected", detail: null, retryAt: null });
    assert.deepEqual(await lines.get(NODE), {
      nodeUuid: NODE,
      proxyHost: "p1",
      state: "taken",
      detail: "by y",
      since: began,
      retryAt: null,
      wantedBy: null,
    });
  });

  it("are listed with the endpoints as they are now, and without when the console is off", async () => {
    const database = await fresh();
    const { lines } = database;
    await withProxies(database, "p1", "p2");
    const on = await addNode(database, endpoint());
    const off = await addNode(database, endpoint(), false);
    const screen = await addNode(database, {
      consoleType: "vnc",
      transport: { kind: "tcp", host: "127.0.0.1", port: 5900 },
      allowedSecurityTypes: ["VncAuth"],
    });
    for (const uuid of [on, off, screen, NODE]) await lines.claim(uuid, "p1");
    const held = new Map(
      (await lines.listHeld("p1")).map((one) => [one.line.nodeUuid, one.endpoint]),
    );
    assert.deepEqual([...held.keys()].toSorted(), [on, off, screen, NODE].toSorted());
    assert.deepEqual(held.get(on), endpoint());
    for (const uuid of [off, screen, NODE]) assert.equal(held.get(uuid), null);
    assert.deepEqual(await lines.listHeld("p2"), []);
  });

  it("are listed as unheld when they are to be held always, and no living proxy has them", async () => {
    const database = await fresh();
    const { lines } = database;
    await withProxies(database, "p1", "p2");
    const free = await addNode(database, endpoint());
    const held = await addNode(database, endpoint());
    const orphan = await addNode(database, endpoint());
    await addNode(database, endpoint({ hold: "on-demand" }));
    await addNode(database, endpoint({ direct: true }));
    await addNode(database, endpoint(), false);
    await addNode(database, null, false);
    await lines.claim(held, "p1");
    await lines.claim(orphan, "p2");
    assert.deepEqual(await lines.listUnheld(10), [free]);
    await giveUp(database, "p2");
    assert.deepEqual(await lines.listUnheld(10), [free, orphan].toSorted());
    assert.equal((await lines.listUnheld(1)).length, 1);
  });

  it("of one proxy are all let go at once", async () => {
    const database = await fresh();
    const { lines } = database;
    await withProxies(database, "p1", "p2");
    const uuids = [randomUUID(), randomUUID()];
    for (const uuid of uuids) await lines.claim(uuid, "p1");
    await lines.claim(NODE, "p2");
    assert.equal(await lines.releaseAll("p1"), 2);
    for (const uuid of uuids) assert.equal(await lines.get(uuid), undefined);
    assert.equal((await lines.get(NODE))?.proxyHost, "p2");
  });

  it("are reached at the addresses of the living proxies", async () => {
    const database = await fresh();
    const { lines } = database;
    await lines.announce("p1", "http://old:1");
    assert.deepEqual(await lines.listProxyUrls(), []);
    await withProxies(database, "p1", "p2");
    await lines.announce("p1", "http://one:1");
    await lines.announce("p2", "http://two:1");
    assert.deepEqual(await lines.listProxyUrls(), [
      { host: "p1", url: "http://one:1" },
      { host: "p2", url: "http://two:1" },
    ]);
    await giveUp(database, "p2");
    assert.deepEqual(await lines.listProxyUrls(), [{ host: "p1", url: "http://one:1" }]);
  });
});
