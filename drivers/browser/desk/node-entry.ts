/** One node at the desk: what its console needs, its one session, and what is remembered of failed starts. */
import type { Duplex } from "node:stream";
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import { messageOf, type Task } from "../../base.ts";
import type { SharedFile } from "../providers/provider.ts";
import type { BrowserSettings } from "../options.ts";
import type { FailureBook } from "./failure-book.ts";
import { LoginMemory } from "./login-memory.ts";
import { BrowserSession } from "./session.ts";
import type { StartDeps } from "./start-session.ts";
import { Viewer } from "./viewer.ts";

export interface EntryDeps extends StartDeps {
  readonly failures: FailureBook;
}

/** More than any proxy needs for one machine. */
const MAX_VIEWERS = 256;

export class NodeEntry {
  readonly uuid: string;
  readonly family: string | undefined;
  /** Known once somebody asked the BMC. */
  recipe: Recipe | undefined;
  readonly #deps: EntryDeps;
  readonly #memory: LoginMemory;
  #settings: BrowserSettings;
  #media: () => Promise<SharedFile | null> = () => Promise.resolve(null);
  #session: BrowserSession | undefined;
  #connections = 0;
  #over = false;

  constructor(
    uuid: string,
    deps: EntryDeps,
    settings: BrowserSettings,
    family: string | undefined,
  ) {
    this.uuid = uuid;
    this.family = family;
    this.#deps = deps;
    this.#settings = settings;
    this.#memory = new LoginMemory(deps.parts.scheduler);
  }

  get settings(): BrowserSettings {
    return this.#settings;
  }

  /** For the next session; a running one stays as it is. */
  use(settings: BrowserSettings, media: Task["media"]): void {
    if (media) this.#media = media;
    if (
      settings.recipe !== this.#settings.recipe ||
      settings.bmc.origin !== this.#settings.bmc.origin
    )
      this.recipe = undefined;
    this.#settings = settings;
  }

  get hasSession(): boolean {
    return this.#session?.isOpen === true;
  }

  /** Of sessions that are open or still ending. */
  get sessionIds(): string[] {
    return this.#session && this.#session.state !== "ended" ? [this.#session.id] : [];
  }

  /** The running session, or a new one. */
  session(): BrowserSession {
    if (this.#session?.isOpen) return this.#session;
    const before = this.#session?.finished ?? Promise.resolve();
    this.#session = this.#begin(before);
    return this.#session;
  }

  /** A proxy wants the picture. */
  knock(connection: Duplex): void {
    if (this.#over || this.#connections >= MAX_VIEWERS) return void connection.destroy();
    this.#connections += 1;
    connection.once("close", () => (this.#connections -= 1));
    const remembered = this.hasSession ? undefined : this.#memory.answer();
    if (remembered) {
      const viewer = new Viewer(connection, () => undefined);
      return viewer.fail(remembered.step, remembered.failure);
    }
    this.session().attach(connection);
  }

  /**
   * Takes back the file that a session got when it began: that session ends, since its page may go on reading.
   * Who comes later gets another one.
   */
  async takeBackMedia(): Promise<void> {
    if (!this.#session?.hasFile) return;
    await this.#session.end("the image was taken out of its virtual drive");
    if (this.#deps.parts.config.browser.start_on === "enable" && !this.#over) this.session();
  }

  /** Who comes next waits for the end of the present session, and gets one of its own. */
  changeHands(): void {
    const { config, log } = this.#deps.parts;
    const begin = config.browser.start_on === "enable" && this.hasSession;
    this.#session?.end("the node changes hands").catch((error: unknown) => {
      log.error("a session did not end cleanly", { reason: messageOf(error) });
    });
    if (begin && !this.#over) this.session();
  }

  /** Nobody is let in any more. */
  async end(reason: string): Promise<void> {
    this.#over = true;
    await this.#session?.end(reason);
  }

  #begin(after: Promise<void>): BrowserSession {
    const { config } = this.#deps.parts;
    const stays = config.browser.start_on === "enable";
    return new BrowserSession(this.#deps, {
      node: this.uuid,
      settings: this.#settings,
      recipe: this.recipe,
      family: this.family,
      media: this.#media,
      lingerMs: stays ? null : config.browser.linger_seconds * 1000,
      after,
      onRecognised: (recipe) => (this.recipe = recipe),
      onShown: () => {
        this.#memory.succeeded();
        void this.#deps.failures.forget(this.uuid).catch(() => undefined);
      },
      onFailure: async (failure, whileStarting) => {
        if (whileStarting) this.#memory.failed(failure);
        await this.#deps.failures.write(this.uuid, failure);
      },
    });
  }
}
