/**
 * A task for tests of drivers: a node with the driver_info given, a memo in memory, and a log that is
 * kept so that one can look for what must not be in it. No database, no conductor.
 */
import { Writable } from "node:stream";
import winston from "winston";
import { loadConfig } from "../../common/config/load.ts";
import type { Config } from "../../common/config/options.ts";
import {
  SharedParts,
  type ConsoleEndpoint,
  type DriverInfo,
  type Json,
  type Memo,
  type PowerState,
  type Task,
} from "../base.ts";

export interface FakeTaskOptions {
  readonly driverInfo?: DriverInfo;
  readonly driver?: string;
  readonly powerState?: PowerState | null;
  readonly properties?: { readonly [key: string]: Json };
  readonly endpoint?: ConsoleEndpoint | null;
  readonly memo?: FakeMemo;
  readonly signal?: AbortSignal;
  /** The defaults when left out. */
  readonly config?: Config;
}

export interface FakeTask extends Task {
  readonly memo: FakeMemo;
  readonly shared: SharedParts;
  /** Everything that was logged, as text with all fields, secrets not masked. */
  logged(): string;
}

/** A memo that shows what was saved, in order. */
export class FakeMemo implements Memo {
  readonly saved: (Json | undefined)[] = [];

  get(): Json | undefined {
    return this.saved.at(-1);
  }

  async set(value: Json | undefined): Promise<void> {
    // As the database does: what is read back is never the same object.
    this.saved.push(value === undefined ? undefined : structuredClone(value));
  }
}

export function fakeTask(options: FakeTaskOptions = {}): FakeTask {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString("utf8"));
      done();
    },
  });
  return {
    node: {
      uuid: "1be26c0b-03f2-4d2e-ae87-c02d7f33c123",
      name: "fake-node",
      driver: options.driver ?? "fake-hardware",
      driverInfo: options.driverInfo ?? {},
      powerState: options.powerState ?? null,
      properties: options.properties ?? {},
    },
    endpoint: options.endpoint ?? null,
    memo: options.memo ?? new FakeMemo(),
    signal: options.signal ?? new AbortController().signal,
    log: winston.createLogger({
      level: "silly",
      format: winston.format.json(),
      transports: [new winston.transports.Stream({ stream })],
    }),
    config: options.config ?? loadConfig(),
    shared: new SharedParts(),
    logged: () => lines.join(""),
  };
}
