/**
 * Reads a JSON request body with bounds on size, nesting and time. The content type must say JSON:
 * a web page cannot send that to a foreign origin without asking first, so a form on a hostile page
 * reaches no handler.
 */
import type { IncomingMessage } from "node:http";
import { InvalidParameterValue, RequestTooLarge } from "../../common/errors.ts";
import type { Json } from "../../common/node.ts";
import { MAX_JSON_DEPTH } from "../json-limits.ts";

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i;

/**
 * @param maxBytes [api]max_request_body_size
 * @returns undefined when there is no body
 * @throws {RequestTooLarge} {@link InvalidParameterValue}
 */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Json | undefined> {
  const bytes = await readBytes(request, maxBytes);
  if (bytes.length === 0) return undefined;
  const type = request.headers["content-type"] ?? "";
  if (!JSON_TYPE.test(type))
    throw new InvalidParameterValue(
      `the request body must have the content type application/json, not "${type}"`,
    );
  const value = parse(bytes);
  refuseTraps(value, 1);
  return value;
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): RequestTooLarge =>
    new RequestTooLarge(`Request body is larger than ${maxBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    /* Leaving the loop early must not destroy the socket that the answer goes to. */
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer;
      length += bytes.length;
      if (length > maxBytes) break;
      chunks.push(bytes);
    }
  } catch (cause) {
    throw new InvalidParameterValue("the request body ended early", { cause });
  }
  if (length > maxBytes) throw tooLarge();
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidParameterValue("the request body is not UTF-8");
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    /* The parser's message quotes the body, which may hold a password. */
    throw new InvalidParameterValue("the request body is not valid JSON");
  }
}

/** `__proto__` as a key means something else to JavaScript than to JSON. */
function refuseTraps(value: Json, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_JSON_DEPTH)
    throw new InvalidParameterValue(
      `the request body is nested deeper than ${MAX_JSON_DEPTH} levels`,
    );
  for (const [key, member] of Object.entries(value)) {
    if (key === "__proto__")
      throw new InvalidParameterValue('the request body has a key "__proto__"');
    refuseTraps(member, depth + 1);
  }
}
