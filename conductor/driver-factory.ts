/**
 * Answers which interfaces a node may use, which it gets when it names none, and which instance drives
 * it. The rules and sentences are those of Ironic's `common/driver_factory.py`.
 */
import type { Config } from "../common/config/options.ts";
import {
  ConsoleServiceError,
  DriverNotFound,
  InvalidParameterValue,
  messageOf,
  UnsupportedDriverExtension,
} from "../common/errors.ts";
import {
  DRIVEN_INTERFACE_TYPES,
  INTERFACE_TYPES,
  type DrivenInterfaceType,
  type InterfaceType,
  type Node,
} from "../common/node.ts";
import type { ConductorInterface } from "../db/database.ts";
import type { DriverInfoSchema, HardwareType, TelemetryInterface } from "../drivers/base.ts";
import type { InterfaceOf } from "./driver-catalogue.ts";
import {
  loadDrivers,
  refuseMistakes,
  type LoadedDrivers,
  type LoadedInterface,
  type LoadingDeps,
} from "./driver-loading.ts";

export type InterfaceField = `${InterfaceType}Interface`;

export function interfaceField<T extends InterfaceType>(type: T): `${T}Interface` {
  return `${type}Interface`;
}

export function isDriven(type: InterfaceType): type is DrivenInterfaceType {
  return (DRIVEN_INTERFACE_TYPES as readonly string[]).includes(type);
}

/** @throws {DriverLoadError} when something enabled does not load, or a hardware type lacks a default */
export async function createDriverFactory(deps: LoadingDeps): Promise<DriverFactory> {
  const factory = new DriverFactory(await loadDrivers(deps), deps.config);
  factory.refuseMissingDefaults();
  return factory;
}

export class DriverFactory {
  readonly #loaded: LoadedDrivers;
  readonly #defaultConsole: string;

  constructor(loaded: LoadedDrivers, config: Config) {
    this.#loaded = loaded;
    this.#defaultConsole = config.DEFAULT.default_console_interface;
  }

  get hardwareTypes(): readonly string[] {
    return [...this.#loaded.hardwareTypes.keys()];
  }

  /** @throws {DriverNotFound} when it is not enabled here */
  hardwareType(name: string): HardwareType {
    const type = this.#loaded.hardwareTypes.get(name);
    if (!type) throw new DriverNotFound(name);
    return type;
  }

  /** What drives this node. @throws {DriverNotFound} {@link InvalidParameterValue} when no longer enabled */
  interfaceFor<T extends DrivenInterfaceType>(node: Node, type: T): InterfaceOf[T] {
    const hardwareType = this.hardwareType(node.driver);
    const name = node[interfaceField(type)] ?? this.defaultInterface(hardwareType, type);
    this.checkInterface(hardwareType, type, name);
    const loaded: ReadonlyMap<string, LoadedInterface<T>> = this.#loaded.interfaces[type];
    const found = loaded.get(name);
    if (!found) throw new ConsoleServiceError(`${type} interface "${name}" is not loaded`);
    return found.instance;
  }

  /**
   * What knows this node's sensors and event log: the telemetry that has the name of its management
   * interface.
   * @throws {UnsupportedDriverExtension} when that interface has none; and as {@link interfaceFor}
   */
  telemetryFor(node: Node): TelemetryInterface {
    const hardwareType = this.hardwareType(node.driver);
    const name = node.managementInterface ?? this.defaultInterface(hardwareType, "management");
    this.checkInterface(hardwareType, "management", name);
    const found = this.#loaded.telemetry.get(name);
    if (!found) throw new UnsupportedDriverExtension(node.driver, "sensors");
    return found.instance;
  }

  /**
   * Refuses a name that does not exist here, or that the hardware type does not support.
   * @throws {InvalidParameterValue}
   */
  checkInterface(hardwareType: HardwareType, type: InterfaceType, name: string): void {
    const valid = this.#enabled(type);
    if (!valid.includes(name))
      throw new InvalidParameterValue(
        `Could not find the following interface in the 'ironic.hardware.interfaces.${type}' entrypoint: ${name}. ` +
          `Valid interfaces are [${valid.map((one) => `'${one}'`).join(", ")}].`,
      );
    if (!this.#supported(hardwareType, type).includes(name))
      throw new InvalidParameterValue(
        `${type} interface implementation '${name}' is not supported by hardware type ${hardwareType.name}.`,
      );
  }

  /**
   * default_console_interface when set, else the first that the hardware type prefers and the
   * configuration enables.
   * @throws {InvalidParameterValue} when there is none
   */
  defaultInterface(hardwareType: HardwareType, type: InterfaceType): string {
    const none = new InvalidParameterValue(
      `For hardware type '${hardwareType.name}', no default value found for ${type} interface.`,
    );
    if (type === "console" && this.#defaultConsole !== "") {
      try {
        this.checkInterface(hardwareType, type, this.#defaultConsole);
      } catch {
        throw none;
      }
      return this.#defaultConsole;
    }
    const enabled = this.#enabled(type);
    const name = hardwareType.supportedInterfaces[type].find((one) => enabled.includes(one));
    if (name === undefined) throw none;
    return name;
  }

  /** As Ironic at start: every enabled hardware type must have a default everywhere. */
  refuseMissingDefaults(): void {
    const mistakes: string[] = [];
    for (const hardwareType of this.#loaded.hardwareTypes.values())
      for (const type of DRIVEN_INTERFACE_TYPES)
        try {
          this.defaultInterface(hardwareType, type);
        } catch (error) {
          mistakes.push(
            `${messageOf(error)} Enabled are ${this.#enabled(type).join(", ") || "none"}, supported ${hardwareType.supportedInterfaces[type].join(", ")}.`,
          );
        }
    refuseMistakes(mistakes);
  }

  /** Rows for the conductor's registration, which feed GET /v1/drivers. */
  listInterfaces(): ConductorInterface[] {
    return [...this.#loaded.hardwareTypes.values()].flatMap((hardwareType) =>
      INTERFACE_TYPES.flatMap((interfaceType) => {
        const enabled = this.#enabled(interfaceType);
        const standard = this.defaultInterface(hardwareType, interfaceType);
        return this.#supported(hardwareType, interfaceType)
          .filter((name) => enabled.includes(name))
          .map((interfaceName) => ({
            hardwareType: hardwareType.name,
            interfaceType,
            interfaceName,
            isDefault: interfaceName === standard,
          }));
      }),
    );
  }

  /** Options of every enabled interface that a hardware type may use. @throws {DriverNotFound} */
  properties(name: string): Record<string, string> {
    const hardwareType = this.hardwareType(name);
    const merged: Record<string, string> = {};
    for (const type of DRIVEN_INTERFACE_TYPES)
      for (const one of this.#loaded.interfaces[type].values())
        if (this.#supported(hardwareType, type).includes(one.name))
          Object.assign(merged, one.instance.getProperties());
    for (const [management, { instance }] of this.#loaded.telemetry)
      if (this.#supported(hardwareType, "management").includes(management))
        Object.assign(merged, instance.getProperties());
    return merged;
  }

  /** True when an enabled driver's schema marks this option of driver_info as a secret. */
  isSecretOption(option: string): boolean {
    return this.#schemas().some(
      ({ properties }) => Object.hasOwn(properties, option) && properties[option]?.secret === true,
    );
  }

  /** Has every console driver end what it runs by itself. Errors are the caller's to log. */
  async close(): Promise<readonly PromiseSettledResult<void>[]> {
    const consoles = [...this.#loaded.interfaces.console.values()];
    return await Promise.allSettled(consoles.map(async ({ instance }) => instance.close?.()));
  }

  #schemas(): DriverInfoSchema[] {
    const loaded = [
      ...DRIVEN_INTERFACE_TYPES.flatMap((type) => [...this.#loaded.interfaces[type].values()]),
      ...this.#loaded.telemetry.values(),
    ];
    return loaded.map(({ module }) => module.schema);
  }

  #enabled(type: InterfaceType): readonly string[] {
    if (isDriven(type)) return [...this.#loaded.interfaces[type].keys()];
    const names = [...this.#loaded.hardwareTypes.values()].flatMap(
      (one) => one.supportedInterfaces[type],
    );
    return [...new Set(names)];
  }

  /**
   * A third party's console driver is in nobody's list: every hardware type takes it, because the
   * operator named its package, but never as a default by itself.
   */
  #supported(hardwareType: HardwareType, type: InterfaceType): readonly string[] {
    const listed = hardwareType.supportedInterfaces[type];
    if (type !== "console") return listed;
    const loaded = [...this.#loaded.interfaces.console.values()];
    const others = loaded.filter(
      (one) => hardwareType.acceptsAnyConsoleInterface || one.packageName !== undefined,
    );
    return [...new Set([...listed, ...others.map((one) => one.name)])];
  }
}
