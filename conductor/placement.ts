/**
 * Which conductor handles a node: rendezvous hashing of the node's UUID over the live conductors of its
 * conductor_group that have its hardware type. One that leaves moves only its own nodes.
 */
import { createHash } from "node:crypto";
import { NotFound, NoValidHost } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import type { Conductor } from "../db/database.ts";

type Placed = Pick<
  Node,
  "uuid" | "driver" | "conductorGroup" | "consoleEnabled" | "conductorAffinity"
>;

/**
 * A node whose console runs stays with the conductor that started it while that one lives, because
 * only there can the console's process be stopped; every other is placed by the hash.
 * @param alive live conductors
 * @returns undefined when none has the group and the hardware type
 */
export function conductorOf(node: Placed, alive: readonly Conductor[]): Conductor | undefined {
  const eligible = alive.filter(
    (one) =>
      one.conductorGroup.toLowerCase() === node.conductorGroup.toLowerCase() &&
      one.drivers.includes(node.driver),
  );
  const starter = node.consoleEnabled
    ? eligible.find((one) => one.hostname === node.conductorAffinity)
    : undefined;
  return starter ?? highestWeight(node.uuid, eligible);
}

/** Ironic's text for a node that nobody can handle; 400 for a node to be, see {@link noConductorFor}. */
export function noValidHost(driver: string, group: string): NoValidHost {
  return new NoValidHost(
    `No conductor service registered which supports driver ${driver} for conductor group "${group}".`,
  );
}

/** The same text as a 404, for a node that exists. */
export function noConductorFor(node: Pick<Node, "driver" | "conductorGroup">): NotFound {
  return new NotFound(noValidHost(node.driver, node.conductorGroup).message);
}

function highestWeight(key: string, conductors: readonly Conductor[]): Conductor | undefined {
  let best: { conductor: Conductor; weight: string } | undefined;
  for (const conductor of conductors) {
    const weight = createHash("sha256").update(`${conductor.hostname}\0${key}`).digest("hex");
    if (!best || weight > best.weight) best = { conductor, weight };
  }
  return best?.conductor;
}
