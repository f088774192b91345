/**
 * The text frames of a serial session, checked field by field and bounded. What this page does not know
 * is ignored, so that a newer service can talk to an older page. Names of people come from outside: they
 * are cut, and lose what could move text around them.
 */
import { parseSessionMessage, type SessionMessage } from "../session-messages.ts";
import { asObject, parseObject, type Fields } from "../fields.ts";

export type LineStateName = "idle" | "connecting" | "connected" | "reconnecting" | "taken";

export interface LineState {
  readonly type: "line";
  readonly state: LineStateName;
  /** Why it is not connected; empty when the service does not say. */
  readonly detail: string;
  /** Until the next attempt; undefined when none is due. */
  readonly retrySeconds: number | undefined;
}

export interface Attached {
  readonly id: string;
  /** Empty for somebody without a name. */
  readonly user: string;
  readonly via: "browser" | "ssh" | "other";
  readonly mode: "control" | "view";
  /** Keys of this one reach the machine now. */
  readonly writing: boolean;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly you: boolean;
}

export type SerialMessage =
  | SessionMessage
  | LineState
  | { readonly type: "viewers"; readonly viewers: readonly Attached[] }
  | { readonly type: "replay"; readonly bytes: number }
  | { readonly type: "gap"; readonly bytes: number }
  /** The service did not do what it was asked to; why, in words. */
  | { readonly type: "refused"; readonly detail: string };

export const BREAK = JSON.stringify({ type: "break" });
export const TAKE_CONTROL = JSON.stringify({ type: "take_control" });

const LINE_STATES: readonly string[] = ["idle", "connecting", "connected", "reconnecting", "taken"];
const MOST_VIEWERS = 500;
const LONGEST_NAME = 64;
const LONGEST_DETAIL = 200;
/** More than the service can be told to keep for a line. */
const MOST_REPLAY_BYTES = 64 * 1024 * 1024;
const LONGEST_RETRY_SECONDS = 86_400;

/** @returns undefined for anything that is not a message this page understands */
export function parseSerialMessage(text: string): SerialMessage | undefined {
  const message = parseObject(text);
  switch (message?.["type"]) {
    case "line":
      return lineOf(message);
    case "viewers":
      return viewersOf(message["viewers"]);
    case "replay": {
      const bytes = countOf(message["bytes"]);
      return bytes === undefined || bytes > MOST_REPLAY_BYTES
        ? undefined
        : { type: "replay", bytes };
    }
    case "gap":
      return { type: "gap", bytes: countOf(message["bytes"]) ?? 0 };
    case "refused":
      return { type: "refused", detail: plainText(message["detail"], LONGEST_DETAIL) };
    default:
      return parseSessionMessage(text);
  }
}

function lineOf({ state, detail, retrySeconds }: Fields): LineState | undefined {
  if (typeof state !== "string" || !LINE_STATES.includes(state)) return undefined;
  const seconds = countOf(retrySeconds);
  return {
    type: "line",
    state: state as LineStateName,
    detail: plainText(detail, LONGEST_DETAIL),
    retrySeconds: seconds === undefined ? undefined : Math.min(seconds, LONGEST_RETRY_SECONDS),
  };
}

function viewersOf(list: unknown): SerialMessage | undefined {
  if (!Array.isArray(list)) return undefined;
  const viewers = list
    .slice(0, MOST_VIEWERS)
    .map((entry) => asObject(entry))
    .filter((entry) => entry !== undefined)
    .map(viewerOf);
  return { type: "viewers", viewers };
}

function viewerOf({ id, user, via, mode, writing, since, you }: Fields): Attached {
  return {
    id: plainText(id, LONGEST_NAME),
    user: plainText(user, LONGEST_NAME),
    via: via === "browser" || via === "ssh" ? via : "other",
    mode: mode === "control" ? "control" : "view",
    writing: writing === true,
    since: typeof since === "number" && Number.isFinite(since) ? since : 0,
    you: you === true,
  };
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0
    ? Math.ceil(value)
    : undefined;
}

/** Without control and formatting characters (right-to-left marks among them). */
function plainText(value: unknown, longest: number): string {
  if (typeof value !== "string") return "";
  const text = value.slice(0, longest * 2).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
  return Array.from(text.trim()).slice(0, longest).join("");
}
