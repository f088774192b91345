/**
 * Who may type, and whose terminal answers the machine. The service enforces the first; here it is told
 * in words, because keys that go nowhere without a word are the worst of a console.
 */
import { nameOf } from "./line-words.ts";
import type { Attached, LineStateName } from "./serial-messages.ts";

export interface Situation {
  readonly connected: boolean;
  readonly viewOnly: boolean;
  readonly line: LineStateName | undefined;
  readonly viewers: readonly Attached[];
}

export interface Refusal {
  readonly words: string;
  /** Taking over typing would help. */
  readonly canTakeOver: boolean;
}

/** While a line is being opened the service keeps what is typed. */
const LINE_REFUSALS: Partial<Readonly<Record<LineStateName, string>>> = {
  idle: "Not sent: the serial line is not open.",
  reconnecting: "Not sent: the serial line was lost and is being opened again.",
  taken: "Not sent: someone outside this service holds the machine's serial line.",
};

/** @returns why keys do not reach the machine; undefined when they do */
export function whyNotTyping({
  connected,
  viewOnly,
  line,
  viewers,
}: Situation): Refusal | undefined {
  const you = viewers.find((viewer) => viewer.you);
  if (viewOnly || you?.mode === "view") {
    return refusal("View only: this link lets you watch. What you type goes nowhere.");
  }
  if (!connected) return refusal("Not sent: the console is not connected.");
  if (you && !you.writing) {
    const writer = viewers.find((viewer) => viewer.writing);
    const words = writer
      ? `Not sent: ${nameOf(writer)} types now.`
      : "Not sent: you only watch now.";
    return { words, canTakeOver: true };
  }
  const lineWords = line && LINE_REFUSALS[line];
  return lineWords === undefined ? undefined : refusal(lineWords);
}

/**
 * One terminal of all that watch answers the machine's questions (where is the cursor, what are you):
 * that of the one who has been typing the longest. Each page has the same list and comes to the same
 * result, so at most one page answers. A terminal behind SSH answers by itself when it is first.
 */
export function answersHere(situation: Situation): boolean {
  if (whyNotTyping(situation)) return false;
  const writers = situation.viewers.filter((viewer) => viewer.writing);
  const first = writers.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))[0];
  return first?.you ?? false;
}

function refusal(words: string): Refusal {
  return { words, canTakeOver: false };
}
