/**
 * Browser sessions in containers of Podman or Docker, by the engine's API. The engine runs on the
 * conductor's machine or sees the same folder: the sockets of a session are files in it.
 */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { printable } from "../../../../common/printable.ts";
import { ConfigInvalid, ConsoleError, type Config } from "../../../base.ts";
import { objectOf } from "../../../lib/json-object.ts";
import { HeldPlaces } from "../held-places.ts";
import { EgressListener } from "../local/egress-listener.ts";
import { SessionFolder } from "../local/session-folder.ts";
import { checkSharedFiles } from "../local/shared-files.ts";
import { parseUserRange, ThrowAwayUsers } from "../local/users.ts";
import type {
  Place,
  ProviderParts,
  SessionProcess,
  SessionProvider,
  SessionRequest,
} from "../provider.ts";
import { containerSite } from "./container-options.ts";
import { ContainerSession, refusedContainer } from "./container-session.ts";
import {
  CONDUCTOR_LABEL,
  containerSpec,
  SESSION_LABEL,
  type ContainerSite,
} from "./container-spec.ts";
import { parseEngineAddress } from "./engine-address.ts";
import { EngineClient } from "./engine-client.ts";
import { askEngine, type EngineFacts } from "./engine-facts.ts";
import { removeContainer } from "./remove-container.ts";
import { tryContainer } from "./trial.ts";

export type ContainerProviderParts = ProviderParts & { readonly config: Config };

const PULL_LIMIT_MS = 600_000;
const TRIAL = "trial";

/** @throws {ConfigInvalid} when an option of [browser] is wrong */
export function createContainerProvider(parts: ContainerProviderParts): SessionProvider {
  return new ContainerProvider(parts);
}

class ContainerProvider implements SessionProvider {
  readonly name = "container";
  readonly egress = "gate";
  readonly capacity: number;
  readonly #parts: ContainerProviderParts;
  readonly #site: ContainerSite;
  readonly #engine: EngineClient;
  /** Null when the conductor does not run as root: its own user then. */
  readonly #users: ThrowAwayUsers | null;
  readonly #places: HeldPlaces;
  #facts: Promise<EngineFacts> | undefined;

  constructor(parts: ContainerProviderParts) {
    const options = parts.config.browser;
    this.#parts = parts;
    this.capacity = options.max_sessions;
    this.#places = new HeldPlaces(this.capacity, "container", (request, signal) =>
      this.#start(request, signal),
    );
    this.#site = containerSite(options);
    const address = parseEngineAddress(options.container_engine);
    if (parts.folder.includes(":"))
      throw new ConfigInvalid([`[DEFAULT]state_path must not have a colon with containers`]);
    this.#engine = new EngineClient(address, {
      ca: options.container_cafile,
      certificate: options.container_certfile,
      key: options.container_keyfile,
    });
    this.#users =
      process.geteuid?.() === 0 ? new ThrowAwayUsers(parseUserRange(options.uid_range)) : null;
  }

  async check(signal: AbortSignal): Promise<void> {
    const facts = await this.#engineFacts(signal);
    await this.#requireImage(signal);
    mkdirSync(this.#parts.folder, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(this.#parts.folder, "check-"));
    const user = this.#takeUser();
    const egress = await EgressListener.open(folder, (stream) => stream.destroy());
    try {
      const paths = new SessionFolder(folder, "0000000000000000");
      paths.create({ origins: [], java: false });
      const run = join(folder, "run");
      mkdirSync(run);
      if (this.#users) chownSync(run, user, user);
      chmodSync(run, 0o700);
      await tryContainer(
        this.#engine,
        async (command) => {
          const { script, policies } = paths;
          const files = { script, policies, egress: join(folder, "egress.sock"), run };
          const wish = {
            conductor: this.#parts.conductor,
            id: TRIAL,
            user,
            files,
            shared: [],
            command,
          };
          const body = containerSpec(this.#site, facts, wish);
          const answer = await this.#engine.ask({
            method: "POST",
            path: "/containers/create",
            body,
            signal,
          });
          const id = objectOf(answer.body)?.["Id"];
          if (answer.status === 201 && typeof id === "string") return id;
          throw refusedContainer(this.#site.image, answer.status, answer.body);
        },
        signal,
      );
    } finally {
      this.#users?.release(user);
      await egress.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  async place(): Promise<Place | undefined> {
    return await Promise.resolve(this.#places.take());
  }

  async sweep(): Promise<number> {
    mkdirSync(this.#parts.folder, { recursive: true, mode: 0o700 });
    const ours = this.#places.ids;
    const filters = encodeURIComponent(
      JSON.stringify({ label: [`${CONDUCTOR_LABEL}=${this.#parts.conductor}`] }),
    );
    const list = await this.#engine.call({
      method: "GET",
      path: `/containers/json?all=true&filters=${filters}`,
    });
    const swept = new Set<string>();
    for (const one of Array.isArray(list) ? list : []) {
      const { Id: id, Labels: labels } = objectOf(one) ?? {};
      const session = objectOf(labels)?.[SESSION_LABEL];
      if (typeof id !== "string" || typeof session !== "string" || ours.has(session)) continue;
      await removeContainer(this.#engine, id);
      swept.add(session);
    }
    for (const folder of SessionFolder.all(this.#parts.folder)) {
      if (ours.has(basename(folder.path))) continue;
      folder.remove();
      swept.add(basename(folder.path));
    }
    swept.delete(TRIAL);
    return swept.size;
  }

  async stop(): Promise<void> {
    await this.#places.stop();
  }

  async #start(request: SessionRequest, signal: AbortSignal): Promise<SessionProcess> {
    checkSharedFiles(request.files, this.#users !== null);
    const { log, folder, conductor } = this.#parts;
    const facts = await this.#engineFacts(signal);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const user = this.#takeUser();
    return await ContainerSession.start(
      {
        log,
        engine: this.#engine,
        facts,
        site: this.#site,
        folder,
        conductor,
        user,
        releaseUser: () => this.#users?.release(user),
      },
      request,
      signal,
    );
  }

  #takeUser(): number {
    return this.#users?.take() ?? process.geteuid?.() ?? 0;
  }

  /** Asked once; again after a failure. */
  async #engineFacts(signal: AbortSignal): Promise<EngineFacts> {
    this.#facts ??= askEngine(this.#engine, signal);
    let facts: EngineFacts;
    try {
      facts = await this.#facts;
    } catch (error) {
      this.#facts = undefined;
      throw error;
    }
    if (facts.isRootless && !facts.isPodman)
      throw new ConsoleError(
        `the container engine at ${this.#engine.name} is Docker without root, which cannot give a container our own user; use Podman without root, or Docker's system service`,
      );
    if (facts.isRootless && this.#users)
      throw new ConsoleError(
        `the container engine at ${this.#engine.name} runs as a user and this service as root; run both as the same user, or the engine as root`,
      );
    return facts;
  }

  async #requireImage(signal: AbortSignal): Promise<void> {
    const { image } = this.#site;
    const { status, body } = await this.#engine.ask({
      method: "GET",
      path: `/images/${image}/json`,
      signal,
    });
    if (status === 200) return;
    if (status !== 404 || this.#parts.config.browser.container_pull === "never")
      throw refusedContainer(image, status, body);
    this.#parts.log.info("the browsers' image is being fetched", { image });
    const lines = await this.#engine.call({
      method: "POST",
      path: `/images/create?fromImage=${encodeURIComponent(image)}`,
      signal,
      limitMs: PULL_LIMIT_MS,
    });
    // FACT(ImageCreate): it says 200 first, and that it failed in a line of its progress.
    const failure = [lines]
      .flat()
      .map((line) => objectOf(line)?.["error"])
      .find((one) => one !== undefined);
    if (failure !== undefined)
      throw new ConsoleError(
        `the image "${image}" cannot be fetched: ${printable(JSON.stringify(failure))}`,
      );
  }
}
