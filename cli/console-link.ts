/** Asks the service for a node's console: whether it is on, and a new link to it. */
import { nodePath } from "./client-command.ts";
import type { ApiClient, JsonAnswer } from "./client.ts";

export interface LinkFlags {
  readonly type?: "vnc" | "serial";
  readonly view?: boolean;
  readonly closeUrl?: string;
}

export interface ConsoleInfo {
  readonly type: string;
  /** Of the page. */
  readonly url: string;
  /** Of a serial line. */
  readonly websocket_url?: string;
  readonly line?: {
    readonly state: string;
    /** Why it is not connected. */
    readonly detail: string | null;
    readonly since: string;
  };
}

/** @returns the whole answer too; `info` undefined when the console is off or has no page */
export async function consoleLink(
  client: ApiClient,
  node: string,
  flags: LinkFlags,
): Promise<{ readonly answer: JsonAnswer; readonly info: ConsoleInfo | undefined }> {
  const query = new URLSearchParams();
  if (flags.type !== undefined) query.set("console_type", flags.type);
  if (flags.closeUrl !== undefined) query.set("close_url", flags.closeUrl);
  if (flags.view) query.set("mode", "view");
  const tail = query.size === 0 ? "" : `?${query.toString()}`;
  const answer = await client.call("GET", nodePath(node, "states", "console") + tail);
  const info = answer["console_info"] as Partial<ConsoleInfo> | null;
  const whole = answer["console_enabled"] === true && typeof info?.url === "string";
  return { answer, info: whole ? (info as ConsoleInfo) : undefined };
}
