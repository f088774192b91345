/**
 * The virtual media verbs. What is wrong with a request is said at once; the BMC takes its time in the
 * background. The link is made here, goes to the driver as a secret, and stands nowhere else.
 */
import { lookup } from "node:dns/promises";
import {
  BmcTimeout,
  BmcUnreachable,
  ImageNotFound,
  InvalidParameterValue,
  messageOf,
  ShuttingDown,
  UnsupportedDriverExtension,
} from "../common/errors.ts";
import { imagePath, ImageTokens, newGrantId, withoutImageTokens } from "../common/image-token.ts";
import { shownUrl } from "../common/image-names.ts";
import { plainAddress } from "../common/networks.ts";
import { printable } from "../common/printable.ts";
import type { RequestContext } from "../common/request-context.ts";
import { Secret } from "../common/secret.ts";
import type { Image, MediaDeviceType, NodeMedia } from "../db/database.ts";
import type { ManagementInterface, VirtualMediaDevice } from "../drivers/base.ts";
import type { MediaControl } from "./media-control.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConductorApi, MediaRequest, VirtualMediaView } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

const VALIDATE_SECONDS = 15;
/** A BMC may look at the image, and wait for its own time-outs. */
const ATTACH_SECONDS = 180;
/** Less than [json_rpc]timeout's default, so that the caller hears the reason. */
const SHOW_SECONDS = 60;

type Verbs = "attachVirtualMedia" | "detachVirtualMedia" | "getVirtualMedia";
type AttachingManagement = ManagementInterface &
  Required<Pick<ManagementInterface, "attachVirtualMedia">>;

interface Begun {
  readonly media: NodeMedia;
  /** Null when it is for a browser. */
  readonly work: { readonly management: AttachingManagement; readonly url: Secret } | null;
}

export function createVirtualMedia(
  service: ConductorService,
  control: MediaControl,
): Pick<ConductorApi, Verbs> {
  const tokens = ImageTokens.from(service.secretBox);
  const { media: table, images } = service.database;
  const options = service.config.image;

  async function attachVirtualMedia(
    context: RequestContext,
    uuid: string,
    wanted: MediaRequest,
  ): Promise<void> {
    const slot = service.pool.takeSlot();
    try {
      await using task = await service.tasks.acquire(uuid, {
        shared: false,
        purpose: "attaching virtual media",
      });
      const begun = await begin(task, context, wanted);
      task.log.info("attaching virtual media", {
        deviceType: wanted.deviceType,
        image: begun.media.imageUuid ?? begun.media.imageUrl,
        via: wanted.via,
        requestId: context.requestId,
      });
      await task.save({ lastError: null });
      task.moveInto(slot, () => insert(task, begun));
    } finally {
      slot.giveBack();
    }
  }

  async function begin(
    task: NodeTask,
    context: RequestContext,
    wanted: MediaRequest,
  ): Promise<Begun> {
    const { deviceType, ejectOn, via } = wanted;
    const image = "imageUuid" in wanted ? await activeImage(wanted.imageUuid) : undefined;
    const management = via === "bmc" ? attaching(task) : undefined;
    const host = management && (await validated(task, management));
    if (management && image && options.public_url === "")
      throw new InvalidParameterValue(
        "images of the library are not served to BMCs here ([image]public_url is empty)",
      );
    const addresses = image && host !== undefined ? await readersOf(host) : null;
    const grantId = newGrantId();
    const expiresAt = service.clock.now() + options.url_ttl * 1000;
    const media = await table.add({
      nodeUuid: task.node.uuid,
      deviceType,
      via,
      ejectOn,
      grantId,
      expiresAt,
      addresses,
      imageUuid: image?.uuid ?? null,
      imageUrl: "imageUrl" in wanted ? shownUrl(wanted.imageUrl) : null,
      userId: context.userId,
      projectId: context.projectId,
    });
    if (!management) return { media, work: null };
    const url = "imageUrl" in wanted ? wanted.imageUrl : image && linkTo(media, image, expiresAt);
    if (url === undefined) throw new InvalidParameterValue("there is no image to attach");
    return { media, work: { management, url: new Secret(url) } };
  }

  async function activeImage(uuid: string): Promise<Image> {
    const image = await images.get(uuid);
    if (!image) throw new ImageNotFound(uuid);
    return image;
  }

  function linkTo({ nodeUuid, grantId, deviceType }: NodeMedia, image: Image, expiresAt: number) {
    const token = tokens.sign({ nodeUuid, imageUuid: image.uuid, grantId, expiresAt });
    const base = options.public_url.replace(/\/+$/, "");
    return base + imagePath(token, image.name, deviceType === "cdrom" ? "iso" : "img");
  }

  /** @returns the BMC's host, where its driver knows it */
  async function validated(
    task: NodeTask,
    management: AttachingManagement,
  ): Promise<string | undefined> {
    return await task.drive(
      { type: "management", seconds: VALIDATE_SECONDS, what: "validating driver_info" },
      async (held) => {
        await management.validate(held);
        return management.getBmcHost?.(held);
      },
    );
  }

  /**
   * Who may read the image: the addresses of the BMC, null for everybody who has the link.
   * @throws {BmcUnreachable} when they cannot be found out
   */
  async function readersOf(host: string): Promise<string[] | null> {
    if (!options.pin_address) return null;
    const found = await lookup(host, { all: true }).catch(() => []);
    if (found.length === 0)
      throw new BmcUnreachable(
        `the name "${printable(host)}" of the BMC leads to no address, and only from there images may be read ([image]pin_address)`,
      );
    return found.map(({ address }) => plainAddress(address));
  }

  async function insert(task: NodeTask, { media, work }: Begun): Promise<void> {
    const { nodeUuid, grantId, deviceType } = media;
    try {
      if (work)
        await task.drive(
          { type: "management", seconds: ATTACH_SECONDS, what: "attaching virtual media" },
          (held) => work.management.attachVirtualMedia(held, deviceType, work.url),
        );
      await table.attached(nodeUuid, grantId);
      task.log.info("virtual media attached", { deviceType });
    } catch (error) {
      const reason = printable(withoutImageTokens(messageOf(error)), 1000);
      task.log.warn("virtual media could not be attached", { deviceType, reason });
      /* It may be inserted all the same, now or in a minute. */
      if (isUncertain(error)) await control.cutOff(nodeUuid, [deviceType]);
      else await table.remove(nodeUuid, grantId);
      await task.save({
        lastError: `Failed to attach virtual media to node ${nodeUuid}. Reason: ${reason}`,
      });
    }
  }

  async function detachVirtualMedia(
    context: RequestContext,
    uuid: string,
    { deviceTypes }: { readonly deviceTypes: readonly MediaDeviceType[] },
  ): Promise<void> {
    const slot = service.pool.takeSlot();
    try {
      await using task = await service.tasks.acquire(uuid, {
        shared: false,
        purpose: "detaching virtual media",
      });
      const management = task.interfaceOf("management");
      const known = await table.listForNode(task.node.uuid);
      if (!management.detachVirtualMedia && known.length === 0)
        throw new UnsupportedDriverExtension(task.node.driver, "detach_virtual_media");
      await control.cutOff(task.node.uuid, deviceTypes);
      await task.save({ lastError: null });
      task.log.info("detaching virtual media", { deviceTypes, requestId: context.requestId });
      task.moveInto(slot, async () => {
        const reason = await control.eject(task, management.detachVirtualMedia ? deviceTypes : []);
        if (reason === undefined) return;
        const lastError = `Failed to detach virtual media from node ${task.node.uuid}. Reason: ${reason}`;
        await task.save({ lastError });
      });
    } finally {
      slot.giveBack();
    }
  }

  async function getVirtualMedia(
    _context: RequestContext,
    uuid: string,
  ): Promise<readonly VirtualMediaView[]> {
    const purpose = "showing virtual media";
    await using task = await service.tasks.acquire(uuid, { shared: true, purpose });
    const management = task.interfaceOf("management");
    const known = await table.listForNode(task.node.uuid);
    if (!management.getVirtualMedia && known.length === 0)
      throw new UnsupportedDriverExtension(task.node.driver, "get_virtual_media");
    const devices = await task.drive(
      { type: "management", seconds: SHOW_SECONDS, what: purpose },
      async (held) => {
        if (!management.getVirtualMedia) return [];
        await management.validate(held);
        return await management.getVirtualMedia(held);
      },
    );
    const named = await Promise.all(known.map(async (one) => await attachmentOf(one)));
    return joined(devices, known, named);
  }

  async function attachmentOf(media: NodeMedia): Promise<VirtualMediaView["attachment"]> {
    const image = media.imageUuid === null ? undefined : await images.get(media.imageUuid);
    const { state, via, imageUuid, imageUrl, ejectOn, attachedAt, expiresAt } = media;
    const { error, servedBytes, servedAt } = media;
    const shown = { state, via, imageUuid, imageUrl, ejectOn, attachedAt, expiresAt };
    return { ...shown, error, servedBytes, servedAt, imageName: image?.name ?? null };
  }

  return { attachVirtualMedia, detachVirtualMedia, getVirtualMedia };
}

function attaching(task: NodeTask): AttachingManagement {
  const management = task.interfaceOf("management");
  if (!management.attachVirtualMedia)
    throw new UnsupportedDriverExtension(task.node.driver, "attach_virtual_media");
  return management as AttachingManagement;
}

/** The drives as their BMC says, each with what we put in; behind them what is in no drive. */
function joined(
  devices: readonly VirtualMediaDevice[],
  known: readonly NodeMedia[],
  named: readonly VirtualMediaView["attachment"][],
): VirtualMediaView[] {
  const left = new Set(known);
  const views = devices.map((device): VirtualMediaView => {
    const mine = [...left].find(
      ({ via, deviceType }) => via === "bmc" && device.inserted && fitsType(device, deviceType),
    );
    if (mine) left.delete(mine);
    return { ...cleaned(device), attachment: mine ? (named[known.indexOf(mine)] ?? null) : null };
  });
  const rest = [...left].map((one): VirtualMediaView => ({
    device: null,
    mediaTypes: [],
    deviceType: one.deviceType,
    inserted: false,
    image: null,
    connectedVia: null,
    writeProtected: null,
    attachment: named[known.indexOf(one)] ?? null,
  }));
  return [...views, ...rest];
}

function fitsType(device: VirtualMediaDevice, type: MediaDeviceType): boolean {
  if (type === "cdrom") return device.mediaTypes.some((name) => name === "CD" || name === "DVD");
  return device.mediaTypes.includes(type === "disk" ? "USBStick" : "Floppy");
}

/** A BMC's words, fit for one line, without what opens an image. */
function cleaned(device: VirtualMediaDevice): VirtualMediaDevice {
  const line = (text: string): string => printable(withoutImageTokens(shownUrl(text) || text));
  return {
    ...device,
    device: printable(device.device),
    mediaTypes: device.mediaTypes.map((name) => printable(name)),
    image: device.image === null ? null : line(device.image),
    connectedVia: device.connectedVia === null ? null : printable(device.connectedVia),
  };
}

/** Nobody knows what the BMC does next. */
function isUncertain(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof BmcTimeout || error instanceof ShuttingDown || code === "CONSOLE_ERROR";
}
