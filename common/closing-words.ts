/**
 * Why a session at a serial line ended or did not begin, in words for a shell, and whether to connect
 * again. The console page has the same reasons in its own words.
 */
import type { ClosedReason } from "./closed-reason.ts";

export interface Closing {
  readonly words: string;
  /** Whether a new connection is worth a try in a moment. */
  readonly again: boolean;
}

const REASONS: Readonly<Record<ClosedReason, Closing>> = {
  tenant_closed: final("detached"),
  host_closed: again("the machine's serial line was closed"),
  network_reset: again("the network connection was lost"),
  idle_timeout: final("closed because nobody typed for a while; the machine goes on running"),
  session_limit: final("closed because the session reached its time limit"),
  tenant_unresponsive: again("the connection was lost because this client stopped answering"),
  console_disabled: final("closed because an operator switched this console off"),
  node_released: final("closed because the machine was released"),
  node_deleted: final("closed because the machine was removed"),
  console_restarted: again("the machine's console was restarted"),
  taken_over: final("closed because somebody else took this console over"),
  killed_by_operator: final("closed because an operator ended this session"),
  proxy_shutdown: again("the console service is restarting"),
  proxy_crashed: again("the console service stopped unexpectedly"),
};

/** Codes of errors.ts. */
const CODES: Readonly<Record<string, Closing>> = {
  INVALID_TOKEN: final("the console link is not valid any more"),
  NOT_AUTHORIZED: final("you may not open this console"),
  ORIGIN_NOT_ALLOWED: final("the console service does not let this client in"),
  NODE_NOT_FOUND: final("the machine was not found"),
  CONSOLE_NOT_ENABLED: final("the machine's console is switched off"),
  CONSOLE_TYPE_NOT_SUPPORTED: final("the machine's console is no serial line"),
  TOO_MANY_SESSIONS: final("too many people are connected already"),
  TEMPORARY_FAILURE: again("the console service is busy"),
  LINE_HELD_ELSEWHERE: again("another proxy carries this serial line"),
  SHUTTING_DOWN: again("the console service is restarting"),
  HOST_ERROR: final("the machine's serial line could not be opened"),
  HOST_UNREACHABLE: again("the machine's serial line does not answer"),
  HOST_TIMEOUT: again("the machine's serial line took too long to answer"),
  TENANT_PROTOCOL_ERROR: final("the console service did not understand this client"),
  INTERNAL: final("something went wrong in the console service"),
};

/** @param name a ClosedReason or an error code. @returns undefined for one that has no words here */
export function closingOf(name: string): Closing | undefined {
  if (Object.hasOwn(REASONS, name)) return REASONS[name as ClosedReason];
  return Object.hasOwn(CODES, name) ? CODES[name] : undefined;
}

function again(words: string): Closing {
  return { words, again: true };
}

function final(words: string): Closing {
  return { words, again: false };
}
