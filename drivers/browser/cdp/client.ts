/**
 * A client of the DevTools protocol over one byte stream, with flattened sessions: commands with a limit
 * each, and events. It knows no command by name and never logs what it carries.
 *
 * Source: https://chromedevtools.github.io/devtools-protocol/ and Chromium's
 * content/browser/devtools/devtools_pipe_handler.cc (NUL ends a message).
 */
import type { Duplex } from "node:stream";
import { CdpError, CdpClosed, CdpTimeout } from "./errors.ts";
import { MESSAGE_LIMIT_BYTES, MessageSplitter } from "./splitter.ts";

export type CdpParams = Readonly<Record<string, unknown>>;

export interface CdpEvent {
  readonly method: string;
  readonly params: CdpParams;
  /** Undefined for the browser itself. */
  readonly sessionId: string | undefined;
}

export interface CdpCallOptions {
  /** Default 10 000. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A tab, a worker or the browser: what commands go to. */
export interface CdpTarget {
  /**
   * @returns the command's result, as the protocol describes it
   * @throws {CdpError} when the browser refuses it, {@link CdpTimeout}, {@link CdpClosed}, the signal's reason
   */
  send<Result = CdpParams>(
    method: string,
    params?: CdpParams,
    options?: CdpCallOptions,
  ): Promise<Result>;
}

interface Pending {
  readonly method: string;
  readonly sessionId: string | undefined;
  readonly settle: (error: Error | undefined, result?: unknown) => void;
}

const DEFAULT_LIMIT_MS = 10_000;
const PENDING_LIMIT = 512;

export class CdpClient implements CdpTarget {
  readonly #stream: Duplex;
  readonly #splitter: MessageSplitter;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(event: CdpEvent) => void>();
  readonly #tellClosed: (why: string) => void;
  /** Resolves when the stream is over, with the reason. Never rejects. */
  readonly closed: Promise<string>;
  #closedWhy: string | undefined;
  #lastId = 0;

  constructor(stream: Duplex, limitBytes = MESSAGE_LIMIT_BYTES) {
    this.#stream = stream;
    this.#splitter = new MessageSplitter(limitBytes);
    const { promise, resolve } = withResolvers<string>();
    this.closed = promise;
    this.#tellClosed = resolve;
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.once("end", () => this.close("the browser closed its DevTools pipe"));
    stream.once("close", () => this.close("the browser closed its DevTools pipe"));
    stream.on("error", (error) => this.close(`the DevTools pipe broke: ${error.message}`));
  }

  /** @returns a function that ends it */
  onEvent(listener: (event: CdpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param sessionId as `Target.attachedToTarget` gave it */
  session(sessionId: string): CdpTarget {
    return {
      send: (method, params, options) => this.#call(sessionId, method, params, options),
    };
  }

  send<Result = CdpParams>(
    method: string,
    params?: CdpParams,
    options?: CdpCallOptions,
  ): Promise<Result> {
    return this.#call(undefined, method, params, options);
  }

  /** Fails what is pending and ends the stream. Safe to call twice. */
  close(why: string): void {
    if (this.#closedWhy !== undefined) return;
    this.#closedWhy = why;
    for (const pending of this.#pending.values()) pending.settle(new CdpClosed(why));
    this.#pending.clear();
    this.#listeners.clear();
    this.#stream.destroy();
    this.#tellClosed(why);
  }

  #call<Result>(
    sessionId: string | undefined,
    method: string,
    params: CdpParams = {},
    { limitMs = DEFAULT_LIMIT_MS, signal }: CdpCallOptions = {},
  ): Promise<Result> {
    if (this.#closedWhy !== undefined) return Promise.reject(new CdpClosed(this.#closedWhy));
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    if (this.#pending.size >= PENDING_LIMIT)
      return Promise.reject(new CdpError(method, "too many commands wait for an answer"));
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      const aborted = (): void => settle(reasonOf(signal!));
      const settle = (error: Error | undefined, result?: unknown): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        this.#pending.delete(id);
        if (error) reject(error);
        else resolve(result as Result);
      };
      const timer = setTimeout(() => settle(new CdpTimeout(method, limitMs)), limitMs);
      signal?.addEventListener("abort", aborted);
      this.#pending.set(id, { method, sessionId, settle });
      this.#stream.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #take(chunk: Buffer): void {
    if (this.#closedWhy !== undefined) return;
    try {
      for (const text of this.#splitter.push(chunk)) this.#dispatch(text);
    } catch (error) {
      this.close(error instanceof Error ? error.message : "the browser does not speak DevTools");
    }
  }

  #dispatch(text: string): void {
    const message = parse(text);
    if (message === undefined) throw new CdpError("message", "is no JSON object");
    const { id, method, params, sessionId } = message;
    if (typeof id === "number") this.#answer(id, message);
    else if (typeof method === "string")
      this.#tell({
        method,
        params: isRecord(params) ? params : {},
        sessionId: typeof sessionId === "string" ? sessionId : undefined,
      });
  }

  #answer(id: number, message: CdpParams): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    const { error, result } = message;
    if (isRecord(error)) {
      const words = typeof error["message"] === "string" ? error["message"] : "refused";
      pending.settle(new CdpError(pending.method, words));
    } else pending.settle(undefined, isRecord(result) ? result : {});
  }

  #tell(event: CdpEvent): void {
    if (event.method === "Target.detachedFromTarget") this.#failSession(event.params["sessionId"]);
    for (const listener of this.#listeners) listener(event);
  }

  /** The browser answers no command of a session that is over. */
  #failSession(sessionId: unknown): void {
    for (const pending of this.#pending.values())
      if (pending.sessionId !== undefined && pending.sessionId === sessionId)
        pending.settle(new CdpError(pending.method, "the page is gone"));
  }
}

function parse(text: string): CdpParams | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return isRecord(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((given) => (resolve = given));
  return { promise, resolve };
}
