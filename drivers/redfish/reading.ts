/** What all Redfish sensors have in common, old and new: a Status, a number, thresholds, a name. */
import type { SensorReading } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { optionalText } from "../lib/redfish-body.ts";

export type Thresholds = SensorReading["thresholds"];

export const NO_THRESHOLDS: Thresholds = {
  lowerFatal: null,
  lowerCritical: null,
  lowerWarning: null,
  upperWarning: null,
  upperCritical: null,
  upperFatal: null,
};

interface Measured extends Pick<SensorReading, "name" | "kind" | "unit" | "thresholds"> {
  readonly value: number | null;
}

/** With the state that Status says; an absent sensor has no value, whatever the BMC puts there. */
export function readingOf(resource: JsonObject, measured: Measured): SensorReading {
  const status = objectOf(resource["Status"]) ?? {};
  const availability = optionalText(status, "State");
  const health = optionalText(status, "Health");
  if (availability === "Absent")
    return { ...measured, value: null, state: "absent", text: availability };
  const off = ["Disabled", "UnavailableOffline"].includes(availability);
  const value = off ? null : measured.value;
  return {
    ...measured,
    value,
    state: off ? "unknown" : (stateOf(health) ?? judged({ ...measured, value })),
    text: value === null ? availability || health || null : null,
  };
}

/** DMTF schema Resource, Health. */
function stateOf(health: string): SensorReading["state"] | undefined {
  if (health === "OK") return "ok";
  if (health === "Warning") return "warning";
  return health === "Critical" ? "critical" : undefined;
}

/** By its own thresholds, for a BMC that gives no Health. */
function judged({ value, thresholds: limits }: Measured): SensorReading["state"] {
  const known = Object.values(limits).some((limit) => limit !== null);
  if (value === null || !known) return "unknown";
  const beyond = (lower: number | null, upper: number | null): boolean =>
    (lower !== null && value < lower) || (upper !== null && value > upper);
  if (beyond(limits.lowerCritical, limits.upperCritical)) return "critical";
  if (beyond(limits.lowerFatal, limits.upperFatal)) return "critical";
  return beyond(limits.lowerWarning, limits.upperWarning) ? "warning" : "ok";
}

/** The first of `keys` that is a number; JSON has no NaN, but 1e400 reads as infinity. */
export function numberIn(resource: JsonObject, ...keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = resource[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  return null;
}

/** The first of `keys` that says something. */
export function wordIn(resource: JsonObject, ...keys: readonly string[]): string {
  for (const key of keys) {
    const word = optionalText(resource, key).trim();
    if (word !== "") return word;
  }
  return "";
}
