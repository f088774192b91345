/** A listening REST service over an empty database and a fake conductor, and a client for it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi, type ApiService } from "../../../api/main.ts";
import { systemClock } from "../../../common/clock.ts";
import { loadConfig } from "../../../common/config/load.ts";
import type { Json, JsonObject } from "../../../common/node.ts";
import { type Logger, silentLogger } from "../../../common/log.ts";
import type { Database } from "../../../db/database.ts";
import { FakeConductor, registerConductor } from "../../fakes/conductor-api.ts";
import { freshDatabase } from "../../helpers/database.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body. */
  readonly json: JsonObject;
}

export interface RequestOptions {
  /** Microversion, `1.82` unless told; null sends no header. */
  readonly version?: string | null;
  readonly body?: Json | undefined;
  readonly headers?: Record<string, string>;
}

export class ApiUnderTest {
  readonly service: ApiService;
  readonly database: Database;
  readonly conductor: FakeConductor;
  readonly folder: string;

  constructor(parts: {
    service: ApiService;
    database: Database;
    conductor: FakeConductor;
    folder: string;
  }) {
    this.service = parts.service;
    this.database = parts.database;
    this.conductor = parts.conductor;
    this.folder = parts.folder;
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const version = options.version === undefined ? "1.82" : options.version;
    const response = await fetch(`${this.service.url}${path}`, {
      method,
      headers: {
        accept: "application/json",
        ...(version !== null && { "X-OpenStack-Ironic-API-Version": version }),
        ...(options.body !== undefined && { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text) as JsonObject;
      },
    };
  }

  get(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request("GET", path, options);
  }

  put(path: string, body?: Json, options?: RequestOptions): Promise<Answer> {
    return this.request("PUT", path, { ...options, body });
  }

  patch(path: string, body: Json, options?: RequestOptions): Promise<Answer> {
    return this.request("PATCH", path, { ...options, body });
  }

  /** Creates a node through the API. @returns its JSON */
  async create(body: JsonObject = {}): Promise<JsonObject> {
    const answer = await this.request("POST", "/v1/nodes", {
      body: { driver: "fake-hardware", ...body },
    });
    if (answer.status !== 201) throw new Error(`no node was created: ${answer.text}`);
    return answer.json;
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * @param options configuration by `group.name`
 * @param prepare puts files into the state folder before the service starts
 */
export async function startApiUnderTest(
  options: Record<string, string> = {},
  prepare: (folder: string) => void = () => {},
  log: Logger = silentLogger(),
): Promise<ApiUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "bmc-api-"));
  try {
    prepare(folder);
    const database = await freshDatabase();
    await registerConductor(database);
    const conductor = new FakeConductor(database);
    const config = loadConfig({
      overrides: { "api.port": "0", "DEFAULT.state_path": folder, ...options },
    });
    const service = await startApi({ config, log, clock: systemClock, database, conductor });
    return new ApiUnderTest({ service, database, conductor, folder });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What is inside the string inside `error_message`. */
export function faultOf(answer: Answer): JsonObject {
  return JSON.parse(answer.json["error_message"] as string) as JsonObject;
}

export function faultString(answer: Answer): string {
  return faultOf(answer)["faultstring"] as string;
}
