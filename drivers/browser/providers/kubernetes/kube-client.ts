/**
 * The part of the Kubernetes API that sessions need: objects in one namespace as JSON over verified HTTPS,
 * bounded in time and size. Waits when the API asks to; says what a refusal means.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Agent, request } from "undici";
import { printable } from "../../../../common/printable.ts";
import { ConsoleError, messageOf, Secret } from "../../../base.ts";
import { abortError, throwIfAborted } from "../../../lib/deadline.ts";
import { objectOf, type JsonObject } from "../../../lib/json-object.ts";
import type { KubeSettings } from "./kube-settings.ts";

const REQUEST_LIMIT_MS = 15_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_TOKEN_CHARACTERS = 16_384;
const TRIES = 5;
const MAX_PAUSE_MS = 10_000;
const FIRST_PAUSE_MS = 250;
/** The API is overloaded or between two of its servers: nothing was done. */
const LATER = new Set([429, 503, 504]);

export type KubeMethod = "GET" | "POST" | "DELETE";

export interface KubeAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

export class KubeClient {
  readonly settings: KubeSettings;
  readonly #agent: Agent;

  /** @throws {ConsoleError} when the authorities' file cannot be read */
  constructor(settings: KubeSettings) {
    this.settings = settings;
    this.#agent = new Agent({
      connections: 8,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: { ...this.trust(), timeout: REQUEST_LIMIT_MS },
    });
  }

  /** How the API's certificate is judged. @throws {ConsoleError} */
  trust(): { readonly ca?: string; readonly minVersion: "TLSv1.2" } {
    const { caFile } = this.settings;
    if (caFile === "") return { minVersion: "TLSv1.2" };
    try {
      return { ca: readFileSync(caFile, "utf8"), minVersion: "TLSv1.2" };
    } catch (cause) {
      throw new ConsoleError(`[browser]kubernetes_cafile "${caFile}" cannot be read`, { cause });
    }
  }

  /**
   * The header that shows who we are.
   * FACT(kubernetes.io, "Bound service account tokens"): the file's token is replaced before it expires.
   * @throws {ConsoleError}
   */
  async authorization(): Promise<string> {
    return `Bearer ${(await this.#token()).reveal()}`;
  }

  async #token(): Promise<Secret> {
    const { tokenFile } = this.settings;
    let text = "";
    try {
      text = (await readFile(tokenFile, "utf8")).trim();
    } catch (cause) {
      throw new ConsoleError(`[browser]kubernetes_token_file "${tokenFile}" cannot be read`, {
        cause,
      });
    }
    if (!/^[\w.~+/=-]+$/.test(text) || text.length > MAX_TOKEN_CHARACTERS)
      throw new ConsoleError(`[browser]kubernetes_token_file "${tokenFile}" holds no token`);
    return new Secret(text);
  }

  /** @throws {ConsoleError} unless the API says yes */
  async call(
    method: KubeMethod,
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<JsonObject> {
    const answer = await this.ask(method, path, signal, body);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw this.refusal(method, path, answer);
  }

  /** @throws {ConsoleError} when there is no answer; one that says no is an answer */
  async ask(
    method: KubeMethod,
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<KubeAnswer> {
    for (let tries = 1; ; tries += 1) {
      const { answer, waitMs } = await this.#once(method, path, signal, body);
      // A token that has just been replaced is read anew.
      const again = LATER.has(answer.status) || (answer.status === 401 && tries === 1);
      if (!again || tries === TRIES) return answer;
      const wait = Math.min(waitMs ?? FIRST_PAUSE_MS * 2 ** tries, MAX_PAUSE_MS);
      await pause(wait, undefined, { signal }).catch(() => throwIfAborted(signal));
    }
  }

  refusal(method: string, path: string, { status, body }: KubeAnswer): ConsoleError {
    const { message } = body;
    const said = typeof message === "string" ? printable(message, 300) : `HTTP ${status}`;
    const what = `${method} ${printable(path.replace(/\?.*$/, ""))}`;
    if (status === 401)
      return new ConsoleError(
        `the Kubernetes API does not accept our token (${what}); see [browser]kubernetes_token_file "${this.settings.tokenFile}"`,
      );
    if (status === 403)
      return new ConsoleError(
        `the Kubernetes API forbids ${what}: ${said}; our ServiceAccount needs the Role of etc/kubernetes/rbac.yaml, or a quota is used up`,
      );
    return new ConsoleError(`the Kubernetes API refuses ${what}: ${said}`);
  }

  explain(error: unknown): ConsoleError {
    if (error instanceof ConsoleError) return error;
    const code = codeOf(error);
    const why = /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT)/.test(code)
      ? `its certificate is not trusted (${code}); see [browser]kubernetes_cafile`
      : printable(code || messageOf(error));
    return new ConsoleError(`cannot use the Kubernetes API at ${this.settings.api}: ${why}`, {
      cause: error,
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #once(
    method: KubeMethod,
    path: string,
    signal: AbortSignal,
    body: object | undefined,
  ): Promise<{ readonly answer: KubeAnswer; readonly waitMs: number | undefined }> {
    throwIfAborted(signal);
    const authorization = await this.authorization();
    try {
      const answer = await request(`${this.settings.api}${path}`, {
        method,
        dispatcher: this.#agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]),
        headers: {
          accept: "application/json",
          authorization,
          ...(body && { "content-type": "application/json" }),
        },
        body: body ? JSON.stringify(body) : null,
      });
      const text = await answer.body.text();
      const seconds = Number(answer.headers["retry-after"]);
      const waitMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
      return { answer: { status: answer.statusCode, body: parsed(text) }, waitMs };
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      throw this.explain(error);
    }
  }
}

function parsed(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text)) ?? {};
  } catch {
    return {};
  }
}

function codeOf(error: unknown): string {
  for (let one = error, depth = 0; one instanceof Error && depth < 4; depth += 1) {
    const { code } = one as NodeJS.ErrnoException;
    if (typeof code === "string" && !/^UND_ERR_SOCKET$/.test(code)) return code;
    one = one instanceof AggregateError ? one.errors[0] : one.cause;
  }
  return "";
}
