/**
 * Browser sessions on the conductor's own machine, each in a sandbox made by bubblewrap and, where the
 * conductor is root, as a user that exists for that session only.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../../base.ts";
import { bubblewrapArguments } from "../../sandbox/bubblewrap.ts";
import { capped, SESSION_PROCESSES } from "../../sandbox/limits.ts";
import { CHROMIUM_PROGRAMS } from "../../sandbox/session-script.ts";
import { HeldPlaces } from "../held-places.ts";
import type {
  Place,
  ProviderParts,
  SessionProcess,
  SessionProvider,
  SessionRequest,
} from "../provider.ts";
import { checkPrograms, tryCommand } from "./check.ts";
import { checkSharedFiles } from "./shared-files.ts";
import { LocalSession } from "./session.ts";
import { sweepFolders } from "./sweep.ts";
import { parseUserRange, ThrowAwayUsers } from "./users.ts";

export type LocalProviderParts = ProviderParts & { readonly config: Config };

/** @throws {ConfigInvalid} when [browser]uid_range is needed and wrong */
export function createLocalProvider(parts: LocalProviderParts): SessionProvider {
  return new LocalProvider(parts);
}

class LocalProvider implements SessionProvider {
  readonly name = "local";
  readonly egress = "gate";
  readonly capacity: number;
  readonly #parts: LocalProviderParts;
  readonly #users: ThrowAwayUsers | null;
  readonly #places: HeldPlaces;
  #turn = 0;

  constructor(parts: LocalProviderParts) {
    const { max_sessions, uid_range } = parts.config.browser;
    this.#parts = parts;
    this.capacity = max_sessions;
    this.#places = new HeldPlaces(max_sessions, "local", (request, signal) =>
      this.#start(request, signal),
    );
    this.#users = process.geteuid?.() === 0 ? new ThrowAwayUsers(parseUserRange(uid_range)) : null;
  }

  /** Runs Chromium's own version question in a sandbox, and asks for the namespaces that it needs. */
  async check(signal: AbortSignal): Promise<void> {
    checkPrograms();
    mkdirSync(this.#parts.folder, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(this.#parts.folder, "check-"));
    const user = this.#users?.take() ?? null;
    try {
      const file = join(folder, "empty");
      writeFileSync(file, "{}");
      const paths = { script: file, policies: file, egress: file };
      const question = `unshare --user true; for one in ${CHROMIUM_PROGRAMS.join(" ")}; do [ ! -x "$one" ] || exec "$one" --version; done`;
      const command = bubblewrapArguments({ paths, files: [], throwAwayUser: user }, [
        "/bin/sh",
        "-ec",
        question,
      ]);
      const caps = capped({
        processes: SESSION_PROCESSES * (this.capacity + 1),
        cpus: [],
        ownLimits: readFileSync("/proc/self/limits", "utf8"),
      });
      await tryCommand([...caps, "bwrap", ...command], signal);
    } finally {
      if (user !== null) this.#users?.release(user);
      await rm(folder, { recursive: true, force: true });
    }
  }

  async place(): Promise<Place | undefined> {
    return await Promise.resolve(this.#places.take());
  }

  async sweep(): Promise<number> {
    mkdirSync(this.#parts.folder, { recursive: true, mode: 0o700 });
    const ours = this.#places.ids;
    return await sweepFolders(this.#parts.folder, ours, this.#users !== null);
  }

  async stop(): Promise<void> {
    await this.#places.stop();
  }

  async #start(request: SessionRequest, signal: AbortSignal): Promise<SessionProcess> {
    if (request.java) checkPrograms(true);
    checkSharedFiles(request.files, this.#users !== null);
    const { config, log, folder } = this.#parts;
    const { max_sessions, session_cpus, session_memory } = config.browser;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const session = {
      log,
      folder,
      users: this.#users,
      turn: (this.#turn += 1),
      maxSessions: max_sessions,
      cpus: session_cpus,
      memoryBytes: session_memory * 1024 * 1024,
    };
    return await LocalSession.start(session, request, signal);
  }
}
