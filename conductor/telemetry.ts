/**
 * The telemetry verbs: sensors and the event log, read from the BMC while the caller waits. What was read
 * is kept for quick answers and metrics. A BMC is never asked the same thing twice at the same time,
 * however many callers ask.
 */
import {
  messageOf,
  NodeLocked,
  NodeNotFound,
  ShuttingDown,
  UnsupportedDriverExtension,
} from "../common/errors.ts";
import { LAST_ERROR_LIMIT } from "../common/node.ts";
import { printable } from "../common/printable.ts";
import type { EventLogEntry, Task, TelemetryInterface } from "../drivers/base.ts";
import type { CollectedSensors, ConductorApi } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";
import { cleanEntries, cleanReadings, MOST_ENTRIES } from "./telemetry-values.ts";

/** Less than [json_rpc]timeout's default, so that the caller hears the reason. */
const CALL_SECONDS = 60;

type Verbs = "getSensors" | "getEventLog" | "clearEventLog";

interface Ask {
  readonly shared: boolean;
  readonly purpose: string;
  readonly seconds: number;
}

export class Telemetry {
  readonly #service: ConductorService;
  readonly #sensors = new UnderWay<CollectedSensors>();
  readonly #log = new UnderWay<EventLogEntry[]>();

  constructor(service: ConductorService) {
    this.#service = service;
  }

  verbs(): Pick<ConductorApi, Verbs> {
    return {
      getSensors: (_context, uuid) => this.collect(uuid, CALL_SECONDS),

      getEventLog: (_context, uuid, limit) => {
        const most = Math.min(Math.max(Math.trunc(limit) || 1, 1), MOST_ENTRIES);
        const ask = { shared: true, purpose: "reading the event log", seconds: CALL_SECONDS };
        return this.#log.once(`${uuid} ${most}`, () =>
          this.#ask(uuid, ask, async (telemetry, held) =>
            cleanEntries(await telemetry.getEventLog(held, most), most),
          ),
        );
      },

      clearEventLog: (context, uuid) => {
        const ask = { shared: false, purpose: "clearing the event log", seconds: CALL_SECONDS };
        return this.#ask(uuid, ask, async (telemetry, held) => {
          await telemetry.clearEventLog(held);
          held.log.info("event log cleared", { requestId: context.requestId });
        });
      },
    };
  }

  /**
   * Reads a node's sensors and keeps them; a failure is noted beside those kept before.
   * @param seconds how long the BMC may take; who joins a reading that is under way waits for that one
   */
  collect(uuid: string, seconds: number): Promise<CollectedSensors> {
    return this.#sensors.once(uuid, () => this.#collect(uuid, seconds));
  }

  async #collect(uuid: string, seconds: number): Promise<CollectedSensors> {
    const { telemetry: kept } = this.#service.database;
    try {
      const ask = { shared: true, purpose: "reading the sensors", seconds };
      const readings = await this.#ask(uuid, ask, async (telemetry, held) =>
        cleanReadings(await telemetry.getSensors(held)),
      );
      const collectedAt = this.#service.clock.now();
      const asJson = readings.map((reading) => ({
        ...reading,
        thresholds: { ...reading.thresholds },
      }));
      await kept.save({ nodeUuid: uuid, collectedAt, readings: asJson, error: null });
      return { collectedAt, readings };
    } catch (error) {
      if (isFailure(error)) await kept.fail(uuid, printable(messageOf(error), LAST_ERROR_LIMIT));
      throw error;
    }
  }

  async #ask<T>(
    uuid: string,
    { shared, purpose, seconds }: Ask,
    work: (telemetry: TelemetryInterface, held: Task) => Promise<T>,
  ): Promise<T> {
    await using task = await this.#service.tasks.acquire(uuid, { shared, purpose });
    const telemetry = task.telemetry();
    return await task.drive({ type: "telemetry", seconds, what: purpose }, async (held) => {
      await telemetry.validate(held);
      return await work(telemetry, held);
    });
  }
}

/** Work that goes on, by what it is about: who wants the same meanwhile shares it. */
class UnderWay<T> {
  readonly #work = new Map<string, Promise<T>>();

  once(key: string, begin: () => Promise<T>): Promise<T> {
    const current = this.#work.get(key);
    if (current) return current;
    const mine = begin().finally(() => this.#work.delete(key));
    this.#work.set(key, mine);
    return mine;
  }
}

/**
 * False for what says nothing about the machine: it has no sensors for us, somebody works on it, it is gone,
 * or we are going.
 */
export function isFailure(error: unknown): boolean {
  return !(
    error instanceof UnsupportedDriverExtension ||
    error instanceof NodeLocked ||
    error instanceof NodeNotFound ||
    error instanceof ShuttingDown
  );
}
