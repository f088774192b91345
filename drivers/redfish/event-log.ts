/**
 * The event log of a system over Redfish: which of a BMC's several logs it is, its newest entries, and
 * emptying it. Bounded in what it reads, whatever the BMC says it has.
 */
import { BmcFeatureMissing, type EventLogEntry } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { optionalText } from "../lib/redfish-body.ts";
import type { RedfishClient } from "../lib/redfish-client.ts";
import {
  expandQuery,
  getIfThere,
  linkOf,
  linksOf,
  readMembers,
  type Member,
} from "./collection.ts";
import { logEntry } from "./log-entry.ts";
import type { ComputerSystem } from "./system.ts";

const MOST_SERVICES = 16;
/** Entries looked at; a SEL has a few thousand at most. */
const MOST_ENTRIES = 10_000;
/** Entries asked for one by one, of a BMC that sends links only. */
const MOST_SINGLE_READS = 100;

/**
 * How much the name of a log service promises the machine's hardware events: IPMI's SEL first, then what
 * vendors have in its place.
 * FACT(vendor documentation, check_redfish, DMTF Redfish-Tacklebox): Dell Sel, Lclog, FaultList; HPE IML,
 * IEL, SL; Lenovo PlatformLog, StandardLog, ActiveLog, AuditLog; Supermicro and Huawei Log1; Fujitsu
 * SystemEventLog, InternalEventLog; OpenBMC EventLog, PostCodes, Dump, HostLogger; Cisco SEL.
 */
const PROMISING: readonly RegExp[] = [
  /^sel$/i,
  /^(?:iml|systemeventlog)$/i,
  /^(?:eventlog|platformlog|standardlog)$/i,
  /^log\d*$/i,
  /^(?:activelog|internaleventlog|lclog|iel)$/i,
];
/** Logs of something else: logins, boot codes, memory dumps, what the host wrote to its console. */
const FOREIGN = /^sl$|audit|security|dump|post|host|console|journal|debug|fault|telemetry/i;

interface LogService {
  readonly path: string;
  readonly body: JsonObject;
}

/** @returns newest first, at most `limit` */
export async function readEventLog(
  system: ComputerSystem,
  limit: number,
): Promise<{ readonly entries: EventLogEntry[]; readonly complete: boolean }> {
  const { client } = system;
  const service = await findLog(system);
  const entries = linkOf(service.body["Entries"]) || `${service.path}/Entries`;
  const { members, complete } = await readMembers(
    client,
    entries,
    await expandQuery(client),
    (read) => read.length >= MOST_ENTRIES || (read.length >= limit && isNewestFirst(read)),
  );
  const newest = isNewestFirst(members) ? members : members.toReversed();
  return {
    entries: await openEntries(client, newest.slice(0, limit)),
    complete: complete || isNewestFirst(members),
  };
}

/** @throws {BmcFeatureMissing} when the BMC does not let it be emptied */
export async function clearLog(system: ComputerSystem): Promise<void> {
  const { client } = system;
  const { body, path } = await findLog(system);
  const action = objectOf(objectOf(body["Actions"])?.["#LogService.ClearLog"]);
  const target = optionalText(action ?? {}, "target");
  if (target === "")
    throw new BmcFeatureMissing(`${client.peer} does not let its log ${nameOf(path)} be cleared`);
  await client.post(target, {});
}

/** @throws {BmcFeatureMissing} when there is none */
async function findLog({ client, body }: ComputerSystem): Promise<LogService> {
  const managers = linksOf(objectOf(body["Links"])?.["ManagedBy"]).slice(0, 2);
  const candidates: LogService[] = await logsOf(client, body);
  for (const path of managers) {
    if (candidates.some(isCertain)) break;
    candidates.push(...(await logsOf(client, (await getIfThere(client, path)) ?? {})));
  }
  // Of two that promise the same the system's own comes first: sort is stable.
  const best = candidates.toSorted((one, other) => rankOf(one) - rankOf(other))[0];
  if (best) return best;
  throw new BmcFeatureMissing(`${client.peer} has no event log of this system`);
}

async function logsOf(client: RedfishClient, owner: JsonObject): Promise<LogService[]> {
  const collection = linkOf(owner["LogServices"]);
  if (collection === "") return [];
  const paths = linksOf((await getIfThere(client, collection))?.["Members"]);
  const found: LogService[] = [];
  for (const path of paths.slice(0, MOST_SERVICES)) {
    if (FOREIGN.test(nameOf(path))) continue;
    const body = await getIfThere(client, path);
    if (body && body["ServiceEnabled"] !== false) found.push({ path, body });
  }
  return found;
}

/** Smaller is better. LogEntryType is the schema's own word for it; many BMCs leave it out. */
function rankOf({ path, body }: LogService): number {
  if (optionalText(body, "LogEntryType") === "SEL") return -1;
  const place = PROMISING.findIndex((pattern) => pattern.test(nameOf(path)));
  if (place >= 0) return place;
  // A log that says what it does when it is full is one that records events.
  const policy = optionalText(body, "OverWritePolicy");
  return PROMISING.length + (policy === "" || policy === "Unknown" ? 1 : 0);
}

function isCertain(service: LogService): boolean {
  return rankOf(service) <= 1;
}

function nameOf(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) ?? "";
}

/** The log's own order, not its times: a BMC's clock may have been set in between. */
function isNewestFirst(members: readonly Member[]): boolean {
  const [first, last] = [members.at(0), members.at(-1)];
  if (!first || !last || first === last) return false;
  const [early, late] = [idOf(first), idOf(last)];
  if (early !== late && !Number.isNaN(early) && !Number.isNaN(late)) return early > late;
  const [one, other] = [timeOf(first), timeOf(last)];
  return one !== null && other !== null && one > other;
}

function idOf({ path, body }: Member): number {
  const id = body ? optionalText(body, "Id") : nameOf(path);
  return /^\d{1,15}$/.test(id) ? Number(id) : Number.NaN;
}

function timeOf({ path, body }: Member): number | null {
  return body ? logEntry(body, path).time : null;
}

async function openEntries(
  client: RedfishClient,
  members: readonly Member[],
): Promise<EventLogEntry[]> {
  const entries: EventLogEntry[] = [];
  let reads = 0;
  for (const { path, body } of members) {
    if (!body && (reads += 1) > MOST_SINGLE_READS) break;
    const resource = body ?? (await getIfThere(client, path));
    if (resource) entries.push(logEntry(resource, path));
  }
  return entries;
}
