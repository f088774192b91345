/**
 * Makes what a BMC said about itself fit to be kept and shown: a driver passes on a machine's own texts
 * and numbers, and a machine may be hostile. Counts and lengths are bounded, controls escaped, numbers
 * finite, words from the closed lists, names unique. Never throws.
 */
import { printable } from "../common/printable.ts";
import type { EventLogEntry, SensorReading } from "../drivers/base.ts";

export const MOST_SENSORS = 1000;
export const MOST_ENTRIES = 1000;
const NAME_LIMIT = 128;
const UNIT_LIMIT = 32;
const TEXT_LIMIT = 256;
const ID_LIMIT = 64;
const MESSAGE_LIMIT = 1000;
/** FACT(ECMA-262 section 21.4.1.1): times beyond this are no Date. */
const LATEST_TIME_MS = 8.64e15;

const KINDS: readonly SensorReading["kind"][] = [
  "temperature",
  "voltage",
  "current",
  "power",
  "fan",
  "other",
];
const STATES: readonly SensorReading["state"][] = ["ok", "warning", "critical", "absent"];
const SEVERITIES: readonly EventLogEntry["severity"][] = ["ok", "warning", "critical"];

/** At most {@link MOST_SENSORS}, each name once. */
export function cleanReadings(readings: readonly SensorReading[]): SensorReading[] {
  const taken = new Map<string, number>();
  return readings.slice(0, MOST_SENSORS).map((reading) => {
    const name = unique(text(reading.name, NAME_LIMIT) ?? "unnamed", taken);
    const { thresholds } = reading;
    return {
      name,
      kind: KINDS.find((kind) => kind === reading.kind) ?? "other",
      value: finite(reading.value),
      unit: text(reading.unit, UNIT_LIMIT),
      state: STATES.find((state) => state === reading.state) ?? "unknown",
      thresholds: {
        lowerFatal: finite(thresholds?.lowerFatal),
        lowerCritical: finite(thresholds?.lowerCritical),
        lowerWarning: finite(thresholds?.lowerWarning),
        upperWarning: finite(thresholds?.upperWarning),
        upperCritical: finite(thresholds?.upperCritical),
        upperFatal: finite(thresholds?.upperFatal),
      },
      text: text(reading.text, TEXT_LIMIT),
    };
  });
}

/** At most `limit` and {@link MOST_ENTRIES}. */
export function cleanEntries(entries: readonly EventLogEntry[], limit: number): EventLogEntry[] {
  return entries.slice(0, Math.min(limit, MOST_ENTRIES)).map((entry) => ({
    id: text(entry.id, ID_LIMIT) ?? "",
    time: timeOf(entry.time),
    severity: SEVERITIES.find((severity) => severity === entry.severity) ?? "ok",
    sensor: text(entry.sensor, NAME_LIMIT),
    message: text(entry.message, MESSAGE_LIMIT) ?? "",
    asserted: typeof entry.asserted === "boolean" ? entry.asserted : null,
  }));
}

/** Null for what is no text, or none to speak of. */
function text(value: unknown, limit: number): string | null {
  if (typeof value !== "string") return null;
  const trimmed = value.slice(0, limit * 2).trim();
  return trimmed === "" ? null : printable(trimmed, limit);
}

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function timeOf(value: unknown): number | null {
  const time = finite(value);
  return time === null || time < 0 || time > LATEST_TIME_MS ? null : Math.trunc(time);
}

/** `Fan`, `Fan (2)`, `Fan (3)`: metrics and clients tell sensors apart by their names. */
function unique(name: string, taken: Map<string, number>): string {
  if (!taken.has(name)) {
    taken.set(name, 1);
    return name;
  }
  for (let count = (taken.get(name) ?? 1) + 1; ; count += 1) {
    const candidate = `${name} (${count})`;
    if (taken.has(candidate)) continue;
    taken.set(name, count);
    taken.set(candidate, 1);
    return candidate;
  }
}
