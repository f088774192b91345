/**
 * The HTTP client of our command line: speaks the Bare Metal API v1 as any other client would, one
 * microversion throughout. It never prints; failures are errors of ours.
 */
import { Readable } from "node:stream";
import { Agent, request } from "undici";
import {
  ApiUnreachable,
  ConsoleServiceError,
  InvalidParameterValue,
  messageOf,
} from "../common/errors.ts";
import type { Secret } from "../common/secret.ts";
import { tlsOptions, type ClientTls } from "./client-tls.ts";
import { errorOfAnswer } from "./ironic-error.ts";

export const MICROVERSION = "1.82";
const CONNECT_MS = 10_000;
const ANSWER_MS = 150_000;
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

/** How a request says who asks. */
export type Credentials =
  | { readonly kind: "http_basic"; readonly user: string; readonly password: Secret }
  /** Sent as X-Auth-Token. */
  | { readonly kind: "token"; readonly token: Secret };

export interface ClientOptions {
  /** Base of the service, with or without /v1. */
  readonly url: string;
  readonly credentials?: Credentials;
  readonly tls?: ClientTls;
}

export type JsonAnswer = Readonly<Record<string, unknown>>;
export interface StreamedAnswer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}
export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export class ApiClient {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #limits: Agent.Options;
  readonly #agent: Agent;

  /** @throws {InvalidParameterValue} for a URL or certificate file that is none */
  constructor(options: ClientOptions) {
    this.#base = baseOf(options.url);
    this.#headers = {
      accept: "application/json",
      "x-openstack-ironic-api-version": MICROVERSION,
      ...authorization(options),
    };
    this.#limits = {
      connect: { timeout: CONNECT_MS, ...tlsOptions(options.tls) },
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    };
    this.#agent = new Agent({ ...this.#limits, maxResponseSize: LARGEST_ANSWER_BYTES });
  }

  /**
   * @param path below the base, beginning with /v1; its parts already encoded
   * @param microversion for what came later than the one that everything else speaks
   * @returns the answer's JSON, an empty object for an empty answer
   * @throws {ApiUnreachable} {@link NotFound} {@link Conflict} … by the answer's status
   */
  async call(
    method: Method,
    path: string,
    body?: unknown,
    microversion = MICROVERSION,
  ): Promise<JsonAnswer> {
    const { status, text } = await this.#send(method, path, body, microversion);
    if (status >= 400) throw errorOfAnswer(status, text);
    if (text === "") return {};
    const value = parse(text);
    if (typeof value !== "object" || value === null)
      throw new ApiUnreachable(
        `${this.#base} answered ${method} ${path} with something else than JSON`,
      );
    return value as JsonAnswer;
  }

  /** Follows `next` links. @param key the list's name in the answers, for example "nodes" */
  async list(path: string, key: string): Promise<JsonAnswer[]> {
    const rows: JsonAnswer[] = [];
    for (let next: string | undefined = path; next !== undefined;) {
      const page: JsonAnswer = await this.call("GET", next);
      const part = page[key];
      if (Array.isArray(part)) rows.push(...(part as JsonAnswer[]));
      next = typeof page["next"] === "string" ? pathOf(page["next"]) : undefined;
    }
    return rows;
  }

  /**
   * A GET whose answer may be long and is no JSON. Has a connection of its own, which ends with the body.
   * @throws as {@link call}
   */
  async stream(path: string): Promise<StreamedAnswer> {
    const agent = new Agent({ ...this.#limits, maxResponseSize: -1 });
    try {
      const { statusCode, headers, body } = await request(this.#base + path, {
        dispatcher: agent,
        headers: { ...this.#headers, accept: "*/*" },
      });
      if (statusCode >= 400) throw errorOfAnswer(statusCode, await body.text());
      body.once("close", () => void agent.destroy());
      return { headers, body };
    } catch (cause) {
      await agent.destroy();
      if (cause instanceof ConsoleServiceError) throw cause;
      throw this.#unreachable(cause);
    }
  }

  /**
   * Sends content that may be long and is no JSON, as it comes.
   * @throws as {@link call}
   */
  async upload(path: string, content: AsyncIterable<Buffer>, bytes: number): Promise<JsonAnswer> {
    /* The answer comes when all is checked and on the disk. */
    const agent = new Agent({ ...this.#limits, headersTimeout: 0 });
    try {
      const answer = await request(this.#base + path, {
        method: "PUT",
        dispatcher: agent,
        headers: {
          ...this.#headers,
          "content-type": "application/octet-stream",
          "content-length": String(bytes),
        },
        body: Readable.from(content),
      });
      const text = await answer.body.text();
      if (answer.statusCode >= 400) throw errorOfAnswer(answer.statusCode, text);
      return (parse(text) ?? {}) as JsonAnswer;
    } catch (cause) {
      if (cause instanceof ConsoleServiceError) throw cause;
      throw this.#unreachable(cause);
    } finally {
      await agent.destroy();
    }
  }

  /** Ends its connections; who still waits for an answer gets none. */
  async stop(): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(
    method: Method,
    path: string,
    body: unknown,
    microversion: string,
  ): Promise<{ status: number; text: string }> {
    const headers = { ...this.#headers, "x-openstack-ironic-api-version": microversion };
    try {
      const answer = await request(this.#base + path, {
        method,
        dispatcher: this.#agent,
        headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  #unreachable(cause: unknown): ApiUnreachable {
    const reason = reasonOf(cause);
    return new ApiUnreachable(`cannot reach the service at ${this.#base}: ${reason}`, { cause });
  }
}

/**
 * The base without /v1, by which one service is told from another.
 * @throws {InvalidParameterValue} for what is no URL of a service
 */
export function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password)
    throw new InvalidParameterValue(
      `"${parsed ? `${parsed.protocol}//…` : url}" is no URL of a service; wanted is http://HOST:PORT without user name`,
    );
  return (parsed.origin + parsed.pathname).replace(/\/(?:v1\/?)?$/, "");
}

/** A `next` link may name another host than the one we were told to use; only its path counts. */
function pathOf(link: string): string {
  const url = new URL(link, "http://base.invalid");
  return url.pathname.slice(Math.max(0, url.pathname.indexOf("/v1"))) + url.search;
}

function authorization({ credentials }: ClientOptions): Record<string, string> {
  if (credentials === undefined) return {};
  if (credentials.kind === "token") return { "x-auth-token": credentials.token.reveal() };
  const pair = Buffer.from(`${credentials.user}:${credentials.password.reveal()}`);
  return { authorization: `Basic ${pair.toString("base64")}` };
}

/** FACT(Node 20): when every address of a name refuses, the error has a code but no message. */
function reasonOf(cause: unknown): string {
  const { code } = cause as { code?: string };
  return messageOf(cause) || (code ?? "no answer");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
