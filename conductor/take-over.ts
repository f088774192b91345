/**
 * What dead conductors left: their locks are released, what anybody had begun and nobody works on is
 * settled, and the running consoles of nodes that are now ours are taken up. Any provision state counts
 * (upstream takes over ACTIVE nodes only, and the others' consoles point nowhere).
 */
import type { Node } from "../common/node.ts";
import { createDeadConductors } from "./dead-conductors.ts";
import { ownNodes } from "./own-nodes.ts";
import type { ConsoleRestorer } from "./restore-consoles.ts";
import type { ConductorService } from "./service.ts";

/** @returns the job's function */
export function createTakeOver(
  service: ConductorService,
  restorer: ConsoleRestorer,
): () => Promise<void> {
  const deadConductors = createDeadConductors(service);

  /** Locks of the dead on nodes that are now ours, and those in our own name that nobody holds. */
  async function releaseOrphans(dead: readonly string[]): Promise<void> {
    const released = [...(await service.tasks.releaseForgotten())];
    for (const host of dead)
      for (const { uuid } of await ownNodes(service, { reservedBy: host })) {
        await service.database.nodes.release(uuid, host);
        released.push(uuid);
      }
    if (released.length > 0)
      service.log.warn("released locks that nobody holds any more", { nodes: released });
  }

  /** A living conductor keeps its consoles, whatever placement says about new ones. */
  async function orphanedConsoles(dead: readonly string[]): Promise<Node[]> {
    const orphaned: Node[] = [];
    for (const conductorAffinity of dead)
      orphaned.push(...(await ownNodes(service, { consoleEnabled: true, conductorAffinity })));
    return orphaned.filter((node) => node.reservation === null);
  }

  return async () => {
    const dead = await deadConductors();
    await releaseOrphans(dead);
    await restorer.settleForgotten();
    const orphaned = await orphanedConsoles(dead);
    if (orphaned.length === 0) return;
    service.log.warn("taking over consoles of dead conductors", {
      nodes: orphaned.map((node) => node.uuid),
    });
    await restorer.restore(orphaned);
  };
}
