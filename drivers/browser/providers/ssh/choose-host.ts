/** Which auxiliary host gets the next session. */

export interface Candidate {
  readonly seats: number;
  readonly taken: number;
  readonly weight: number;
  /** It failed a moment ago. */
  readonly isResting: boolean;
}

/**
 * @param hosts in the operator's order
 * @returns `free`: those with a seat, the least loaded for its weight first, among equals the first of the
 *   list; those that rest are left out. `full`: how many are well but have no seat
 */
export function chooseHosts<T extends Candidate>(hosts: readonly T[]): { free: T[]; full: number } {
  const well = hosts.filter((host) => !host.isResting);
  const free = well.filter((host) => host.taken < host.seats);
  const load = (host: T): number => (host.taken + 1) / host.weight;
  return { free: free.toSorted((a, b) => load(a) - load(b)), full: well.length - free.length };
}
