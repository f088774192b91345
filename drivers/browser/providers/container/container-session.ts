/**
 * One session in a container: its folder, the socket that leads out, the container itself and the
 * connection to its standard streams. Whatever ends it, all four are gone when `ended` resolves.
 */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { printable } from "../../../../common/printable.ts";
import { ConsoleError, ConsoleSubprocessFailed, messageOf, type Logger } from "../../../base.ts";
import { throwIfAborted, withDeadline } from "../../../lib/deadline.ts";
import { objectOf } from "../../../lib/json-object.ts";
import { INSIDE, SCRIPT_INSIDE } from "../../sandbox/bubblewrap.ts";
import { chromiumFlags } from "../../sandbox/chromium-flags.ts";
import { scriptArguments } from "../../sandbox/session-script.ts";
import { EgressListener } from "../local/egress-listener.ts";
import { RfbSocket } from "../local/rfb-socket.ts";
import { SessionFolder } from "../local/session-folder.ts";
import type { SessionEnd, SessionProcess, SessionRequest } from "../provider.ts";
import { SessionErrors } from "../session-errors.ts";
import type { AttachedStream } from "./attached-stream.ts";
import {
  containerSpec,
  sharedPath,
  type ContainerSite,
  type ContainerWish,
} from "./container-spec.ts";
import type { EngineClient } from "./engine-client.ts";
import type { EngineFacts } from "./engine-facts.ts";
import { containerMemory } from "./container-memory.ts";
import { removeContainer } from "./remove-container.ts";

const READY_LIMIT_MS = 60_000;
const MEMORY_CHECK_MS = 3000;

export interface ContainerSessionParts {
  readonly log: Logger;
  readonly engine: EngineClient;
  readonly facts: EngineFacts;
  readonly site: ContainerSite;
  /** Where session folders are. */
  readonly folder: string;
  readonly conductor: string;
  /** Number of its user and group, outside and inside. */
  readonly user: number;
  /** Called once, when nothing runs as this user any more. */
  readonly releaseUser: () => void;
}

export class ContainerSession implements SessionProcess {
  readonly filePaths: ReadonlyMap<string, string>;
  readonly ended: Promise<SessionEnd>;
  readonly #parts: ContainerSessionParts;
  readonly #request: SessionRequest;
  readonly #folder: SessionFolder;
  #onEnded!: (end: SessionEnd) => void;
  #ending: Promise<void> | undefined;
  #egress: EgressListener | undefined;
  #container: string | undefined;
  #stream: AttachedStream | undefined;
  #errors: SessionErrors | undefined;
  #rfb: RfbSocket | undefined;
  #watch: NodeJS.Timeout | undefined;

  /** @throws {ConsoleSubprocessFailed} {@link ConsoleError}; then nothing is left */
  static async start(
    parts: ContainerSessionParts,
    request: SessionRequest,
    signal: AbortSignal,
  ): Promise<ContainerSession> {
    const session = new ContainerSession(parts, request);
    try {
      throwIfAborted(signal);
      const onTimeout = (): Error =>
        new ConsoleSubprocessFailed(
          `the browser's display was not ready within ${READY_LIMIT_MS / 1000} s in its container`,
        );
      await withDeadline({ signal, limitMs: READY_LIMIT_MS, onTimeout }, (inner) =>
        session.#launch(inner),
      );
      return session;
    } catch (error) {
      await session.#end("it could not be started");
      throw error;
    }
  }

  private constructor(parts: ContainerSessionParts, request: SessionRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#folder = new SessionFolder(parts.folder, request.id);
    this.filePaths = new Map(request.files.map(({ name }) => [name, sharedPath(name)]));
    this.ended = new Promise((resolve) => (this.#onEnded = resolve));
  }

  get cdp(): Duplex {
    return this.#stream as Duplex;
  }

  async dialRfb(): Promise<Duplex> {
    if (!this.#rfb) throw new ConsoleError("the session has ended");
    return await this.#rfb.dial();
  }

  async runJnlp(jnlp: string): Promise<void> {
    if (!this.#request.java) throw new ConsoleError("this session was started without Java");
    this.#folder.writeJnlp(jnlp);
    await Promise.resolve();
  }

  async memoryBytes(): Promise<number | null> {
    if (this.#container === undefined || this.#ending) return null;
    const { engine, facts } = this.#parts;
    return await containerMemory(engine, facts, this.#container);
  }

  async end(): Promise<void> {
    await this.#end("ended");
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const { engine, log } = this.#parts;
    const run = this.#prepareFolder();
    this.#egress = await EgressListener.open(this.#folder.path, this.#request.egress);
    throwIfAborted(signal);
    const id = await this.#create(run);
    this.#container = id;
    throwIfAborted(signal);
    const stream = await engine.attach(id, signal);
    this.#stream = stream;
    const gone = new Promise<"gone">((resolve) => stream.once("gone", () => resolve("gone")));
    const ready = new Promise<"ready">((resolve) => {
      this.#errors = new SessionErrors(stream.stderr, log, () => resolve("ready"));
    });
    const aborted = new Promise<"aborted">((resolve) => {
      signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
    stream.once("gone", () => void this.#end("the container ended"));
    await engine.call({ method: "POST", path: `/containers/${id}/start`, signal });
    const first = await Promise.race([ready, gone, aborted]);
    throwIfAborted(signal);
    if (first === "gone") throw this.#failure();
    this.#rfb = await RfbSocket.pinAt(join(run, "rfb.sock"));
    this.#watchMemory();
  }

  #failure(): ConsoleSubprocessFailed {
    const tail = this.#errors?.tail ?? "";
    const why = this.#errors?.endReason ?? "it ended before it was ready";
    return new ConsoleSubprocessFailed(
      `the browser's container failed (${why})${tail && `: ${tail}`}`,
    );
  }

  /** @returns the folder of the RFB socket */
  #prepareFolder(): string {
    this.#folder.create(this.#request);
    const run = join(this.#folder.path, "run");
    mkdirSync(run);
    if (process.geteuid?.() === 0) chownSync(run, this.#parts.user, this.#parts.user);
    chmodSync(run, 0o700);
    return run;
  }

  async #create(run: string): Promise<string> {
    const { engine, facts, site, conductor, user } = this.#parts;
    const { id, size, java, files } = this.#request;
    const { script, policies, egress, inbox } = this.#folder;
    const wish: ContainerWish = {
      conductor,
      id,
      user,
      files: {
        script,
        policies,
        egress,
        run,
        ...(java && { inbox }),
      },
      shared: files,
      command: [
        SCRIPT_INSIDE,
        ...scriptArguments({
          folder: INSIDE,
          size,
          java,
          flags: chromiumFlags(this.#request),
          cdp: {
            input: 0,
            output: 1,
          },
        }),
      ],
    };
    const path = `/containers/create?name=${containerName(id)}`;
    const body = containerSpec(site, facts, wish);
    // Not cut short: what is made must be known, so that it can be removed.
    const { status, body: answer } = await engine.ask({ method: "POST", path, body });
    const made = objectOf(answer)?.["Id"];
    if (status === 201 && typeof made === "string" && /^[0-9a-f]{12,64}$/.test(made)) return made;
    throw refusedContainer(site.image, status, answer);
  }

  #watchMemory(): void {
    const look = async (): Promise<void> => {
      const bytes = await this.memoryBytes();
      if (this.#ending) return;
      if (bytes !== null && bytes > this.#parts.site.memoryBytes) {
        const mebibytes = Math.round(bytes / 1024 / 1024);
        const session = this.#request.id;
        this.#parts.log.warn("a browser session used more memory than it may", {
          session,
          mebibytes,
        });
        await this.#end("memory limit");
      } else this.#watchMemory();
    };
    if (!this.#ending) this.#watch = setTimeout(() => void look(), MEMORY_CHECK_MS);
  }

  async #end(reason: string): Promise<void> {
    this.#ending ??= this.#clear(reason);
    await this.#ending;
  }

  async #clear(why: string): Promise<void> {
    const { log, engine, releaseUser } = this.#parts;
    clearTimeout(this.#watch);
    const name = this.#container ?? containerName(this.#request.id);
    let gone = true;
    try {
      await removeContainer(engine, name);
    } catch (error) {
      gone = false;
      const session = this.#request.id;
      log.error("a browser's container cannot be removed now", {
        session,
        reason: messageOf(error),
      });
    }
    const reason = why === "the container ended" ? (this.#errors?.endReason ?? why) : why;
    this.#stream?.destroy();
    const rfb = this.#rfb;
    this.#rfb = undefined;
    await rfb?.close();
    await this.#egress?.close();
    this.#folder.remove();
    if (gone) releaseUser();
    this.#onEnded({ reason });
  }
}

function containerName(id: string): string {
  return `bmc-console-${id}`;
}

/** What the engine's refusal to make a container means. */
export function refusedContainer(image: string, status: number, answer: unknown): ConsoleError {
  const words = objectOf(answer)?.["message"];
  if (status === 404)
    return new ConsoleError(
      `the container engine has no image "${image}"; build it as docs/browser-containers.md says, or set [browser]container_pull`,
    );
  return new ConsoleError(
    `the container engine makes no container (HTTP ${status})${typeof words === "string" ? `: ${printable(words, 300)}` : ""}`,
  );
}
