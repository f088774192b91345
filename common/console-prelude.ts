/**
 * What an endpoint that has to start something first says before its first RFB byte: lines of JSON, each
 * ended by LF, until the ProtocolVersion line begins. A line begins with `{`, RFB begins with `R`, so the
 * first byte tells them apart. The conductor writes them, novncproxy passes them on to the page.
 */
import type { Json } from "./node.ts";

/** In this order; a browser that is already there skips what is done. */
export const START_STEPS = ["queue", "launch", "reach", "login", "viewer", "picture"] as const;
export type StartStep = (typeof START_STEPS)[number];

/** Why a start failed, in the words that a recipe and an error share. */
export const START_FAILURES = {
  /** The BMC does not answer. */
  unreachable: "CONSOLE_BMC_UNREACHABLE",
  /** Its certificate is not the one that is trusted. */
  untrusted: "CONSOLE_BMC_UNTRUSTED",
  wrong_password: "CONSOLE_LOGIN_REFUSED",
  sessions_taken: "CONSOLE_SESSIONS_TAKEN",
  no_licence: "CONSOLE_NOT_LICENSED",
  viewer_disabled: "CONSOLE_VIEWER_DISABLED",
  unsupported_firmware: "CONSOLE_FIRMWARE_UNSUPPORTED",
  /** A step was not done in time, or the page was not as the recipe says. */
  unexpected_page: "CONSOLE_PAGE_UNEXPECTED",
  no_picture: "CONSOLE_NO_PICTURE",
  /** The browser could not be started, or died. */
  browser: "CONSOLE_BROWSER_FAILED",
  /** Nobody could be served before the time was over. */
  queue: "CONSOLE_QUEUE_TIMEOUT",
} as const;
export type StartFailure = keyof typeof START_FAILURES;

export type PreludeMessage =
  | {
      readonly type: "step";
      readonly step: StartStep;
      /** Since the start was asked for. */
      readonly elapsedMs: number;
      /** Place in the queue, 1 being next; with step `queue` only. */
      readonly position?: number;
    }
  /** Said every 10 seconds while a start goes on. */
  | { readonly type: "bmc"; readonly answers: boolean }
  /** The last line; the connection ends after it. */
  | { readonly type: "failed"; readonly step: StartStep; readonly failure: StartFailure };

/** Longest line, its LF included. */
export const PRELUDE_LINE_LIMIT = 1024;

export function preludeLine(message: PreludeMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** @returns undefined for what is no message of ours: a newer conductor may say more */
export function parsePreludeLine(line: string): PreludeMessage | undefined {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof found !== "object" || found === null) return undefined;
  const fields = found as Record<string, Json | undefined>;
  const { type, answers, step, failure } = fields;
  if (type === "step") return stepOf(fields);
  if (type === "bmc" && typeof answers === "boolean") return { type, answers };
  if (type === "failed" && isStep(step) && isFailure(failure)) return { type, step, failure };
  return undefined;
}

function stepOf(fields: Record<string, Json | undefined>): PreludeMessage | undefined {
  const { step, elapsedMs, position } = fields;
  if (!isStep(step) || typeof elapsedMs !== "number") return undefined;
  return {
    type: "step",
    step,
    elapsedMs,
    ...(typeof position === "number" && { position }),
  };
}

function isStep(value: unknown): value is StartStep {
  return (START_STEPS as readonly unknown[]).includes(value);
}

function isFailure(value: unknown): value is StartFailure {
  return typeof value === "string" && Object.hasOwn(START_FAILURES, value);
}
