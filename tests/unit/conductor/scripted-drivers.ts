/**
 * Drivers that do what a test tells them, and remember what they were asked. The console driver keeps a
 * set of consoles that "run", so that a test can see what was left behind.
 */
import {
  ConsoleError,
  DRIVER_API_VERSION,
  MissingParameterValue,
  Secret,
  type BootDevice,
  type ConsoleEndpoint,
  type ConsoleInterface,
  type ManagementInterface,
  type PowerInterface,
  type EventLogEntry,
  type PowerState,
  type SensorReading,
  type Task,
  type TelemetryInterface,
} from "../../../drivers/base.ts";
import { HARDWARE_TYPES } from "../../../drivers/index.ts";
import noConsole from "../../../drivers/no-console/console.ts";
import type { DriverCatalogue } from "../../../conductor/driver-catalogue.ts";

export const HOST_PASSWORD = "made-by-the-driver";

export class ScriptedConsole implements ConsoleInterface {
  /** `start UUID`, `stop UUID`, … in order. */
  readonly calls: string[] = [];
  /** UUIDs of nodes whose console runs. */
  readonly running = new Set<string>();
  lastTask: Task | undefined;
  /** Runs before the console counts as started; may throw or wait. */
  onStart: (task: Task) => Promise<void> | void = () => {};
  onStop: (task: Task) => Promise<void> | void = () => {};
  onCheck: (task: Task) => Promise<void> | void = (task) => {
    if (!this.running.has(task.node.uuid)) throw new ConsoleError("nobody answers");
  };
  onValidate: (task: Task) => Promise<void> | void = (task) => {
    if (task.node.driverInfo["scripted_address"] === undefined)
      throw new MissingParameterValue("scripted_address is missing");
  };

  getProperties(): Record<string, string> {
    return { scripted_address: "Where it is.", scripted_pin: "A secret." };
  }

  async validate(task: Task): Promise<void> {
    await this.onValidate(task);
  }

  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    this.#note("start", task);
    await this.onStart(task);
    this.running.add(task.node.uuid);
    return {
      consoleType: "vnc",
      transport: { kind: "tcp", host: "127.0.0.1", port: 5900 },
      allowedSecurityTypes: ["VncAuth"],
      credentials: { password: new Secret(HOST_PASSWORD) },
    };
  }

  async stopConsole(task: Task): Promise<void> {
    this.#note("stop", task);
    await this.onStop(task);
    this.running.delete(task.node.uuid);
  }

  async takeBackMedia(task: Task): Promise<void> {
    this.#note("take back", task);
  }

  async changeHands(task: Task): Promise<void> {
    this.#note("change hands", task);
  }

  async getConsole(task: Task): Promise<ConsoleEndpoint> {
    this.#note("get", task);
    if (!task.endpoint) throw new ConsoleError("there is none");
    return task.endpoint;
  }

  async checkConsole(task: Task): Promise<void> {
    this.#note("check", task);
    await this.onCheck(task);
  }

  /** Calls other than checks. */
  get acts(): string[] {
    return this.calls.filter((call) => !/^(check|get) /.test(call));
  }

  #note(verb: string, task: Task): void {
    this.lastTask = task;
    this.calls.push(`${verb} ${task.node.uuid}`);
  }
}

export class ScriptedPower implements PowerInterface {
  readonly states = new Map<string, PowerState>();
  readonly sets: string[] = [];
  onSet: (task: Task) => Promise<void> | void = () => {};
  onGet: (task: Task) => Promise<void> | void = () => {};

  getProperties(): Record<string, string> {
    return { power_address: "Whom to ask." };
  }

  validate(): void {}

  async getPowerState(task: Task): Promise<PowerState> {
    await this.onGet(task);
    return this.states.get(task.node.uuid) ?? "power off";
  }

  getSupportedPowerTargets() {
    return ["power on", "power off", "rebooting"] as const;
  }

  async setPowerState(task: Task, target: string): Promise<void> {
    this.sets.push(target);
    await this.onSet(task);
    this.states.set(task.node.uuid, target === "power off" ? "power off" : "power on");
  }
}

export class ScriptedManagement implements ManagementInterface {
  readonly devices = new Map<string, BootDevice>();
  readonly nmis: string[] = [];

  getProperties(): Record<string, string> {
    return { management_address: "Whom to ask." };
  }

  validate(): void {}

  getSupportedBootDevices(): readonly string[] {
    return ["pxe", "disk"];
  }

  async getBootDevice(task: Task): Promise<BootDevice> {
    return this.devices.get(task.node.uuid) ?? { bootDevice: null, persistent: null };
  }

  async setBootDevice(task: Task, bootDevice: string, persistent: boolean): Promise<void> {
    this.devices.set(task.node.uuid, { bootDevice, persistent });
  }

  async injectNmi(task: Task): Promise<void> {
    this.nmis.push(task.node.uuid);
  }
}

export class ScriptedTelemetry implements TelemetryInterface {
  /** UUIDs of nodes whose sensors were read, in order. */
  readonly reads: string[] = [];
  readings: readonly SensorReading[] = [];
  entries: readonly EventLogEntry[] = [];
  cleared = 0;
  onRead: (task: Task) => Promise<void> | void = () => {};

  getProperties(): Record<string, string> {
    return { telemetry_address: "Whom to ask." };
  }

  validate(): void {}

  async getSensors(task: Task): Promise<readonly SensorReading[]> {
    this.reads.push(task.node.uuid);
    await this.onRead(task);
    return this.readings;
  }

  async getEventLog(task: Task): Promise<readonly EventLogEntry[]> {
    await this.onRead(task);
    return this.entries;
  }

  async clearEventLog(): Promise<void> {
    this.cleared += 1;
  }
}

export interface ScriptedDrivers {
  readonly console: ScriptedConsole;
  readonly power: ScriptedPower;
  readonly management: ScriptedManagement;
  readonly telemetry: ScriptedTelemetry;
  readonly catalogue: DriverCatalogue;
}

/** Console `scripted` and `no-console`, power and management `scripted`, on hardware type `scripted`. */
export function scriptedDrivers(): ScriptedDrivers {
  const console = new ScriptedConsole();
  const power = new ScriptedPower();
  const management = new ScriptedManagement();
  const telemetry = new ScriptedTelemetry();
  const common = { name: "scripted", apiVersion: DRIVER_API_VERSION };
  const schema = {
    type: "object" as const,
    properties: {
      scripted_address: { type: "string", description: "Where it is." },
      scripted_pin: { type: "string", description: "A secret.", secret: true },
    },
  };
  const placeholders = HARDWARE_TYPES["fake-hardware"]?.supportedInterfaces;
  if (!placeholders) throw new Error("fake-hardware is gone");
  return {
    console,
    power,
    management,
    telemetry,
    catalogue: {
      drivers: {
        console: {
          scripted: async () => ({
            default: { ...common, interfaceType: "console", schema, create: () => console },
          }),
          "no-console": async () => ({ default: noConsole }),
        },
        power: {
          scripted: async () => ({
            default: { ...common, interfaceType: "power", schema, create: () => power },
          }),
        },
        management: {
          scripted: async () => ({
            default: { ...common, interfaceType: "management", schema, create: () => management },
          }),
        },
        telemetry: {
          scripted: async () => ({
            default: {
              ...common,
              interfaceType: "telemetry",
              schema: {
                type: "object",
                properties: { telemetry_key: { type: "string", description: "A.", secret: true } },
              },
              create: () => telemetry,
            },
          }),
        },
      },
      hardwareTypes: {
        scripted: {
          name: "scripted",
          supportedInterfaces: {
            ...placeholders,
            console: ["scripted", "no-console"],
            power: ["scripted"],
            management: ["scripted"],
          },
        },
      },
    },
  };
}
