/**
 * The words for every way a console connection ends: what happened, what to do next, and what the page
 * does by itself. Two tables: names that travel in the close frame or in the answer to a refused
 * connection, and WebSocket close codes for when no name came.
 */

/** What the page does after an ending. */
export type Aftermath =
  /** Connects again by itself. */
  | "reconnect"
  /** Connects again by itself only when a running session was interrupted, else offers it. */
  | "reconnect_if_interrupted"
  /** Shows a button. */
  | "offer"
  /** The link is of no use any more: forgets it. */
  | "forget";

export interface Words {
  readonly title: string;
  readonly next: string;
  readonly aftermath: Aftermath;
}

export const NEW_LINK = "Ask for a new console link where you opened this one.";
export const TRY_OR_OPERATOR = "Try again in a moment. If it stays like this, tell your operator.";

const BLOCKED_NEXT =
  "A firewall or web proxy may not allow WebSockets. Try another network, or tell your operator.";

export const NAMED_WORDS: Readonly<Record<string, Words>> = {
  /* common/closed-reason.ts */
  tenant_closed: words("You closed the console", "Connect again whenever you like.", "offer"),
  host_closed: words(
    "The machine ended the console connection",
    "It may be restarting, or someone else took its only viewer seat. Connect again in a moment.",
    "offer",
  ),
  network_reset: words(
    "The network connection was lost",
    "Check your network, then connect again.",
    "reconnect",
  ),
  idle_timeout: words(
    "Closed because nobody typed or clicked for a while",
    "The machine goes on running. Connect again to continue.",
    "offer",
  ),
  session_limit: words(
    "Closed because the session reached its time limit",
    "The machine goes on running. Connect again, or ask for a new console link.",
    "offer",
  ),
  tenant_unresponsive: words(
    "The connection was lost because this browser stopped answering",
    "This happens when a computer sleeps. Connect again to continue.",
    "reconnect",
  ),
  console_disabled: words(
    "Closed because an operator switched this console off",
    "When the console is on again, ask for a new console link.",
    "forget",
  ),
  node_released: words(
    "Closed because the machine was released",
    "It is no longer yours to use. If that is a surprise, tell your operator.",
    "forget",
  ),
  node_deleted: words(
    "Closed because the machine was removed",
    "There is nothing left to connect to. If that is a surprise, tell your operator.",
    "forget",
  ),
  console_restarted: words(
    "The machine's console was restarted",
    "Connect again in a moment.",
    "reconnect",
  ),
  taken_over: words(
    "Somebody else took this console over",
    "The machine goes on running. Connect again to join them.",
    "offer",
  ),
  killed_by_operator: words(
    "Closed because an operator ended this session",
    "Ask your operator before you open the console again.",
    "forget",
  ),
  proxy_shutdown: words(
    "The console service is restarting",
    "Connect again in a moment.",
    "reconnect",
  ),
  proxy_crashed: words(
    "The console service stopped unexpectedly",
    "Connect again in a moment.",
    "reconnect",
  ),

  /* common/errors.ts: the link or the person */
  INVALID_TOKEN: words("This console link is not valid any more", NEW_LINK, "forget"),
  NOT_AUTHENTICATED: words("You are not signed in", "Sign in and ask for a new link.", "forget"),
  NOT_AUTHORIZED: words(
    "You may not open this console",
    "Ask your operator for access to it.",
    "forget",
  ),
  ORIGIN_NOT_ALLOWED: words(
    "This page may not open consoles",
    "Open the console from its usual address, or tell your operator that this one is not allowed.",
    "offer",
  ),
  NOT_FOUND: words("There is no such console", NEW_LINK, "forget"),
  NODE_NOT_FOUND: words(
    "The machine was not found",
    "It may have been removed. Ask for a new console link.",
    "forget",
  ),
  CONSOLE_NOT_ENABLED: words(
    "This machine's console is switched off",
    "Ask your operator to enable it, then ask for a new console link.",
    "forget",
  ),
  UNSUPPORTED_DRIVER_EXTENSION: words(
    "This machine has no console that can be shown here",
    "Ask your operator which console it has.",
    "offer",
  ),

  /* common/errors.ts: busy, try later */
  CONFLICT: words("The machine is busy with something else", TRY_OR_OPERATOR, "offer"),
  IMAGE_IN_USE: words("The image is in use", TRY_OR_OPERATOR, "offer"),
  IMAGE_NOT_FOUND: words("There is no such image", TRY_OR_OPERATOR, "offer"),
  NODE_LOCKED: words(
    "The machine is busy with something else",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
  LINE_HELD_ELSEWHERE: words(
    "Another part of the console service serves this machine at the moment",
    "Connect again: you will be led there. If it stays like this, tell your operator.",
    "reconnect_if_interrupted",
  ),
  TOO_MANY_SESSIONS: words(
    "Too many people are connected already",
    "Close another console window, or try again in a moment.",
    "reconnect_if_interrupted",
  ),
  TEMPORARY_FAILURE: words(
    "The console service is busy",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
  NO_FREE_CONDUCTOR_WORKER: words(
    "The console service is busy",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
  SHUTTING_DOWN: words(
    "The console service is restarting",
    "Connect again in a moment.",
    "reconnect",
  ),

  /* common/errors.ts: the machine's side; the operator's log has the details */
  HOST_ERROR: words(
    "The machine's console could not be opened",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
  HOST_UNREACHABLE: words(
    "The machine's console does not answer",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
  HOST_TIMEOUT: words(
    "The machine's console took too long to answer",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
  HOST_CERTIFICATE_INVALID: words(
    "The machine's console could not prove its identity",
    "Nothing was sent to it. Tell your operator that its certificate needs attention.",
    "offer",
  ),
  RFB_PROTOCOL_ERROR: words(
    "The machine's console sent something unexpected",
    TRY_OR_OPERATOR,
    "offer",
  ),
  RFB_AUTH_HANDSHAKE_FAILED: words(
    "Signing in to the machine failed",
    "The stored console password may be out of date. Tell your operator.",
    "offer",
  ),
  RFB_AUTH_NO_AVAILABLE_SCHEME: words(
    "The machine's console wants a sign-in that is not supported",
    "Tell your operator.",
    "offer",
  ),

  CONSOLE_START_FAILED: words(
    "The machine's console could not be started",
    TRY_OR_OPERATOR,
    "offer",
  ),

  /* common/console-prelude.ts: the console had to be started first */
  CONSOLE_BMC_UNREACHABLE: words(
    "The machine's management controller does not answer",
    "It may be restarting. Try again in a minute; if it stays like this, tell your operator to check its network and power.",
    "offer",
  ),
  CONSOLE_BMC_UNTRUSTED: words(
    "The machine's management controller could not prove its identity",
    "Nothing was sent to it. Tell your operator that its certificate needs attention.",
    "offer",
  ),
  CONSOLE_LOGIN_REFUSED: words(
    "The machine's management controller refuses the service's sign-in",
    "Trying again does not help. Tell your operator that the stored user name or password is not right.",
    "offer",
  ),
  CONSOLE_SESSIONS_TAKEN: words(
    "All console seats of this machine are taken",
    "Others are signed in to its management controller. Try again in a few minutes, or ask your operator.",
    "offer",
  ),
  CONSOLE_NOT_LICENSED: words(
    "This machine has no licence for its remote screen",
    "Tell your operator that its management controller needs one.",
    "offer",
  ),
  CONSOLE_VIEWER_DISABLED: words(
    "This machine's remote screen is switched off",
    "Tell your operator that it has to be enabled in its management controller.",
    "offer",
  ),
  CONSOLE_FIRMWARE_UNSUPPORTED: words(
    "This machine's management controller is not known here",
    "Tell your operator that there is no recipe for its maker or firmware.",
    "offer",
  ),
  CONSOLE_PAGE_UNEXPECTED: words(
    "The machine's management controller showed something unexpected",
    TRY_OR_OPERATOR,
    "offer",
  ),
  CONSOLE_NO_PICTURE: words(
    "The machine's screen did not appear",
    "The machine may be off, or send no picture. Check its power, then connect again.",
    "offer",
  ),
  CONSOLE_BROWSER_FAILED: words(
    "The viewer for this machine could not be started",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
  CONSOLE_QUEUE_TIMEOUT: words(
    "No place became free in time",
    "All console places are taken at the moment. Connect again to queue up once more.",
    "offer",
  ),

  /* common/errors.ts: one side broke the rules, or a defect */
  TENANT_PROTOCOL_ERROR: words(
    "The console service did not understand this browser",
    "Reload the page. If it happens again, tell your operator.",
    "offer",
  ),
  INVALID: words("The console link is not right", NEW_LINK, "offer"),
  INVALID_PARAMETER_VALUE: words("The console link is not right", NEW_LINK, "offer"),
  MISSING_PARAMETER_VALUE: words("The console link is not complete", NEW_LINK, "offer"),
  INVALID_STATE_REQUESTED: words("The machine is not in the right state", TRY_OR_OPERATOR, "offer"),
  NO_VALID_HOST: words("No console service can reach this machine", TRY_OR_OPERATOR, "offer"),
  REQUEST_TOO_LARGE: words("The console link is too long", NEW_LINK, "offer"),
  NOT_ACCEPTABLE: words(
    "The console service is another version",
    "Reload the page. If it happens again, tell your operator.",
    "offer",
  ),
  DRIVER_NOT_FOUND: words("The machine's console is not set up", "Tell your operator.", "offer"),
  CONDUCTOR_NOT_FOUND: words("No console service can reach this machine", TRY_OR_OPERATOR, "offer"),
  NODE_ALREADY_EXISTS: words("The machine is there already", TRY_OR_OPERATOR, "offer"),
  CONSOLE_TYPE_NOT_SUPPORTED: words(
    "This machine's console is of a kind that is not shown here",
    "Ask your operator how to reach it.",
    "offer",
  ),
  SESSION_NOT_FOUND: words("The session is over", NEW_LINK, "offer"),
  UPGRADE_REQUIRED: words(
    "Something between you and the console service blocks the connection",
    BLOCKED_NEXT,
    "reconnect_if_interrupted",
  ),
  ROUTE_NOT_FOUND: words("There is no console at this address", NEW_LINK, "offer"),
  METHOD_NOT_ALLOWED: words("There is no console at this address", NEW_LINK, "offer"),
  MALFORMED_CREDENTIALS: words("You are not signed in", "Sign in and ask for a new link.", "offer"),
  VERSION_NOT_SUPPORTED: words(
    "The console service is another version",
    "Reload the page. If it happens again, tell your operator.",
    "offer",
  ),
  INTERNAL: words("Something went wrong in the console service", TRY_OR_OPERATOR, "offer"),
};

/** RFC 6455 section 7.4.1 and the IANA registry, for a close without a name of ours. */
export const CLOSE_CODE_WORDS: Readonly<Record<number, Words>> = {
  1000: words("The console was closed", "Connect again whenever you like.", "offer"),
  1001: words("The console service went away", "Connect again in a moment.", "offer"),
  1002: words(
    "The console service did not understand this browser",
    "Reload the page. If it happens again, tell your operator.",
    "offer",
  ),
  1006: words("The connection was lost", "Check your network, then connect again.", "reconnect"),
  1008: words("The console service ended this session", NEW_LINK, "offer"),
  1012: words("The console service is restarting", "Connect again in a moment.", "reconnect"),
  1013: words("The console service is busy", TRY_OR_OPERATOR, "reconnect_if_interrupted"),
  1014: words(
    "The machine's console could not be opened",
    TRY_OR_OPERATOR,
    "reconnect_if_interrupted",
  ),
};

export const UNEXPECTED_WORDS = words(
  "The console was closed unexpectedly",
  TRY_OR_OPERATOR,
  "offer",
);

export function words(title: string, next: string, aftermath: Aftermath): Words {
  return { title, next, aftermath };
}
