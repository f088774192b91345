/**
 * Reads Redfish collections (DSP0266 section 7.4) whole, page by page, with their members where the BMC
 * offers to send them along ($expand). Bounded in pages and members, whatever the BMC links to.
 */
import { BmcFeatureMissing, BmcProtocolError } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { optionalText } from "../lib/redfish-body.ts";
import type { RedfishClient } from "../lib/redfish-client.ts";

const SERVICE_ROOT = "/redfish/v1/";
const MOST_PAGES = 250;

/** One member: the resource itself when it was sent along, otherwise a link to it. */
export interface Member {
  readonly path: string;
  readonly body: JsonObject | undefined;
}

export interface Members {
  readonly members: readonly Member[];
  /** False when the BMC has more than were read. */
  readonly complete: boolean;
}

/** The query that makes this BMC send members along, or nothing when it cannot. */
export async function expandQuery(client: RedfishClient): Promise<string> {
  const { body } = await client.get(SERVICE_ROOT);
  const features = objectOf(objectOf(body["ProtocolFeaturesSupported"])?.["ExpandQuery"]);
  // FACT(DSP0266 section 7.3.4): "." follows subordinate links, "*" the others too; one level unless told.
  if (features?.["NoLinks"] === true) return "?$expand=.";
  return features?.["ExpandAll"] === true ? "?$expand=*" : "";
}

/**
 * @param expand an {@link expandQuery}; a BMC that refuses it after all is asked without
 * @param enough ends the reading early
 */
export async function readMembers(
  client: RedfishClient,
  path: string,
  expand: string,
  enough: (members: readonly Member[]) => boolean,
): Promise<Members> {
  const members: Member[] = [];
  const known = new Set<string>();
  const pages = new Set<string>();
  let next = path;
  let page = await firstPage(client, path, expand);
  for (;;) {
    pages.add(next);
    // FACT(DMTF mockups): a next page may be the same one again under another address.
    const fresh = membersOf(page).filter((one) => one.path === "" || !known.has(one.path));
    for (const one of fresh) known.add(one.path);
    members.push(...fresh);
    next = nextLink(page);
    if (next === "" || pages.has(next) || fresh.length === 0) return { members, complete: true };
    if (enough(members) || pages.size >= MOST_PAGES) return { members, complete: false };
    page = (await client.get(next)).body;
  }
}

async function firstPage(client: RedfishClient, path: string, expand: string): Promise<JsonObject> {
  try {
    return (await client.get(`${path}${expand}`)).body;
  } catch (cause) {
    const refused = cause instanceof BmcFeatureMissing || cause instanceof BmcProtocolError;
    if (expand === "" || !refused) throw cause;
    return (await client.get(path)).body;
  }
}

function membersOf(page: JsonObject): Member[] {
  const { Members: members } = page;
  if (!Array.isArray(members)) throw new BmcProtocolError("the Redfish answer lacks Members");
  return members
    .map((member) => objectOf(member) ?? {})
    .map((member) => ({
      path: optionalText(member, "@odata.id"),
      body: Object.keys(member).some((key) => !key.startsWith("@odata.")) ? member : undefined,
    }))
    .filter(({ path, body }) => path !== "" || body !== undefined);
}

/** FACT(DMTF mockups public-rackmount1): some services leave the property's name out. */
function nextLink(page: JsonObject): string {
  return optionalText(page, "Members@odata.nextLink") || optionalText(page, "@odata.nextLink");
}

/** The `@odata.id` of a link, empty when there is none. */
export function linkOf(value: unknown): string {
  return optionalText(objectOf(value) ?? {}, "@odata.id");
}

/** The links of a list; of anything else none. */
export function linksOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(linkOf).filter((path) => path !== "") : [];
}

/** The body, or nothing when the BMC does not have it. */
export async function getIfThere(
  client: RedfishClient,
  path: string,
): Promise<JsonObject | undefined> {
  try {
    return (await client.get(path)).body;
  } catch (cause) {
    if (cause instanceof BmcFeatureMissing) return undefined;
    throw cause;
  }
}
