/**
 * Which conductor handles each node now, as the API shows it: decided by the same rule that sends it
 * the node's calls, from the rows of the living conductors.
 */
import type { Node } from "../../common/node.ts";
import { conductorOf } from "../../conductor/rpcapi.ts";
import type { Database } from "../../db/database.ts";

/** @returns host name, or null when no living conductor can handle the node */
export type Placement = (node: Node) => string | null;

export interface PlacementDeps {
  readonly database: Database;
  /** [conductor]heartbeat_timeout. */
  readonly heartbeatTimeoutSeconds: number;
}

export async function readPlacement(deps: PlacementDeps): Promise<Placement> {
  const alive = await deps.database.conductors.listAlive(deps.heartbeatTimeoutSeconds);
  return (node) => conductorOf(node, alive)?.hostname ?? null;
}
