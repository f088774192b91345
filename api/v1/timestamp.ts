/** Times as Ironic prints them: ISO 8601 with `+00:00`. */

/** @param milliseconds since the epoch; null stays null */
export function timestamp(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString().replace("Z", "+00:00");
}
