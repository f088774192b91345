/** Reads JSON from the network without believing anything about it. */

export type Fields = Readonly<Record<string, unknown>>;

/** @returns undefined for anything but a JSON object */
export function parseObject(text: string): Fields | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}
