/**
 * Which sensors belong to a system, and reading them: the chassis that the system links to, each by its
 * Sensors collection when the BMC sends the members along, else by Thermal and Power, else one by one.
 */
import { BmcFeatureMissing, type SensorReading } from "../base.ts";
import type { RedfishClient } from "../lib/redfish-client.ts";
import { objectOf } from "../lib/json-object.ts";
import {
  expandQuery,
  getIfThere,
  linkOf,
  linksOf,
  readMembers,
  type Member,
} from "./collection.ts";
import { sensorReading, unreadSensor } from "./sensor-resource.ts";
import { systemPaths, type ComputerSystem } from "./system.ts";
import { powerReadings, thermalReadings } from "./thermal-and-power.ts";

const CHASSIS = "/redfish/v1/Chassis";
const MOST_CHASSIS = 16;
/** As many as the conductor keeps. */
const MOST_SENSORS = 1000;
/** Sensors asked for one by one; a BMC takes 50 ms to a second for each. */
const MOST_SINGLE_READS = 200;

/** @throws {BmcFeatureMissing} when no chassis of the system has anything to read */
export async function readSensors(system: ComputerSystem): Promise<SensorReading[]> {
  const { client } = system;
  const expand = await expandQuery(client);
  const linked = linksOf(objectOf(system.body["Links"])?.["Chassis"]);
  const own = await readChassis(client, linked, expand);
  if (own && own.length > 0) return own;
  const others = (await strayChassis(client)).filter((path) => !linked.includes(path));
  const found = (await readChassis(client, others, expand)) ?? own;
  if (found) return found;
  throw new BmcFeatureMissing(`${client.peer} offers no sensors of this system`);
}

/** All chassis of a BMC that has one system only; with several nobody knows whose a chassis is. */
async function strayChassis(client: RedfishClient): Promise<string[]> {
  if ((await systemPaths(client)).length !== 1) return [];
  const collection = await getIfThere(client, CHASSIS);
  return linksOf(collection?.["Members"]);
}

/** @returns undefined when none of them has a place where sensors are */
async function readChassis(
  client: RedfishClient,
  paths: readonly string[],
  expand: string,
): Promise<SensorReading[] | undefined> {
  const all: SensorReading[] = [];
  let places = 0;
  for (const path of new Set(paths.slice(0, MOST_CHASSIS))) {
    const readings = await readOne(client, path, expand);
    if (readings) places += 1;
    all.push(...(readings ?? []));
    if (all.length >= MOST_SENSORS) break;
  }
  return places === 0 ? undefined : all.slice(0, MOST_SENSORS);
}

async function readOne(
  client: RedfishClient,
  path: string,
  expand: string,
): Promise<SensorReading[] | undefined> {
  const chassis = await getIfThere(client, path);
  if (!chassis) return undefined;
  const collection = linkOf(chassis["Sensors"]);
  const members = collection === "" ? undefined : await sensorMembers(client, collection, expand);
  if (members && members.length > 0 && members.every(({ body }) => body !== undefined))
    return members.map((member) => sensorReading(member.body ?? {}, member.path));
  const older = await thermalAndPower(client, [
    linkOf(chassis["Thermal"]),
    linkOf(chassis["Power"]),
  ]);
  if (older && older.length > 0) return older;
  return members ? await oneByOne(client, members) : older;
}

async function sensorMembers(
  client: RedfishClient,
  path: string,
  expand: string,
): Promise<readonly Member[] | undefined> {
  try {
    const enough = (members: readonly Member[]): boolean => members.length >= MOST_SENSORS;
    return (await readMembers(client, path, expand, enough)).members.slice(0, MOST_SENSORS);
  } catch (cause) {
    if (cause instanceof BmcFeatureMissing) return undefined;
    throw cause;
  }
}

async function thermalAndPower(
  client: RedfishClient,
  [thermalPath = "", powerPath = ""]: readonly string[],
): Promise<SensorReading[] | undefined> {
  const thermal = thermalPath === "" ? undefined : await getIfThere(client, thermalPath);
  const power = powerPath === "" ? undefined : await getIfThere(client, powerPath);
  if (!thermal && !power) return undefined;
  return [...thermalReadings(thermal ?? {}), ...powerReadings(power ?? {})];
}

/** What is too much to ask for is listed as unknown, not left out. */
async function oneByOne(
  client: RedfishClient,
  members: readonly Member[],
): Promise<SensorReading[]> {
  const readings: SensorReading[] = [];
  for (const [index, { path, body }] of members.entries()) {
    const sensor = body ?? (index < MOST_SINGLE_READS ? await getIfThere(client, path) : undefined);
    readings.push(sensor ? sensorReading(sensor, path) : unreadSensor(path));
  }
  return readings;
}
