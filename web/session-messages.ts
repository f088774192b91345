/**
 * The text frames that the console service sends beside the picture (sub-protocol
 * `baremetal-console.v1`), checked field by field. A message this page does not know is ignored, so that
 * a newer service can talk to an older page.
 */

import { asObject, parseObject, type Fields } from "./fields.ts";
import { START_STEPS, type StartStep } from "./start-steps.ts";

export type SessionMessage =
  | {
      readonly type: "session";
      readonly id: string;
      readonly mode: "control" | "view";
      readonly nodeName: string;
    }
  | { readonly type: "state"; readonly state: "connecting" | "authenticating" | "connected" }
  | {
      readonly type: "warning";
      readonly reason: "idle_timeout" | "session_limit";
      readonly secondsLeft: number;
    }
  | { readonly type: "warning_over" }
  | {
      readonly type: "starting";
      readonly step: StartStep;
      readonly elapsedMs: number;
      /** 0 when it was not said. */
      readonly position: number;
    }
  | { readonly type: "bmc"; readonly answers: boolean }
  | { readonly type: "others"; readonly controlling: number; readonly watching: number };

/** Counts as input, so that an idle session stays open. */
export const KEEP_OPEN = JSON.stringify({ type: "keep_open" });

/** Ends the other sessions of this machine that may type. */
export const TAKE_OVER = JSON.stringify({ type: "take_over" });

/** @returns undefined for anything that is not a message this page understands */
export function parseSessionMessage(text: string): SessionMessage | undefined {
  const message = parseObject(text);
  switch (message?.["type"]) {
    case "session":
      return sessionOf(message);
    case "state":
      return stateOf(message["state"]);
    case "warning":
      return warningOf(message);
    case "warning_over":
      return { type: "warning_over" };
    case "starting":
      return startingOf(message);
    case "bmc":
      return { type: "bmc", answers: message["answers"] === true };
    case "others":
      return {
        type: "others",
        controlling: countOf(message["controlling"]),
        watching: countOf(message["watching"]),
      };
    default:
      return undefined;
  }
}

function sessionOf(message: Fields): SessionMessage {
  const node = asObject(message["node"]);
  return {
    type: "session",
    id: textOf(message["id"]),
    // Anything but a clear "control" is treated as viewing only; the service enforces it anyway.
    mode: message["mode"] === "control" ? "control" : "view",
    nodeName: textOf(node?.["name"]) || textOf(node?.["uuid"]),
  };
}

function stateOf(state: unknown): SessionMessage | undefined {
  return state === "connecting" || state === "authenticating" || state === "connected"
    ? { type: "state", state }
    : undefined;
}

function warningOf({ reason, secondsLeft }: Fields): SessionMessage | undefined {
  if (reason !== "idle_timeout" && reason !== "session_limit") return undefined;
  if (typeof secondsLeft !== "number" || !Number.isFinite(secondsLeft)) return undefined;
  return { type: "warning", reason, secondsLeft: Math.max(0, Math.ceil(secondsLeft)) };
}

function startingOf({ step, elapsedMs, position }: Fields): SessionMessage | undefined {
  const known = START_STEPS.find((one) => one === step);
  return (
    known && {
      type: "starting",
      step: known,
      elapsedMs: countOf(elapsedMs),
      position: countOf(position),
    }
  );
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.floor(value)) : 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 255) : "";
}
