/**
 * The console interfaces that show a BMC's own web page: two names for the desk, which the interfaces of a
 * conductor share. Nothing is started, and no program looked for, before a console is.
 */
import {
  DRIVER_API_VERSION,
  messageOf,
  type ConsoleDriverModule,
  type ConsoleEndpoint,
  type ConsoleFailure,
  type ConsoleInterface,
  type DriverEnvironment,
  type RecipeTrial,
  type Task,
} from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { savedEndpoint } from "../lib/saved-endpoint.ts";
import { createDesk } from "./desk/create-desk.ts";
import type { BrowserDesk } from "./desk/desk.ts";
import { browserSchema, browserSettingsParser, type BrowserSettings } from "./options.ts";
import { lookForPrograms } from "./providers/choose-provider.ts";

/** Made when it is first needed; a failure is not remembered. */
class SharedDesk {
  readonly #environment: DriverEnvironment;
  #desk: Promise<BrowserDesk> | undefined;

  constructor(environment: DriverEnvironment) {
    this.#environment = environment;
    this.#warn();
  }

  get(): Promise<BrowserDesk> {
    this.#desk ??= createDesk(this.#environment.config, this.#environment.log).catch(
      (error: unknown) => {
        this.#desk = undefined;
        throw error;
      },
    );
    return this.#desk;
  }

  /** Undefined when nobody needed it yet. */
  get made(): Promise<BrowserDesk> | undefined {
    return this.#desk;
  }

  /** A machine without browsers may have consoles of other kinds. */
  #warn(): void {
    const { config, log } = this.#environment;
    try {
      lookForPrograms(config);
    } catch (error) {
      log.warn("consoles in a browser cannot be started here", { reason: messageOf(error) });
    }
  }
}

class BrowserConsole implements ConsoleInterface {
  readonly #family: string | undefined;
  readonly #shared: SharedDesk;
  readonly #settingsOf = browserSettingsParser();

  /** @param family of recipes that it takes; undefined takes any */
  constructor(environment: DriverEnvironment, family: string | undefined) {
    this.#family = family;
    this.#shared = environment.shared.once("browser-desk", () => new SharedDesk(environment));
  }

  getProperties(): Record<string, string> {
    return describeOptions(browserSchema);
  }

  validate(task: Task): void {
    this.#settingsOf(task.node.driverInfo);
  }

  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    const settings = this.#settingsOf(task.node.driverInfo);
    const desk = await this.#shared.get();
    return await desk.startConsole(task, settings, this.#family);
  }

  async stopConsole(task: Task): Promise<void> {
    const desk = await this.#shared.get();
    await desk.stopConsole(task, this.#settingsIfValid(task));
  }

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }

  async checkConsole(task: Task): Promise<void> {
    await savedEndpoint(task);
    (await this.#shared.get()).checkConsole(task);
  }

  async tryRecipe(task: Task, recipe: string): Promise<RecipeTrial> {
    const settings = this.#settingsOf(task.node.driverInfo);
    return await (await this.#shared.get()).tryRecipe(task, settings, recipe);
  }

  async lastFailure(task: Task): Promise<ConsoleFailure | null> {
    return await (await this.#shared.get()).lastFailure(task.node.uuid);
  }

  async takeBackMedia(task: Task): Promise<void> {
    await (await this.#shared.made?.catch(() => undefined))?.takeBackMedia(task.node.uuid);
  }

  async changeHands(task: Task): Promise<void> {
    (await this.#shared.made?.catch(() => undefined))?.changeHands(task.node.uuid);
  }

  /** Of all interfaces that share the desk. */
  async close(): Promise<void> {
    await (await this.#shared.made?.catch(() => undefined))?.close();
  }

  /** A node whose options are no longer valid can still be stopped. */
  #settingsIfValid(task: Task): BrowserSettings | undefined {
    try {
      return this.#settingsOf(task.node.driverInfo);
    } catch (error) {
      task.log.info("cannot ask the BMC to end sessions of ours", {
        node: task.node.uuid,
        reason: messageOf(error),
      });
      return undefined;
    }
  }
}

/** @param family of recipes that the interface takes; undefined takes any */
export function browserConsoleModule(
  name: string,
  family: string | undefined,
): ConsoleDriverModule {
  return {
    name,
    apiVersion: DRIVER_API_VERSION,
    interfaceType: "console",
    schema: browserSchema,
    create: (environment) => new BrowserConsole(environment, family),
  };
}
