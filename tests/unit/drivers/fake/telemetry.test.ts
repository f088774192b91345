import assert from "node:assert/strict";
import fakeTelemetry from "../../../../drivers/fake/telemetry.ts";
import { fakeReadings } from "../../../../drivers/fake/sensors.ts";
import { fakeTask } from "../../../../drivers/testing/fake-task.ts";

const telemetry = fakeTelemetry.create(fakeTask());

describe("telemetry of the fake machine", () => {
  it("measures what a running server would, within its own limits", async () => {
    for (let seed = 1; seed < 200; seed += 1)
      for (const { name, value, state, thresholds } of fakeReadings(seed, true, false)) {
        assert.equal(state, "ok", name);
        if (value === null) continue;
        assert.ok(value < (thresholds.upperWarning ?? Infinity), `${name} ${value}`);
        assert.ok(value > (thresholds.lowerWarning ?? -Infinity), `${name} ${value}`);
        assert.ok(String(value).length <= 5, `${name} is ${value}`);
      }
  });

  it("has every kind of sensor, each by a name of its own", () => {
    const readings = fakeReadings(1, true, false);
    assert.equal(new Set(readings.map(({ name }) => name)).size, readings.length);
    assert.deepEqual([...new Set(readings.map(({ kind }) => kind))].sort(), [
      "current",
      "fan",
      "other",
      "power",
      "temperature",
      "voltage",
    ]);
  });

  it("stands still when the machine is off, which is no fault", async () => {
    const task = fakeTask({ powerState: "power off" });
    const readings = await telemetry.getSensors(task);
    const fan = readings.find(({ name }) => name === "Fan1");
    assert.deepEqual([fan?.value, fan?.state], [0, "ok"]);
    assert.equal(readings.find(({ name }) => name === "CPU1 Temp")?.value, null);
  });

  it("warns of a fan that wears out, in the log too", () => {
    const worn = fakeReadings(4, true, true).filter(({ state }) => state !== "ok");
    assert.deepEqual(
      worn.map(({ name, state }) => [name, state]),
      [["Fan3", "warning"]],
    );
  });

  it("tells its life newest first, as much as is asked for", async () => {
    const entries = await telemetry.getEventLog(fakeTask(), 100);
    const times = entries.map(({ time }) => time ?? 0);
    assert.deepEqual(
      times,
      times.toSorted((one, other) => other - one),
    );
    assert.ok(entries.some(({ severity }) => severity === "critical"));
    assert.equal((await telemetry.getEventLog(fakeTask(), 2)).length, 2);
  });

  it("remembers that its log was cleared", async () => {
    const task = fakeTask();
    await telemetry.clearEventLog(task);
    const entries = await telemetry.getEventLog(task, 100);
    assert.deepEqual(
      entries.map(({ message }) => message),
      ["Event log cleared"],
    );
  });
});
