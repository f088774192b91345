/**
 * Refuses what a node's object field could not give back as it was sent: numbers that JavaScript
 * changes, and nesting that readers cannot follow. Looks at the result of a patch, not at its parts:
 * many shallow operations build one deep object.
 */
import { InvalidParameterValue } from "../../common/errors.ts";
import type { Json } from "../../common/node.ts";
import { MAX_JSON_DEPTH } from "../json-limits.ts";

/**
 * @param field for the error, for example `extra`
 * @throws {InvalidParameterValue} naming the field, and the place of a number inside it
 */
export function refuseUnstorable(value: Json, field: string): void {
  visit(value, { field, place: field, depth: 1 });
}

interface Visit {
  readonly field: string;
  readonly place: string;
  readonly depth: number;
}

function visit(value: Json, { field, place, depth }: Visit): void {
  if (typeof value === "number") refuseChanged(value, place);
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_JSON_DEPTH)
    throw new InvalidParameterValue(
      `Invalid ${field}: nested deeper than ${MAX_JSON_DEPTH} levels`,
    );
  for (const [key, member] of Object.entries(value))
    visit(member, { field, place: `${place}/${key}`, depth: depth + 1 });
}

/**
 * `1e400` reads as infinity, which JSON has not; `9007199254740993` reads as its even neighbour (IEEE
 * 754 binary64, RFC 8259 section 6). The digits as sent are gone by now, so every number of that size
 * is refused, also one that happens to be exact.
 */
function refuseChanged(value: number, place: string): void {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new InvalidParameterValue(
      `Invalid ${place}: a number beyond ${Number.MAX_SAFE_INTEGER} cannot be kept exactly, send it as a string`,
    );
}
