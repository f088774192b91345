/** The conductor as a service: a conductor with the drivers this package brings. */
import type { ConductorOptions } from "./conductor.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../drivers/index.ts";
import { createConductor } from "./conductor.ts";
import type { ConductorApi } from "./rpcapi.ts";

/**
 * @returns `api` always the direct form; `rpcUrl` empty when `listen` is false
 * @throws {StartupError} and its kinds, saying what to change
 */
export async function startConductor(options: Omit<ConductorOptions, "catalogue">): Promise<{
  readonly api: ConductorApi;
  readonly rpcUrl: string;
  readonly stop: () => Promise<void>;
}> {
  const catalogue = { drivers: BUILTIN_DRIVERS, hardwareTypes: HARDWARE_TYPES };
  const { api, rpcUrl, stop } = await createConductor({ ...options, catalogue });
  return { api, rpcUrl, stop };
}
