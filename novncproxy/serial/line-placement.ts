/**
 * Which of the living proxies should take a line that nobody holds: each computes the same answer, so
 * that they share the lines without a word (rendezvous hashing).
 */
import { createHash } from "node:crypto";

/** @param hosts names of the living proxies @returns one of them; undefined when there is none */
export function favouriteProxy(nodeUuid: string, hosts: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestScore = "";
  for (const host of hosts) {
    const score = createHash("sha256").update(`${nodeUuid} ${host}`).digest("hex");
    if (score <= bestScore) continue;
    best = host;
    bestScore = score;
  }
  return best;
}
