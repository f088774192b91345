/** Telemetry `ipmitool`: sensors out of the SDR repository and the SEL (IPMI 2.0 sections 31 to 35). */
import {
  DRIVER_API_VERSION,
  type EventLogEntry,
  type SensorReading,
  type Task,
  type TelemetryDriverModule,
  type TelemetryInterface,
} from "../base.ts";
import { ipmiSchema } from "../lib/ipmi/options.ts";
import { IpmitoolInterface } from "./ipmitool-interface.ts";
import { eventsIn } from "./event-list.ts";
import { sensorsIn } from "./sensor-list.ts";

/** A slow BMC needs seconds for each dozen of records. */
const LIST_SECONDS = 300;
const MOST_EVENTS = 10_000;

class IpmitoolTelemetry extends IpmitoolInterface implements TelemetryInterface {
  async getSensors(task: Task): Promise<readonly SensorReading[]> {
    const limits = { limitSeconds: this.#limitSeconds(task) };
    return sensorsIn(await this.run(task, ["sdr", "elist"], limits));
  }

  async getEventLog(task: Task, limit: number): Promise<readonly EventLogEntry[]> {
    const count = Math.min(Math.max(1, Math.floor(limit)), MOST_EVENTS);
    const command = ["sel", "elist", "last", String(count)];
    // With -v it prints no sensor's name.
    const options = { limitSeconds: this.#limitSeconds(task), verbose: false };
    return eventsIn(await this.run(task, command, options), count);
  }

  async clearEventLog(task: Task): Promise<void> {
    await this.run(task, ["sel", "clear"]);
  }

  #limitSeconds(task: Task): number {
    return Math.max(LIST_SECONDS, task.config.ipmi.command_retry_timeout);
  }
}

const ipmitoolTelemetryDriver: TelemetryDriverModule = {
  name: "ipmitool",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "telemetry",
  schema: ipmiSchema,
  create: (environment) => new IpmitoolTelemetry(environment),
};
export default ipmitoolTelemetryDriver;
