/**
 * What the fake machine measures: two processors, six fans, two power supplies. Follows the power state;
 * values move slowly with the time of day, for every node and sensor in another way.
 */
import type { SensorReading } from "../base.ts";

type Thresholds = SensorReading["thresholds"];
type Limits = readonly [number | null, number | null, number | null, number | null];

const WAVE_MS = 11 * 60_000;

/** What each sensor measures while the machine runs, how much that moves, and while it is off. */
interface FakeSensor {
  readonly name: string;
  readonly kind: SensorReading["kind"];
  readonly unit: string;
  readonly running: number;
  readonly moves: number;
  /** Null when it needs the machine's main power. */
  readonly off: number | null;
  /** Lower critical, lower warning, upper warning, upper critical. */
  readonly limits: Limits;
  readonly digits: number;
}

const NO_LIMITS: Limits = [null, null, null, null];
const FAN: Omit<FakeSensor, "name"> = {
  kind: "fan",
  unit: "RPM",
  running: 5400,
  moves: 300,
  off: 0,
  limits: [600, 1200, null, null],
  digits: -1,
};
const SENSORS: readonly FakeSensor[] = [
  temperature("Inlet Temp", 22, 1.5, 21, [-7, 3, 38, 42]),
  temperature("Exhaust Temp", 36, 3, 23, [null, null, 70, 75]),
  temperature("CPU1 Temp", 52, 6, null, [null, null, 88, 93]),
  temperature("CPU2 Temp", 49, 6, null, [null, null, 88, 93]),
  ...[1, 2, 3, 4, 5, 6].map((number) => ({ name: `Fan${number}`, ...FAN })),
  voltage("12V", 12.1, 0.05, null, [10.8, 11.2, 12.8, 13.2]),
  voltage("3.3V AUX", 3.32, 0.02, 3.34, [2.97, 3.07, 3.53, 3.63]),
  voltage("CMOS Battery", 3.05, 0.01, 3.05, [2.2, 2.5, null, null]),
  { ...power("PS1 Input Power", 96, 12), off: 7 },
  { ...power("PS2 Input Power", 92, 12), off: 7 },
  { ...power("System Power", 188, 24), off: 14, limits: [null, null, 560, 620] },
  {
    name: "PS1 Input Current",
    kind: "current",
    unit: "A",
    running: 0.43,
    moves: 0.05,
    off: 0.03,
    limits: NO_LIMITS,
    digits: 2,
  },
];
export const WORN_FAN = "Fan3";
export const WORN_RPM = 980;

/**
 * @param seed the node's own number
 * @param worn true when one fan wears out
 */
export function fakeReadings(seed: number, on: boolean, worn: boolean): SensorReading[] {
  const measured = SENSORS.map((sensor, index) =>
    readingOf(sensor, on, waveAt(seed + index), worn && sensor.name === WORN_FAN),
  );
  const supplies = ["PS1 Status", "PS2 Status"].map((name) => discrete(name, "Presence detected"));
  return [...measured, ...supplies];
}

function temperature(
  name: string,
  running: number,
  moves: number,
  off: number | null,
  limits: Limits,
): FakeSensor {
  return { name, kind: "temperature", unit: "Cel", running, moves, off, limits, digits: 0 };
}

function voltage(
  name: string,
  running: number,
  moves: number,
  off: number | null,
  limits: Limits,
): FakeSensor {
  return { name, kind: "voltage", unit: "V", running, moves, off, limits, digits: 2 };
}

function power(name: string, running: number, moves: number): FakeSensor {
  return { name, kind: "power", unit: "W", running, moves, off: 0, limits: NO_LIMITS, digits: 0 };
}

/** @param wave from -1 to 1 */
function readingOf(sensor: FakeSensor, on: boolean, wave: number, worn: boolean): SensorReading {
  const { name, kind, unit, running, moves, off, digits } = sensor;
  const thresholds = thresholdsOf(sensor.limits);
  const measured = on ? (worn ? WORN_RPM : running + moves * wave) : off;
  if (measured === null)
    return { name, kind, unit, thresholds, value: null, state: "unknown", text: "No reading" };
  const scale = 10 ** digits;
  const value = Number((Math.round(measured * scale) / scale).toFixed(Math.max(digits, 0)));
  // A fan that stands because the machine is off is no fault.
  const state = on ? stateOf(value, thresholds) : "ok";
  return { name, kind, unit, thresholds, value, state, text: null };
}

function stateOf(value: number, limits: Thresholds): SensorReading["state"] {
  const below = (limit: number | null): boolean => limit !== null && value <= limit;
  const above = (limit: number | null): boolean => limit !== null && value >= limit;
  if (below(limits.lowerCritical) || above(limits.upperCritical)) return "critical";
  return below(limits.lowerWarning) || above(limits.upperWarning) ? "warning" : "ok";
}

function discrete(name: string, text: string): SensorReading {
  const thresholds = thresholdsOf(NO_LIMITS);
  return { name, kind: "other", value: null, unit: null, state: "ok", thresholds, text };
}

function thresholdsOf([
  lowerCritical,
  lowerWarning,
  upperWarning,
  upperCritical,
]: Limits): Thresholds {
  return {
    lowerFatal: null,
    lowerCritical,
    lowerWarning,
    upperWarning,
    upperCritical,
    upperFatal: null,
  };
}

/** Slowly between -1 and 1, for every sensor at another place. */
function waveAt(phase: number): number {
  return Math.sin(((Date.now() / WAVE_MS + phase) % 1000) * 2 * Math.PI * 0.37);
}
