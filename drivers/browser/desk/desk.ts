/**
 * The desk of one conductor: which nodes have a console in a browser, where their proxies knock, and the
 * session behind each door. Shared by the console interfaces; it knows no vendor and no tenant.
 */
import type { Duplex } from "node:stream";
import {
  ConsoleError,
  InvalidParameterValue,
  PageError,
  type ConsoleEndpoint,
  type ConsoleFailure,
  type RecipeTrial,
  type Task,
} from "../../base.ts";
import { abortError } from "../../lib/deadline.ts";
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import type { DialDestination } from "../gate/gate.ts";
import type { BrowserSettings } from "../options.ts";
import { abortable } from "./abortable.ts";
import { endLeftovers } from "./bmc-login.ts";
import { BmcRedfish } from "./bmc-redfish.ts";
import type { DoorAddress, Doors } from "./doors.ts";
import { bounded, type FailureBook } from "./failure-book.ts";
import type { Journal } from "./journal.ts";
import { NodeEntry, type EntryDeps } from "./node-entry.ts";
import type { DeskParts } from "./parts.ts";
import { minimumTlsOf } from "./bmc-target.ts";
import { reach } from "./reach.ts";
import type { Seats } from "./seats.ts";
import { BrowserSession } from "./session.ts";

const LOOK_LIMIT_MS = 15_000;
const CHECK_AGAIN_MS = 60_000;

export interface DeskDeps {
  readonly parts: DeskParts;
  readonly doors: Doors;
  readonly seats: Seats;
  readonly journal: Journal;
  readonly failures: FailureBook;
}

export class BrowserDesk {
  readonly #deps: DeskDeps;
  readonly #entries = new Map<string, NodeEntry>();
  readonly #trials = new Set<BrowserSession>();
  #closing: Promise<void> | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** @throws {PageError} {@link ConsoleError} {@link InvalidParameterValue} */
  async startConsole(
    task: Task,
    settings: BrowserSettings,
    family: string | undefined,
  ): Promise<ConsoleEndpoint> {
    const { uuid } = task.node;
    if (this.#closing) throw new ConsoleError("this conductor stops");
    await this.#check(task.signal);
    const found = this.#entries.get(uuid);
    const entry = found ?? new NodeEntry(uuid, this.#entryDeps(task), settings, family);
    entry.use(settings, task.media);
    try {
      await this.#look(task, entry);
      const address = await this.#open(entry);
      this.#entries.set(uuid, entry);
      if (this.#config.start_on === "enable") await this.#firstPicture(task, entry);
      this.#deps.seats.fill();
      return this.#endpointAt(address);
    } catch (error) {
      if (!found) await this.#shut(uuid, entry, "its console could not be started");
      throw task.signal.aborted ? abortError(task.signal) : error;
    }
  }

  /** @param settings undefined when the node's options are no longer valid; it can be stopped even so */
  async stopConsole(task: Task, settings: BrowserSettings | undefined): Promise<void> {
    const { uuid } = task.node;
    await this.#shut(uuid, this.#entries.get(uuid), "its console was disabled");
    await this.#deps.failures.forget(uuid);
    if (settings && this.#deps.journal.of(uuid).length > 0)
      await this.#withSpareSeat(task.signal, (dial) => this.#sweepBmc(task, settings, dial));
  }

  async takeBackMedia(uuid: string): Promise<void> {
    await this.#entries.get(uuid)?.takeBackMedia();
  }

  changeHands(uuid: string): void {
    this.#entries.get(uuid)?.changeHands();
  }

  /** @throws {ConsoleError} when nobody answers at the node's door */
  checkConsole(task: Task): void {
    const { uuid } = task.node;
    const entry = this.#entries.get(uuid);
    if (!entry || !this.#deps.doors.isOpen(uuid))
      throw new ConsoleError("nobody waits for this console's proxy: the conductor was restarted");
    if (this.#config.start_on === "enable" && !entry.hasSession)
      throw new ConsoleError("the browser of this console ended");
  }

  async lastFailure(uuid: string): Promise<ConsoleFailure | null> {
    return await this.#deps.failures.read(uuid);
  }

  /** A session of its own, beside the console's. */
  async tryRecipe(task: Task, settings: BrowserSettings, text: string): Promise<RecipeTrial> {
    const recipe = this.#deps.parts.recipes.read(text);
    if (this.#closing) throw new ConsoleError("this conductor stops");
    await this.#check(task.signal);
    let failure: ConsoleFailure | null = null;
    const session = new BrowserSession(
      { ...this.#entryDeps(task) },
      {
        node: task.node.uuid,
        settings,
        recipe,
        family: undefined,
        media: () => Promise.resolve(null),
        lingerMs: null,
        after: Promise.resolve(),
        onRecognised: () => undefined,
        onShown: () => undefined,
        onFailure: (found) => {
          failure = { ...bounded(found), screenshot: found.screenshot };
          return Promise.resolve();
        },
      },
    );
    this.#trials.add(session);
    try {
      await abortable(session.started, task.signal);
      const screenshot = failure ? null : await session.screenshot();
      return { steps: [...session.steps], failure, screenshot };
    } finally {
      await session.end("the trial is over");
      this.#trials.delete(session);
    }
  }

  /** Ends every session, logged out, and closes every door. Safe to call twice. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  get #config(): DeskParts["config"]["browser"] {
    return this.#deps.parts.config.browser;
  }

  /** What was there a moment ago is not looked for again: it takes a browser's start. */
  async #check(signal: AbortSignal): Promise<void> {
    const { provider, scheduler } = this.#deps.parts;
    if (scheduler.now() - this.#checkedAt < CHECK_AGAIN_MS) return;
    await provider.check(signal);
    this.#checkedAt = scheduler.now();
  }

  #entryDeps(task: Task): EntryDeps {
    const { parts, seats, journal, failures } = this.#deps;
    const log = parts.log.child({ node: task.node.uuid });
    return { parts, seats, journal, failures, log };
  }

  async #open(entry: NodeEntry): Promise<DoorAddress> {
    return await this.#deps.doors.open(entry.uuid, (connection: Duplex) => entry.knock(connection));
  }

  #endpointAt(address: DoorAddress): ConsoleEndpoint {
    const { start_timeout: start, queue_timeout: queue } = this.#config;
    return {
      consoleType: "vnc",
      ...address,
      allowedSecurityTypes: ["None"],
      preludeSeconds: start + queue,
    };
  }

  async #firstPicture(task: Task, entry: NodeEntry): Promise<void> {
    const failure = await abortable(entry.session().started, task.signal);
    if (failure) throw new PageError(failure.failure, bounded(failure).message);
    if (!entry.hasSession) throw new ConsoleError("the browser session ended while it started");
  }

  /** Whether the BMC answers, and what it is; ends what an earlier run left there. */
  async #look(task: Task, entry: NodeEntry): Promise<void> {
    const { recipes } = this.#deps.parts;
    entry.recipe = this.#namedRecipe(entry) ?? entry.recipe;
    const looked = await this.#withSpareSeat(task.signal, async (dial) => {
      const { settings, family } = entry;
      const { signal } = task;
      await reach({
        bmc: settings.bmc,
        tls: { ...settings.trust, minVersion: minimumTlsOf(settings, entry.recipe) },
        dial,
        signal,
        limitMs: LOOK_LIMIT_MS,
        caFiles: this.#deps.parts.caFiles,
      });
      entry.recipe ??= await recipes.recognise({ settings, family, dial, signal });
      await this.#sweepBmc(task, settings, dial);
    });
    if (!looked)
      task.log.info("every seat for a browser is taken, the BMC was not looked at", {
        node: entry.uuid,
      });
  }

  #namedRecipe({ settings, family }: NodeEntry): Recipe | undefined {
    if (settings.recipe === undefined) return undefined;
    const recipe = this.#deps.parts.recipes.find(settings.recipe);
    if (family === undefined || recipe.family === family) return recipe;
    throw new InvalidParameterValue(
      `console_recipe "${recipe.name}" is of family "${recipe.family}", this console interface takes "${family}"`,
    );
  }

  async #sweepBmc(task: Task, settings: BrowserSettings, dial: DialDestination): Promise<void> {
    const { uuid } = task.node;
    const redfish = new BmcRedfish(settings.redfish, dial, task.log);
    await endLeftovers(this.#deps.journal, uuid, this.#living(), redfish, task.signal);
  }

  #living(): ReadonlySet<string> {
    const ids = [...this.#entries.values()].flatMap((entry) => entry.sessionIds);
    return new Set([...ids, ...[...this.#trials].map(({ id }) => id)]);
  }

  /** @returns false when there was none */
  async #withSpareSeat(
    signal: AbortSignal,
    work: (dial: DialDestination) => Promise<void>,
  ): Promise<boolean> {
    const place = await this.#deps.seats.spare(signal);
    if (!place) return false;
    try {
      await work((destination, end) => place.dial(destination, end));
    } finally {
      await place.release();
      this.#deps.seats.freed();
    }
    return true;
  }

  async #shut(uuid: string, entry: NodeEntry | undefined, reason: string): Promise<void> {
    this.#entries.delete(uuid);
    await this.#deps.doors.close(uuid);
    await entry?.end(reason);
  }

  async #close(): Promise<void> {
    const { doors, seats, parts } = this.#deps;
    await doors.closeAll();
    const reason = "the conductor stops";
    await Promise.all([
      ...[...this.#entries.values()].map((entry) => entry.end(reason)),
      ...[...this.#trials].map((session) => session.end(reason)),
      seats.close(),
    ]);
    this.#entries.clear();
    await parts.provider.stop();
  }
}
