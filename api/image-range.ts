/**
 * The Range header of a request for one file (RFC 9110 section 14), as far as BMCs use it: one range of
 * bytes. What is malformed or asks for several is ignored, as the RFC allows: the whole file answers it.
 */

export interface ByteRange {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

export type RangeAnswer = ByteRange | "whole" | "unsatisfiable";

const ONE_RANGE = /^bytes\s*=\s*(?:(\d{1,15})\s*-\s*(\d{1,15})?|-\s*(\d{1,15}))$/i;

export function rangeOf(header: string | undefined, sizeBytes: number): RangeAnswer {
  const match = ONE_RANGE.exec(header?.trim() ?? "");
  if (!match) return "whole";
  const [, from, to, suffix] = match;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), sizeBytes);
    return length === 0 ? "unsatisfiable" : { first: sizeBytes - length, last: sizeBytes - 1 };
  }
  const first = Number(from);
  const last = to === undefined ? sizeBytes - 1 : Number(to);
  if (to !== undefined && last < first) return "whole";
  if (first >= sizeBytes) return "unsatisfiable";
  return { first, last: Math.min(last, sizeBytes - 1) };
}

/**
 * If-Range: the range counts only while the file is still the one the caller has a part of.
 * @param modifiedSeconds whole seconds since the epoch
 */
export function rangeStillHolds(
  ifRange: string | undefined,
  etag: string,
  modifiedSeconds: number,
): boolean {
  if (ifRange === undefined) return true;
  const value = ifRange.trim();
  if (value.startsWith('"')) return value === etag;
  if (value.startsWith("W/")) return false;
  const time = Date.parse(value);
  return Number.isFinite(time) && Math.floor(time / 1000) === modifiedSeconds;
}
