/**
 * The body of an upload, as it comes. Its content type must be application/octet-stream: a web page cannot
 * send that to a foreign origin without asking first.
 */
import type { IncomingMessage } from "node:http";
import { InvalidParameterValue } from "../../common/errors.ts";
import type { BodyDeadlines } from "../body-deadlines.ts";
import type { Upload } from "../route.ts";

const OCTETS = /^application\/octet-stream(?:\s*;|$)/i;

/** @throws {InvalidParameterValue} for another content type */
export function uploadOf(request: IncomingMessage, bodies: BodyDeadlines): Upload {
  const type = request.headers["content-type"] ?? "";
  if (!OCTETS.test(type))
    throw new InvalidParameterValue(
      `the content must be sent as application/octet-stream, not "${type}"`,
    );
  const length = request.headers["content-length"] ?? "";
  return {
    content: contentOf(request, bodies),
    lengthBytes: /^\d{1,15}$/.test(length) ? Number(length) : null,
  };
}

async function* contentOf(request: IncomingMessage, bodies: BodyDeadlines): AsyncGenerator<Buffer> {
  /* From here on whoever reads it sees to it that it moves. */
  bodies.lift(request);
  try {
    /* Leaving the loop early must not destroy the socket that the answer goes to. */
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (cause) {
    throw new InvalidParameterValue("the upload ended early", { cause });
  }
}
