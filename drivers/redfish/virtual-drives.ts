/**
 * The virtual drives of a BMC (DMTF schema VirtualMedia): where each vendor has them, what is in them, and
 * which way each takes an image.
 */
import { BmcFeatureMissing, type VirtualMediaDevice, type VirtualMediaType } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { optionalText } from "../lib/redfish-body.ts";
import type { RedfishClient } from "../lib/redfish-client.ts";
import { getIfThere, linkOf, linksOf, readMembers, type Member } from "./collection.ts";
import { textsOf } from "./reset.ts";
import type { ComputerSystem } from "./system.ts";

const MOST_DRIVES = 32;

/** How a drive is told to take an image: the action's target; `patch`: by writing the resource. */
export type Way =
  | { readonly kind: "action"; readonly insert: string; readonly eject: string }
  | { readonly kind: "patch" }
  | { readonly kind: "supermicro"; readonly config: string }
  /** It takes none by URL. */
  | { readonly kind: "none"; readonly why: string };

export interface Drive {
  readonly path: string;
  readonly way: Way;
  readonly description: VirtualMediaDevice;
}

/** FACT(DMTF schema VirtualMedia, MediaTypes; ironic redfish boot: a stick is what its `disk` means). */
const TYPES: Readonly<Record<VirtualMediaType, readonly string[]>> = {
  cdrom: ["CD", "DVD"],
  disk: ["USBStick"],
  floppy: ["Floppy"],
};

/**
 * All drives.
 * @throws {BmcFeatureMissing} when the BMC has no virtual media at all
 */
export async function findDrives(system: ComputerSystem): Promise<readonly Drive[]> {
  const { client } = system;
  // FACT(DSP2046 ComputerSystem 1.13): newer BMCs have them below the system, others below the manager.
  const own = await drivesBelow(client, system.body);
  if (own?.some(({ way }) => way.kind !== "none")) return own;
  const managed: Drive[] = [];
  let seen = own !== undefined;
  for (const path of linksOf(objectOf(system.body["Links"])?.["ManagedBy"])) {
    const manager = await getIfThere(client, path);
    const drives = manager && (await drivesBelow(client, manager));
    seen ||= drives !== undefined;
    managed.push(...(drives ?? []));
  }
  if (seen) return managed.length > 0 ? managed : (own ?? []);
  throw new BmcFeatureMissing(`${client.peer} has no virtual media`);
}

/** True when a drive of this BMC takes such an image. */
export function fits(drive: Drive, type: VirtualMediaType): boolean {
  return drive.description.mediaTypes.some((name) => TYPES[type].includes(name));
}

async function drivesBelow(client: RedfishClient, owner: JsonObject): Promise<Drive[] | undefined> {
  const path = linkOf(owner["VirtualMedia"]);
  const body = path === "" ? undefined : await getIfThere(client, path);
  if (body === undefined) return undefined;
  const config = supermicroConfig(body);
  const { members } = await readMembers(client, path, "", (found) => found.length >= MOST_DRIVES);
  const drives: Drive[] = [];
  for (const member of members.slice(0, MOST_DRIVES)) {
    const resource = await bodyOf(client, member);
    if (resource) drives.push(driveOf(member.path, resource, config));
  }
  if (config !== "" && drives.length === 0) drives.push(emptySupermicro(config));
  return drives;
}

async function bodyOf(client: RedfishClient, member: Member): Promise<JsonObject | undefined> {
  return member.body ?? (await getIfThere(client, member.path));
}

/** Reads one drive again. @returns undefined when the BMC does not have it any more */
export async function readAgain(client: RedfishClient, drive: Drive): Promise<Drive | undefined> {
  const body = drive.path === "" ? undefined : await getIfThere(client, drive.path);
  return body && { ...drive, description: describe(body) };
}

function driveOf(path: string, body: JsonObject, config: string): Drive {
  return { path, way: wayOf(body, config), description: describe(body) };
}

function wayOf(body: JsonObject, config: string): Way {
  const standard = objectOf(body["Actions"]) ?? {};
  const oem = Object.values(objectOf(body["Oem"]) ?? {}).map((vendor) => objectOf(vendor) ?? {});
  for (const actions of [standard, ...oem.map((vendor) => objectOf(vendor["Actions"]) ?? {})]) {
    // FACT(iLO 4 and 5 recordings): #HpeiLOVirtualMedia.InsertVirtualMedia, #HpiLOVirtualMedia… in Oem.
    const insert = targetOf(actions, /\.Insert(?:Virtual)?Media$/);
    const eject = targetOf(actions, /\.Eject(?:Virtual)?Media$/);
    if (insert !== "" && eject !== "") return { kind: "action", insert, eject };
  }
  if (config !== "") return { kind: "supermicro", config };
  // FACT(OpenBMC bmcweb virtual_media.hpp): a slot in proxy mode is fed by a browser over a WebSocket.
  if (oem.some((vendor) => vendor["WebSocketEndpoint"] !== undefined))
    return { kind: "none", why: "it takes images from a browser only (proxy mode)" };
  // FACT(lenovo/python-redfish-lenovo issue 21): XCC's RDOC and Remote hold uploads, only EXT takes a URL.
  if (/^(?:RDOC|Remote)/i.test(optionalText(body, "Id")))
    return { kind: "none", why: "it holds files that were uploaded to the BMC" };
  // FACT(sushy virtual_media.py): XCC before 2019 and iLO 4 take an image by PATCH.
  return { kind: "patch" };
}

function targetOf(actions: JsonObject, name: RegExp): string {
  const found = Object.entries(actions).find(([key]) => name.test(key));
  return optionalText(objectOf(found?.[1]) ?? {}, "target");
}

function describe(body: JsonObject): VirtualMediaDevice {
  const { Inserted: inserted, WriteProtected: writeProtected } = body;
  const mediaTypes = textsOf(body["MediaTypes"]).slice(0, MOST_DRIVES);
  const [image, via] = [optionalText(body, "Image"), optionalText(body, "ConnectedVia")];
  const known = (Object.keys(TYPES) as VirtualMediaType[]).find((type) =>
    mediaTypes.some((name) => TYPES[type].includes(name)),
  );
  // FACT(ansible-collections/community.general pull 7470): Supermicro keeps Image of a slot that is NotConnected.
  const isIn = via !== "NotConnected" && (typeof inserted === "boolean" ? inserted : image !== "");
  return {
    device: optionalText(body, "Id"),
    mediaTypes,
    deviceType: known ?? null,
    inserted: isIn,
    image: isIn ? image || optionalText(body, "ImageName") || null : null,
    connectedVia: via || null,
    writeProtected: typeof writeProtected === "boolean" ? writeProtected : null,
  };
}

/** FACT(Supermicro X10, X11; redhat-performance/badfish, karmab/kcli): VM1 links to CfgCD, with Mount and UnMount. */
function supermicroConfig(collection: JsonObject): string {
  const oem = objectOf(objectOf(collection["Oem"])?.["Supermicro"]) ?? {};
  return linkOf(oem["VirtualMediaConfig"]);
}

/** FACT(the same): the drive is listed while something is mounted only. */
function emptySupermicro(config: string): Drive {
  return {
    path: "",
    way: { kind: "supermicro", config },
    description: {
      device: "CD1",
      mediaTypes: ["CD", "DVD"],
      deviceType: "cdrom",
      inserted: false,
      image: null,
      connectedVia: "NotConnected",
      writeProtected: true,
    },
  };
}
