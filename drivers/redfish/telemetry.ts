/** Telemetry `redfish`, with management `redfish`: sensors and event log of any Redfish BMC. */
import {
  DRIVER_API_VERSION,
  type EventLogEntry,
  type SensorReading,
  type Task,
  type TelemetryDriverModule,
  type TelemetryInterface,
} from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { readSensors } from "./chassis-sensors.ts";
import { clearLog, readEventLog } from "./event-log.ts";
import { redfishSchema, systemSettingsParser, withSystem } from "./system.ts";

class RedfishTelemetry implements TelemetryInterface {
  readonly #settingsOf = systemSettingsParser();

  getProperties(): Record<string, string> {
    return describeOptions(redfishSchema);
  }

  validate(task: Task): void {
    this.#settingsOf(task.node.driverInfo);
  }

  async getSensors(task: Task): Promise<readonly SensorReading[]> {
    return await withSystem(this.#settingsOf(task.node.driverInfo), task, readSensors);
  }

  async getEventLog(task: Task, limit: number): Promise<readonly EventLogEntry[]> {
    const settings = this.#settingsOf(task.node.driverInfo);
    return await withSystem(settings, task, async (system) => {
      const { entries, complete } = await readEventLog(system, limit);
      if (!complete) task.log.warn("the event log is too long to be read whole", { limit });
      return entries;
    });
  }

  async clearEventLog(task: Task): Promise<void> {
    await withSystem(this.#settingsOf(task.node.driverInfo), task, clearLog);
  }
}

const redfishTelemetryDriver: TelemetryDriverModule = {
  name: "redfish",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "telemetry",
  schema: redfishSchema,
  create: () => new RedfishTelemetry(),
};
export default redfishTelemetryDriver;
