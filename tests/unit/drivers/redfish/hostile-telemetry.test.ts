import assert from "node:assert/strict";
import { BmcFeatureMissing, BmcProtocolError } from "../../../../common/errors.ts";
import { cleanEntries, cleanReadings } from "../../../../conductor/telemetry-values.ts";
import redfishTelemetry from "../../../../drivers/redfish/telemetry.ts";
import { fakeTask, type FakeTask } from "../../../../drivers/testing/fake-task.ts";
import {
  NASTY,
  startHostileRedfish,
  UNFIT,
  type HostileRedfish,
} from "../../../helpers/hostile-redfish.ts";

const SYSTEM = "/redfish/v1/Systems/1";
const CHASSIS = "/redfish/v1/Chassis/1";
const LOG = `${SYSTEM}/LogServices/Sel`;

const link = (path: string): object => ({ "@odata.id": path });
const members = (paths: readonly string[]): object => ({ Members: paths.map(link) });

describe("telemetry over Redfish before a hostile BMC", function suite() {
  this.timeout(30_000);
  let bmc: HostileRedfish;
  before(async () => {
    bmc = await startHostileRedfish();
  });
  after(async () => await bmc?.stop());

  const telemetry = redfishTelemetry.create(fakeTask());
  const task = (): FakeTask => fakeTask({ driverInfo: bmc.driverInfo, driver: "redfish" });

  function answer(bodies: Record<string, unknown>): void {
    const all = {
      "/redfish/v1/": {},
      "/redfish/v1/Systems": members([SYSTEM]),
      [SYSTEM]: {
        Links: { Chassis: [link(CHASSIS)] },
        LogServices: link(`${SYSTEM}/LogServices`),
      },
      [`${SYSTEM}/LogServices`]: members([LOG]),
      [LOG]: { Entries: link(`${LOG}/Entries`) },
      ...bodies,
    };
    bmc.answers = Object.fromEntries(
      Object.entries(all).map(([path, body]) => [`GET ${path}`, { body }]),
    );
  }

  const sensorsOf = (thermal: unknown): void =>
    answer({
      [CHASSIS]: { Thermal: link(`${CHASSIS}/Thermal`) },
      [`${CHASSIS}/Thermal`]: thermal,
    });

  for (const [what, thermal] of Object.entries({
    "nothing in lists": { Temperatures: [null, 7, "x", [], {}], Fans: null },
    "texts for numbers": { Temperatures: [{ Name: "T", ReadingCelsius: "hot", Status: "OK" }] },
    "objects for texts": { Fans: [{ Name: { toString: 1 }, Reading: {}, Status: [] }] },
    "names of every object": {
      Temperatures: [{ Name: "__proto__", Status: { Health: "constructor" } }],
    },
  }))
    it(`makes no number of ${what}`, async () => {
      sensorsOf(thermal);
      for (const { value, state } of await telemetry.getSensors(task())) {
        assert.equal(value, null);
        assert.equal(state, "unknown");
      }
    });

  it("has its texts escaped and bounded before anybody sees them", async () => {
    sensorsOf({
      Temperatures: Array.from({ length: 3 }, () => ({ Name: NASTY, ReadingCelsius: 1 })),
    });
    const readings = cleanReadings(await telemetry.getSensors(task()));
    assert.equal(readings.length, 3);
    for (const { name } of readings) {
      assert.doesNotMatch(name, UNFIT);
      assert.ok(name.length <= 140, `${name.length} characters`);
    }
    answer({
      [`${LOG}/Entries`]: { Members: [{ "@odata.id": NASTY, Id: NASTY, Message: NASTY }] },
    });
    const [entry] = cleanEntries(await telemetry.getEventLog(task(), 5), 5);
    assert.doesNotMatch(`${entry?.id}${entry?.message}`, UNFIT);
    assert.ok((entry?.message.length ?? 0) <= 1000);
  });

  it("keeps a thousand of a hundred thousand sensors", async () => {
    const temperatures = Array.from({ length: 100_000 }, (_none, index) => ({ Name: `T${index}` }));
    sensorsOf({ Temperatures: temperatures });
    assert.equal((await telemetry.getSensors(task())).length, 1000);
  });

  it("asks for two hundred sensors one by one at most, and lists the others as unknown", async () => {
    const paths = Array.from({ length: 300 }, (_none, index) => `${CHASSIS}/Sensors/S${index}`);
    answer({
      [CHASSIS]: { Sensors: link(`${CHASSIS}/Sensors`) },
      [`${CHASSIS}/Sensors`]: members(paths),
      ...Object.fromEntries(
        paths.map((path) => [path, { Name: path, Reading: 1, Status: { Health: "OK" } }]),
      ),
    });
    const readings = await telemetry.getSensors(task());
    assert.equal(readings.filter(({ state }) => state === "ok").length, 200);
    assert.equal(readings.filter(({ state }) => state === "unknown").length, 100);
  });

  it("reads 250 pages of an endless log at most, and warns", async () => {
    const pages: Record<string, unknown> = {};
    const at = (page: number): string => `${LOG}/Entries${page === 0 ? "" : `?$skip=${page}`}`;
    for (let page = 0; page < 400; page += 1)
      pages[at(page)] = {
        Members: [{ "@odata.id": `${LOG}/Entries/${page}`, Id: String(page), Message: "again" }],
        "Members@odata.nextLink": at(page + 1),
      };
    answer(pages);
    const asked = task();
    const entries = await telemetry.getEventLog(asked, 1000);
    assert.equal(entries.length, 250);
    assert.match(asked.logged(), /too long to be read whole/);
  });

  it("stops when pages lead in a circle", async () => {
    const next = `${LOG}/Entries?$skip=1`;
    const page = (id: string, to: string): object => ({
      Members: [{ "@odata.id": `${LOG}/Entries/${id}`, Id: id, Message: id }],
      "Members@odata.nextLink": to,
    });
    answer({ [`${LOG}/Entries`]: page("1", next), [next]: page("2", `${LOG}/Entries`) });
    const entries = await telemetry.getEventLog(task(), 10);
    assert.deepEqual(
      entries.map(({ id }) => id),
      ["2", "1"],
    );
  });

  it("stops when everything together is too much, however small each page", async () => {
    const filler = "x".repeat(3_900_000);
    const pages: Record<string, unknown> = {};
    for (let page = 0; page < 30; page += 1)
      pages[`${LOG}/Entries${page === 0 ? "" : `?$skip=${page}`}`] = {
        Members: [{ "@odata.id": `${LOG}/Entries/${page}`, Id: String(page), Message: filler }],
        "Members@odata.nextLink": `${LOG}/Entries?$skip=${page + 1}`,
      };
    answer(pages);
    await assert.rejects(telemetry.getEventLog(task(), 1000), BmcProtocolError);
  });

  it("follows no link off the BMC", async () => {
    answer({ [CHASSIS]: { Thermal: link("https://192.0.2.1/redfish/v1/Thermal") } });
    await assert.rejects(telemetry.getSensors(task()), /links to another host/);
  });

  it("says what is missing when the system links to nothing", async () => {
    answer({ [SYSTEM]: { Links: "none", LogServices: 7 } });
    await assert.rejects(telemetry.getSensors(task()), BmcFeatureMissing);
    await assert.rejects(telemetry.getEventLog(task(), 5), BmcFeatureMissing);
    await assert.rejects(telemetry.clearEventLog(task()), BmcFeatureMissing);
  });

  it("takes no time that is none", async () => {
    const times = ["", "never", "0000-00-00T00:00:00Z", "9".repeat(400), "1970-01-01T00:00:00Z"];
    const entries = times.map((Created, index) => ({
      "@odata.id": `${LOG}/Entries/${index}`,
      Id: String(index),
      Created,
    }));
    answer({ [`${LOG}/Entries`]: { Members: entries } });
    for (const { time } of await telemetry.getEventLog(task(), 10)) assert.equal(time, null);
  });
});
