/** The ComputerSystem resource (DMTF DSP0266, schema ComputerSystem) that power and management share. */
import { BmcFeatureMissing, type DriverInfo, type DriverInfoSchema, type Task } from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import type { JsonObject } from "../lib/json-object.ts";
import { memberPaths, optionalText } from "../lib/redfish-body.ts";
import { RedfishClient, requireRedfishPath, type RedfishAnswer } from "../lib/redfish-client.ts";
import {
  REDFISH_PROPERTIES,
  redfishAccess,
  type RedfishAccess,
  type RedfishOptions,
} from "../lib/redfish-options.ts";

const SYSTEMS = "/redfish/v1/Systems";

export const redfishSchema: DriverInfoSchema = {
  type: "object",
  required: ["redfish_address"],
  properties: {
    ...REDFISH_PROPERTIES,
    redfish_system_id: {
      type: "string",
      maxLength: 255,
      description:
        "Path of the system's resource, for example /redfish/v1/Systems/System.Embedded.1. Needed when the BMC has several.",
    },
  },
};

export interface SystemSettings {
  readonly access: RedfishAccess;
  readonly systemPath: string | undefined;
}

export function systemSettingsParser(): (driverInfo: DriverInfo) => SystemSettings {
  const parse = driverInfoParser<RedfishOptions & { redfish_system_id?: string }>(redfishSchema);
  return (driverInfo) => {
    const options = parse(driverInfo);
    const systemPath = options.redfish_system_id;
    if (systemPath !== undefined) requireRedfishPath(systemPath, "redfish_system_id");
    return { access: redfishAccess(options), systemPath };
  };
}

export interface ComputerSystem extends RedfishAnswer {
  readonly path: string;
  readonly client: RedfishClient;
}

/**
 * Reads the system and lets `use` work with it.
 * @throws {BmcFeatureMissing} when the BMC has none, or several and none was named
 */
export async function withSystem<T>(
  settings: SystemSettings,
  task: Task,
  use: (system: ComputerSystem) => Promise<T>,
): Promise<T> {
  const { signal, config } = task;
  const limits = { signal, requestLimitMs: config.idrac.connect_timeout * 1000 };
  return await RedfishClient.with(settings.access, limits, async (client) => {
    const path = settings.systemPath ?? (await onlySystem(client));
    const { body, etag } = await client.get(path);
    return await use({ path, client, body, etag: etag ?? etagIn(body) });
  });
}

/** FACT(DSP0266 section 6.5): a service may give the ETag in the body instead of a header. */
function etagIn(body: JsonObject): string | undefined {
  return optionalText(body, "@odata.etag") || undefined;
}

async function onlySystem(client: RedfishClient): Promise<string> {
  const paths = await systemPaths(client);
  if (paths.length === 1 && paths[0] !== undefined) return paths[0];
  throw new BmcFeatureMissing(
    `${client.peer} has ${paths.length} systems, name one in redfish_system_id`,
  );
}

export async function systemPaths(client: RedfishClient): Promise<string[]> {
  return memberPaths((await client.get(SYSTEMS)).body);
}
