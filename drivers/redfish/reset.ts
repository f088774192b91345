/** The ComputerSystem.Reset action (DMTF schema ComputerSystem): which kinds there are, and doing one. */
import { BmcFeatureMissing, BmcProtocolError } from "../base.ts";
import { printable } from "../../common/printable.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { optionalText, textAt } from "../lib/redfish-body.ts";
import type { ComputerSystem } from "./system.ts";

export interface ResetAction {
  /** Where to POST it. */
  readonly target: string;
  /** ResetType values the BMC takes; empty when it does not say. */
  readonly allowed: readonly string[];
}

/** @throws {BmcProtocolError} when the system has no such action */
export async function resetAction(system: ComputerSystem): Promise<ResetAction> {
  const reset = objectOf(objectOf(system.body["Actions"])?.["#ComputerSystem.Reset"]);
  if (!reset)
    throw new BmcProtocolError("the Redfish system lacks the ComputerSystem.Reset action");
  const target = textAt(reset, "target");
  const listed = textsOf(reset["ResetType@Redfish.AllowableValues"]);
  if (listed.length > 0) return { target, allowed: listed };
  return { target, allowed: await allowedByActionInfo(system, reset) };
}

/** True when the BMC takes it, or does not say what it takes. */
export function takes({ allowed }: ResetAction, type: string): boolean {
  return allowed.length === 0 || allowed.includes(type);
}

/**
 * Does the first of `types` that the BMC takes.
 * @param what for the error: "do power off"
 * @throws {BmcFeatureMissing} when it takes none of them
 */
export async function resetBy(
  system: ComputerSystem,
  action: ResetAction,
  types: readonly string[],
  what: string,
): Promise<void> {
  const type = types.find((name) => takes(action, name));
  if (type === undefined)
    throw new BmcFeatureMissing(
      `${system.client.peer} cannot ${what}, it offers ${printable(action.allowed.join(", "))}`,
    );
  await system.client.post(action.target, { ResetType: type });
}

/** FACT(DSP0266 section 7.8.3): OpenBMC, Supermicro and Lenovo list the values in an ActionInfo resource. */
async function allowedByActionInfo(
  { client }: ComputerSystem,
  reset: JsonObject,
): Promise<string[]> {
  const path = optionalText(reset, "@Redfish.ActionInfo");
  if (path === "") return [];
  try {
    const { Parameters: parameters } = (await client.get(path)).body;
    const all = Array.isArray(parameters) ? parameters.map((one) => objectOf(one) ?? {}) : [];
    const type = all.find((one) => one["Name"] === "ResetType");
    return textsOf(type?.["AllowableValues"]);
  } catch (cause) {
    // It only helps to choose; the BMC itself refuses what it does not take.
    if (cause instanceof BmcFeatureMissing || cause instanceof BmcProtocolError) return [];
    throw cause;
  }
}

/** The texts of a list; of anything else none. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
