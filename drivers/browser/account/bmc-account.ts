/**
 * An account on a BMC for one session, by Redfish (DSP2046 ManagerAccount): made, and taken away again by
 * its name, which nobody else's account has.
 *
 * FACT(Dell iDRAC9 and earlier): a fixed number of accounts exists; POST and DELETE are refused, an empty
 * one is filled by PATCH and emptied again. The first one is reserved and cannot be written.
 * FACT(IPMI 2.0 section 22.28): a BMC whose accounts are IPMI's too has user names of 16 bytes at most and
 * passwords of 20.
 */
import { randomBytes, randomInt } from "node:crypto";
import { BmcBusy, BmcFeatureMissing, BmcValueRefused, Secret } from "../../base.ts";
import { objectOf, type JsonObject } from "../../lib/json-object.ts";
import { memberPaths, optionalText, textAt } from "../../lib/redfish-body.ts";
import type { RedfishClient } from "../../lib/redfish-client.ts";

const ROOT = "/redfish/v1/AccountService";
/** FACT(iDRAC, iLO): 16 and 12 accounts; more than this is no table of a BMC. */
const MAX_ACCOUNTS = 64;
const NAME = /^con[a-z0-9]{10}$/;
const PASSWORD_BYTES = 16;
/** Complexity rules of BMCs: one of each kind. Letters and digits that look alike do not matter here. */
const KINDS = ["abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "-_+"];

/** @param session `[a-z0-9]{16}` */
export function accountName(session: string): string {
  return `con${session.slice(0, 10)}`;
}

export function accountPassword(): Secret {
  const one = (kind: string): string => kind[randomInt(kind.length)] ?? "";
  const rest = Array.from({ length: PASSWORD_BYTES - KINDS.length - 1 }, () => one(KINDS.join("")));
  const middle = [...KINDS.map(one), ...rest]
    .map((character) => ({ character, order: randomBytes(4).readUInt32BE() }))
    .sort((a, b) => a.order - b.order)
    .map(({ character }) => character);
  /* some BMCs want a letter in front */
  return new Secret(one(KINDS[0] ?? "") + middle.join(""));
}

/**
 * @param role a RoleId of the BMC, for example Operator
 * @throws {BmcBusy} when every account is taken
 * @throws {BmcFeatureMissing} when the BMC manages no accounts by Redfish
 * @throws {BmcValueRefused} what else the client throws
 */
export async function makeAccount(
  client: RedfishClient,
  account: { readonly name: string; readonly password: Secret; readonly role: string },
): Promise<void> {
  const accounts = await accountsPath(client);
  const wanted = {
    UserName: account.name,
    Password: account.password,
    RoleId: account.role,
    Enabled: true,
  };
  try {
    await client.post(accounts, wanted);
  } catch (error) {
    if (!(error instanceof BmcFeatureMissing || error instanceof BmcValueRefused)) throw error;
    const free = await emptySlot(client, accounts);
    if (free === "none") throw error;
    if (free === "full")
      throw new BmcBusy(`${client.peer} has no account left for a session`, { cause: error });
    await client.patch(free.path, wanted, free.etag);
  }
}

/**
 * Takes it away if it is there.
 * @param name one that {@link accountName} made; any other one is nobody we may touch
 */
export async function removeAccount(client: RedfishClient, name: string): Promise<void> {
  if (!NAME.test(name)) return;
  for (const path of await members(client, await accountsPath(client))) {
    const { body, etag } = await client.get(path);
    if (optionalText(body, "UserName") !== name) continue;
    try {
      await client.delete(path);
    } catch (error) {
      if (!(error instanceof BmcFeatureMissing || error instanceof BmcValueRefused)) throw error;
      await client.patch(path, { Enabled: false, RoleId: "None" }, etag);
      await client.patch(path, { UserName: "" });
    }
  }
}

async function accountsPath(client: RedfishClient): Promise<string> {
  const { body } = await client.get(ROOT);
  return textAt(objectOf(body["Accounts"]) ?? {}, "@odata.id");
}

async function members(client: RedfishClient, accounts: string): Promise<string[]> {
  return memberPaths((await client.get(accounts)).body).slice(0, MAX_ACCOUNTS);
}

/** @returns "none" when this BMC has no empty accounts lying about, "full" when all of them have names */
async function emptySlot(
  client: RedfishClient,
  accounts: string,
): Promise<{ readonly path: string; readonly etag: string | undefined } | "none" | "full"> {
  const paths = await members(client, accounts);
  /* the first one is reserved where there are slots at all */
  for (const path of paths.slice(1)) {
    const { body, etag } = await client.get(path);
    if (isEmpty(body)) return { path, etag };
  }
  const first = paths[0] === undefined ? undefined : (await client.get(paths[0])).body;
  return first && isEmpty(first) ? "full" : "none";
}

function isEmpty(body: JsonObject): boolean {
  return body["UserName"] === "" || body["UserName"] === null;
}
