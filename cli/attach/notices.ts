/**
 * What the proxy says beside the line's bytes, checked field by field. A notice that is not known is
 * ignored, so that a newer service can talk to an older client.
 */
import { fieldsOf, parseFields, type Fields } from "../../common/json-fields.ts";
import type { ToldNotice } from "../../common/notice-words.ts";
import type { LineStateName, SerialRequest, SerialViewer } from "../../common/serial-messages.ts";

const LARGEST_NOTICE = 262_144;
const MOST_VIEWERS = 500;
const LINE_STATES: readonly LineStateName[] = [
  "idle",
  "connecting",
  "connected",
  "reconnecting",
  "taken",
];
const REQUESTS: readonly SerialRequest["type"][] = ["keep_open", "break", "replay", "take_control"];

/** @returns undefined for anything that is not a notice we understand */
export function parseNotice(text: string): ToldNotice | undefined {
  const fields = text.length > LARGEST_NOTICE ? undefined : parseFields(text);
  switch (fields?.["type"]) {
    case "session":
      return sessionOf(fields);
    case "line":
      return lineOf(fields);
    case "viewers":
      return { type: "viewers", viewers: listOf(fields["viewers"]).flatMap(viewerOf) };
    case "replay":
      return { type: "replay", bytes: countOf(fields["bytes"]), lines: countOf(fields["lines"]) };
    case "gap":
      return { type: "gap", bytes: countOf(fields["bytes"]) };
    case "refused":
      return refusalOf(fields);
    case "warning":
      return {
        type: "warning",
        reason: fields["reason"] === "idle_timeout" ? "idle_timeout" : "session_limit",
        secondsLeft: countOf(fields["secondsLeft"]),
      };
    case "warning_over":
      return { type: "warning_over" };
    default:
      return undefined;
  }
}

function sessionOf(fields: Fields): ToldNotice {
  const { name, uuid } = fieldsOf(fields["node"]);
  return {
    type: "session",
    /* Anything but a clear "control" is watching; the service enforces it anyway. */
    mode: fields["mode"] === "control" ? "control" : "view",
    node: {
      name: typeof name === "string" && name !== "" ? name : null,
      uuid: typeof uuid === "string" && uuid !== "" ? uuid : "the machine",
    },
  };
}

function lineOf(fields: Fields): ToldNotice | undefined {
  const state = LINE_STATES.find((known) => known === fields["state"]);
  if (!state) return undefined;
  const { detail, retrySeconds } = fields;
  return {
    type: "line",
    state,
    detail: typeof detail === "string" && detail !== "" ? detail : null,
    since: countOf(fields["since"]),
    retrySeconds: typeof retrySeconds === "number" ? countOf(retrySeconds) : null,
  };
}

function refusalOf({ request, detail }: Fields): ToldNotice | undefined {
  const known = REQUESTS.find((name) => name === request);
  return known && { type: "refused", request: known, detail: textOf(detail) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function viewerOf(value: unknown): SerialViewer[] {
  const fields = fieldsOf(value);
  const { id, user, via } = fields;
  if (typeof id !== "string") return [];
  return [
    {
      id,
      user: typeof user === "string" ? user : null,
      via: via === "browser" || via === "ssh" ? via : "other",
      mode: fields["mode"] === "control" ? "control" : "view",
      writing: fields["writing"] === true,
      since: countOf(fields["since"]),
      you: fields["you"] === true,
    },
  ];
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.ceil(value)) : 0;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value.slice(0, MOST_VIEWERS) : [];
}
