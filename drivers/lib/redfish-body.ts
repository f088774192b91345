/**
 * Reads the JSON objects that Redfish answers (DMTF DSP0266). Believes nothing: what is missing or of
 * another type is an error or nothing, never a value of a wrong type.
 */
import { BmcProtocolError, type Json } from "../base.ts";
import { printable } from "../../common/printable.ts";
import { objectOf, type JsonObject } from "./json-object.ts";

const MAX_SENTENCES = 3;

/**
 * The sentences of an error answer (DSP0266 section 8.6), bounded, on one line; empty when it has none.
 * @param redact is given every sentence whole: one that was cut could end inside a secret
 */
export function messagesOf(body: JsonObject, redact: (text: string) => string): string {
  const holder = objectOf(body["error"]) ?? body;
  const list = holder["@Message.ExtendedInfo"];
  const infos = Array.isArray(list) ? list.slice(0, MAX_SENTENCES) : [];
  const sentences = infos.map((info) => {
    const { MessageId: id, Message: message } = objectOf(info) ?? {};
    return [id, message].filter((part) => typeof part === "string").join(" ");
  });
  if (sentences.length === 0) sentences.push(optionalText(holder, "message"));
  return sentences.map((sentence) => printable(redact(sentence))).join("; ");
}

/**
 * The text at `path` in a Redfish object.
 * @throws {BmcProtocolError} when it is missing or no text
 */
export function textAt(body: Json | undefined, ...path: readonly string[]): string {
  let value = body;
  for (const key of path) value = objectOf(value)?.[key];
  if (typeof value === "string") return value;
  throw new BmcProtocolError(`the Redfish answer lacks ${path.join(".")}`);
}

/** The text under `key`, empty when there is none. */
export function optionalText(body: JsonObject, key: string): string {
  const value = body[key];
  return typeof value === "string" ? value : "";
}

/** The links of a collection, in order. */
export function memberPaths(collection: JsonObject): string[] {
  const members = collection["Members"];
  if (!Array.isArray(members)) throw new BmcProtocolError("the Redfish answer lacks Members");
  return members.map((member) => textAt(member, "@odata.id"));
}
