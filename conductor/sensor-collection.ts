/**
 * The periodic reading of sensors into the database, [sensor_data]. Looks at own nodes that are in
 * service; what goes wrong with one machine is noted for it and stops no other. Never changes a machine.
 */
import { messageOf } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import { forEachLimited } from "./for-each-limited.ts";
import { ownNodes } from "./own-nodes.ts";
import type { ConductorService } from "./service.ts";
import { isFailure, type Telemetry } from "./telemetry.ts";

/** @returns the job's function */
export function createSensorCollection(
  service: ConductorService,
  telemetry: Telemetry,
): () => Promise<void> {
  const { workers, wait_timeout: waitSeconds } = service.config.sensor_data;

  return async () => {
    const nodes = (await ownNodes(service, { maintenance: false })).filter(isDue);
    await forEachLimited(nodes, workers, service.pool.signal, collect);
  };

  async function collect({ uuid }: Node): Promise<void> {
    try {
      await telemetry.collect(uuid, waitSeconds);
    } catch (error) {
      const level = isFailure(error) ? "warn" : "debug";
      const fields = { node: uuid, reason: messageOf(error) };
      service.log.log(level, "could not collect the sensors", fields);
    }
  }

  /** A node that was never verified may have no working driver_info; a locked one is being worked on. */
  function isDue(node: Node): boolean {
    if (node.reservation !== null) return false;
    if (node.provisionState === "enroll" || node.provisionState === "verifying") return false;
    try {
      service.drivers.telemetryFor(node);
      return true;
    } catch {
      return false;
    }
  }
}
