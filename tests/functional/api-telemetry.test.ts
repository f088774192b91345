import assert from "node:assert/strict";
import type { JsonObject } from "../../common/node.ts";
import { BmcUnreachable, UnsupportedDriverExtension } from "../../common/errors.ts";
import type { EventLogEntry, SensorReading } from "../../conductor/rpcapi.ts";
import { type ApiUnderTest, faultString, startApiUnderTest } from "../unit/api/api-under-test.ts";

const FAN: SensorReading = {
  name: "Fan3",
  kind: "fan",
  value: 980,
  unit: "RPM",
  state: "warning",
  thresholds: {
    lowerFatal: null,
    lowerCritical: 600,
    lowerWarning: 1200,
    upperWarning: null,
    upperCritical: null,
    upperFatal: null,
  },
  text: null,
};

function entry(id: number, more: Partial<EventLogEntry> = {}): EventLogEntry {
  return {
    id: String(id),
    time: Date.UTC(2026, 0, id),
    severity: "ok",
    sensor: null,
    message: `event ${id}`,
    asserted: null,
    ...more,
  };
}

describe("sensors and event log in the API", () => {
  let api: ApiUnderTest;
  let node: JsonObject;

  beforeEach(async () => {
    api = await startApiUnderTest();
    node = await api.create({ name: "web-1" });
    api.conductor.sensors = [FAN];
  });

  afterEach(() => api?.stop());

  const uuid = (): string => node["uuid"] as string;
  const log = async (query = ""): Promise<string[]> => {
    const answer = await api.get(`/v1/nodes/web-1/event_log${query}`);
    assert.equal(answer.status, 200, answer.text);
    return (answer.json["event_log"] as JsonObject[]).map((one) => one["id"] as string);
  };
  const refusal = async (path: string): Promise<string> => {
    const answer = await api.get(`/v1/nodes/web-1/${path}`);
    assert.equal(answer.status, 400, `${path}: ${answer.text}`);
    return faultString(answer);
  };

  it("shows what the machine measures", async () => {
    const before = Date.now();
    const answer = await api.get("/v1/nodes/web-1/sensors");
    assert.equal(answer.status, 200);
    const { collected_at: collectedAt, ...rest } = answer.json;
    assert.deepEqual(rest, {
      sensors: [
        {
          name: "Fan3",
          kind: "fan",
          value: 980,
          unit: "RPM",
          state: "warning",
          text: null,
          thresholds: {
            lower_fatal: null,
            lower_critical: 600,
            lower_warning: 1200,
            upper_warning: null,
            upper_critical: null,
            upper_fatal: null,
          },
        },
      ],
      error: null,
    });
    assert.ok(Date.parse(collectedAt as string) >= before - 1);
    assert.equal(api.conductor.lastCall("getSensors")?.args[1], uuid());
  });

  it("shows what was read last without asking the machine, also when nothing was", async () => {
    const cached = () => api.get(`/v1/nodes/${uuid()}/sensors?cached=true`);
    assert.deepEqual((await cached()).json, { sensors: [], collected_at: null, error: null });
    const { telemetry } = api.database;
    await telemetry.fail(uuid(), "no route to bmc1");
    assert.deepEqual((await cached()).json, {
      sensors: [],
      collected_at: null,
      error: "no route to bmc1",
    });
    const readings = [{ ...FAN, thresholds: { ...FAN.thresholds } }];
    await telemetry.save({ nodeUuid: uuid(), collectedAt: 0.5e12, readings, error: null });
    await telemetry.fail(uuid(), "no route to bmc1");
    const { sensors, ...rest } = (await cached()).json;
    assert.equal((sensors as JsonObject[])[0]?.["name"], "Fan3");
    assert.deepEqual(rest, {
      collected_at: "1985-11-05T00:53:20.000+00:00",
      error: "no route to bmc1",
    });
    assert.equal(api.conductor.lastCall("getSensors"), undefined);
  });

  it("passes on why the machine could not be asked", async () => {
    api.conductor.failNext("getSensors", new BmcUnreachable("cannot reach bmc1"));
    assert.equal((await api.get("/v1/nodes/web-1/sensors")).status, 502);
    api.conductor.failNext("getSensors", new UnsupportedDriverExtension("fake", "sensors"));
    assert.match(await refusal("sensors"), /does not support sensors/);
  });

  it("shows the event log with every field", async () => {
    api.conductor.eventLog = [
      entry(2, { sensor: "Fan3", severity: "warning", asserted: true }),
      entry(1, { time: null }),
    ];
    const answer = await api.get("/v1/nodes/web-1/event_log");
    assert.deepEqual(answer.json, {
      event_log: [
        {
          id: "2",
          time: "2026-01-02T00:00:00.000+00:00",
          severity: "warning",
          sensor: "Fan3",
          message: "event 2",
          asserted: true,
        },
        { id: "1", time: null, severity: "ok", sensor: null, message: "event 1", asserted: null },
      ],
    });
  });

  it("filters the event log by severity or worse, time, and text, and counts afterwards", async () => {
    api.conductor.eventLog = [
      entry(5, { severity: "critical", message: "Power Supply AC lost" }),
      entry(4, { severity: "warning", sensor: "Fan3" }),
      entry(3),
      entry(2, { severity: "warning", time: null }),
      entry(1, { severity: "critical" }),
    ];
    assert.deepEqual(await log(), ["5", "4", "3", "2", "1"]);
    assert.deepEqual(await log("?severity=ok"), ["5", "4", "3", "2", "1"]);
    assert.deepEqual(await log("?severity=warning"), ["5", "4", "2", "1"]);
    assert.deepEqual(await log("?severity=critical"), ["5", "1"]);
    assert.deepEqual(await log("?since=2026-01-03"), ["5", "4", "3"]);
    assert.deepEqual(await log("?since=2026-01-03T01:00:00%2B01:00"), ["5", "4", "3"]);
    assert.deepEqual(await log("?contains=fan3"), ["4"]);
    assert.deepEqual(await log("?contains=ac%20LOST"), ["5"]);
    assert.deepEqual(await log("?severity=critical&limit=1"), ["5"]);
    assert.deepEqual(await log("?severity=critical&since=2026-01-02&contains=event"), []);
  });

  it("asks the machine for no more entries than it needs", async () => {
    await log("?limit=7");
    assert.equal(api.conductor.lastCall("getEventLog")?.args[2], 7);
    await log("?limit=100000");
    assert.equal(api.conductor.lastCall("getEventLog")?.args[2], 1000);
    await log("?limit=7&contains=x");
    assert.equal(api.conductor.lastCall("getEventLog")?.args[2], 1000);
  });

  it("empties the event log", async () => {
    api.conductor.eventLog = [entry(1)];
    const answer = await api.request("DELETE", "/v1/nodes/web-1/event_log");
    assert.equal(answer.status, 204);
    assert.equal(answer.text, "");
    assert.deepEqual(await log(), []);
  });

  for (const path of [
    "sensors?fresh=true",
    "sensors?cached=perhaps",
    "sensors?cached=true&cached=true",
    "event_log?limit=0",
    "event_log?limit=many",
    "event_log?severity=fatal",
    "event_log?severity=",
    "event_log?since=yesterday",
    "event_log?since=2026-01-01T00:00:00",
    "event_log?since=2026-13-01",
    `event_log?contains=${"x".repeat(300)}`,
    "event_log?sort=asc",
  ])
    it(`refuses ${path.slice(0, 40)} and names the argument`, async () => {
      const name = /\?(\w+)/.exec(path)?.[1] ?? "";
      assert.match(await refusal(path), new RegExp(name));
    });

  it("refuses arguments of a DELETE, and nodes that are not there", async () => {
    assert.equal((await api.request("DELETE", "/v1/nodes/web-1/event_log?limit=1")).status, 400);
    assert.equal(api.conductor.lastCall("clearEventLog"), undefined);
    for (const path of ["sensors", "sensors?cached=true", "event_log"])
      assert.equal((await api.get(`/v1/nodes/nobody/${path}`)).status, 404);
  });

  it("leaves other words below a node as upstream answers them", async () => {
    assert.equal(await refusal("nosuch"), "Field nosuch is not a valid field.");
    assert.equal((await api.request("DELETE", "/v1/nodes/web-1/sensors")).status, 405);
  });
});
