/**
 * JSON-RPC 2.0 over HTTP POST onto the conductor's verbs: named params, no batch, bounded bodies. Params
 * hold BMC passwords in the clear, so they are never logged. Nobody gets in without credentials.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Config } from "../common/config/options.ts";
import {
  AlreadyInUse,
  ConfigInvalid,
  Invalid,
  StartupError,
  messageOf,
  RequestTooLarge,
} from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import { isLoopback } from "../common/loopback.ts";
import { rpcCredentials } from "./rpc-credentials.ts";
import { toRpcError, type RpcError } from "./rpc-errors.ts";
import { hostName, hostsOf, RpcGate } from "./rpc-gate.ts";
import { argumentsOf, isRpcMethod } from "./rpc-methods.ts";
import type { ConductorApi } from "./rpcapi.ts";

/* JSON-RPC 2.0 section 5.1 */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;

const ANY_ADDRESS = new Set(["0.0.0.0", "::"]);

/** What the api's own body limit becomes at most: masked secrets put back, context around it. */
const ENVELOPE_BYTES = 1_048_576;

export interface RpcServer {
  /** What other processes call: [json_rpc]public_url or the address listened on. */
  readonly url: string;
  /** Takes no new connection and waits for the answers under way. */
  stop(): Promise<void>;
}

export interface RpcServerDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly api: ConductorApi;
}

interface ServingDeps extends RpcServerDeps {
  /** Requests that were read and whose answer is not sent yet. */
  readonly answering: Set<Promise<void>>;
}

type Answer = { readonly result: unknown } | { readonly error: RpcError };

/** @throws {ConfigInvalid} on an address that is not loopback without credentials; {@link StartupError} */
export async function startRpcServer(deps: RpcServerDeps): Promise<RpcServer> {
  const { host_ip: address, port, public_url: publicUrl } = deps.config.json_rpc;
  checkOptions(deps.config);
  const credentials = rpcCredentials(deps.config);
  const answering = new Set<Promise<void>>();
  let gate = new RpcGate(credentials, []); // nobody, until the port is known
  const server = createServer((request, response) => {
    void respond({ ...deps, answering }, gate, request, response);
  });
  server.requestTimeout = 60_000;
  await listen(server, port, address);
  const listening = (server.address() as AddressInfo).port;
  const url = publicUrl === "" ? `http://${ownName(deps.config)}:${listening}` : publicUrl;
  gate = new RpcGate(credentials, hostsOf(url, address, listening));
  return { url, stop: () => close(server, answering) };
}

function checkOptions(config: Config): void {
  const { host_ip: address, public_url: publicUrl, username, password } = config.json_rpc;
  const mistakes: string[] = [];
  if ((username === "" || password === "") && !isLoopback(address))
    mistakes.push(
      `[json_rpc]host_ip is "${address}", which others can reach, so [json_rpc]username and password must be set`,
    );
  if (publicUrl !== "" && !/^https?:$/.test(protocolOf(publicUrl)))
    mistakes.push(`[json_rpc]public_url must be an http or https URL, not "${publicUrl}"`);
  if (publicUrl === "" && protocolOf(`http://${ownName(config)}`) === "")
    mistakes.push(`[json_rpc]public_url is needed, because "${ownName(config)}" is no host name`);
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
}

/** What others call this conductor when public_url is empty. */
function ownName(config: Config): string {
  const address = config.json_rpc.host_ip;
  return hostName(ANY_ADDRESS.has(address) ? config.DEFAULT.host : address);
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "";
}

async function respond(
  deps: ServingDeps,
  gate: RpcGate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const refusal = gate.refusal(request);
    if (refusal === 401)
      response.setHeader("WWW-Authenticate", `Basic realm="baremetal-console conductor"`);
    if (refusal !== undefined) return end(response, refusal);
    const body = await readBody(request, deps.config.api.max_request_body_size + ENVELOPE_BYTES);
    const answering = answer(deps, body, response);
    deps.answering.add(answering);
    await answering.finally(() => deps.answering.delete(answering));
  } catch (error) {
    deps.log.warn("an RPC request broke off", { reason: messageOf(error) });
    end(response, error instanceof RequestTooLarge ? 413 : 400);
  }
}

/** Resolves when the answer is with the operating system, or the caller is gone. */
async function answer(deps: RpcServerDeps, body: string, response: ServerResponse): Promise<void> {
  const sent = new Promise<void>((resolve) => {
    response.once("close", resolve).once("finish", resolve);
  });
  const { id, outcome } = await answerTo(deps, body);
  response.setHeader("Content-Type", "application/json");
  end(response, 200, JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
  await sent;
}

async function answerTo(
  deps: RpcServerDeps,
  body: string,
): Promise<{ readonly id: unknown; readonly outcome: Answer }> {
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return { id: null, outcome: failure(PARSE_ERROR, "the body is not JSON") };
  }
  if (typeof message !== "object" || message === null || Array.isArray(message))
    return { id: null, outcome: failure(INVALID_REQUEST, "the body is not one request object") };
  const id =
    typeof message["id"] === "string" || typeof message["id"] === "number" ? message["id"] : null;
  const method = message["method"];
  if (message["jsonrpc"] !== "2.0" || typeof method !== "string" || id === null)
    return {
      id,
      outcome: failure(INVALID_REQUEST, "jsonrpc 2.0, an id and a method are required"),
    };
  return { id, outcome: await call(deps, method, message["params"]) };
}

async function call(deps: RpcServerDeps, method: string, params: unknown): Promise<Answer> {
  if (!isRpcMethod(method)) return failure(METHOD_NOT_FOUND, "there is no such method");
  let parsed: ReturnType<typeof argumentsOf>;
  try {
    parsed = argumentsOf(method, params);
  } catch (error) {
    return failure(INVALID_PARAMS, error instanceof Invalid ? error.message : "invalid params");
  }
  const { context, given } = parsed;
  const startedAt = performance.now();
  const log = (outcome: string): void => {
    deps.log.debug("RPC answered", {
      method,
      requestId: context.requestId,
      outcome,
      milliseconds: Math.round(performance.now() - startedAt),
    });
  };
  try {
    const verb = deps.api[method] as (...all: unknown[]) => Promise<unknown>;
    const result = await verb(context, ...given);
    log("ok");
    return { result: result ?? null };
  } catch (error) {
    const sent = toRpcError(error, deps.config.DEFAULT.host);
    if (sent.data?.class === "INTERNAL") deps.log.error("an RPC call failed", { method, error });
    log(sent.data?.class ?? "error");
    return { error: sent };
  }
}

function failure(code: number, message: string): Answer {
  return { error: { code, message } };
}

async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) throw new RequestTooLarge(`an RPC request is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function end(response: ServerResponse, status: number, body = ""): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  if (status !== 200) response.setHeader("Connection", "close");
  response.end(body);
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      reject(
        new (cause.code === "EADDRINUSE" ? AlreadyInUse : StartupError)(
          `the conductor cannot listen on [json_rpc] ${address} port ${port}: ${cause.message}`,
          { cause },
        ),
      );
    };
    server.once("error", failed);
    server.listen(port, address, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

/** Ends every connection, also those of callers that sent nothing or half of a request. */
async function close(server: Server, answering: ReadonlySet<Promise<void>>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  await Promise.allSettled(answering);
  server.closeAllConnections();
  await closed;
}
