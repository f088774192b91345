/**
 * A machine's vital signs, which Ironic's API does not have: what its BMC measures, and its event log.
 *
 * - `GET /v1/nodes/N/sensors` asks the BMC; `?cached=true` shows what was read last, without asking
 * - `GET /v1/nodes/N/event_log[?limit=&severity=&since=&contains=]` newest first
 * - `DELETE /v1/nodes/N/event_log` → 204
 */
import { InvalidParameterValue } from "../../common/errors.ts";
import type { Json, JsonObject, Node } from "../../common/node.ts";
import type { EventLogEntry, SensorReading } from "../../conductor/rpcapi.ts";
import { type ApiRequest, type ApiResponse, noContent, ok, type Route } from "../route.ts";
import { parseBoolean, parseInteger, parseText, queryArguments } from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import type { NodeRouteDeps } from "./nodes.ts";
import { timestamp } from "./timestamp.ts";

/** As many as a conductor answers at most. */
const MOST_ENTRIES = 1000;
const LONGEST_TEXT = 256;
const FAILED = "the sensors could not be read";
/** From harmless to grave. */
const SEVERITIES = ["ok", "warning", "critical"] as const;
/** A date, or a date and a time with its zone (RFC 3339, which ISO 8601 contains). */
const ISO_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d))?$/i;

export function telemetryRoutes(deps: NodeRouteDeps): Route[] {
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "GET",
      path: "/v1/nodes/:ident/sensors",
      rule: "baremetal:node:get_sensors",
      handle: async (request) => {
        const cached = queryArguments(request.query, ["cached"]).get("cached") ?? false;
        const fromDatabase = parseBoolean("cached", cached);
        const { uuid } = await find(request);
        return fromDatabase ? kept(deps, request, uuid) : live(deps, request, uuid);
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident/event_log",
      rule: "baremetal:node:get_event_log",
      handle: async (request) => {
        const { limit, fits } = wantedEntries(request);
        const { uuid } = await find(request);
        const ask = fits ? MOST_ENTRIES : limit;
        const entries = await deps.conductor.getEventLog(request.context, uuid, ask);
        const shown = (fits ? entries.filter(fits) : entries).slice(0, limit);
        return ok({ event_log: shown.map(entryView) });
      },
    },
    {
      method: "DELETE",
      path: "/v1/nodes/:ident/event_log",
      rule: "baremetal:node:clear_event_log",
      handle: async (request) => {
        queryArguments(request.query, []);
        await deps.conductor.clearEventLog(request.context, (await find(request)).uuid);
        return noContent;
      },
    },
  ];
}

async function live(deps: NodeRouteDeps, request: ApiRequest, uuid: string): Promise<ApiResponse> {
  const { readings, collectedAt } = await deps.conductor.getSensors(request.context, uuid);
  return sensors(readings, collectedAt, null);
}

async function kept(deps: NodeRouteDeps, request: ApiRequest, uuid: string): Promise<ApiResponse> {
  const row = await deps.database.telemetry.get(uuid);
  /* The reason names the BMC, as errors do that only operators see. */
  const error = row?.error && !request.context.isAdmin ? FAILED : (row?.error ?? null);
  return sensors((row?.readings ?? []) as unknown as SensorReading[], row?.collectedAt ?? 0, error);
}

/** @param collectedAt milliseconds; 0 for never */
function sensors(
  readings: readonly SensorReading[],
  collectedAt: number,
  error: string | null,
): ApiResponse {
  const collected = collectedAt === 0 ? null : timestamp(collectedAt);
  return ok({ sensors: readings.map(readingView), collected_at: collected, error });
}

interface WantedEntries {
  readonly limit: number;
  /** None when every entry is wanted. */
  readonly fits: ((entry: EventLogEntry) => boolean) | undefined;
}

/** @throws {InvalidParameterValue} naming the argument */
function wantedEntries({ query }: ApiRequest): WantedEntries {
  const given = queryArguments(query, ["limit", "severity", "since", "contains"]);
  const limit = given.has("limit")
    ? parseInteger("limit", given.get("limit") ?? null, 1)
    : undefined;
  const conditions = [
    ifGiven(given.get("severity"), atLeast),
    ifGiven(given.get("since"), notBefore),
    ifGiven(given.get("contains"), says),
  ].filter((condition) => condition !== undefined);
  return {
    limit: Math.min(limit ?? MOST_ENTRIES, MOST_ENTRIES),
    fits:
      conditions.length === 0
        ? undefined
        : (entry) => conditions.every((condition) => condition(entry)),
  };
}

type Condition = (entry: EventLogEntry) => boolean;

function ifGiven(value: Json | undefined, make: (value: Json) => Condition): Condition | undefined {
  return value === undefined ? undefined : make(value);
}

function atLeast(value: Json): Condition {
  const least = SEVERITIES.findIndex((severity) => severity === value);
  if (least < 0)
    throw new InvalidParameterValue(`Invalid severity: must be one of ${SEVERITIES.join(", ")}`);
  return ({ severity }) => SEVERITIES.indexOf(severity) >= least;
}

/** An entry without a time is not known to be new enough. */
function notBefore(value: Json): Condition {
  const text = parseText("since", value);
  const since = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(since))
    throw new InvalidParameterValue(
      "Invalid since: must be a date such as 2026-01-31 or a time with its zone such as 2026-01-31T12:00:00Z",
    );
  return ({ time }) => time !== null && time >= since;
}

/** Capital letters or small ones, in the message or the sensor's name. */
function says(value: Json): Condition {
  const text = parseText("contains", value).toLowerCase();
  if (text.length > LONGEST_TEXT)
    throw new InvalidParameterValue(`Invalid contains: at most ${LONGEST_TEXT} characters`);
  return ({ message, sensor }) => `${sensor ?? ""}\n${message}`.toLowerCase().includes(text);
}

function readingView(reading: SensorReading): JsonObject {
  const { name, kind, value, unit, state, text, thresholds } = reading;
  return {
    name,
    kind,
    value,
    unit,
    state,
    text,
    thresholds: {
      lower_fatal: thresholds.lowerFatal,
      lower_critical: thresholds.lowerCritical,
      lower_warning: thresholds.lowerWarning,
      upper_warning: thresholds.upperWarning,
      upper_critical: thresholds.upperCritical,
      upper_fatal: thresholds.upperFatal,
    },
  };
}

function entryView(entry: EventLogEntry): JsonObject {
  const { id, severity, sensor, message, asserted } = entry;
  return { id, time: timestamp(entry.time), severity, sensor, message, asserted };
}
