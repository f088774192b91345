/**
 * What an operator asks of consoles that go through a BMC's web page: give a recipe a try, and say what the
 * last start failed at. What comes back holds a BMC's words and a picture of its pages: bounded and fit
 * for one line here, and for administrators only in the api.
 */
import { UnsupportedDriverExtension } from "../common/errors.ts";
import { printable } from "../common/printable.ts";
import type { ConsoleFailure, ConsoleInterface, Task } from "../drivers/base.ts";
import type { ConductorApi, ConsoleFailureReport } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

/** Less than [json_rpc]timeout's default, so that the caller hears the reason. */
const TRIAL_SECONDS = 110;
const READ_SECONDS = 15;
const TEXT_LIMIT = 1000;
const STEPS_LIMIT = 500;
const SCREENSHOT_LIMIT_BYTES = 4 * 1024 * 1024;

export function createConsoleRecipe(
  service: ConductorService,
): Pick<ConductorApi, "tryConsoleRecipe" | "getConsoleFailure"> {
  async function ask<T>(
    uuid: string,
    { purpose, seconds }: { readonly purpose: string; readonly seconds: number },
    work: (driver: ConsoleInterface, held: Task, hardwareType: string) => Promise<T>,
  ): Promise<T> {
    await using task = await service.tasks.acquire(uuid, { shared: true, purpose });
    const driver = task.interfaceOf("console");
    const { driver: hardwareType } = task.node;
    return await task.drive({ type: "console", seconds, what: purpose }, (held) =>
      work(driver, held, hardwareType),
    );
  }

  return {
    tryConsoleRecipe: (context, uuid, recipe) =>
      ask(
        uuid,
        { purpose: "trying a console recipe", seconds: TRIAL_SECONDS },
        async (driver, held, hardwareType) => {
          if (!driver.tryRecipe) throw unsupported(hardwareType);
          await driver.validate(held);
          held.log.info("console recipe tried", {
            requestId: context.requestId,
            user: context.userName ?? context.userId,
          });
          const { steps, failure, screenshot } = await driver.tryRecipe(held, recipe);
          return {
            steps: steps.slice(0, STEPS_LIMIT).map(({ what, milliseconds }) => ({
              what: printable(what, TEXT_LIMIT),
              milliseconds: Math.max(0, Math.round(milliseconds)),
            })),
            failure: failure && reportOf(failure),
            screenshot: base64Of(screenshot),
          };
        },
      ),

    getConsoleFailure: (_context, uuid) =>
      ask(
        uuid,
        { purpose: "reading the console's last failure", seconds: READ_SECONDS },
        async (driver, held, hardwareType) => {
          if (!driver.lastFailure) throw unsupported(hardwareType);
          const failure = await driver.lastFailure(held);
          return { failure: failure && reportOf(failure) };
        },
      ),
  };
}

function unsupported(hardwareType: string): UnsupportedDriverExtension {
  return new UnsupportedDriverExtension(hardwareType, "consoles by recipe");
}

function reportOf(found: ConsoleFailure): ConsoleFailureReport {
  const { at, step, failure, message, pageUrl, screenshot } = found;
  return {
    at,
    step,
    failure,
    message: printable(message, TEXT_LIMIT),
    pageUrl: pageUrl === null ? null : printable(pageUrl, TEXT_LIMIT),
    screenshot: base64Of(screenshot),
  };
}

function base64Of(screenshot: Uint8Array | null): string | null {
  if (!screenshot || screenshot.length > SCREENSHOT_LIMIT_BYTES) return null;
  return Buffer.from(screenshot).toString("base64");
}
