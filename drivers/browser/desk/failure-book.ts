/**
 * The last failed start of each node, for its operator: a small file and the page's picture, both for this
 * service alone, both overwritten by the next one and gone when a start goes well.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { START_FAILURES, START_STEPS } from "../../../common/console-prelude.ts";
import { printable } from "../../../common/printable.ts";
import type { ConsoleFailure } from "../../base.ts";
import { objectOf } from "../../lib/json-object.ts";
import type { DeskFiles } from "./node-files.ts";

const MAX_MESSAGE_CHARACTERS = 1000;
const MAX_URL_CHARACTERS = 500;
const MAX_PICTURE_BYTES = 4 * 1024 * 1024;

export class FailureBook {
  readonly #files: DeskFiles;

  constructor(files: DeskFiles) {
    this.#files = files;
  }

  async write(uuid: string, given: ConsoleFailure): Promise<void> {
    this.#files.prepare();
    const picture = given.screenshot;
    const kept = picture && picture.length <= MAX_PICTURE_BYTES ? picture : null;
    const text = JSON.stringify({ ...bounded(given), screenshot: kept !== null });
    if (kept) await replace(this.#files.screenshot(uuid), kept);
    else await rm(this.#files.screenshot(uuid), { force: true });
    await replace(this.#files.failure(uuid), text);
  }

  async read(uuid: string): Promise<ConsoleFailure | null> {
    const text = await readFile(this.#files.failure(uuid), "utf8").catch(() => undefined);
    const found = text === undefined ? undefined : parsed(text);
    if (!found) return null;
    const screenshot = found.hasScreenshot
      ? await readFile(this.#files.screenshot(uuid)).catch(() => null)
      : null;
    return { ...found.failure, screenshot };
  }

  async forget(uuid: string): Promise<void> {
    await rm(this.#files.failure(uuid), { force: true });
    await rm(this.#files.screenshot(uuid), { force: true });
  }
}

/** The message and the address may hold what a BMC wrote. */
export function bounded(failure: ConsoleFailure): Omit<ConsoleFailure, "screenshot"> {
  const { at, step, failure: kind, message, pageUrl } = failure;
  return {
    at,
    step,
    failure: kind,
    message: printable(message, MAX_MESSAGE_CHARACTERS),
    pageUrl: pageUrl === null ? null : printable(withoutQuery(pageUrl), MAX_URL_CHARACTERS),
  };
}

/** What stands behind the path may be a session's key. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^(https?:\/\/)[^/]*@/, "$1");
}

function parsed(text: string): { failure: ConsoleFailure; hasScreenshot: boolean } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { at, step, failure, message, pageUrl, screenshot } = objectOf(value) ?? {};
  if (typeof at !== "number" || typeof message !== "string") return undefined;
  const knownStep = START_STEPS.find((known) => known === step);
  if (!knownStep || typeof failure !== "string" || !Object.hasOwn(START_FAILURES, failure))
    return undefined;
  return {
    failure: {
      at,
      step: knownStep,
      failure: failure as ConsoleFailure["failure"],
      message,
      pageUrl: typeof pageUrl === "string" ? pageUrl : null,
      screenshot: null,
    },
    hasScreenshot: screenshot === true,
  };
}

async function replace(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
