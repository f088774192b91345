/**
 * An API server of a cluster with one node, for tests: TLS, bearer tokens, the few resources that sessions
 * need, exec by WebSocket. It checks every object strictly, and really runs what a Pod says. It is no
 * Kubernetes: there is no image and no quota, and NetworkPolicies are its own reading of them. It fails when
 * it is told to.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { RunningPod, type PodObject } from "./kube-pod.ts";
import { KubeSchemas } from "./kube-schemas.ts";
import { makeTestPki } from "./pki.ts";

interface StoredObject {
  metadata: {
    name: string;
    uid?: string;
    deletionTimestamp?: string;
    labels?: Readonly<Record<string, string>>;
    ownerReferences?: readonly { readonly uid: string }[];
  };
  status?: object;
}

interface PolicyObject {
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly egress?: readonly {
      readonly to: readonly { readonly ipBlock: { readonly cidr: string } }[];
      readonly ports: readonly { readonly port: number }[];
    }[];
  };
}

interface Stored {
  readonly resource: string;
  readonly object: StoredObject;
  running?: RunningPod;
}

export interface Refusal {
  readonly status: number;
  readonly method?: string;
  readonly path?: RegExp;
  readonly times: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Waiting {
  readonly reason: string;
  readonly message: string;
}

const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

export class KubeApi {
  readonly folder = mkdtempSync(join(tmpdir(), "kube-api-"));
  readonly tokenFile = join(this.folder, "token");
  readonly caFile = join(this.folder, "ca.crt");
  /** `METHOD path` of what was asked, queries left out. */
  readonly asked: string[] = [];
  /** What a container of a new Pod waits for, for ever. */
  waiting: Waiting | undefined;
  /** Why a new Pod finds no node. */
  unschedulable: string | undefined;
  protocols = PROTOCOLS;
  /** `verb resource` that the token's owner may not. */
  forbidden = new Set<string>();
  #token = "first-token";
  #refusals: { left: number; readonly refusal: Refusal }[] = [];
  readonly #schemas = new KubeSchemas();
  readonly #stored = new Map<string, Stored>();
  readonly #sockets = new Set<Socket>();
  readonly #execs = new Set<WebSocket>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => this.protocols.find((one) => offered.has(one)) ?? false,
  });
  readonly #server: Server;

  private constructor() {
    const pki = makeTestPki();
    const { certPem: cert, keyPem: key } = pki.issue("kubernetes", {});
    writeFileSync(this.caFile, pki.caPem);
    pki.remove();
    this.useToken(this.#token);
    this.#server = createServer(
      { cert, key },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on(
      "upgrade",
      (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        void this.#upgrade(request, socket, head),
    );
  }

  static async start(): Promise<KubeApi> {
    const api = new KubeApi();
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    return api;
  }

  get address(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on only this one counts. @param isInFile false as long as the file has the old one */
  useToken(token: string, isInFile = true): void {
    this.#token = token;
    if (isInFile) writeFileSync(this.tokenFile, `${token}\n`, { mode: 0o600 });
  }

  refuse(refusal: Refusal): void {
    this.#refusals.push({ refusal, left: refusal.times });
  }

  /** Objects of a resource, as they were created. */
  objects(resource: string): object[] {
    return [...this.#stored.values()]
      .filter((one) => one.resource === resource)
      .map((one) => one.object);
  }

  async evict(message: string): Promise<void> {
    for (const stored of this.#stored.values()) {
      if (!stored.running) continue;
      stored.object.status = { phase: "Failed", reason: "Evicted", message };
      await stored.running.stop();
    }
  }

  /** As a balancer that restarts. */
  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const { running } of this.#stored.values()) await running?.stop();
    this.#webSockets.close();
    this.cutConnections();
    this.#server.close();
    await once(this.#server, "close");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    let text = "";
    for await (const chunk of request.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
    const { status, body, headers } = await this.#answer(request, method, url, text);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  }

  async #answer(
    request: IncomingMessage,
    method: string,
    url: string,
    text: string,
  ): Promise<{ readonly status: number; readonly body: object; readonly headers?: object }> {
    const refused = this.#refusal(request);
    if (refused) return refused;
    const { pathname, searchParams } = new URL(url, this.address);
    const match =
      /^\/(?:api\/v1|apis\/[\w.]+\/v1)(?:\/namespaces\/(consoles))?\/(pods|networkpolicies|selfsubjectaccessreviews)(?:\/([-\w.]+))?$/.exec(
        pathname,
      );
    const [, , resource = "", name] = match ?? [];
    if (!match) return says(404, `no such path ${pathname}`);
    if (method === "POST") return this.#create(resource, JSON.parse(text));
    if (name === undefined)
      return {
        status: 200,
        body: { items: this.#select(resource, searchParams.get("labelSelector") ?? "") },
      };
    const stored = this.#stored.get(`${resource}/${name}`);
    if (!stored) return says(404, `${resource} "${name}" not found`);
    if (method === "DELETE") {
      if (stored.object.metadata.deletionTimestamp === undefined) void this.#delete(stored);
      stored.object.metadata.deletionTimestamp = new Date().toISOString();
    }
    return await Promise.resolve({ status: 200, body: stored.object });
  }

  #refusal(
    request: IncomingMessage,
  ): { status: number; body: object; headers?: object } | undefined {
    const { method = "", url = "" } = request;
    this.asked.push(`${method} ${url.replace(/\?.*$/, "")}`);
    const planned = this.#refusals.find(
      ({ left, refusal }) =>
        left > 0 && (refusal.method ?? method) === method && (refusal.path ?? /^/).test(url),
    );
    if (planned) {
      planned.left -= 1;
      return {
        ...says(planned.refusal.status, `told to say ${planned.refusal.status}`),
        headers: planned.refusal.headers ?? {},
      };
    }
    return request.headers.authorization === `Bearer ${this.#token}`
      ? undefined
      : says(401, "Unauthorized");
  }

  #create(resource: string, object: StoredObject): { status: number; body: object } {
    const problem = this.#schemas.problem(resource, object);
    if (problem !== "") return says(400, `strict decoding error: ${problem}`);
    if (resource === "selfsubjectaccessreviews") {
      const { resourceAttributes: of } = (
        object as unknown as { spec: { resourceAttributes: { verb: string; resource: string } } }
      ).spec;
      return {
        status: 201,
        body: { status: { allowed: !this.forbidden.has(`${of.verb} ${of.resource}`) } },
      };
    }
    const { name } = object.metadata;
    const key = `${resource}/${name}`;
    if (this.#stored.has(key)) return says(409, `${resource} "${name}" already exists`);
    object.metadata.uid = randomUUID();
    const stored: Stored = { resource, object };
    this.#stored.set(key, stored);
    if (resource === "pods") this.#schedule(stored);
    else this.#enforce(object as unknown as PolicyObject);
    return { status: 201, body: object };
  }

  #schedule(stored: Stored): void {
    const { object } = stored;
    if (this.unschedulable !== undefined) {
      const condition = {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: this.unschedulable,
      };
      object.status = { phase: "Pending", conditions: [condition] };
      return;
    }
    const waiting = this.waiting ?? { reason: "ContainerCreating" };
    object.status = {
      phase: "Pending",
      containerStatuses: [{ name: "session", state: { waiting } }],
    };
    if (this.waiting) return;
    const running = new RunningPod(object as unknown as PodObject);
    stored.running = running;
    const onBegun = (): void => {
      if ((object.status as { readonly phase: string }).phase === "Pending")
        object.status = {
          phase: "Running",
          containerStatuses: [{ name: "session", state: { running: {} } }],
        };
    };
    running.begun.then(onBegun, () => undefined);
    const onEnded = (exitCode: number | null): void => {
      if (["Failed", "Succeeded"].includes((object.status as { readonly phase: string }).phase))
        return;
      const reason = exitCode === 0 ? "Completed" : "Error";
      object.status = {
        phase: exitCode === 0 ? "Succeeded" : "Failed",
        containerStatuses: [{ name: "session", state: { terminated: { reason, exitCode } } }],
      };
    };
    void running.ended.then(onEnded);
  }

  /** Allows what the policy does, to the Pods that it selects. There is nothing but loopback addresses. */
  #enforce({ spec }: PolicyObject): void {
    const wanted = Object.entries(spec.podSelector.matchLabels);
    for (const { object, running } of this.#stored.values()) {
      if (!wanted.every(([key, value]) => object.metadata.labels?.[key] === value)) continue;
      for (const { to, ports } of spec.egress ?? [])
        if (to.some(({ ipBlock }) => ipBlock.cidr === "127.0.0.1/32"))
          for (const { port } of ports) running?.allow(port).catch(() => undefined);
    }
  }

  async #delete(stored: Stored): Promise<void> {
    await stored.running?.stop();
    const { name, uid } = stored.object.metadata;
    this.#stored.delete(`${stored.resource}/${name}`);
    for (const [key, { object }] of this.#stored)
      if (object.metadata.ownerReferences?.some((owner) => owner.uid === uid))
        this.#stored.delete(key);
  }

  #select(resource: string, selector: string): object[] {
    const wanted = selector
      .split(",")
      .filter(Boolean)
      .map((one) => one.split("=", 2));
    return (this.objects(resource) as StoredObject[]).filter(({ metadata }) =>
      wanted.every(([key = "", value]) => metadata.labels?.[key] === value),
    );
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = new URL(request.url ?? "", this.address);
    const name = /^\/api\/v1\/namespaces\/consoles\/pods\/([-\w]+)\/exec$/.exec(url.pathname)?.[1];
    const running = this.#stored.get(`pods/${name}`)?.running;
    const refused = this.#refusal(request) ?? (running ? undefined : says(404, "pods not found"));
    if (refused) {
      const body = JSON.stringify(refused.body);
      socket.end(
        `HTTP/1.1 ${refused.status} Refused\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
      return;
    }
    const child = await running?.exec(url.searchParams.getAll("command"));
    if (!child) return;
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#execs.add(webSocket);
      const send = (channel: number, bytes: Buffer): void =>
        webSocket.send(Buffer.concat([Buffer.of(channel), bytes]));
      child.stdout?.on("data", (bytes: Buffer) => send(1, bytes));
      child.stderr?.on("data", (bytes: Buffer) => send(2, bytes));
      child.stdin?.on("error", () => undefined);
      webSocket.on("message", (data: Buffer) => {
        if (data[0] === 0) child.stdin?.write(data.subarray(1));
        else if (data[0] === 255 && webSocket.protocol === "v5.channel.k8s.io") child.stdin?.end();
      });
      // FACT(kubelet): who has gone closes the input; the command itself is not ended.
      webSocket.on("close", () => child.stdin?.end());
      child.once("close", (status) => {
        send(
          3,
          Buffer.from(
            JSON.stringify({ kind: "Status", status: status === 0 ? "Success" : "Failure" }),
          ),
        );
        webSocket.close(1000);
      });
    });
  }
}

function says(code: number, message: string): { status: number; body: object } {
  return {
    status: code,
    body: { kind: "Status", apiVersion: "v1", status: "Failure", code, message },
  };
}
