/**
 * Asks an OpenBMC's Redfish service whether it offers a console, without touching one. What it does not say is
 * taken as offered: its WebSocket is the proof.
 */
import { BmcFeatureMissing, type Task } from "../../base.ts";
import { objectOf, type JsonObject } from "../json-object.ts";
import { memberPaths } from "../redfish-body.ts";
import { RedfishClient } from "../redfish-client.ts";
import type { RedfishAccess } from "../redfish-options.ts";

export type ConsoleProperty = "GraphicalConsole" | "SerialConsole";

/** DSP0268: both properties stand in ComputerSystem, and in Manager on services before 2020. */
const COLLECTIONS = ["/redfish/v1/Managers", "/redfish/v1/Systems"];
const MOST_MEMBERS = 8;

/**
 * @throws {BmcFeatureMissing} when every resource that has the property says it is switched off
 * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcAuthenticationFailed} {@link BmcBusy}
 *   {@link BmcCertificateInvalid} {@link BmcProtocolError}
 */
export async function checkOffered(
  access: RedfishAccess,
  property: ConsoleProperty,
  task: Task,
): Promise<void> {
  const limits = { signal: task.signal, requestLimitMs: task.config.idrac.connect_timeout * 1000 };
  await RedfishClient.with(access, limits, async (client) => {
    const states: boolean[] = [];
    for (const collection of COLLECTIONS)
      for (const path of await membersOf(client, collection)) {
        const { body } = await client.get(path);
        const described = objectOf(body[property]);
        if (described) states.push(isOn(described));
      }
    if (states.length > 0 && !states.includes(true))
      throw new BmcFeatureMissing(
        `${client.peer} says that its ${property} is switched off (ServiceEnabled)`,
      );
  });
}

async function membersOf(client: RedfishClient, collection: string): Promise<string[]> {
  try {
    return memberPaths((await client.get(collection)).body).slice(0, MOST_MEMBERS);
  } catch (cause) {
    if (cause instanceof BmcFeatureMissing) return [];
    throw cause;
  }
}

/** A serial console may have a WebSocket of its own to say so for (ComputerSystem 1.17). */
function isOn(described: JsonObject): boolean {
  const socket = objectOf(described["WebSocket"]);
  return described["ServiceEnabled"] !== false && socket?.["ServiceEnabled"] !== false;
}
