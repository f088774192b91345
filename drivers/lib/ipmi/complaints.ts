/**
 * What ipmitool's error output means. Its exit status is 1 for everything, so the words have to do.
 * FACT: all of them are from ipmitool 1.8.19 with -v against OpenIPMI's ipmi_sim 2.0.33, or from its
 * source (src/plugins/lanplus/lanplus.c), or from Ironic's drivers/modules/ipmitool.py where named.
 */
import {
  BmcAuthenticationFailed,
  BmcBusy,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcUnreachable,
  type ConsoleServiceError,
} from "../../base.ts";
import { printable } from "../../../common/printable.ts";

/**
 * - cipher: the BMC refuses the cipher suite, another may do
 * - lost: answers were missing
 * - busy: it asks to try again later
 * - fatal: trying again changes nothing
 */
export type ComplaintKind = "cipher" | "lost" | "busy" | "fatal";

export interface Complaint {
  readonly kind: ComplaintKind;
  /** For the case that it stays the last word. */
  readonly error: ConsoleServiceError;
}

/** Ironic's, word for word: a BMC that does not take a cipher suite. */
const CIPHER_WORDS = [
  "Error in open session response message : no matching cipher suite",
  "Error in open session response message : invalid authentication algorithm",
  "Error in open session response message : invalid integrity algorithm",
  "Error in open session response message : no cipher suite match with proposed security algorithms",
  "invalid confidentiality algorithm",
  "Unsupported cipher suite",
];

/** Ironic's, word for word. Timeout is among the lost answers here. */
const BUSY_WORDS = [
  "insufficient resources for session",
  "Insufficient resources to create a session",
  "Node busy",
  "Out of space",
  "BMC initialization in progress",
  "Node Busy",
];

const AUTHENTICATION_WORDS = [
  "RAKP 2 HMAC is invalid",
  "unauthorized name",
  "RAKP 4 message has invalid integrity check value",
  "invalid integrity check value",
  "Activate Session command failed",
];
const PRIVILEGE_WORDS = [
  "Insufficient privilege level",
  "unauthorized role or privilege level",
  "invalid role",
];
const LOST_WORDS = [
  "no response",
  "No response",
  "Timeout",
  "timed out",
  "Get Auth Capabilities error",
  "Set Session Privilege Level to",
];
/**
 * FACT(ipmitool 1.8.19, answers after 1.5 s): it takes a late answer to its first attempt for one to its
 * second, and then says that the HMAC is invalid, although the password is right.
 */
const LATE_WORDS = ["no response from RAKP", "Received an Unexpected", "Request Match NOT FOUND"];
const MISSING_WORDS = [
  "Invalid command",
  "Invalid data field in request",
  "not supported",
  "Parameter out of range",
  "Command illegal for specified sensor",
];
/** What -v says of every BMC, good or bad. */
const CHATTER =
  /^(?:Error: Unable to establish|Close Session command failed|Loading IANA|Running Get |Invalid completion code received|Discovered |Using best|Get HPM\.x|RAW )/;

/**
 * @param stderr of an ipmitool with -v that failed
 * @param peer `host:port`
 * @param furtherBusyWords `[ipmi]additional_retryable_ipmi_errors`
 */
export function complaintOf(
  stderr: string,
  peer: string,
  furtherBusyWords: readonly string[],
): Complaint {
  const says = (words: readonly string[]): boolean => words.some((word) => stderr.includes(word));
  const fatal = (error: ConsoleServiceError): Complaint => ({ kind: "fatal", error });
  const last = lastWords(stderr);
  if (says(CIPHER_WORDS))
    return {
      kind: "cipher",
      error: new BmcFeatureMissing(
        `${peer} takes none of the cipher suites tried, set ipmi_cipher_suite to one it has`,
      ),
    };
  if (says(furtherBusyWords) || says(BUSY_WORDS))
    return { kind: "busy", error: new BmcBusy(`${peer} is busy: ${last}`) };
  if (stderr.includes("Address lookup for") || stderr.includes("Could not open socket"))
    return fatal(new BmcUnreachable(`cannot reach ${peer}: its name or address leads nowhere`));
  if (says(PRIVILEGE_WORDS) || /Set Session Privilege Level to \w+ failed: ./.test(stderr))
    return fatal(
      new BmcAuthenticationFailed(
        `${peer} denies the user this privilege, see ipmi_priv_level: ${last}`,
      ),
    );
  if (says(AUTHENTICATION_WORDS) && !says(LATE_WORDS))
    return fatal(new BmcAuthenticationFailed(`${peer} refuses the user, password or Kg key`));
  const nothingElse = stderr.split("\n").every((line) => line.trim() === "" || CHATTER.test(line));
  if (says(LOST_WORDS) || says(LATE_WORDS) || nothingElse)
    return {
      kind: "lost",
      error: new BmcUnreachable(
        `${peer} leaves IPMI requests without an answer: ${last}; besides a bad network, a wrong user or cipher suite can be the cause`,
      ),
    };
  if (says(MISSING_WORDS)) return fatal(new BmcFeatureMissing(`${peer} cannot do that: ${last}`));
  return fatal(new BmcProtocolError(`ipmitool failed with ${peer}: ${last}`));
}

/** The last line that is no chatter; a BMC may have a hand in it. */
function lastWords(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const telling = lines.filter((line) => line !== "" && !CHATTER.test(line));
  return printable(telling.at(-1) ?? "it does not say why");
}
