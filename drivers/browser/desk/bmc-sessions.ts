/**
 * Which of a BMC's sessions is the one that our page's login opened, and its end by Redfish when the page's
 * own way out did not work. In doubt it is somebody else's, and stays.
 */
import { BmcFeatureMissing } from "../../base.ts";
import type { RedfishClient } from "../../lib/redfish-client.ts";
import { memberPaths, optionalText } from "../../lib/redfish-body.ts";
import type { BmcSession } from "./journal.ts";

const SESSIONS = "/redfish/v1/SessionService/Sessions";
/** FACT(iLO, iDRAC): their tables hold 6 to 13 sessions. */
const MAX_SESSIONS = 256;
/** New ones that are looked at. */
const MAX_NEW = 8;

/** @returns the paths of all; undefined when there are more than a BMC can have */
export async function sessionPaths(
  client: RedfishClient,
): Promise<ReadonlySet<string> | undefined> {
  const paths = memberPaths((await client.get(SESSIONS)).body);
  return paths.length > MAX_SESSIONS ? undefined : new Set(paths);
}

/**
 * The session that came since `before` and is of this user.
 * @returns undefined when there is none, or more than one
 */
export async function newSession(
  client: RedfishClient,
  before: ReadonlySet<string>,
  userName: string,
): Promise<BmcSession | undefined> {
  const fresh = [...((await sessionPaths(client)) ?? [])].filter((path) => !before.has(path));
  if (fresh.length > MAX_NEW) return undefined;
  const found: BmcSession[] = [];
  for (const path of fresh) {
    const session = await describe(client, path);
    if (session?.userName === userName) found.push(session);
  }
  return found.length === 1 ? found[0] : undefined;
}

/** Ends it if it is still there and still the same. @returns true: it is gone, by us or by itself */
export async function endSession(client: RedfishClient, session: BmcSession): Promise<true> {
  const now = await describe(client, session.path);
  if (now && now.userName === session.userName && now.createdTime === session.createdTime)
    await client.delete(session.path);
  return true;
}

async function describe(client: RedfishClient, path: string): Promise<BmcSession | undefined> {
  try {
    const { body } = await client.get(path);
    const createdTime = optionalText(body, "CreatedTime");
    return {
      path,
      userName: optionalText(body, "UserName"),
      createdTime: createdTime === "" ? null : createdTime,
    };
  } catch (error) {
    if (error instanceof BmcFeatureMissing) return undefined;
    throw error;
  }
}
