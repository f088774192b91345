/** The Sensor resource (DMTF schema Sensor), which newer BMCs have one of for everything they measure. */
import type { SensorReading } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { NO_THRESHOLDS, numberIn, readingOf, wordIn, type Thresholds } from "./reading.ts";

const KINDS: ReadonlyMap<string, SensorReading["kind"]> = new Map([
  ["Temperature", "temperature"],
  ["Voltage", "voltage"],
  ["Current", "current"],
  ["Power", "power"],
  ["Rotational", "fan"],
]);
/** For a service that leaves ReadingType out, as the first version of the schema did. */
const KINDS_BY_UNIT: ReadonlyMap<string, SensorReading["kind"]> = new Map([
  ["Cel", "temperature"],
  ["V", "voltage"],
  ["A", "current"],
  ["W", "power"],
  ["RPM", "fan"],
  // FACT(UCUM, which ReadingUnits follows): revolutions per minute.
  ["{rev}/min", "fan"],
]);
const UNITS: ReadonlyMap<SensorReading["kind"], string> = new Map([
  ["temperature", "Cel"],
  ["voltage", "V"],
  ["current", "A"],
  ["power", "W"],
]);

/** @param path names a sensor that has no name */
export function sensorReading(sensor: JsonObject, path: string): SensorReading {
  const units = wordIn(sensor, "ReadingUnits");
  const kind = kindOf(sensor, units);
  return readingOf(sensor, {
    name: wordIn(sensor, "Name", "Id") || nameFrom(path),
    kind,
    value: numberIn(sensor, "Reading"),
    unit: unitOf(units) || (UNITS.get(kind) ?? null),
    thresholds: thresholdsOf(objectOf(sensor["Thresholds"]) ?? {}),
  });
}

/** One that the BMC has but that could not be read. */
export function unreadSensor(path: string): SensorReading {
  const name = nameFrom(path);
  const thresholds = NO_THRESHOLDS;
  return { name, kind: "other", value: null, unit: null, state: "unknown", thresholds, text: null };
}

function kindOf(sensor: JsonObject, units: string): SensorReading["kind"] {
  const kind = KINDS.get(wordIn(sensor, "ReadingType")) ?? KINDS_BY_UNIT.get(units);
  if (kind) return kind;
  return units === "%" && wordIn(sensor, "PhysicalContext") === "Fan" ? "fan" : "other";
}

function unitOf(units: string): string {
  return units === "{rev}/min" ? "RPM" : units;
}

/** The schema's "caution" is what IPMI calls non-critical. */
function thresholdsOf(thresholds: JsonObject): Thresholds {
  const at = (key: string): number | null => numberIn(objectOf(thresholds[key]) ?? {}, "Reading");
  return {
    lowerFatal: at("LowerFatal"),
    lowerCritical: at("LowerCritical"),
    lowerWarning: at("LowerCaution"),
    upperWarning: at("UpperCaution"),
    upperCritical: at("UpperCritical"),
    upperFatal: at("UpperFatal"),
  };
}

function nameFrom(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) || "unnamed";
}
