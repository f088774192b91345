/**
 * Turns the enabled_* options into hardware types and interface instances: the first gate is the
 * catalogue (or an npm package), the second the configuration. Every mistake is reported at once.
 */
import { dirname } from "node:path";
import type { Config } from "../common/config/options.ts";
import { DriverLoadError, messageOf } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import type { DrivenInterfaceType } from "../common/node.ts";
import {
  SharedParts,
  type DriverModule,
  type HardwareType,
  type TelemetryDriverModule,
  type TelemetryInterface,
} from "../drivers/base.ts";
import type { DriverCatalogue, InterfaceOf } from "./driver-catalogue.ts";
import { checkConsoleInterface, importDriverPackage } from "./driver-package.ts";

/** One enabled interface, made. */
export interface LoadedInterface<T extends DrivenInterfaceType = DrivenInterfaceType> {
  readonly name: string;
  readonly module: DriverModule;
  readonly instance: InterfaceOf[T];
  /** The npm package of a third party. */
  readonly packageName?: string;
}

/** The telemetry that goes with an enabled management interface, made. */
export interface LoadedTelemetry {
  readonly module: TelemetryDriverModule;
  readonly instance: TelemetryInterface;
}

export interface LoadedDrivers {
  readonly hardwareTypes: ReadonlyMap<string, HardwareType>;
  readonly interfaces: {
    readonly [T in DrivenInterfaceType]: ReadonlyMap<string, LoadedInterface<T>>;
  };
  /** By the name of the management interface; many have none. */
  readonly telemetry: ReadonlyMap<string, LoadedTelemetry>;
}

export interface LoadingDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly catalogue: DriverCatalogue;
  /** Packages are resolved from its folder; without one from the working directory. */
  readonly configFile?: string | undefined;
}

type SharingDeps = LoadingDeps & { readonly shared: SharedParts };

/** @throws {DriverLoadError} with every mistake found */
export async function loadDrivers(given: LoadingDeps): Promise<LoadedDrivers> {
  const mistakes: string[] = [];
  const deps = { ...given, shared: new SharedParts() };
  const loaded = {
    hardwareTypes: enabledHardwareTypes(deps, mistakes),
    interfaces: {
      console: await loadInterfaces(deps, "console", mistakes),
      power: await loadInterfaces(deps, "power", mistakes),
      management: await loadInterfaces(deps, "management", mistakes),
    },
    telemetry: await loadTelemetry(deps, mistakes),
  };
  refuseMistakes(mistakes);
  return loaded;
}

/** @throws {DriverLoadError} when there is one */
export function refuseMistakes(mistakes: readonly string[]): void {
  if (mistakes.length === 1) throw new DriverLoadError(mistakes[0] ?? "");
  if (mistakes.length > 1)
    throw new DriverLoadError(
      `the enabled drivers do not load:\n${mistakes.map((text) => `  - ${text}`).join("\n")}`,
    );
}

function enabledHardwareTypes(
  { config, catalogue }: LoadingDeps,
  mistakes: string[],
): Map<string, HardwareType> {
  const enabled = new Map<string, HardwareType>();
  for (const name of config.DEFAULT.enabled_hardware_types) {
    const type = Object.hasOwn(catalogue.hardwareTypes, name)
      ? catalogue.hardwareTypes[name]
      : undefined;
    if (type) enabled.set(name, type);
    else
      mistakes.push(
        `"${name}" in enabled_hardware_types is not usable: expected one of ${Object.keys(catalogue.hardwareTypes).join(", ")}`,
      );
  }
  if (enabled.size === 0 && mistakes.length === 0)
    mistakes.push("enabled_hardware_types is empty, so no node could be handled");
  return enabled;
}

async function loadInterfaces<T extends DrivenInterfaceType>(
  deps: SharingDeps,
  type: T,
  mistakes: string[],
): Promise<Map<string, LoadedInterface<T>>> {
  const loaded = new Map<string, LoadedInterface<T>>();
  for (const name of new Set(enabledNames(deps.config, type))) {
    try {
      const one = await loadInterface(deps, type, name);
      refuseTakenName(deps, loaded, one);
      loaded.set(one.name, one);
    } catch (error) {
      if (!(error instanceof DriverLoadError))
        mistakes.push(`${type} interface "${name}" does not load: ${messageOf(error)}`);
      else mistakes.push(error.message);
    }
  }
  return loaded;
}

async function loadInterface<T extends DrivenInterfaceType>(
  { config, log, catalogue, configFile, shared }: SharingDeps,
  type: T,
  name: string,
): Promise<LoadedInterface<T>> {
  const table = catalogue.drivers[type];
  const environment = { config, log: log.child({ driver: name }), shared };
  if (Object.hasOwn(table, name) && table[name]) {
    const module: DriverModule = (await table[name]()).default;
    return { name, module, instance: module.create(environment) as InterfaceOf[T] };
  }
  if (type !== "console")
    throw new DriverLoadError(
      `"${name}" in enabled_${type}_interfaces is not usable: expected one of ${Object.keys(table).join(", ")}`,
    );
  const folder = configFile === undefined ? process.cwd() : dirname(configFile);
  const module = await importDriverPackage(name, folder, Object.keys(table));
  const instance = checkConsoleInterface(name, module.create(environment));
  return { name: module.name, module, instance: instance as InterfaceOf[T], packageName: name };
}

async function loadTelemetry(
  { config, log, catalogue, shared }: SharingDeps,
  mistakes: string[],
): Promise<Map<string, LoadedTelemetry>> {
  const table = catalogue.drivers.telemetry;
  const loaded = new Map<string, LoadedTelemetry>();
  for (const name of new Set(enabledNames(config, "management"))) {
    const load = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!load) continue;
    try {
      const module = (await load()).default;
      const environment = { config, log: log.child({ driver: name }), shared };
      loaded.set(name, { module, instance: module.create(environment) });
    } catch (error) {
      mistakes.push(
        `telemetry of management interface "${name}" does not load: ${messageOf(error)}`,
      );
    }
  }
  return loaded;
}

function refuseTakenName<T extends DrivenInterfaceType>(
  { catalogue }: LoadingDeps,
  loaded: ReadonlyMap<string, LoadedInterface<T>>,
  one: LoadedInterface<T>,
): void {
  if (one.packageName === undefined) return;
  const other = loaded.get(one.name);
  const owner = Object.hasOwn(catalogue.drivers.console, one.name)
    ? "this service itself"
    : other?.packageName;
  if (owner !== undefined)
    throw new DriverLoadError(
      `"${one.packageName}" in enabled_console_interfaces is not usable: expected a name that is free, found "${one.name}", which is taken by ${owner}`,
    );
}

function enabledNames(config: Config, type: DrivenInterfaceType): readonly string[] {
  return config.DEFAULT[`enabled_${type}_interfaces`];
}
