/**
 * Reads what `ipmitool -Z sel elist` prints, one record a line:
 * `   1 | 11/20/26 | 17:48:37 GMT | Temperature CPU Temp | Upper Critical going high | Asserted | Reading …`.
 * The words are the BMC's: bounded, control characters made visible.
 */
import type { EventLogEntry } from "../base.ts";
import { printable } from "../../common/printable.ts";
import { SENSOR_TYPES, judgeEvent } from "./sensor-words.ts";

const MOST_LINE_CHARACTERS = 1000;
const MOST_MESSAGE_CHARACTERS = 500;

/** @returns newest first, at most `limit` */
export function eventsIn(output: string, limit: number): EventLogEntry[] {
  const entries: EventLogEntry[] = [];
  const lines = output.split("\n");
  for (let index = lines.length - 1; index >= 0 && entries.length < limit; index -= 1) {
    const entry = entryIn((lines[index] ?? "").slice(0, MOST_LINE_CHARACTERS));
    if (entry) entries.push(entry);
  }
  return entries;
}

function entryIn(line: string): EventLogEntry | undefined {
  const [id = "", ...rest] = line.split("|").map((field) => field.trim());
  if (!/^[0-9a-fA-F]{1,4}$/.test(id)) return undefined;
  const [first = "", second = ""] = rest;
  const timed = /^\d\d\/\d\d\/\d{2,4}$/.test(first) || first === "Pre-Init";
  const time = timed ? timeOf(first, second) : null;
  return { id, time, ...contentOf(timed ? rest.slice(2) : rest) };
}

/**
 * FACT(ipmitool 1.8.19, locale C): month, day, two digits of the year; 1.8.18 had four. With -Z in UTC.
 * A BMC whose clock was not set counts from its start: `Pre-Init`.
 */
function timeOf(date: string, clock: string): number | null {
  const [, month, day, year] = /^(\d\d)\/(\d\d)\/(\d{4}|\d\d)$/.exec(date) ?? [];
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d)(?: (?:GMT|UTC))?$/.exec(clock) ?? [];
  if (year === undefined || seconds === undefined) return null;
  const fullYear = year.length === 4 ? Number(year) : 2000 + Number(year);
  return Date.UTC(
    fullYear,
    Number(month) - 1,
    Number(day),
    Number(hours),
    Number(minutes),
    Number(seconds),
  );
}

function contentOf(fields: readonly string[]): Omit<EventLogEntry, "id" | "time"> {
  const at = fields.findIndex((field) => field === "Asserted" || field === "Deasserted");
  const asserted = at < 0 ? null : fields[at] === "Asserted";
  const [head = ""] = fields;
  // OEM records have numbers instead of a sensor.
  const sensor = head === "" || head.startsWith("OEM record") ? null : sensorNamed(head);
  const described = fields.filter((field, index) => field !== "" && index !== at);
  const words = sensor === null ? described : described.slice(1);
  const event = words[0] ?? "";
  return {
    severity: judgeEvent(event, asserted),
    sensor: sensor === null ? null : printable(sensor, 64),
    message: printable(words.join(": ") || head || "no description", MOST_MESSAGE_CHARACTERS),
    asserted,
  };
}

/** The name without the type in front, so that it is the one in the list of sensors. */
function sensorNamed(field: string): string {
  const type = SENSOR_TYPES.find((name) => field.startsWith(`${name} `));
  const name = type === undefined ? "" : field.slice(type.length + 1).trim();
  return name === "" || name.startsWith("#") ? field : name;
}
