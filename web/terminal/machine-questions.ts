/**
 * What the machine's bytes may do to the terminal. They are another's: a program on the machine, or
 * whoever owns its BMC, writes them.
 *
 * Never done, whatever they say: title, clipboard (OSC 52), links (OSC 8), the page's colours (OSC 4, 10
 * to 12), window manipulation (CSI t), and answers that repeat what the machine sent (DECRQSS, DECRQM).
 * Answered are three questions that boot loaders and shells ask, with fixed words: what are you (DA1),
 * are you there and where is the cursor (DSR 5, 6). An answer is typed on the machine's line; so only one
 * of all terminals gives it (typing-rules.ts), never for scrollback, and not without limit.
 */
import type { IParser, Terminal } from "@xterm/xterm";

export interface AnswerParts {
  /** This terminal is the one that answers, now. */
  mayAnswer(): boolean;
  send(answer: string): void;
  nowMs(): number;
}

/** OSC: title and icon, palette, links, colours, clipboard, their resets. */
const IGNORED_OSC = [0, 1, 2, 4, 8, 10, 11, 12, 52, 104, 110, 111, 112];
/** As many at once, and as many more a second. */
const MOST_ANSWERS = 20;

export function limitMachine(terminal: Terminal, parts: AnswerParts): void {
  const { parser } = terminal;
  for (const code of IGNORED_OSC) parser.registerOscHandler(code, ignore);
  ignoreQuestions(parser);
  const answer = limited(parts);
  parser.registerCsiHandler({ final: "c" }, (params) => {
    if ((params[0] ?? 0) === 0) answer("\u001B[?1;2c");
    return true;
  });
  parser.registerCsiHandler({ final: "n" }, (params) => {
    if (params[0] === 5) answer("\u001B[0n");
    if (params[0] === 6) answer(cursorPosition(terminal));
    return true;
  });
}

function ignoreQuestions(parser: IParser): void {
  parser.registerCsiHandler({ final: "t" }, ignore);
  parser.registerCsiHandler({ prefix: ">", final: "c" }, ignore);
  parser.registerCsiHandler({ prefix: "?", final: "n" }, ignore);
  parser.registerCsiHandler({ intermediates: "$", final: "p" }, ignore);
  parser.registerCsiHandler({ prefix: "?", intermediates: "$", final: "p" }, ignore);
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, ignore);
}

function cursorPosition({ buffer, cols }: Terminal): string {
  const { cursorX, cursorY } = buffer.active;
  return `\u001B[${cursorY + 1};${Math.min(cursorX + 1, cols)}R`;
}

/** A machine that asks without end would keep the line busy with answers. */
function limited(parts: AnswerParts): (answer: string) => void {
  let left = MOST_ANSWERS;
  let countedMs = parts.nowMs();
  return (answer) => {
    if (!parts.mayAnswer()) return;
    const now = parts.nowMs();
    left = Math.min(MOST_ANSWERS, left + ((now - countedMs) / 1000) * MOST_ANSWERS);
    countedMs = now;
    if (left < 1) return;
    left -= 1;
    parts.send(answer);
  };
}

function ignore(): boolean {
  return true;
}
