/** What the words of sensors and events mean for a machine's health; IPMI 2.0 tables 42-2 and 42-3. */

/** Sensor types as ipmitool 1.8.19 names them; an event's sensor begins with one of them. */
export const SENSOR_TYPES: readonly string[] = [
  ["Temperature", "Voltage", "Current", "Fan", "Physical Security", "Platform Security"],
  [
    "Processor",
    "Power Supply",
    "Power Unit",
    "Cooling Device",
    "Other",
    "Memory",
    "Drive Slot / Bay",
  ].flat(),
  ["POST Memory Resize", "System Firmwares", "System Firmware Error", "Event Logging Disabled"],
  ["Watchdog1", "Watchdog2", "System Event", "Critical Interrupt", "Button", "Module / Board"],
  ["Microcontroller", "Add-in Card", "Chassis", "Chip Set", "Other FRU", "Cable / Interconnect"],
  ["Terminator", "System Boot Initiated", "Boot Error", "OS Boot", "OS Critical Stop"],
  ["Slot / Connector", "System ACPI Power State", "Platform Alert", "Entity Presence"],
  ["Monitor ASIC", "LAN", "Management Subsys Health", "Battery", "Session Audit"],
  ["Version Change", "FRU State", "Unknown"],
].flat();

const ABSENT = /\babsent\b|not present|device removed/i;
const GOOD =
  /presence detected|\bpresent\b|fully redundant|redundancy regained|\bok\b|device enabled|battery presence|in service|performance met|limit not exceeded|state deasserted/i;
const WARNING =
  /non-critical|predictive|degraded|(?<!un)correctable ecc|sufficient resources|almost full|ac lost|power off|limit exceeded|throttled|lags|config|intrusion|general chassis|watchdog|timer|inconsistency|mismatch|low battery|battery low|performance lags|transition to non/i;
const CRITICAL =
  /(?<!non-)critical|non-recoverable|uncorrectable|fail|fault|fatal|thermal trip|ierr|over-?temp|redundancy lost|insufficient|state asserted|hang|panic|parity|front panel nmi|bus error|power lost|lost/i;

export type Judgement = "ok" | "warning" | "critical";

/** What a state or an event means while it lasts. */
export function judgeState(words: string): Judgement {
  if (GOOD.test(words) && !CRITICAL.test(words)) return "ok";
  // First the milder ones: they contain words of the graver.
  if (WARNING.test(words)) return "warning";
  return CRITICAL.test(words) ? "critical" : "ok";
}

/** What an event means: that something bad went away is good, and the other way round. */
export function judgeEvent(words: string, asserted: boolean | null): Judgement {
  if (asserted !== false) return ABSENT.test(words) ? "warning" : judgeState(words);
  return GOOD.test(words) ? "warning" : "ok";
}

export function saysAbsent(words: string): boolean {
  return ABSENT.test(words);
}
