/**
 * Reads what `ipmitool -v sdr elist` prints. Its words come from the BMC: lines are cut, records counted,
 * control characters made visible, and nothing takes more than linear time.
 */
import type { SensorReading } from "../base.ts";
import { printable } from "../../common/printable.ts";
import { judgeState, saysAbsent } from "./sensor-words.ts";

const MOST_SENSORS = 4096;
const MOST_LINE_CHARACTERS = 300;
const MOST_NAME_CHARACTERS = 64;

/** One sensor's lines: label in lower case to its first value, and the states asserted. */
interface SensorRecord {
  readonly name: string;
  readonly number: string;
  readonly values: Map<string, string>;
  readonly states: string[];
}

/** @returns in the BMC's order; names that several sensors have get the sensor's number */
export function sensorsIn(output: string): SensorReading[] {
  const records = recordsIn(output);
  const count = new Map<string, number>();
  for (const { name } of records) count.set(name, (count.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return records.map((record) => {
    const name = count.get(record.name) === 1 ? record.name : unique(record, seen);
    return readingOf(record, name);
  });
}

/**
 * Sensor numbers are unique for each owner only. Goes on counting where it stopped; a BMC that has such
 * names of its own gets one twice, which the conductor tells apart.
 */
function unique({ name, number }: SensorRecord, seen: Map<string, number>): string {
  const numbered = `${name} (${number})`;
  const index = (seen.get(numbered) ?? 0) + 1;
  seen.set(numbered, index);
  return index === 1 ? numbered : `${numbered} ${index}`;
}

function recordsIn(output: string): SensorRecord[] {
  const records: SensorRecord[] = [];
  let inStates = false;
  for (const whole of output.split("\n")) {
    const line = whole.slice(0, MOST_LINE_CHARACTERS).trimEnd();
    const head = /^Sensor ID +: (.*) \((0x[0-9a-fA-F]{1,2})\)$/.exec(line);
    if (head) {
      if (records.length >= MOST_SENSORS) break;
      const [, name = "", number = ""] = head;
      records.push(recordNamed(name, number));
      inStates = false;
      continue;
    }
    const record = records.at(-1);
    if (record) inStates = readLine(record, line, inStates);
  }
  return records;
}

function recordNamed(name: string, number: string): SensorRecord {
  const shown = printable(name.trim(), MOST_NAME_CHARACTERS) || `sensor ${number}`;
  return { name: shown, number, values: new Map(), states: [] };
}

/** @returns whether the lines that follow are states asserted */
function readLine(record: SensorRecord, line: string, inStates: boolean): boolean {
  const state = /^ {2,}\[(.*)\]$/.exec(line)?.[1];
  if (state !== undefined) {
    if (inStates && record.states.length < 32) record.states.push(printable(state));
    return inStates;
  }
  const colon = line.indexOf(":");
  if (colon < 0) return false;
  const label = line.slice(0, colon).trim().toLowerCase();
  if (!record.values.has(label)) record.values.set(label, line.slice(colon + 1).trim());
  return label === "states asserted";
}

function readingOf(record: SensorRecord, name: string): SensorReading {
  const said = record.values.get("sensor reading") ?? "";
  const type = typeOf(record);
  // FACT(ipmitool 1.8.19): `95 (+/- 0) degrees C`; a discrete sensor has `0h`.
  const [, number, words = ""] =
    /^(-?\d+(?:\.\d+)?) (?:\(\+\/- [^)]{0,20}\) ?)?(.*)$/.exec(said) ?? [];
  const value = type.discrete || number === undefined ? null : Number(number);
  const unit = value === null || words === "" ? null : unitOf(words);
  return {
    name,
    kind: kindOf(unit, type.name),
    value,
    unit,
    state: type.discrete ? discreteState(record, said) : thresholdState(record, said, value),
    thresholds: thresholdsOf(record),
    text: textOf(record, said, value, type.discrete),
  };
}

function typeOf({ values }: SensorRecord): { name: string; discrete: boolean } {
  const threshold = values.get("sensor type (threshold)");
  if (threshold !== undefined) return { name: threshold, discrete: false };
  const other = [...values].find(([label]) => label.startsWith("sensor type"));
  return { name: other?.[1] ?? "", discrete: other !== undefined };
}

const UNITS: Readonly<Record<string, string>> = {
  "degrees C": "Cel",
  Volts: "V",
  Amps: "A",
  Watts: "W",
  percent: "%",
  "% ": "%",
};

function unitOf(words: string): string {
  if (words.startsWith("percent")) return "%";
  return UNITS[words] ?? printable(words, 32);
}

function kindOf(unit: string | null, type: string): SensorReading["kind"] {
  if (unit === "Cel" || unit === "degrees F" || unit === "degrees K") return "temperature";
  if (unit === "V") return "voltage";
  if (unit === "A") return "current";
  if (unit === "W") return "power";
  if (unit === "RPM" || type.startsWith("Fan")) return "fan";
  if (type.startsWith("Temperature")) return "temperature";
  if (type.startsWith("Voltage")) return "voltage";
  return type.startsWith("Current") ? "current" : "other";
}

function thresholdState(
  { values }: SensorRecord,
  said: string,
  value: number | null,
): SensorReading["state"] {
  if (saysAbsent(said)) return "absent";
  if (value === null) return "unknown";
  const status = (values.get("status") ?? "").toLowerCase();
  if (status === "ok") return "ok";
  if (status.includes("non-critical")) return "warning";
  return status.includes("critical") || status.includes("non-recoverable") ? "critical" : "unknown";
}

function discreteState({ states }: SensorRecord, said: string): SensorReading["state"] {
  if (states.some(saysAbsent) || saysAbsent(said)) return "absent";
  const judged = states.map(judgeState);
  if (judged.includes("critical")) return "critical";
  if (judged.includes("warning")) return "warning";
  return states.length > 0 || /^(?:0x)?[0-9a-fA-F]{1,4}h?$/.test(said) ? "ok" : "unknown";
}

function textOf(
  { states }: SensorRecord,
  said: string,
  value: number | null,
  discrete: boolean,
): string | null {
  if (states.length > 0) return states.join(", ");
  if (value !== null || said === "" || (discrete && /^(?:0x)?[0-9a-fA-F]{1,4}h?$/.test(said)))
    return null;
  return printable(said);
}

function thresholdsOf({ values }: SensorRecord): SensorReading["thresholds"] {
  const limit = (label: string): number | null => {
    const text = values.get(label) ?? "";
    return /^-?\d{1,12}(?:\.\d{1,6})?$/.test(text) ? Number(text) : null;
  };
  return {
    lowerFatal: limit("lower non-recoverable"),
    lowerCritical: limit("lower critical"),
    lowerWarning: limit("lower non-critical"),
    upperWarning: limit("upper non-critical"),
    upperCritical: limit("upper critical"),
    upperFatal: limit("upper non-recoverable"),
  };
}
