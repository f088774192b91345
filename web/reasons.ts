/**
 * Finds the words (reason-words.ts) for what ended a connection. Never shows text that came from the
 * network: names are looked up, never repeated.
 */
import {
  CLOSE_CODE_WORDS,
  NAMED_WORDS,
  NEW_LINK,
  TRY_OR_OPERATOR,
  UNEXPECTED_WORDS,
  words,
  type Words,
} from "./reason-words.ts";

export type Ending =
  /** The WebSocket was open and closed. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** The WebSocket was refused, and this is what the service said. */
  | { readonly kind: "refused"; readonly status: number; readonly code: string }
  /** Neither the WebSocket nor the question got an answer. */
  | { readonly kind: "unreachable" }
  /** The service would have accepted, so something between swallowed the WebSocket. */
  | { readonly kind: "blocked" }
  /** The picture or the handshake was not understood by the viewer. */
  | { readonly kind: "viewer_failed" }
  | { readonly kind: "disconnected_by_user" }
  | { readonly kind: "no_link" }
  | { readonly kind: "bad_link" };

export function wordsForEnding(ending: Ending): Words {
  switch (ending.kind) {
    case "closed":
      return wordsForName(ending.reason) ?? CLOSE_CODE_WORDS[ending.code] ?? UNEXPECTED_WORDS;
    case "refused":
      return wordsForName(ending.code) ?? wordsForStatus(ending.status);
    case "unreachable":
      return words(
        "The console service cannot be reached",
        "Check your network or VPN, then connect again.",
        "reconnect",
      );
    case "blocked":
      return NAMED_WORDS["UPGRADE_REQUIRED"] ?? UNEXPECTED_WORDS;
    case "viewer_failed":
      return words(
        "This browser could not show the machine's screen",
        "Connect again. If it happens again, try another browser and tell your operator.",
        "offer",
      );
    case "disconnected_by_user":
      return words(
        "Disconnected",
        "The machine goes on running. Connect again whenever you like.",
        "offer",
      );
    case "no_link":
      return words(
        "No console chosen",
        "Open the console from where your machines are listed.",
        "forget",
      );
    case "bad_link":
      return words(
        "This console link is not safe to open",
        "It does not lead to this console service. Open the console from where your machines are listed.",
        "forget",
      );
  }
}

/** @returns undefined for a name this page does not know */
export function wordsForName(name: string): Words | undefined {
  return Object.hasOwn(NAMED_WORDS, name) ? NAMED_WORDS[name] : undefined;
}

/** A short text to tell an operator, for example `idle_timeout` or `closed 1011`; empty when it adds nothing. */
export function referenceOf(ending: Ending): string {
  switch (ending.kind) {
    case "closed":
      return wordsForName(ending.reason) ? ending.reason : `closed ${ending.code}`;
    case "refused":
      return wordsForName(ending.code) ? ending.code : `refused ${ending.status}`;
    case "unreachable":
    case "blocked":
    case "viewer_failed":
    case "bad_link":
      return ending.kind;
    case "no_link":
    case "disconnected_by_user":
      return "";
  }
}

function wordsForStatus(status: number): Words {
  if (status === 429 || status >= 500) {
    return words("The console service is not ready", TRY_OR_OPERATOR, "reconnect_if_interrupted");
  }
  return words("The console service refused the connection", NEW_LINK, "offer");
}
