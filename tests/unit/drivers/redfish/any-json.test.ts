/** Whatever JSON a BMC answers: nothing throws that is not ours, and what comes out is well-formed. */
import assert from "node:assert/strict";
import { cleanEntries, cleanReadings } from "../../../../conductor/telemetry-values.ts";
import { logEntry } from "../../../../drivers/redfish/log-entry.ts";
import { sensorReading } from "../../../../drivers/redfish/sensor-resource.ts";
import { powerReadings, thermalReadings } from "../../../../drivers/redfish/thermal-and-power.ts";
import { NASTY, UNFIT } from "../../../helpers/hostile-redfish.ts";

const KEYS = [
  [
    "Name",
    "Id",
    "Status",
    "State",
    "Health",
    "Reading",
    "ReadingUnits",
    "ReadingType",
    "Thresholds",
  ],
  ["UpperCritical", "LowerCaution", "Temperatures", "Fans", "Voltages", "PowerControl", "MemberId"],
  ["PowerSupplies", "LineInputVoltage", "ReadingCelsius", "FanName", "CurrentReading", "Units"],
  ["Created", "Severity", "Message", "EntryCode", "SensorType", "SensorNumber", "Oem", "Hpe"],
  ["Links", "OriginOfCondition", "@odata.id", "Repaired", "Resolved", "__proto__", "constructor"],
].flat();
const WORDS = ["OK", "Critical", "Absent", "Enabled", "Temperature", "Cel", "%", "Fan", NASTY, ""];
const ROUNDS = 3000;

/** A number from 0 up to 1, the same row for the same seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function anyJson(next: () => number, depth: number): never {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const leaves = [null, true, 1e308, -0, Number.POSITIVE_INFINITY, 42, pick(WORDS), pick(KEYS)];
  if (depth === 0 || next() < 0.3) return pick(leaves) as never;
  const length = Math.floor(next() * 6);
  if (next() < 0.4) return Array.from({ length }, () => anyJson(next, depth - 1)) as never;
  return anyObject(next, depth);
}

function anyObject(next: () => number, depth: number): never {
  const length = 2 + Math.floor(next() * 8);
  const key = (): string => KEYS[Math.floor(next() * KEYS.length)] ?? "";
  const pairs = Array.from({ length }, () => [key(), anyJson(next, depth - 1)] as const);
  return Object.fromEntries(pairs) as never;
}

describe("any JSON from a BMC", () => {
  it("becomes well-formed readings or none", () => {
    let seen = 0;
    for (let seed = 0; seed < ROUNDS; seed += 1) {
      const resource = anyObject(chance(seed), 4);
      const readings = cleanReadings([
        sensorReading(resource, "/redfish/v1/Chassis/1/Sensors/A"),
        ...thermalReadings(resource),
        ...powerReadings(resource),
      ]);
      seen += readings.length;
      for (const { name, value, unit, text, thresholds } of readings) {
        assert.doesNotMatch(`${name}${unit}${text}`, UNFIT, `seed ${seed}`);
        for (const number of [value, ...Object.values(thresholds)])
          assert.ok(number === null || Number.isFinite(number), `seed ${seed}`);
      }
    }
    assert.ok(seen > ROUNDS);
  });

  it("becomes well-formed entries", () => {
    for (let seed = 0; seed < ROUNDS; seed += 1) {
      const raw = logEntry(anyObject(chance(seed), 4), "/redfish/v1/Log/Entries/7");
      const [entry] = cleanEntries([raw], 1);
      assert.doesNotMatch(`${entry?.id}${entry?.message}${entry?.sensor}`, UNFIT, `seed ${seed}`);
      assert.ok(entry?.time === null || Number.isSafeInteger(entry?.time), `seed ${seed}`);
    }
  });
});
