/** `ssh`: browser sessions on auxiliary hosts that reach the BMCs. Nothing listens on a network there. */
import { createHash } from "node:crypto";
import type { Config } from "../../../base.ts";
import { ConsoleError } from "../../../base.ts";
import { abortError } from "../../../lib/deadline.ts";
import { HeldPlace } from "../held-place.ts";
import type { Place, ProviderParts, SessionProvider } from "../provider.ts";
import { AuxHost, type AuxHostSettings } from "./aux-host.ts";
import { chooseHosts } from "./choose-host.ts";
import { HostJournal } from "./host-journal.ts";
import { HostKeys } from "./host-keys.ts";
import { parseHosts, parsePins, type AuxiliaryHost } from "./host-list.ts";
import { readKnownHosts } from "./private-key.ts";

const CONNECT_LIMIT_MS = 10_000;
const SWEEP_LIMIT_MS = 60_000;

type Options = Config["browser"];

export type SshProviderParts = ProviderParts & { readonly config: Config };

/** @throws {ConfigInvalid} naming every mistake in the lists of hosts and keys */
export function createSshProvider(parts: SshProviderParts): SessionProvider {
  return new SshProvider(parts.config.browser, parts);
}

class SshProvider implements SessionProvider {
  readonly name = "ssh";
  readonly egress = "gate";
  readonly capacity: number;
  readonly #parts: ProviderParts;
  readonly #hosts: readonly AuxHost[];
  readonly #journal: HostJournal;
  /** Hosts of an earlier configuration that may hold something of ours. */
  readonly #former: readonly AuxHost[];
  readonly #tidying: Promise<void>[] = [];
  #stopped = false;

  constructor(options: Options, parts: ProviderParts) {
    const hosts = parseHosts(options.ssh_hosts);
    const settings = settingsOf(options, parts);
    this.#parts = parts;
    this.#hosts = hosts.map((host) => new AuxHost(host, settings));
    this.#journal = new HostJournal(parts.folder);
    const isFormer = ({ name }: AuxiliaryHost): boolean => hosts.every((one) => one.name !== name);
    const former = this.#journal.hosts.filter(isFormer);
    this.#former = former.map((host) => new AuxHost(host, { ...settings, isFormer: true }));
    this.capacity = hosts.length * options.max_sessions;
  }

  async check(signal: AbortSignal): Promise<void> {
    const results = await Promise.allSettled(this.#hosts.map((host) => host.prepare(signal)));
    for (const [index, result] of results.entries())
      if (result.status === "rejected")
        this.#parts.log.warn("an auxiliary host cannot be used", {
          host: this.#hosts[index]?.name,
          error: result.reason as unknown,
        });
    if (results.every(({ status }) => status === "rejected")) throw this.#noHost();
  }

  async place(signal: AbortSignal): Promise<Place | undefined> {
    if (this.#stopped) throw new ConsoleError("the conductor stops");
    const { free, full } = chooseHosts(this.#hosts);
    for (const host of free) {
      host.taken += 1;
      try {
        await host.prepare(signal);
        this.#journal.add(host.name);
        return placeOn(host);
      } catch (error) {
        host.taken -= 1;
        if (signal.aborted) throw abortError(signal);
        this.#parts.log.warn("an auxiliary host cannot be used", { host: host.name, error });
      }
    }
    if (full > 0) return undefined;
    throw this.#noHost();
  }

  async sweep(): Promise<number> {
    for (const host of this.#former) this.#tidying.push(this.#tidyFormer(host));
    const signal = AbortSignal.timeout(SWEEP_LIMIT_MS);
    const counts = await Promise.all(
      this.#hosts.map((host) =>
        host.sweep(signal).catch((error: unknown) => {
          this.#parts.log.warn("an auxiliary host cannot be tidied up now", {
            host: host.name,
            error,
          });
          return 0;
        }),
      ),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#hosts, ...this.#former].map((host) => host.stop()));
    await Promise.all(this.#tidying);
  }

  async #tidyFormer(host: AuxHost): Promise<void> {
    await host.keepTrying();
    if (this.#stopped) return;
    this.#journal.remove(host.name);
    this.#parts.log.info("an auxiliary host of an earlier configuration is tidied up", {
      host: host.name,
      removed: host.takeSwept(),
    });
    await host.stop();
  }

  #noHost(): ConsoleError {
    const why = this.#hosts.map(({ name, problem }) => {
      const { error } = problem ?? {};
      return error instanceof Error ? error.message : `${name} is not ready`;
    });
    return new ConsoleError(`no auxiliary host can be used: ${why.join("; ")}`);
  }
}

function placeOn(host: AuxHost): Place {
  return new HeldPlace(
    host.name,
    (request, signal) => host.start(request.id, request, signal),
    () => (host.taken -= 1),
    (destination, signal) => host.dial(destination, signal),
  );
}

function settingsOf(options: Options, parts: ProviderParts): AuxHostSettings {
  const pins = parsePins(options.ssh_host_keys);
  const tag = createHash("sha256").update(parts.conductor).digest("hex").slice(0, 8);
  return {
    log: parts.log,
    mark: `bmc-${tag}`,
    owner: parts.conductor.replaceAll(/[^\w.@-]/g, "_").slice(0, 60) || "conductor",
    sudo: options.ssh_sudo,
    install: options.ssh_install,
    isFormer: false,
    folder: options.ssh_folder,
    seats: options.max_sessions,
    memoryMebibytes: options.session_memory,
    sessionCpus: options.session_cpus,
    connect: {
      keyFile: options.ssh_key_file,
      limitMs: CONNECT_LIMIT_MS,
      hostKeys: () => new HostKeys(readKnownHosts(options.ssh_known_hosts), pins),
    },
  };
}
