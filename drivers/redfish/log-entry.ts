/** One LogEntry (DMTF schema LogEntry), in the words that all our drivers use. */
import type { EventLogEntry } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { linkOf } from "./collection.ts";
import { numberIn, wordIn } from "./reading.ts";

const SEVERITIES: ReadonlyMap<string, EventLogEntry["severity"]> = new Map([
  ["ok", "ok"],
  // FACT(bb-Ricardo/check_redfish event.py): Cisco says Normal and Informational.
  ["normal", "ok"],
  ["informational", "ok"],
  ["information", "ok"],
  ["warning", "warning"],
  ["caution", "warning"],
  ["critical", "critical"],
  ["fatal", "critical"],
]);
/** A BMC whose clock was not set counts from 1970, some from 2000. */
const CLOCK_WAS_SET_MS = Date.UTC(2000, 0, 2);

/** @param path names an entry without an Id */
export function logEntry(resource: JsonObject, path: string): EventLogEntry {
  return {
    id: wordIn(resource, "Id") || (path.split("/").at(-1) ?? ""),
    time: timeOf(wordIn(resource, "Created", "EventTimestamp")),
    severity: severityOf(wordIn(resource, "Severity", "MessageSeverity")),
    sensor: sensorOf(resource),
    message: wordIn(resource, "Message", "MessageId", "Name"),
    asserted: assertedOf(resource),
  };
}

/** What is not in the schema's list may be anything, and is better seen than hidden. */
function severityOf(word: string): EventLogEntry["severity"] {
  return word === "" ? "ok" : (SEVERITIES.get(word.toLowerCase()) ?? "warning");
}

/** FACT(DMTF mockups, Huawei iBMC): some leave the zone out; then it is the BMC's clock, which is UTC. */
function timeOf(text: string): number | null {
  const zoned = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/.test(text)
    ? `${text.replace(" ", "T")}Z`
    : text;
  const time = Date.parse(zoned);
  return Number.isNaN(time) || time < CLOCK_WAS_SET_MS ? null : time;
}

function sensorOf(resource: JsonObject): string | null {
  const origin = linkOf(objectOf(resource["Links"])?.["OriginOfCondition"]);
  const named = /\/Sensors\/([^/#?]+)\/?$/.exec(origin)?.[1];
  if (named) return named;
  const type = wordIn(resource, "SensorType");
  const number = numberIn(resource, "SensorNumber");
  if (type === "") return null;
  return number === null ? type : `${type} ${number}`;
}

function assertedOf(resource: JsonObject): boolean | null {
  const code = wordIn(resource, "EntryCode");
  if (/^deassert/i.test(code)) return false;
  // FACT(HPE iLO 5 IML): what was repaired has Oem.Hpe.Repaired.
  const repaired = objectOf(objectOf(resource["Oem"])?.["Hpe"])?.["Repaired"];
  if (resource["Resolved"] === true || repaired === true) return false;
  return /^assert/i.test(code) ? true : null;
}
