/** Runs a command in a Pod by the API's WebSocket (RFC 6455; kubernetes.io, "pods/exec"). */
import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Socket } from "node:net";
import { ConsoleError } from "../../../base.ts";
import { abortError, throwIfAborted } from "../../../lib/deadline.ts";
import { objectOf } from "../../../lib/json-object.ts";
import { ExecStream } from "./exec-stream.ts";
import type { KubeAnswer, KubeClient } from "./kube-client.ts";

/** FACT(Kubernetes 1.30): v5 is the newest; older servers choose v4. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const ANSWER_LIMIT_MS = 15_000;
const MAX_BODY_BYTES = 64 * 1024;

/** The API's refusal, whose status tells whether trying again makes sense. */
export class ExecRefused extends ConsoleError {
  readonly httpStatus: number;
  constructor(message: string, httpStatus: number) {
    super(message);
    this.httpStatus = httpStatus;
  }
}

/** @throws {ExecRefused} {@link ConsoleError} */
export async function execInPod(
  client: KubeClient,
  pod: { readonly name: string; readonly container: string },
  command: readonly string[],
  signal: AbortSignal,
): Promise<ExecStream> {
  throwIfAborted(signal);
  const path = execPath(client.settings.namespace, pod, command);
  const key = randomBytes(16).toString("base64");
  const authorization = await client.authorization();
  const url = new URL(client.settings.api);
  const asked = request({
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 443 : Number(url.port),
    path,
    method: "GET",
    agent: false,
    ...client.trust(),
    headers: {
      host: url.host,
      authorization,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      "sec-websocket-protocol": PROTOCOLS.join(", "),
    },
  });
  return await new Promise<ExecStream>((resolve, reject) => {
    const abort = (): void => void asked.destroy(new Error("aborted"));
    const timer = setTimeout(() => asked.destroy(new Error("it does not answer")), ANSWER_LIMIT_MS);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort, { once: true });
    asked.once("close", settle);
    asked.once("error", (error) =>
      reject(signal.aborted ? abortError(signal) : client.explain(error)),
    );
    asked.once("response", (answer) => {
      readRefusal(answer).then(
        (read) => reject(new ExecRefused(client.refusal("GET", path, read).message, read.status)),
        (error: unknown) => reject(client.explain(error)),
      );
    });
    asked.once("upgrade", (answer, socket: Socket, head) => {
      settle();
      const accept = createHash("sha1")
        .update(key + ACCEPT_GUID)
        .digest("base64");
      const protocol = answer.headers["sec-websocket-protocol"] ?? "";
      if (answer.headers["sec-websocket-accept"] === accept && PROTOCOLS.includes(protocol))
        return resolve(new ExecStream(socket, head, protocol));
      socket.destroy();
      reject(new ConsoleError("the Kubernetes API's answer opens no WebSocket of a command"));
    });
    asked.end();
  });
}

export function execPath(
  namespace: string,
  { name, container }: { readonly name: string; readonly container: string },
  command: readonly string[],
): string {
  const query = new URLSearchParams({ container, stdin: "true", stdout: "true", stderr: "true" });
  for (const word of command) query.append("command", word);
  return `/api/v1/namespaces/${namespace}/pods/${name}/exec?${query.toString()}`;
}

async function readRefusal(answer: IncomingMessage): Promise<KubeAnswer> {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) break;
  }
  answer.destroy();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: answer.statusCode ?? 0, body: objectOf(body) ?? {} };
}
