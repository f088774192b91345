/**
 * The resources Thermal and Power (DMTF schemas of those names), where BMCs without a Sensors collection
 * keep what they measure: iDRAC 7 and 8, iLO 4 and 5, and most boards up to 2020.
 */
import type { SensorReading } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { NO_THRESHOLDS, numberIn, readingOf, wordIn, type Thresholds } from "./reading.ts";

export function thermalReadings(thermal: JsonObject): SensorReading[] {
  const temperatures = each(thermal, "Temperatures", (resource, name) => [
    readingOf(resource, {
      name,
      kind: "temperature",
      value: numberIn(resource, "ReadingCelsius"),
      unit: "Cel",
      thresholds: thresholdsOf(resource),
    }),
  ]);
  const fans = each(thermal, "Fans", (resource, name) => [
    readingOf(resource, {
      name,
      kind: "fan",
      // FACT(iLO 4 Thermal): CurrentReading and Units. FACT(first Thermal schema): ReadingRPM.
      value: numberIn(resource, "Reading", "ReadingRPM", "CurrentReading"),
      unit: /^percent$/i.test(wordIn(resource, "ReadingUnits", "Units")) ? "%" : "RPM",
      thresholds: thresholdsOf(resource),
    }),
  ]);
  return [...temperatures, ...fans];
}

export function powerReadings(power: JsonObject): SensorReading[] {
  const controls = each(power, "PowerControl", (resource, name) => [
    watts(resource, name, "PowerConsumedWatts"),
  ]);
  const voltages = each(power, "Voltages", (resource, name) => [
    readingOf(resource, {
      name,
      kind: "voltage",
      value: numberIn(resource, "ReadingVolts"),
      unit: "V",
      thresholds: thresholdsOf(resource),
    }),
  ]);
  return [...controls, ...voltages, ...each(power, "PowerSupplies", supply)];
}

/** Its power and health, and the voltage it is fed with when the BMC knows it. */
function supply(resource: JsonObject, name: string): SensorReading[] {
  const fed = numberIn(resource, "LineInputVoltage");
  const own = watts(resource, name, "PowerInputWatts", "LastPowerOutputWatts", "PowerOutputWatts");
  if (fed === null) return [own];
  const input = {
    name: `${name} Input Voltage`,
    kind: "voltage",
    value: fed,
    unit: "V",
    thresholds: NO_THRESHOLDS,
  } as const;
  return [own, readingOf(resource, input)];
}

function watts(resource: JsonObject, name: string, ...keys: readonly string[]): SensorReading {
  const value = numberIn(resource, ...keys);
  return readingOf(resource, { name, kind: "power", value, unit: "W", thresholds: NO_THRESHOLDS });
}

/** @param make gets each resource under `key` with its name; some boards call all supplies the same */
function each(
  parent: JsonObject,
  key: string,
  make: (resource: JsonObject, name: string) => SensorReading[],
): SensorReading[] {
  const list = parent[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((item, index) => {
    const resource = objectOf(item) ?? {};
    // FACT(iDRAC 8, iLO 4): fans have FanName. A link alone (iDRAC, redundancy sets) says nothing.
    const name = wordIn(resource, "Name", "FanName", "MemberId") || `${key} ${index}`;
    const empty = Object.keys(resource).every((property) => property.startsWith("@odata."));
    return empty ? [] : make(resource, name);
  });
}

function thresholdsOf(resource: JsonObject): Thresholds {
  return {
    lowerFatal: numberIn(resource, "LowerThresholdFatal"),
    lowerCritical: numberIn(resource, "LowerThresholdCritical"),
    lowerWarning: numberIn(resource, "LowerThresholdNonCritical"),
    upperWarning: numberIn(resource, "UpperThresholdNonCritical"),
    upperCritical: numberIn(resource, "UpperThresholdCritical"),
    upperFatal: numberIn(resource, "UpperThresholdFatal"),
  };
}
