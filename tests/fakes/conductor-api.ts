/**
 * A conductor without drivers, for tests of the api: keeps nodes in a real database, seals secrets as
 * the real one does, remembers what it was asked, and fails on demand.
 */
import { randomUUID } from "node:crypto";
import {
  NoValidHost,
  NodeConsoleNotEnabled,
  UnsupportedDriverExtension,
} from "../../common/errors.ts";
import {
  INTERFACE_TYPES,
  type InterfaceType,
  type JsonObject,
  type Node,
  type NodeChanges,
} from "../../common/node.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { DriverInfoSecrets } from "../../conductor/driver-info-secrets.ts";
import type {
  CollectedSensors,
  ConductorApi,
  ConsoleFailureReport,
  NodeCreation,
  RecipeTrialReport,
  VirtualMediaView,
} from "../../conductor/rpcapi.ts";
import type { ConductorInterface, Database } from "../../db/database.ts";
import type { BootDevice, EventLogEntry, SensorReading } from "../../drivers/base.ts";

export const CONDUCTOR_HOST = "conductor-1.example";
export const HARDWARE_TYPES = ["fake-hardware", "idrac"] as const;
export const CONSOLE_URL =
  "http://127.0.0.1:6090/vnc_lite.html?path=websockify%3Fnode%3DNODE%26token%3DTOKEN";
const BOOT_DEVICES = ["pxe", "disk", "cdrom"];

export interface RecordedCall {
  readonly verb: keyof ConductorApi;
  readonly args: readonly unknown[];
}

export class FakeConductor implements ConductorApi {
  readonly calls: RecordedCall[] = [];
  /** What every node's BMC says. */
  sensors: readonly SensorReading[] = [];
  eventLog: readonly EventLogEntry[] = [];
  recipeTrial: RecipeTrialReport = { steps: [], failure: null, screenshot: null };
  consoleFailure: ConsoleFailureReport | null = null;
  /** What every node's virtual drives hold. */
  virtualMedia: readonly VirtualMediaView[] = [];
  readonly #database: Database;
  readonly #secrets: DriverInfoSecrets;
  readonly #failures = new Map<keyof ConductorApi, Error>();
  readonly #bootDevices = new Map<string, BootDevice>();

  constructor(database: Database) {
    this.#database = database;
    const isOption = (key: string): boolean => key === "ipmi_hex_kg_key";
    this.#secrets = new DriverInfoSecrets(new SecretBox(SecretBox.newKeyFileText()), isOption);
  }

  /** Has the next call of a verb fail. */
  failNext(verb: keyof ConductorApi, error: Error): void {
    this.#failures.set(verb, error);
  }

  lastCall(verb: keyof ConductorApi): RecordedCall | undefined {
    return this.calls.findLast((call) => call.verb === verb);
  }

  /** The clear text of a stored secret, to prove what a write kept. */
  openDriverInfo(node: Node): Record<string, unknown> {
    return this.#secrets.open(node.driverInfo, { nodeUuid: node.uuid, field: "driver_info" });
  }

  async createNode(...args: Parameters<ConductorApi["createNode"]>): Promise<Node> {
    this.#record("createNode", args);
    const creation: NodeCreation = args[1];
    if (!(HARDWARE_TYPES as readonly string[]).includes(creation.driver))
      throw new NoValidHost(
        `No conductor service registered which supports driver ${creation.driver} for conductor group "${creation.conductorGroup ?? ""}".`,
      );
    const uuid = creation.uuid ?? randomUUID();
    return this.#database.nodes.create({
      consoleInterface: "fake",
      ...creation,
      ...this.#sealed(uuid, creation, {}, {}),
      uuid,
    });
  }

  async updateNode(...args: Parameters<ConductorApi["updateNode"]>): Promise<Node> {
    this.#record("updateNode", args);
    const [, uuid, changes] = args;
    const node = await this.#database.nodes.get(uuid);
    const sealed = this.#sealed(uuid, changes, node.driverInfo, node.instanceInfo);
    return this.#database.nodes.update(uuid, { ...changes, ...sealed });
  }

  async destroyNode(...args: Parameters<ConductorApi["destroyNode"]>): Promise<void> {
    this.#record("destroyNode", args);
    await this.#database.nodes.destroy(args[1]);
  }

  async validateDriverInterfaces(
    ...args: Parameters<ConductorApi["validateDriverInterfaces"]>
  ): Promise<Record<string, { result: boolean; reason?: string }>> {
    this.#record("validateDriverInterfaces", args);
    const node = await this.#database.nodes.get(args[1]);
    const { name } = new UnsupportedDriverExtension(node.driver, "console");
    return Object.fromEntries(
      INTERFACE_TYPES.map((type) => [
        type,
        type === "console" && node.consoleInterface === "no-console"
          ? { result: false, reason: name }
          : { result: true },
      ]),
    );
  }

  async setConsoleMode(...args: Parameters<ConductorApi["setConsoleMode"]>): Promise<void> {
    this.#record("setConsoleMode", args);
    const [, uuid, enabled] = args;
    const node = await this.#database.nodes.get(uuid);
    if (node.consoleInterface === "no-console")
      throw new UnsupportedDriverExtension(node.driver, "console");
    await this.#database.nodes.update(uuid, { consoleEnabled: enabled });
  }

  async getConsoleInformation(
    ...args: Parameters<ConductorApi["getConsoleInformation"]>
  ): ReturnType<ConductorApi["getConsoleInformation"]> {
    this.#record("getConsoleInformation", args);
    const node = await this.#database.nodes.get(args[1]);
    if (!node.consoleEnabled)
      throw new NodeConsoleNotEnabled(`Console access is not enabled on node ${node.uuid}`);
    return { type: "vnc", url: CONSOLE_URL.replace("NODE", node.uuid) };
  }

  async changeNodePowerState(
    ...args: Parameters<ConductorApi["changeNodePowerState"]>
  ): Promise<void> {
    this.#record("changeNodePowerState", args);
    const [, uuid, target] = args;
    const powerState = target.endsWith("off") ? "power off" : "power on";
    await this.#database.nodes.update(uuid, { powerState });
  }

  async doProvisioningAction(
    ...args: Parameters<ConductorApi["doProvisioningAction"]>
  ): Promise<void> {
    this.#record("doProvisioningAction", args);
    const [, uuid, verb] = args;
    const provisionState = verb === "provide" ? "available" : "manageable";
    await this.#database.nodes.update(uuid, { provisionState });
  }

  getSupportedBootDevices(
    ...args: Parameters<ConductorApi["getSupportedBootDevices"]>
  ): Promise<readonly string[]> {
    this.#record("getSupportedBootDevices", args);
    return Promise.resolve(BOOT_DEVICES);
  }

  getBootDevice(...args: Parameters<ConductorApi["getBootDevice"]>): Promise<BootDevice> {
    this.#record("getBootDevice", args);
    const device = this.#bootDevices.get(args[1]);
    return Promise.resolve(device ?? { bootDevice: null, persistent: null });
  }

  setBootDevice(...args: Parameters<ConductorApi["setBootDevice"]>): Promise<void> {
    this.#record("setBootDevice", args);
    const [, uuid, bootDevice, persistent] = args;
    this.#bootDevices.set(uuid, { bootDevice, persistent });
    return Promise.resolve();
  }

  injectNmi(...args: Parameters<ConductorApi["injectNmi"]>): Promise<void> {
    this.#record("injectNmi", args);
    return Promise.resolve();
  }

  getSensors(...args: Parameters<ConductorApi["getSensors"]>): Promise<CollectedSensors> {
    this.#record("getSensors", args);
    return Promise.resolve({ collectedAt: Date.now(), readings: this.sensors });
  }

  getEventLog(...args: Parameters<ConductorApi["getEventLog"]>): Promise<readonly EventLogEntry[]> {
    this.#record("getEventLog", args);
    return Promise.resolve(this.eventLog.slice(0, args[2]));
  }

  clearEventLog(...args: Parameters<ConductorApi["clearEventLog"]>): Promise<void> {
    this.#record("clearEventLog", args);
    this.eventLog = [];
    return Promise.resolve();
  }

  async authorizeConsoleLog(
    ...args: Parameters<ConductorApi["authorizeConsoleLog"]>
  ): Promise<string> {
    this.#record("authorizeConsoleLog", args);
    const { token } = await this.#database.tokens.authorize({
      nodeUuid: args[1],
      consoleType: "serial",
      mode: "log",
      userId: args[0].userId,
      projectId: args[0].projectId,
      ttlSeconds: 60,
    });
    return token;
  }

  tryConsoleRecipe(
    ...args: Parameters<ConductorApi["tryConsoleRecipe"]>
  ): Promise<RecipeTrialReport> {
    this.#record("tryConsoleRecipe", args);
    return Promise.resolve(this.recipeTrial);
  }

  getConsoleFailure(
    ...args: Parameters<ConductorApi["getConsoleFailure"]>
  ): Promise<{ readonly failure: ConsoleFailureReport | null }> {
    this.#record("getConsoleFailure", args);
    return Promise.resolve({ failure: this.consoleFailure });
  }

  getDriverProperties(
    ...args: Parameters<ConductorApi["getDriverProperties"]>
  ): Promise<Record<string, string>> {
    this.#record("getDriverProperties", args);
    return Promise.resolve({ vnc_address: "Address of the VNC server. Required." });
  }

  async attachVirtualMedia(...args: Parameters<ConductorApi["attachVirtualMedia"]>): Promise<void> {
    this.#record("attachVirtualMedia", args);
  }

  async detachVirtualMedia(...args: Parameters<ConductorApi["detachVirtualMedia"]>): Promise<void> {
    this.#record("detachVirtualMedia", args);
  }

  async getVirtualMedia(
    ...args: Parameters<ConductorApi["getVirtualMedia"]>
  ): Promise<readonly VirtualMediaView[]> {
    this.#record("getVirtualMedia", args);
    return this.virtualMedia;
  }

  #record(verb: keyof ConductorApi, args: readonly unknown[]): void {
    this.calls.push({ verb, args });
    const failure = this.#failures.get(verb);
    this.#failures.delete(verb);
    if (failure) throw failure;
  }

  #sealed(
    nodeUuid: string,
    changes: NodeChanges,
    driverInfo: JsonObject,
    instanceInfo: JsonObject,
  ): NodeChanges {
    const seal = (
      sent: JsonObject,
      stored: JsonObject,
      field: "driver_info" | "instance_info",
    ): JsonObject => this.#secrets.seal(sent, stored, { nodeUuid, field });
    return {
      ...(changes.driverInfo && {
        driverInfo: seal(changes.driverInfo, driverInfo, "driver_info"),
      }),
      ...(changes.instanceInfo && {
        instanceInfo: seal(changes.instanceInfo, instanceInfo, "instance_info"),
      }),
    };
  }
}

/** Puts a living conductor into the database, with two hardware types and all their interfaces. */
export async function registerConductor(database: Database): Promise<void> {
  const interfaces = HARDWARE_TYPES.flatMap((hardwareType) =>
    INTERFACE_TYPES.flatMap((interfaceType) => interfacesOf(hardwareType, interfaceType)),
  );
  await database.conductors.register(
    {
      hostname: CONDUCTOR_HOST,
      conductorGroup: "",
      rpcUrl: "",
      drivers: HARDWARE_TYPES,
    },
    interfaces,
    { heartbeatTimeoutSeconds: 60, takeOver: false },
  );
}

function interfacesOf(hardwareType: string, interfaceType: InterfaceType): ConductorInterface[] {
  const names = interfaceType === "console" ? ["fake", "no-console"] : ["fake"];
  return names.map((interfaceName, index) => ({
    hardwareType,
    interfaceType,
    interfaceName,
    isDefault: index === 0,
  }));
}
