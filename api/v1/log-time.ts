/** A moment in a query: ISO 8601, or a time ago. */
import { InvalidParameterValue } from "../../common/errors.ts";

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** A blank before the offset is a plus that was not encoded in the URL. */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)([Zz]|[+ -]\d\d:?\d\d)?)?$/;
const MAX_MILLISECONDS = 999_999_999_999_999;

/**
 * @param text for example `2026-11-20T17:12Z`, `2026-11-20` (midnight), `-15m`, `now`; UTC unless it says otherwise
 * @returns milliseconds since the epoch
 * @throws {InvalidParameterValue}
 */
export function parseLogTime(name: string, text: string, now: number): number {
  const trimmed = text.trim();
  if (trimmed === "now") return now;
  const ago = /^-(\d{1,9})([smhdw])$/.exec(trimmed);
  if (ago) return Math.max(0, now - Number(ago[1]) * UNITS[ago[2] ?? ""]!);
  const iso = ISO.exec(trimmed);
  const time = iso ? Date.parse(isoOf(iso)) : Number.NaN;
  if (time >= 0 && time <= MAX_MILLISECONDS) return time;
  throw new InvalidParameterValue(
    `Invalid ${name}: "${text.slice(0, 64)}" is neither a time such as 2026-11-20T17:12:00Z nor a time ago such as -15m, -2h or -1d`,
  );
}

function isoOf([, day = "", time, offset]: RegExpExecArray): string {
  if (time === undefined) return `${day}T00:00Z`;
  const sign = (offset ?? "Z").replace(/^ /, "+").replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  return `${day}T${time}${sign.toUpperCase()}`;
}
