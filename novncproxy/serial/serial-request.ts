/** Reads what a viewer asks for in a text frame. */
import { TenantProtocolError } from "../../common/errors.ts";
import { fieldsOf, parseJson } from "../../common/json-fields.ts";
import type { SerialRequest } from "../../common/serial-messages.ts";

const MOST_LINES = 1_000_000;

/** @throws {TenantProtocolError} when it means nothing here */
export function readSerialRequest(text: string): SerialRequest {
  const message = fieldsOf(parseJson(text));
  switch (message["type"]) {
    case "keep_open":
    case "break":
    case "take_control":
      return { type: message["type"] };
    case "replay":
      return { type: "replay", lines: linesOf(message["lines"]) };
    default:
      throw new TenantProtocolError("the browser sent a text message that means nothing here");
  }
}

function linesOf(value: unknown): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MOST_LINES)
    return Number(value);
  throw new TenantProtocolError("the browser asked for a number of lines that is none");
}
