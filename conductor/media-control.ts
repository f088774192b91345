/**
 * Takes images out of virtual drives: first their links end, which needs the database alone, then the BMC
 * ejects. What cannot be ejected now is tried again by media-sweep.ts. Every caller of eject holds the
 * exclusive lock.
 */
import { messageOf } from "../common/errors.ts";
import { withoutImageTokens } from "../common/image-token.ts";
import { printable } from "../common/printable.ts";
import { MEDIA_DEVICE_TYPES, type MediaDeviceType, type NodeMedia } from "../db/database.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConductorService } from "./service.ts";

/** Less than [json_rpc]timeout's default: a node's deletion waits for it. */
const EJECT_SECONDS = 90;
const RETRY_MS = 60_000;
/** After the link's own end. */
const GIVE_UP_MS = 86_400_000;
const LONGEST_REASON = 500;

type Deps = Pick<ConductorService, "clock" | "config" | "database" | "log" | "pool">;

export class MediaControl {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Ends every link of a node, at once. @returns true when there is something to eject */
  async cutOff(
    nodeUuid: string,
    types: readonly MediaDeviceType[] = MEDIA_DEVICE_TYPES,
  ): Promise<boolean> {
    return (await this.#deps.database.media.beginDetach(nodeUuid, types)).length > 0;
  }

  /** Ejects in the background, and keeps the node's lock until then. Never throws: the sweep comes too. */
  ejectLater(task: NodeTask): void {
    try {
      const slot = this.#deps.pool.takeSlot();
      task.moveInto(slot, async () => {
        await this.eject(task);
      });
    } catch (error) {
      task.log.debug("virtual media are ejected later", { reason: messageOf(error) });
    }
  }

  /**
   * Has the BMC eject what is on its way out. Never throws.
   * @param also drives that are to be empty whoever filled them
   * @returns why it did not work
   */
  async eject(task: NodeTask, also: readonly MediaDeviceType[] = []): Promise<string | undefined> {
    const { media } = this.#deps.database;
    const leaving = (await media.listForNode(task.node.uuid)).filter(
      ({ state }) => state === "detaching",
    );
    const [ofBmc, ofBrowser] = [viaOf(leaving, "bmc"), viaOf(leaving, "browser")];
    const takenBack = await this.#leave(task, ofBrowser, typesOf(ofBrowser), async () => {
      await this.#takeBack(task);
    });
    const types = [...new Set([...typesOf(ofBmc), ...also])];
    const ejected = await this.#leave(task, ofBmc, types, async () => {
      await this.#driverEject(task, types);
    });
    return takenBack ?? ejected;
  }

  /** @returns why it did not work; it is tried again then */
  async #leave(
    task: NodeTask,
    leaving: readonly NodeMedia[],
    types: readonly MediaDeviceType[],
    work: () => Promise<void>,
  ): Promise<string | undefined> {
    const { media } = this.#deps.database;
    if (types.length === 0) return undefined;
    try {
      await work();
      for (const one of leaving) await media.remove(one.nodeUuid, one.grantId);
      task.log.info("virtual media ejected", { types });
      return undefined;
    } catch (error) {
      const reason = printable(withoutImageTokens(messageOf(error)), LONGEST_REASON);
      task.log.warn("virtual media could not be ejected", { types, reason });
      for (const one of leaving) await this.#putOff(one, reason);
      return reason;
    }
  }

  /** The console's browser got the file for as long as its session lasts. */
  async #takeBack(task: NodeTask): Promise<void> {
    const driver = task.interfaceOf("console");
    if (!driver.takeBackMedia) return;
    await task.drive(
      { type: "console", seconds: EJECT_SECONDS, what: "taking an image back" },
      async (held) => await driver.takeBackMedia?.(held),
    );
  }

  async #driverEject(task: NodeTask, types: readonly MediaDeviceType[]): Promise<void> {
    const management = task.interfaceOf("management");
    await task.drive(
      { type: "management", seconds: EJECT_SECONDS, what: "ejecting virtual media" },
      async (held) => await management.detachVirtualMedia?.(held, types),
    );
  }

  async #putOff(one: NodeMedia, reason: string): Promise<void> {
    const { media } = this.#deps.database;
    const now = this.#deps.clock.now();
    if (now - (one.expiresAt ?? one.attachedAt) < GIVE_UP_MS)
      return await media.failDetach(one.nodeUuid, one.grantId, reason, now + RETRY_MS);
    await media.remove(one.nodeUuid, one.grantId);
    this.#deps.log.error("gave up ejecting an image; its link ended a day ago", {
      node: one.nodeUuid,
      deviceType: one.deviceType,
      reason,
    });
  }
}

function viaOf(media: readonly NodeMedia[], wanted: NodeMedia["via"]): NodeMedia[] {
  return media.filter(({ via }) => via === wanted);
}

function typesOf(media: readonly NodeMedia[]): MediaDeviceType[] {
  return media.map(({ deviceType }) => deviceType);
}
