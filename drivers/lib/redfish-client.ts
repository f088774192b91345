/**
 * A small Redfish client (DMTF DSP0266) on undici: JSON over verified HTTPS, one BMC, one task.
 * Bounds every answer and every wait, follows no link off the BMC, and never lets a secret that it
 * sent come back in an error message.
 */
import { request, type Agent, type Dispatcher } from "undici";
import {
  BmcAuthenticationFailed,
  BmcBusy,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  BmcValueRefused,
  InvalidParameterValue,
  Secret,
  type ConsoleServiceError,
  type Json,
} from "../base.ts";
import { printable } from "../../common/printable.ts";
import { withDeadline } from "./deadline.ts";
import { objectOf, type JsonObject } from "./json-object.ts";
import { networkError } from "./network-errors.ts";
import { makeRedfishAgent, type Destroyable, type RedfishDial } from "./redfish-agent.ts";
import { messagesOf } from "./redfish-body.ts";
import type { RedfishAccess } from "./redfish-options.ts";

/** FACT(iDRAC9 attribute dump): the manager's attributes alone are 145 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** All answers to one client together: a collection has many pages. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;
const MAX_REDIRECTS = 3;
const MAX_PATH_LENGTH = 2048;
const LOGOUT_LIMIT_MS = 5000;

/** A body to send: plain JSON with Secret values in places. */
export type RedfishBody = { readonly [key: string]: Json | Secret | RedfishBody };

export interface RedfishAnswer {
  readonly body: JsonObject;
  readonly etag: string | undefined;
}

export class RedfishClient {
  readonly #access: RedfishAccess;
  readonly #signal: AbortSignal;
  readonly #requestLimitMs: number;
  readonly #agent: Agent;
  readonly #sockets: ReadonlySet<Destroyable>;
  #receivedBytes = 0;
  #session: { token: Secret; path: string } | undefined;

  private constructor(
    access: RedfishAccess,
    agent: Agent,
    sockets: ReadonlySet<Destroyable>,
    signal: AbortSignal,
    limitMs: number,
  ) {
    this.#access = access;
    this.#agent = agent;
    this.#sockets = sockets;
    this.#signal = signal;
    this.#requestLimitMs = limitMs;
  }

  /**
   * Opens a client, lets `use` work with it, logs out and closes its connections.
   * @param options `requestLimitMs` for one request, its connection included; BMCs take seconds for
   *   some answers; `dial` is the way to a BMC that is not reached from here
   */
  static async with<T>(
    access: RedfishAccess,
    options: {
      readonly signal: AbortSignal;
      readonly requestLimitMs: number;
      readonly dial?: RedfishDial | undefined;
    },
    use: (client: RedfishClient) => Promise<T>,
  ): Promise<T> {
    const sockets = new Set<Destroyable>();
    const limitMs = options.requestLimitMs;
    const limits = {
      connectMs: limitMs,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      dial: options.dial,
    };
    const agent = await makeRedfishAgent(access, limits, sockets);
    const client = new RedfishClient(access, agent, sockets, options.signal, limitMs);
    try {
      return await use(client);
    } finally {
      await client.#logOut();
      client.#cut();
      await agent.destroy();
    }
  }

  /** `host:port` for messages. */
  get peer(): string {
    return new URL(this.#access.origin).host;
  }

  /** @throws {BmcFeatureMissing} when the BMC has no such resource; and as {@link patch} */
  async get(path: string): Promise<RedfishAnswer> {
    return await this.#send("GET", path);
  }

  /**
   * @param etag sent as If-Match when the BMC gave one; when somebody else wrote in between, the
   *   values are sent again without it: they are meant whatever the rest is
   * @throws {BmcValueRefused} when it refuses the values
   * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcAuthenticationFailed} {@link BmcBusy}
   *   {@link BmcCertificateInvalid} {@link BmcFeatureMissing} {@link BmcProtocolError}
   */
  async patch(path: string, body: RedfishBody, etag?: string): Promise<RedfishAnswer> {
    return await this.#send("PATCH", path, body, etag);
  }

  async post(path: string, body: RedfishBody): Promise<RedfishAnswer> {
    return await this.#send("POST", path, body);
  }

  async delete(path: string): Promise<RedfishAnswer> {
    return await this.#send("DELETE", path);
  }

  async #send(
    method: "GET" | "PATCH" | "POST" | "DELETE",
    path: string,
    body?: RedfishBody,
    etag?: string,
  ): Promise<RedfishAnswer> {
    if (this.#access.authType === "session" && this.#access.password) await this.#logIn();
    const secrets: Secret[] = this.#access.password ? [this.#access.password] : [];
    const text = body === undefined ? undefined : JSON.stringify(revealed(body, secrets));
    const headers = {
      ...this.#authorization(),
      ...(etag === undefined ? {} : { "if-match": etag }),
    };
    const { answer, parsed } = await this.#exchange(method, this.#inside(path), headers, text);
    if (answer.statusCode === 412 && etag !== undefined)
      return await this.#send(method, path, body);
    if (answer.statusCode >= 300)
      throw this.#refusal(answer.statusCode, method, path, parsed, secrets);
    return { body: parsed, etag: headerOf(answer, "etag") };
  }

  async #exchange(
    method: "GET" | "PATCH" | "POST" | "DELETE",
    url: URL,
    headers: Record<string, string>,
    text: string | undefined,
    redirects = 0,
  ): Promise<{ answer: Dispatcher.ResponseData; parsed: JsonObject }> {
    const limitMs = this.#requestLimitMs;
    const onTimeout = (): Error =>
      new BmcTimeout(
        `${this.peer} did not answer ${method} ${printable(url.pathname)} within ${limitMs / 1000} s`,
      );
    const { answer, bytes } = await withDeadline(
      { signal: this.#signal, limitMs, onTimeout },
      async (signal) => await this.#request(method, url, headers, text, signal),
    );
    const location = headerOf(answer, "location");
    const moved = [301, 302, 307, 308].includes(answer.statusCode) && location !== undefined;
    if (moved && method === "GET") {
      if (redirects >= MAX_REDIRECTS)
        throw new BmcProtocolError(`${this.peer} redirects in a circle`);
      return await this.#exchange(method, this.#inside(location), headers, text, redirects + 1);
    }
    return { answer, parsed: this.#parse(answer.statusCode, bytes, url.pathname) };
  }

  async #request(
    method: "GET" | "PATCH" | "POST" | "DELETE",
    url: URL,
    headers: Record<string, string>,
    text: string | undefined,
    signal: AbortSignal,
  ): Promise<{ answer: Dispatcher.ResponseData; bytes: Buffer }> {
    const cut = (): void => this.#cut();
    signal.addEventListener("abort", cut, { once: true });
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#agent,
        signal,
        headers: {
          accept: "application/json",
          "odata-version": "4.0",
          ...(text === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        body: text ?? null,
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      this.#receivedBytes += bytes.length;
      if (this.#receivedBytes > MAX_TOTAL_BYTES)
        throw new BmcProtocolError(
          `${this.peer} answers more than ${MAX_TOTAL_BYTES} bytes in all`,
        );
      return { answer, bytes };
    } catch (cause) {
      if (signal.aborted) throw cause;
      if ((cause as { code?: unknown }).code === "UND_ERR_RES_EXCEEDED_MAX_SIZE")
        throw new BmcProtocolError(`${this.peer} answers more than ${MAX_ANSWER_BYTES} bytes`);
      throw networkError(cause, this.peer);
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  /** FACT(undici 7, tried): neither a signal nor destroy() ends a handshake that hangs. */
  #cut(): void {
    for (const socket of this.#sockets) socket.destroy(new Error("the connection was cut"));
  }

  #parse(status: number, bytes: Buffer, path: string): JsonObject {
    if (bytes.length === 0) return {};
    try {
      const value = objectOf(JSON.parse(bytes.toString("utf8")));
      if (value) return value;
    } catch {
      // Told below; the body of a failure is often a page.
    }
    if (status >= 300) return {};
    throw new BmcProtocolError(
      `${this.peer} answers ${printable(path)} with something that is no JSON object`,
    );
  }

  /** @throws {BmcProtocolError} for a link that leads off the BMC, or is too long for one */
  #inside(path: string): URL {
    if (path.length > MAX_PATH_LENGTH)
      throw new BmcProtocolError(`${this.peer} has a link of ${path.length} characters`);
    const url = URL.canParse(path, this.#access.origin)
      ? new URL(path, this.#access.origin)
      : undefined;
    if (url?.origin !== this.#access.origin)
      throw new BmcProtocolError(`${this.peer} links to another host`);
    return url;
  }

  #refusal(
    status: number,
    method: string,
    path: string,
    body: JsonObject,
    secrets: readonly Secret[],
  ): ConsoleServiceError {
    const redact = (text: string): string => redacted(text, secrets);
    const said = messagesOf(body, redact);
    const tail = said ? `: ${said}` : "";
    const where = `${this.peer} ${method} ${printable(redact(path))}`;
    if (status === 401 || status === 403)
      return new BmcAuthenticationFailed(
        `${this.peer} refuses the user or password, or the account lacks the privilege${tail}`,
      );
    // FACT(stmcginnis/gofish issue 75): iDRAC answers 503 with RAC0218 when its session table is full.
    if (status === 503 || status === 429 || said.includes("RAC0218"))
      return new BmcBusy(`${this.peer} is busy or its session table is full${tail}`);
    if ([404, 405, 501].includes(status))
      return new BmcFeatureMissing(`${where} is not there${tail}`);
    if (status < 500) return new BmcValueRefused(`${where} was refused (${status})${tail}`);
    return new BmcProtocolError(`${where} failed (${status})${tail}`);
  }

  #authorization(): Record<string, string> {
    if (this.#session) return { "x-auth-token": this.#session.token.reveal() };
    const { username, password } = this.#access;
    if (username === undefined || password === undefined) return {};
    const pair = Buffer.from(`${username}:${password.reveal()}`, "utf8").toString("base64");
    return { authorization: `Basic ${pair}` };
  }

  async #logIn(): Promise<void> {
    const { username, password } = this.#access;
    if (this.#session || username === undefined || password === undefined) return;
    const path = "/redfish/v1/SessionService/Sessions";
    const text = JSON.stringify({ UserName: username, Password: password.reveal() });
    const { answer, parsed } = await this.#exchange("POST", this.#inside(path), {}, text);
    if (answer.statusCode >= 300)
      throw this.#refusal(answer.statusCode, "POST", path, parsed, [password]);
    const token = headerOf(answer, "x-auth-token");
    const location = headerOf(answer, "location");
    if (!token || !location)
      throw new BmcProtocolError(`${this.peer} opens a session without a token or location`);
    this.#session = { token: new Secret(token), path: this.#inside(location).pathname };
  }

  /** Best effort: a session we cannot close times out on the BMC. */
  async #logOut(): Promise<void> {
    if (!this.#session) return;
    const headers = this.#authorization();
    const url = this.#inside(this.#session.path);
    const signal = AbortSignal.any([]);
    await withDeadline(
      { signal, limitMs: LOGOUT_LIMIT_MS, onTimeout: () => new BmcTimeout("log-out") },
      async (inner) => await this.#request("DELETE", url, headers, undefined, inner),
    ).catch(() => {});
    this.#session = undefined;
  }
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The body with its secrets in the clear; they are collected for {@link redacted}. */
function revealed(body: RedfishBody, secrets: Secret[]): Json {
  const open = (value: Json | Secret | RedfishBody): Json => {
    if (value instanceof Secret) {
      secrets.push(value);
      return value.reveal();
    }
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, open(item)]));
  };
  return open(body);
}

/** FACT(DSP0268 message registries): messages quote the refused value, a password too. */
function redacted(text: string, secrets: readonly Secret[]): string {
  return secrets.reduce((rest, secret) => {
    const clear = secret.reveal();
    return clear === "" ? rest : rest.replaceAll(clear, String(secret));
  }, text);
}

/** @throws {InvalidParameterValue} unless `path` starts with /redfish/ */
export function requireRedfishPath(path: string, option: string): void {
  if (!/^\/redfish\/[\w./-]+$/.test(path))
    throw new InvalidParameterValue(`${option} must be a path that starts with /redfish/`);
}
