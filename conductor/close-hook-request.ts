/**
 * One message to whoever wants to know that a session has ended: what it says, its signature, its sending.
 * Follows no redirect and reads no answer but its status.
 */
import { createHmac } from "node:crypto";
import { request, type Dispatcher } from "undici";
import type { EndedSession } from "../db/close-hooks.ts";
import type { Secret } from "../common/secret.ts";

export interface CloseHookMessage {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * `X-Console-Signature` is `sha256=` and HMAC-SHA256, in hexadecimal digits, over the value of
 * `X-Console-Timestamp` (seconds since the epoch), a full stop and the body.
 */
export function closeHookMessage(
  session: EndedSession,
  now: number,
  key: Secret,
): CloseHookMessage {
  const body = JSON.stringify(factsOf(session));
  const timestamp = String(Math.floor(now / 1000));
  const signature = createHmac("sha256", key.reveal()).update(`${timestamp}.${body}`).digest("hex");
  return {
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "baremetal-console",
      "x-console-delivery": session.id,
      "x-console-timestamp": timestamp,
      "x-console-signature": `sha256=${signature}`,
    },
  };
}

/** @throws {Error} for any answer but a 2xx, and for none in time */
export async function sendCloseHook(
  url: string,
  { body, headers }: CloseHookMessage,
  options: { readonly dispatcher: Dispatcher; readonly signal: AbortSignal },
): Promise<void> {
  const answer = await request(url, { method: "POST", body, headers, ...options });
  await answer.body.dump({ limit: 16_384, signal: options.signal });
  if (answer.statusCode < 200 || answer.statusCode > 299)
    throw new Error(`it answered with status ${answer.statusCode}`);
}

function factsOf(session: EndedSession): Record<string, unknown> {
  return {
    event: "console_session_closed",
    session: session.id,
    node: session.nodeUuid,
    node_name: session.nodeName,
    console_type: session.consoleType,
    mode: session.mode,
    user: session.userId,
    project: session.projectId,
    source_address: session.sourceAddress,
    opened_at: new Date(session.openedAt).toISOString(),
    last_input_at:
      session.lastInputAt === null ? null : new Date(session.lastInputAt).toISOString(),
    closed_at: new Date(session.closedAt).toISOString(),
    reason: session.closedReason,
    bytes_to_tenant: session.bytesToTenant,
    bytes_to_host: session.bytesToHost,
  };
}
