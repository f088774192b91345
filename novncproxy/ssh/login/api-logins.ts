/**
 * Logins with the REST API's user names and passwords: the API is asked for the console's link as any
 * client would, so its own policy decides; the link's token opens the session. Keeps no password.
 */
import { Agent, request } from "undici";
import {
  ConsoleServiceError,
  messageOf,
  NodeConsoleNotEnabled,
  NotFound,
} from "../../../common/errors.ts";
import { FairQueue } from "../../../common/fair-queue.ts";
import { fieldsOf, parseJson } from "../../../common/json-fields.ts";
import { printable } from "../../../common/printable.ts";
import type { Secret } from "../../../common/secret.ts";
import { looksLikeToken } from "../../../common/token.ts";
import type { ConsoleGrant, Login } from "./login.ts";
import type { LoginName } from "./login-name.ts";
import type { LogBudget } from "../log-budget.ts";

const MICROVERSION = "1.82";
const CONNECT_MILLISECONDS = 5_000;
const ANSWER_MILLISECONDS = 30_000;
const LARGEST_ANSWER_BYTES = 256 * 1024;
/** The API hashes two passwords at a time and keeps four of one source waiting. */
const MOST_AT_ONCE = 4;
const MOST_WAITING = 32;
const MOST_WAITING_OF_ONE_SOURCE = 4;
/** Statuses that say: the person is known, but this cannot be had. */
const KNOWN_PERSON = [200, 400, 404, 409];

export interface ApiLoginsDeps {
  /** Base of the API; undefined as long as there is none. */
  readonly url: () => string | undefined;
  /** Text of a PEM file. */
  readonly ca: string | undefined;
  readonly budget: LogBudget;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class ApiLogins {
  readonly #deps: ApiLoginsDeps;
  readonly #agent: Agent;
  /** Whoever tries many passwords stands in nobody else's way. */
  readonly #queue = new FairQueue({
    running: MOST_AT_ONCE,
    waiting: MOST_WAITING,
    waitingOfOneSource: MOST_WAITING_OF_ONE_SOURCE,
  });

  constructor(deps: ApiLoginsDeps) {
    this.#deps = deps;
    this.#agent = new Agent({
      connect: { timeout: CONNECT_MILLISECONDS, ...(deps.ca !== undefined && { ca: deps.ca }) },
      connections: MOST_AT_ONCE,
      headersTimeout: ANSWER_MILLISECONDS,
      bodyTimeout: ANSWER_MILLISECONDS,
      maxResponseSize: LARGEST_ANSWER_BYTES,
    });
  }

  /** Whether passwords may be tried at all. */
  get available(): boolean {
    return this.#deps.url() !== undefined;
  }

  /**
   * @param source network that the person comes from
   * @returns undefined when the API does not let this person in, or cannot be asked
   */
  async check(
    user: string,
    password: Secret,
    name: LoginName,
    source: string,
  ): Promise<Login | undefined> {
    const url = this.#deps.url();
    if (url === undefined) return undefined;
    try {
      const address = consoleAddress(url, name);
      const answer = await this.#queue.run(source, async () => {
        await this.#refuseOpenApi(address);
        return await this.#ask(address, basic(user, password));
      });
      if (!KNOWN_PERSON.includes(answer.status)) return this.#refused(answer);
      return {
        user,
        method: "password",
        fingerprint: null,
        grant: () => Promise.resolve().then(() => grantOf(answer, name.node)),
      };
    } catch (error) {
      this.#deps.budget.warn("passwords of ssh cannot be checked", { error: messageOf(error) });
      return undefined;
    }
  }

  async stop(): Promise<void> {
    await this.#agent.destroy();
  }

  #refused({ status }: Answer): undefined {
    if (status !== 401)
      this.#deps.budget.warn("the api does not judge a password of ssh", { status });
    return undefined;
  }

  /**
   * An API that answers without credentials takes any (auth_strategy noauth): it judges nobody.
   * @throws {ConsoleServiceError}
   */
  async #refuseOpenApi(address: string): Promise<void> {
    const { status } = await this.#ask(address, undefined);
    if (status !== 401)
      throw new ConsoleServiceError(
        `the api answers ${status} to a request without password, wanted is 401; ` +
          "no password is let in by it",
      );
  }

  async #ask(address: string, authorization: string | undefined): Promise<Answer> {
    const { statusCode, body } = await request(address, {
      dispatcher: this.#agent,
      headers: {
        accept: "application/json",
        "x-openstack-ironic-api-version": MICROVERSION,
        ...(authorization !== undefined && { authorization }),
      },
    });
    return { status: statusCode, body: parseJson(await body.text()) };
  }
}

function consoleAddress(base: string, { node, mode }: LoginName): string {
  const url = new URL(
    `${base.replace(/\/(?:v1\/?)?$/, "")}/v1/nodes/${encodeURIComponent(node)}/states/console`,
  );
  url.searchParams.set("console_type", "serial");
  if (mode === "view") url.searchParams.set("mode", "view");
  return url.href;
}

function basic(user: string, password: Secret): string {
  return `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString("base64")}`;
}

/** @throws {NotFound} {@link NodeConsoleNotEnabled} {@link ConsoleServiceError} */
function grantOf({ status, body }: Answer, node: string): ConsoleGrant {
  if (status === 404) throw new NotFound(`Node ${node} could not be found.`);
  if (status !== 200) throw new NodeConsoleNotEnabled(reasonIn(body));
  const info = fieldsOf(body)["console_info"];
  if (fieldsOf(body)["console_enabled"] !== true || info === null || info === undefined)
    throw new NodeConsoleNotEnabled("the console of this machine is switched off");
  const address = fieldsOf(info)["websocket_url"];
  const url = typeof address === "string" && URL.canParse(address) ? new URL(address) : undefined;
  const token = url?.searchParams.get("token") ?? "";
  const nodeUuid = url?.searchParams.get("node") ?? "";
  if (!looksLikeToken(token) || nodeUuid === "")
    throw new ConsoleServiceError("the api gives a console link without token and node");
  return { token, nodeUuid };
}

/** Ironic's error bodies: `{"error_message": {"faultstring": …}}`, the inner part often as a string. */
function reasonIn(body: unknown): string {
  const error = fieldsOf(body)["error_message"];
  const inner = typeof error === "string" ? parseJson(error) : error;
  const text = fieldsOf(inner)["faultstring"];
  return typeof text === "string"
    ? printable(text)
    : "the console of this machine is not available";
}
