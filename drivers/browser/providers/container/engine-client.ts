/**
 * The API of a container engine (Docker Engine API 1.40 and later, which Podman speaks too): requests with
 * JSON, bounded in time and size, and one way to attach to a container. No command line, no shell.
 */
import { readFileSync } from "node:fs";
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { printable } from "../../../../common/printable.ts";
import { ConsoleError, messageOf } from "../../../base.ts";
import { objectOf } from "../../../lib/json-object.ts";
import { abortError, throwIfAborted } from "../../../lib/deadline.ts";
import { AttachedStream } from "./attached-stream.ts";
import { engineName, type EngineAddress } from "./engine-address.ts";

const REQUEST_LIMIT_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** The newest that this was written for. FACT(Docker 29): nothing older than 1.44 is served. */
const NEWEST_API = [1, 44] as const;

export interface EngineTls {
  /** Paths of PEM files; each may be empty. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface EngineAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Without the version; its parameters are escaped already. */
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
  readonly limitMs?: number;
}

export class EngineClient {
  readonly name: string;
  readonly #address: EngineAddress;
  readonly #tls: EngineTls;
  #version: Promise<string> | undefined;

  constructor(address: EngineAddress, tls: EngineTls) {
    this.#address = address;
    this.#tls = tls;
    this.name = engineName(address);
  }

  /** @throws {ConsoleError} unless the engine says yes */
  async call(given: EngineRequest): Promise<unknown> {
    const { status, body } = await this.ask(given);
    if (status >= 200 && status < 300) return body;
    throw new ConsoleError(
      `the container engine refuses ${given.method} ${wordsOf(given.path)}: ${refusalOf(status, body)}`,
    );
  }

  /** @throws {ConsoleError} when there is no answer; one that says no is an answer */
  async ask(given: EngineRequest): Promise<EngineAnswer> {
    return await this.#send(given, `/v${await this.#negotiated()}${given.path}`);
  }

  /** @returns its standard input, output and error, as long as it runs. @throws {ConsoleError} */
  async attach(id: string, signal: AbortSignal): Promise<AttachedStream> {
    throwIfAborted(signal);
    const path = `/v${await this.#negotiated()}/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
    return await new Promise((resolve, reject) => {
      const asked = this.#request("POST", path, { connection: "Upgrade", upgrade: "tcp" });
      const abort = (): void => void asked.destroy(new Error("aborted"));
      const timer = setTimeout(
        () => asked.destroy(new Error("it does not answer")),
        REQUEST_LIMIT_MS,
      );
      signal.addEventListener("abort", abort, { once: true });
      asked.once("close", () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      });
      asked.once("error", (error) =>
        reject(signal.aborted ? abortError(signal) : this.#explain(error)),
      );
      asked.once("response", (answer) => {
        asked.destroy();
        reject(
          new ConsoleError(`the container engine lets nobody attach (HTTP ${answer.statusCode})`),
        );
      });
      asked.once("upgrade", (_answer, socket: Socket, head) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        resolve(new AttachedStream(socket, head));
      });
      asked.end();
    });
  }

  /** The newest version that both know. */
  #negotiated(): Promise<string> {
    this.#version ??= this.#ping().catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  async #ping(): Promise<string> {
    const { headers } = await this.#send({ method: "GET", path: "/_ping" }, "/_ping");
    const match = /^(\d{1,3})\.(\d{1,4})$/.exec(String(headers["api-version"]));
    if (!match) throw new ConsoleError(`what answers at ${this.name} is no container engine`);
    const [major, minor] = [Number(match[1]), Number(match[2])];
    const [newestMajor, newestMinor] = NEWEST_API;
    const isNewer = major > newestMajor || (major === newestMajor && minor > newestMinor);
    return isNewer ? NEWEST_API.join(".") : `${major}.${minor}`;
  }

  async #send(
    { method, body, signal, limitMs = REQUEST_LIMIT_MS }: EngineRequest,
    path: string,
  ): Promise<EngineAnswer & { readonly headers: IncomingMessage["headers"] }> {
    if (signal) throwIfAborted(signal);
    const text = body && JSON.stringify(body);
    const headers: Record<string, string> =
      text === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) };
    return await new Promise((resolve, reject) => {
      const asked = this.#request(method, path, headers);
      const abort = (): void => void asked.destroy(new Error("aborted"));
      const timer = setTimeout(
        () => asked.destroy(new Error(`it does not answer within ${limitMs / 1000} s`)),
        limitMs,
      );
      signal?.addEventListener("abort", abort, { once: true });
      asked.once("close", () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      });
      const fail = (error: Error): void =>
        reject(signal?.aborted ? abortError(signal) : this.#explain(error));
      asked.once("error", fail);
      asked.once("response", (answer) => {
        readBody(answer).then(
          (read) =>
            resolve({ status: answer.statusCode ?? 0, body: read, headers: answer.headers }),
          (error: unknown) => {
            asked.destroy();
            fail(error as Error);
          },
        );
      });
      asked.end(text);
    });
  }

  #request(method: string, path: string, headers: Record<string, string>): ClientRequest {
    const options: RequestOptions = {
      method,
      path,
      headers: { host: "engine", ...headers },
      agent: false,
    };
    if (this.#address.kind === "unix")
      return httpRequest({ ...options, socketPath: this.#address.path });
    const { host, port } = this.#address;
    const { ca, certificate, key } = this.#tls;
    return httpsRequest({
      ...options,
      host,
      port,
      minVersion: "TLSv1.2",
      ...(ca !== "" && { ca: readFileSync(ca) }),
      ...(certificate !== "" && { cert: readFileSync(certificate) }),
      ...(key !== "" && { key: readFileSync(key) }),
    });
  }

  #explain(error: Error): ConsoleError {
    if (error instanceof ConsoleError) return error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const words: Readonly<Record<string, string>> = {
      ENOENT:
        "there is no such socket; is the engine's API switched on (podman.socket, docker.service)?",
      EACCES: "this service's user may not use the socket",
      ECONNREFUSED: "nobody listens there",
      ENOTFOUND: "its name does not resolve",
    };
    const why = words[code] ?? printable(code || messageOf(error));
    return new ConsoleError(`cannot use the container engine at ${this.name}: ${why}`, {
      cause: error,
    });
  }
}

/** Podman says more in `cause` at times. */
export function refusalOf(status: number, body: unknown): string {
  const { message } = objectOf(body) ?? {};
  return typeof message === "string" ? printable(message, 300) : `HTTP ${status}`;
}

function wordsOf(path: string): string {
  return printable(path.replace(/\?.*$/, ""));
}

/** Some answers are several JSON texts, one a line; then it is the list of them. */
async function readBody(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8").trim();
  if (text === "" || !/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text.split("\n").map((line) => jsonOr(line));
  }
}

function jsonOr(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
