/**
 * Telemetry `fake`, with management `fake`: a believable machine for demonstrations and tests, of which
 * one in four has a fan that wears out. Remembers only that its event log was cleared.
 */
import { createHash } from "node:crypto";
import {
  DRIVER_API_VERSION,
  type EventLogEntry,
  type SensorReading,
  type Task,
  type TelemetryDriverModule,
  type TelemetryInterface,
} from "../base.ts";
import { objectOf } from "../lib/json-object.ts";
import { clearedLog, lifeStory } from "./event-log.ts";
import { fakeReadings } from "./sensors.ts";

class FakeTelemetry implements TelemetryInterface {
  getProperties(): Record<string, string> {
    return {};
  }

  validate(): void {}

  async getSensors({ node }: Task): Promise<readonly SensorReading[]> {
    const seed = seedOf(node.uuid);
    return fakeReadings(seed, node.powerState === "power on", isWorn(seed));
  }

  async getEventLog({ node, memo }: Task, limit: number): Promise<readonly EventLogEntry[]> {
    const clearedAt = objectOf(memo.get())?.["clearedAt"];
    const seed = seedOf(node.uuid);
    const entries =
      typeof clearedAt === "number"
        ? clearedLog(clearedAt)
        : lifeStory(seed, isWorn(seed), Date.now());
    return entries.slice(0, limit);
  }

  async clearEventLog({ memo }: Task): Promise<void> {
    await memo.set({ clearedAt: Date.now() });
  }
}

function seedOf(uuid: string): number {
  return createHash("sha256").update(uuid).digest().readUInt16BE(0);
}

function isWorn(seed: number): boolean {
  return seed % 4 === 0;
}

const fakeTelemetryDriver: TelemetryDriverModule = {
  name: "fake",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "telemetry",
  schema: { type: "object", properties: {} },
  create: () => new FakeTelemetry(),
};
export default fakeTelemetryDriver;
