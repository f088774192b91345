/**
 * What `ipmitool sol activate` says, as data.
 * FACT(ipmitool 1.8.19, lib/ipmi_sol.c, src/plugins/lanplus/lanplus.c): the texts.
 */
import { printable } from "../../common/printable.ts";
import type { LineLoss } from "./line-dialect.ts";

/** From its end on bytes are the machine's. Any escape character may stand for `~`. */
export const OPERATIONAL = /\[SOL Session operational\. {2}Use .{1,4} for help\]\r?\n/;
/** Said right behind that when its input is no terminal. */
export const TCGETATTR = /^tcgetattr: [^\r\n]{1,80}\r?\n/;
/** FACT(the same, processSolUserInput): printed among the machine's bytes when a break was asked for. */
export const BREAK_ECHO = /~B \[send break\]\r?\n/;

type Saying = readonly [pattern: RegExp, kind: LineLoss["kind"], words: string];

const NO_ANSWER = "the machine's management controller does not answer";
const SWITCHED_OFF = "serial-over-LAN is switched off in the machine's management controller";
const ENCRYPTION =
  "the machine's management controller wants another encryption for the serial line";
const LOGIN = "the machine's management controller refuses the stored login";
const CLOSED =
  "the machine's management controller closed the serial line, or somebody else took it";

/** The first that fits counts. */
const SAYINGS: readonly Saying[] = [
  [/SOL payload already active/, "taken", "somebody else has this machine's serial line"],
  [
    /SOL payload activation limit reached/,
    "taken",
    "other people have all serial sessions of this machine's management controller",
  ],
  [/No response to keepalive/, "lost", NO_ANSWER],
  /* A bad network says this for every few keys; of somebody else's take-over a BMC tells otherwise. */
  [/Error sending SOL data/, "lost", CLOSED],
  [/SOL session closed by BMC/, "contested", CLOSED],
  [/SOL payload (?:type )?disabled/, "contested", SWITCHED_OFF],
  [/cannot activate SOL payload with/, "contested", ENCRYPTION],
  [
    /Invalid user name|unauthorized name|HMAC is invalid|Privilege level|password is longer/i,
    "contested",
    LOGIN,
  ],
  [/no matching cipher suite/i, "contested", ENCRYPTION],
  [/Unable to establish|No response|Get Auth Capabilities|Address lookup/, "lost", NO_ANSWER],
];

/** Said at every start and of no interest. */
const NOISE = /^(?:Info: SOL payload already de-activated|tcgetattr: .*|\s*)$/;

const UNKNOWN = "the machine's serial line could not be opened";
const LOST = "the machine's serial line was lost";

/** @param text all that it said, when it never got as far as OPERATIONAL */
export function lossBefore(text: string): LineLoss {
  const lines = linesOf(text);
  const saying = find(lines);
  return {
    kind: saying?.[1] ?? "lost",
    words: saying?.[2] ?? UNKNOWN,
    detail: lines.length === 0 ? "ipmitool ended without a word" : printable(lines.join("; ")),
  };
}

/**
 * @param tail the last that came. The machine's own words may stand there too, so that it is believed
 * for nothing but the pause before the next attempt.
 */
export function lossAfter(tail: string): LineLoss {
  const lines = linesOf(tail).slice(-2);
  const saying = find(lines);
  if (!saying) return { kind: "lost", words: LOST, detail: "ipmitool ended" };
  const line = lines.findLast((one) => saying[0].test(one)) ?? "";
  return { kind: saying[1], words: saying[2], detail: printable(line) };
}

function linesOf(text: string): string[] {
  return text
    .split(/[\r\n]+/)
    .filter((line) => !NOISE.test(line))
    .map((line) => line.trim());
}

function find(lines: readonly string[]): Saying | undefined {
  return SAYINGS.find(([pattern]) => lines.some((line) => pattern.test(line)));
}
