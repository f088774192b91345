/**
 * What people put before the @: `[USER%]NODE[+view]`. A node's name cannot contain `%` or `+`, so the
 * last `%` and a final `+view` mean one thing only.
 */
import type { SessionMode } from "../../../db/database.ts";

export interface LoginName {
  /** For the REST API; null when it is to be asked for. */
  readonly user: string | null;
  /** Name or UUID. */
  readonly node: string;
  readonly mode: SessionMode;
}

const NODE = /^[A-Za-z0-9._~-]{1,255}$/;
const VIEW = "+view";
const LONGEST_USER = 255;

/** @returns undefined for text that names no node */
export function parseLoginName(text: string): LoginName | undefined {
  const percent = text.lastIndexOf("%");
  const user = percent === -1 ? null : text.slice(0, percent);
  if (user !== null && !isUserName(user)) return undefined;
  const rest = text.slice(percent + 1);
  const view = rest.endsWith(VIEW);
  const node = view ? rest.slice(0, -VIEW.length) : rest;
  return NODE.test(node) ? { user, node, mode: view ? "view" : "control" } : undefined;
}

/** HTTP basic authentication has no place for a colon in it (RFC 7617 section 2). */
export function isUserName(text: string): boolean {
  return text.length > 0 && text.length <= LONGEST_USER && !/[\p{Cc}:]/u.test(text);
}
