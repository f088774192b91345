/**
 * One session in a cluster: its Pod, its NetworkPolicy, and the exec whose streams are the DevTools pipe.
 * Whatever ends it, the Pod is gone or being removed by the cluster when `ended` resolves.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Duplex } from "node:stream";
import { ConsoleError, ConsoleSubprocessFailed, messageOf, type Logger } from "../../../base.ts";
import { throwIfAborted, withDeadline } from "../../../lib/deadline.ts";
import { objectOf } from "../../../lib/json-object.ts";
import { RFB_SOCKET } from "../../sandbox/session-script.ts";
import type { SessionEnd, SessionProcess, SessionRequest } from "../provider.ts";
import { SessionErrors } from "../session-errors.ts";
import { ExecRefused, execInPod } from "./exec.ts";
import type { ExecStream } from "./exec-stream.ts";
import type { KubeClient } from "./kube-client.ts";
import { networkPolicies, pods } from "./paths.ts";
import { sessionPolicy } from "./network-policy.ts";
import { pinDestinations } from "./pinned-destinations.ts";
import { CONTAINER, podName, podSpec, SESSION_FOLDER, START_COMMAND } from "./pod-spec.ts";
import { podState } from "./pod-status.ts";
import { removePod } from "./remove-pod.ts";

const POLL_MS = 250;
const MAKE_LIMIT_MS = 20_000;
const RFB_LIMIT_MS = 15_000;
const LAST_WORDS_MS = 5000;

export interface KubeSessionParts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly conductor: string;
  /** From asking for the Pod to the browser's display. */
  readonly limitMs: number;
}

export class KubeSession implements SessionProcess {
  readonly filePaths: ReadonlyMap<string, string> = new Map();
  readonly ended: Promise<SessionEnd>;
  readonly #parts: KubeSessionParts;
  readonly #request: SessionRequest;
  readonly #name: string;
  readonly #life = new AbortController();
  #onEnded!: (end: SessionEnd) => void;
  #ending: Promise<void> | undefined;
  #asked = false;
  #stream: ExecStream | undefined;
  #errors: SessionErrors | undefined;
  /** Why the Pod does not run yet, for the words of an error. */
  #waitsFor: string | undefined;

  /** @throws {ConsoleSubprocessFailed} {@link ConsoleError} {@link BmcUnreachable}; then nothing is left */
  static async start(
    parts: KubeSessionParts,
    request: SessionRequest,
    signal: AbortSignal,
  ): Promise<KubeSession> {
    const session = new KubeSession(parts, request);
    try {
      await withDeadline(
        { signal, limitMs: parts.limitMs, onTimeout: () => session.#tooLate() },
        (inner) => session.#launch(inner),
      );
      return session;
    } catch (error) {
      await session.#end("it could not be started");
      throw error;
    }
  }

  private constructor(parts: KubeSessionParts, request: SessionRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#name = podName(request.id);
    this.ended = new Promise((resolve) => (this.#onEnded = resolve));
  }

  get cdp(): Duplex {
    return this.#stream as Duplex;
  }

  async dialRfb(): Promise<Duplex> {
    if (this.#ending) throw new ConsoleError("the session has ended");
    const signal = AbortSignal.any([this.#life.signal, AbortSignal.timeout(RFB_LIMIT_MS)]);
    const socket = `UNIX-CONNECT:${SESSION_FOLDER}/${RFB_SOCKET}`;
    const stream = await this.#exec(["socat", "-", socket], signal);
    stream.stderr.resume();
    return stream;
  }

  runJnlp(): Promise<void> {
    return Promise.reject(
      new ConsoleError("viewers in Java are not possible with [browser]provider = kubernetes"),
    );
  }

  /** The cluster's limit ends what uses too much. */
  memoryBytes(): Promise<null> {
    return Promise.resolve(null);
  }

  async end(): Promise<void> {
    await this.#end("ended");
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const { client, conductor, log } = this.#parts;
    const { namespace } = client.settings;
    const pinned = await pinDestinations(this.#request.destinations);
    this.#asked = true;
    const pod = podSpec(client.settings, conductor, this.#request, pinned);
    // Not cut short: what is made must be known, so that it can be removed.
    const made = await client.call(
      "POST",
      pods(namespace),
      AbortSignal.timeout(MAKE_LIMIT_MS),
      pod,
    );
    throwIfAborted(signal);
    const uid = objectOf(made["metadata"])?.["uid"];
    if (typeof uid !== "string")
      throw new ConsoleError("the Kubernetes API made a Pod without a uid");
    const policy = sessionPolicy(conductor, this.#request.id, uid, pinned);
    await client.call("POST", networkPolicies(namespace), signal, policy);
    await this.#untilRunning(signal);
    const stream = await this.#begin(signal);
    this.#stream = stream;
    const gone = new Promise<"gone">((resolve) => stream.once("gone", () => resolve("gone")));
    const ready = new Promise<"ready">((resolve) => {
      this.#errors = new SessionErrors(stream.stderr, log, () => resolve("ready"));
    });
    const aborted = new Promise<"aborted">((resolve) => {
      signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
    stream.once("gone", () => void this.#end(undefined));
    const first = await Promise.race([ready, gone, aborted]);
    throwIfAborted(signal);
    if (first === "gone") throw await this.#failure();
  }

  async #untilRunning(signal: AbortSignal): Promise<void> {
    const { client, log } = this.#parts;
    for (;;) {
      const pod = await client.call(
        "GET",
        `${pods(client.settings.namespace)}/${this.#name}`,
        signal,
      );
      const state = podState(pod);
      if (state.kind === "running") return;
      if (state.kind === "over")
        throw new ConsoleSubprocessFailed(`a browser's Pod ended: ${state.why}`);
      if (state.why !== undefined && state.why !== this.#waitsFor) {
        this.#waitsFor = state.why;
        log.warn("a browser's Pod does not run yet", { pod: this.#name, why: state.why });
      }
      if (state.isHopeless) throw this.#tooLate();
      await pause(POLL_MS, undefined, { signal }).catch(() => throwIfAborted(signal));
    }
  }

  /** FACT(kubernetes): a container that runs by its status may still be unknown to the exec for a moment. */
  async #begin(signal: AbortSignal): Promise<ExecStream> {
    for (;;) {
      try {
        return await this.#exec(START_COMMAND, signal);
      } catch (error) {
        const again =
          error instanceof ExecRefused && [404, 429, 500, 503].includes(error.httpStatus);
        if (!again) throw error;
        await pause(POLL_MS, undefined, { signal }).catch(() => throwIfAborted(signal));
      }
    }
  }

  async #exec(command: readonly string[], signal: AbortSignal): Promise<ExecStream> {
    const pod = { name: this.#name, container: CONTAINER };
    return await execInPod(this.#parts.client, pod, command, signal);
  }

  #tooLate(): ConsoleSubprocessFailed {
    const why = this.#waitsFor === undefined ? "" : `: ${this.#waitsFor}`;
    const where = this.#parts.client.settings.namespace;
    return new ConsoleSubprocessFailed(
      `a browser's Pod does not start in the namespace ${where}${why}`,
    );
  }

  async #failure(): Promise<ConsoleSubprocessFailed> {
    const { reason } = await this.ended;
    const tail = this.#errors?.tail ?? "";
    return new ConsoleSubprocessFailed(
      `the browser's Pod failed (${reason})${tail && `: ${tail}`}`,
    );
  }

  /** @param reason undefined when it is to be found out */
  async #end(reason: string | undefined): Promise<void> {
    this.#ending ??= this.#clear(reason);
    await this.#ending;
  }

  async #clear(given: string | undefined): Promise<void> {
    const { client, log } = this.#parts;
    this.#life.abort();
    const reason = given ?? (await this.#lastWords());
    this.#stream?.destroy();
    if (this.#asked)
      await removePod(client, this.#name).catch((error: unknown) =>
        log.error("a browser's Pod cannot be removed now", {
          pod: this.#name,
          reason: messageOf(error),
        }),
      );
    this.#onEnded({ reason });
  }

  /** Why its exec ended without our doing. */
  async #lastWords(): Promise<string> {
    const own = this.#errors?.endReason;
    if (own !== undefined) return own;
    const { client } = this.#parts;
    const path = `${pods(client.settings.namespace)}/${this.#name}`;
    try {
      const signal = AbortSignal.timeout(LAST_WORDS_MS);
      const { status, body } = await client.ask("GET", path, signal);
      if (status === 404) return "the Pod was deleted";
      const state = podState(body);
      if (state.kind === "over") return state.why;
    } catch {
      // then nobody knows
    }
    return this.#stream?.status === "" ? "connection lost" : "the browser ended";
  }
}
