/** What the fake machine has lived through. */
import type { EventLogEntry } from "../base.ts";
import { WORN_FAN, WORN_RPM } from "./sensors.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What is in a log that was just emptied. */
export function clearedLog(clearedAt: number): EventLogEntry[] {
  return [entry(1, clearedAt, "ok", "SEL", "Event log cleared", null)];
}

/**
 * Newest first.
 * @param seed the node's own number
 * @param worn true when one fan wears out
 * @param now milliseconds since the epoch
 */
export function lifeStory(seed: number, worn: boolean, now: number): EventLogEntry[] {
  const at = (days: number): number => {
    const time = now - days * DAY_MS - (seed % 600) * MINUTE_MS;
    return time - (time % 1000);
  };
  const slow = `Lower warning threshold, going low: ${WORN_RPM} RPM`;
  return [
    ...(worn ? [entry(7, at(1), "warning", WORN_FAN, slow, true)] : []),
    entry(6, at(2.01), "ok", "PS2 Status", "Power supply AC lost", false),
    entry(5, at(2.02), "critical", "PS2 Status", "Power supply AC lost", true),
    entry(4, at(9), "warning", "DIMM B2", "Correctable ECC memory error", true),
    entry(3, at(30), "ok", "OS Boot", "C: boot completed", true),
    entry(2, at(30.001), "ok", "System Boot", "Initiated by power up", true),
    entry(1, at(41), "ok", "SEL", "Event log cleared", null),
  ];
}

function entry(
  id: number,
  time: number,
  severity: EventLogEntry["severity"],
  sensor: string,
  message: string,
  asserted: boolean | null,
): EventLogEntry {
  return { id: String(id), time, severity, sensor, message, asserted };
}
