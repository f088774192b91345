/**
 * The job that ejects what nobody asks to be ejected: images whose time is up, whose last console session
 * has ended, that could not be ejected before, or that a crash left half attached.
 */
import { NodeLocked, NodeNotFound } from "../common/errors.ts";
import type { NodeMedia } from "../db/database.ts";
import { forEachLimited } from "./for-each-limited.ts";
import type { MediaControl } from "./media-control.ts";
import { ownNodes } from "./own-nodes.ts";
import type { ConductorService } from "./service.ts";
import { logFailure } from "./worker-pool.ts";

const AT_A_TIME = 4;
/** Who attaches holds the node's lock; this only spares the look. */
const STUCK_MS = 5000;

export function createMediaSweep(
  service: ConductorService,
  media: MediaControl,
): () => Promise<void> {
  const due = (): Promise<NodeMedia[]> =>
    service.database.media.listDue(service.clock.now() - STUCK_MS);

  async function sweepNode(uuid: string): Promise<void> {
    await using task = await service.tasks.acquire(uuid, {
      shared: false,
      purpose: "ejecting virtual media",
      atOnce: true,
    });
    /* Now that nobody else works on it: what is still so. */
    const types = (await due())
      .filter(({ nodeUuid }) => nodeUuid === task.node.uuid)
      .map(({ deviceType }) => deviceType);
    if (types.length === 0) return;
    await media.cutOff(task.node.uuid, types);
    await media.eject(task);
  }

  return async () => {
    const uuids = [...new Set((await due()).map(({ nodeUuid }) => nodeUuid))];
    if (uuids.length === 0) return;
    const own = await ownNodes(service, { uuids });
    await forEachLimited(own, AT_A_TIME, service.pool.signal, async ({ uuid }) => {
      try {
        await sweepNode(uuid);
      } catch (error) {
        if (error instanceof NodeLocked || error instanceof NodeNotFound) return;
        logFailure(service.log, "could not sweep virtual media", { node: uuid })(error);
      }
    });
  };
}
