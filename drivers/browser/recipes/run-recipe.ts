/**
 * One session with a BMC's web page, as a recipe says it: log in, open the viewer, log out.
 *
 *     const run = runRecipe({ recipe, page, process, settings, account, log, onStep });
 *     await run.login(signal);   // PageError with a StartFailure
 *     await run.viewer(signal);  // starts the Java viewer too, where the recipe has one
 *     …                          // kiosk.showOnly(recipe.picture, recipe.quirks.allowedPaths, …)
 *     await run.keepAlive(signal); // every recipe.quirks.keepAliveSeconds, where that is not 0
 *     await run.logout(signal);  // always, whatever failed before; never throws
 *
 * It waits for no picture, ends no browser and holds no timer. Nothing that it logs or throws holds a
 * value of the login.
 */
import type { Recipe, RecipeStep } from "../../../common/console-recipe/recipe.ts";
import type { Phase } from "../../../common/console-recipe/walk.ts";
import { printable } from "../../../common/printable.ts";
import { PageError, messageOf, type Logger } from "../../base.ts";
import { abortError, throwIfAborted } from "../../lib/deadline.ts";
import type { KioskPage } from "../kiosk/page.ts";
import type { SessionProcess } from "../providers/provider.ts";
import type { WebAddress } from "../web-address.ts";
import { describeStep } from "./describe-step.ts";
import { runStep } from "./run-step.ts";
import { textsOfStep } from "./step-texts.ts";
import { RecipeValues, type Login } from "./values.ts";

export interface RecipeRunOptions {
  readonly recipe: Recipe;
  readonly page: KioskPage;
  /** Runs the Java viewer of an old board. */
  readonly process: Pick<SessionProcess, "runJnlp">;
  readonly settings: { readonly bmc: WebAddress };
  /** Who logs in. */
  readonly account: Login;
  readonly log: Logger;
  /** Told of every step when it is over, well or not: `login: fill #user`. */
  readonly onStep: (what: string, milliseconds: number) => void;
}

export interface RecipeRun {
  /** @throws {PageError} {@link ConsoleError} when aborted */
  login(signal: AbortSignal): Promise<void>;
  /** @throws {PageError} {@link ConsoleError} when aborted */
  viewer(signal: AbortSignal): Promise<void>;
  /** Tries every step, whatever became of the others, until the signal aborts. Nothing before a login. */
  logout(signal: AbortSignal): Promise<void>;
  /** Uses the BMC's page a little, so that it does not end for lack of use. @throws {PageError} */
  keepAlive(signal: AbortSignal): Promise<void>;
}

export function runRecipe(options: RecipeRunOptions): RecipeRun {
  return new StepwiseRun(options);
}

class StepwiseRun implements RecipeRun {
  readonly #options: RecipeRunOptions;
  readonly #values: RecipeValues;
  #begun = false;

  constructor(options: RecipeRunOptions) {
    this.#options = options;
    this.#values = new RecipeValues(options.account, options.settings.bmc);
  }

  async login(signal: AbortSignal): Promise<void> {
    this.#begun = true;
    await this.#run("login", this.#options.recipe.login, signal);
  }

  async viewer(signal: AbortSignal): Promise<void> {
    await this.#run("viewer", this.#options.recipe.viewer, signal);
  }

  async logout(signal: AbortSignal): Promise<void> {
    if (!this.#begun) return;
    this.#begun = false;
    const { recipe, log } = this.#options;
    for (const step of recipe.logout) {
      if (!this.#values.knows(textsOfStep(step))) continue;
      try {
        await this.#step("logout", step, signal);
      } catch (error) {
        log.info("a step of the logout failed", {
          recipe: recipe.name,
          reason: messageOf(error),
        });
        if (signal.aborted) return;
      }
    }
  }

  async keepAlive(signal: AbortSignal): Promise<void> {
    const { recipe, page } = this.#options;
    if (recipe.quirks.keepAlivePath === "") return;
    const path = this.#values.path(recipe.quirks.keepAlivePath);
    await untilAborted(page.fetch({ method: "GET", path, headers: {} }, signal), signal);
  }

  async #run(phase: Phase, steps: readonly RecipeStep[], signal: AbortSignal): Promise<void> {
    const { page } = this.#options;
    for (const [at, step] of steps.entries()) {
      const next = steps[at + 1];
      const isFollow = step.kind === "follow_window";
      if (isFollow && at > 0 && steps[at - 1]?.kind !== "follow_window") continue; // done with it
      if (isFollow || next?.kind !== "follow_window") await this.#step(phase, step, signal);
      else {
        /* Whoever waits for a window has to do so before it opens. */
        throwIfAborted(signal);
        const following = page.followNextWindow(next.withinSeconds * 1000, signal);
        following.catch(() => undefined);
        await this.#step(phase, step, signal);
        await this.#timed(phase, next, signal, () => following);
      }
    }
  }

  #step(phase: Phase, step: RecipeStep, signal: AbortSignal): Promise<void> {
    return this.#timed(phase, step, signal, () =>
      runStep(step, {
        page: this.#options.page,
        values: this.#values,
        signal,
        runSteps: (steps) => this.#run(phase, steps, signal),
        runJnlp: (text) => this.#options.process.runJnlp(text),
      }),
    );
  }

  async #timed(
    phase: Phase,
    step: RecipeStep,
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<void> {
    throwIfAborted(signal);
    const { recipe, log, onStep } = this.#options;
    const what = `${phase}: ${describeStep(step)}`;
    const begun = performance.now();
    try {
      await untilAborted(work(), signal);
    } catch (error) {
      throw this.#explained(error, what);
    } finally {
      const milliseconds = Math.round(performance.now() - begun);
      log.debug("recipe step", { recipe: recipe.name, step: what, milliseconds });
      onStep(what, milliseconds);
    }
  }

  /** With the innermost step's name in front. */
  #explained(error: unknown, what: string): unknown {
    if (!(error instanceof PageError) || error instanceof StepError) return error;
    const why = printable(this.#values.scrub(error.message), 400);
    return new StepError(error.failure, `${what}: ${why}`);
  }
}

/** Names its step already. */
class StepError extends PageError {}

/** Rejects as soon as the signal aborts; the work then ends by itself, or with its page. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortError(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort(); // while the work began
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
