/**
 * The conductors as one ConductorApi: every call goes to the conductor that owns the node, found in the
 * database, over JSON-RPC. Arguments hold secrets, so they are never logged nor put into an error.
 */
import { randomUUID } from "node:crypto";
import { Pool } from "undici";
import type { Config } from "../common/config/options.ts";
import {
  ConsoleServiceError,
  DriverNotFound,
  messageOf,
  TemporaryFailure,
} from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import type { NodeChanges } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import { Secret } from "../common/secret.ts";
import type { Conductor, Database } from "../db/database.ts";
import { conductorOf, noConductorFor, noValidHost } from "./placement.ts";
import { rpcCredentials } from "./rpc-credentials.ts";
import { fromRpcError, type RpcError } from "./rpc-errors.ts";
import { paramsOf, RPC_METHODS, type RpcMethod } from "./rpc-methods.ts";
import type { ConductorApi, NodeCreation } from "./rpcapi.ts";

/** Connections to one conductor; more calls wait for one to be free. */
const CONNECTIONS = 32;
/** A node's row is well below; an answer beyond is a mistake. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface RpcClientDeps {
  readonly config: Config;
  readonly database: Pick<Database, "nodes" | "conductors">;
  readonly log: Logger;
}

export class RpcClient {
  readonly #deps: RpcClientDeps;
  readonly #pools = new Map<string, Pool>();
  readonly #authorization: Secret;
  #nextId = 0;

  /** @throws {ConfigInvalid} {@link StartupError} when there are no credentials and none can be made */
  constructor(deps: RpcClientDeps) {
    this.#deps = deps;
    const pair = Buffer.from(rpcCredentials(deps.config).reveal()).toString("base64");
    this.#authorization = new Secret(`Basic ${pair}`);
  }

  /** @returns an object with every verb of {@link ConductorApi} */
  verbs(): ConductorApi {
    const methods = Object.keys(RPC_METHODS) as RpcMethod[];
    const verbs = methods.map((method) => [
      method,
      (context: RequestContext, ...given: unknown[]) => this.#call(method, context, given),
    ]);
    return Object.fromEntries(verbs) as ConductorApi;
  }

  async stop(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  async #call(
    method: RpcMethod,
    context: RequestContext,
    given: readonly unknown[],
  ): Promise<unknown> {
    const [subject, ...rest] = given;
    if (method === "createNode") {
      const creation = subject as NodeCreation;
      const node = { ...creation, uuid: creation.uuid ?? randomUUID() };
      return await this.#post(await this.#conductorForNew(node), method, context, [node, ...rest]);
    }
    const conductor =
      method === "getDriverProperties"
        ? await this.#conductorWithDriver(subject as string)
        : await this.#conductorForNode(
            subject as string,
            method === "updateNode" ? (rest[0] as NodeChanges) : {},
          );
    return await this.#post(conductor, method, context, given);
  }

  async #conductorForNew(node: NodeCreation & { readonly uuid: string }): Promise<Conductor> {
    const placed = {
      uuid: node.uuid,
      driver: node.driver,
      conductorGroup: node.conductorGroup ?? "",
      consoleEnabled: false,
      conductorAffinity: null,
    };
    const found = conductorOf(placed, await this.#alive());
    if (!found) throw noValidHost(placed.driver, placed.conductorGroup);
    return found;
  }

  /** @param changes decide when they move the node to another hardware type or group */
  async #conductorForNode(uuid: string, changes: NodeChanges): Promise<Conductor> {
    const [row, alive] = await Promise.all([this.#deps.database.nodes.get(uuid), this.#alive()]);
    const node = {
      ...row,
      driver: changes.driver ?? row.driver,
      conductorGroup: changes.conductorGroup ?? row.conductorGroup,
    };
    const found = conductorOf(node, alive);
    if (found) return found;
    const moved = node.driver !== row.driver || node.conductorGroup !== row.conductorGroup;
    throw moved ? noValidHost(node.driver, node.conductorGroup) : noConductorFor(node);
  }

  async #conductorWithDriver(hardwareType: string): Promise<Conductor> {
    const found = (await this.#alive()).find((one) => one.drivers.includes(hardwareType));
    if (!found) throw new DriverNotFound(hardwareType);
    return found;
  }

  /** @throws {TemporaryFailure} when there is none at all */
  async #alive(): Promise<Conductor[]> {
    const { config, database } = this.#deps;
    const alive = await database.conductors.listAlive(config.conductor.heartbeat_timeout);
    if (alive.length === 0)
      throw new TemporaryFailure("Resource temporarily unavailable, please retry.");
    return alive;
  }

  async #post(
    conductor: Conductor,
    method: RpcMethod,
    context: RequestContext,
    given: readonly unknown[],
  ): Promise<unknown> {
    this.#nextId += 1;
    const id = this.#nextId;
    const params = paramsOf(method, context, given);
    const text = await this.#exchange(
      conductor,
      JSON.stringify({ jsonrpc: "2.0", id, method, params }),
    );
    const answer = parseAnswer(text, conductor, id);
    if (answer.error === undefined) return answer.result ?? undefined;
    throw fromRpcError(answer.error);
  }

  async #exchange(conductor: Conductor, body: string): Promise<string> {
    const name = conductor.hostname;
    let status: number;
    let text: string;
    try {
      const response = await this.#pool(conductor).request({
        path: "/",
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: this.#authorization.reveal(),
        },
        body,
      });
      status = response.statusCode;
      text = await response.body.text();
    } catch (cause) {
      this.#deps.log.warn("a conductor did not answer", {
        conductor: name,
        reason: messageOf(cause),
      });
      throw new TemporaryFailure(`conductor ${name} did not answer, please retry`, { cause });
    }
    if (status === 200) return text;
    throw new ConsoleServiceError(
      status === 401
        ? `conductor ${name} refused [json_rpc]username and password; set them alike for every api and conductor`
        : `conductor ${name} answered HTTP status ${status}`,
    );
  }

  #pool(conductor: Conductor): Pool {
    if (!URL.canParse(conductor.rpcUrl))
      throw new TemporaryFailure(`conductor ${conductor.hostname} takes no calls from outside`);
    const { origin } = new URL(conductor.rpcUrl);
    let pool = this.#pools.get(origin);
    if (!pool) {
      const milliseconds = this.#deps.config.json_rpc.timeout * 1000;
      pool = new Pool(origin, {
        connections: CONNECTIONS,
        connect: { timeout: Math.min(milliseconds, 10_000) },
        headersTimeout: milliseconds,
        bodyTimeout: milliseconds,
        maxResponseSize: MAX_ANSWER_BYTES,
      });
      this.#pools.set(origin, pool);
    }
    return pool;
  }
}

function parseAnswer(
  text: string,
  conductor: Conductor,
  id: number,
): { readonly result?: unknown; readonly error?: RpcError } {
  let answer: { id?: unknown; result?: unknown; error?: Partial<RpcError> } | null;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    answer = null;
  }
  if (typeof answer !== "object" || answer === null || (answer.id !== id && !answer.error))
    throw new ConsoleServiceError(`conductor ${conductor.hostname} did not answer in JSON-RPC`);
  if (!answer.error) return { result: answer.result };
  const { code = 500, message = "an error without words", data } = answer.error;
  return { error: { code, message, ...(data && { data }) } };
}
