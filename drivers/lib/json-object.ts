/** JSON from a BMC or from the database, of which nobody knows the shape. */
import type { Json } from "../base.ts";

export type JsonObject = { readonly [key: string]: Json };

/** The value when it is an object, and no list. */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}
