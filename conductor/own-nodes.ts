/** Which nodes are this conductor's to look after right now. */
import type { Node } from "../common/node.ts";
import type { NodeFilters } from "../db/database.ts";
import { conductorOf } from "./placement.ts";
import type { ConductorService } from "./service.ts";

const PAGE = 500;

/** Nodes that placement gives to this conductor, in creation order. */
export async function ownNodes(service: ConductorService, filters: NodeFilters): Promise<Node[]> {
  const alive = await service.database.conductors.listAlive(
    service.config.conductor.heartbeat_timeout,
  );
  const own: Node[] = [];
  for (let marker: string | undefined; ;) {
    const page = await service.database.nodes.list({
      filters: { ...filters, conductorGroup: service.group },
      limit: PAGE,
      ...(marker !== undefined && { marker }),
    });
    own.push(...page.filter((node) => conductorOf(node, alive)?.hostname === service.host));
    if (page.length < PAGE) return own;
    marker = page.at(-1)?.uuid;
  }
}
