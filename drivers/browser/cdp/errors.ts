/** What can come of a DevTools command instead of its result. */
import { ConsoleError } from "../../base.ts";
import { printable } from "../../../common/printable.ts";

const WORDS_LIMIT = 300;

/** The browser refused it, or what it concerned is gone. */
export class CdpError extends ConsoleError {
  readonly method: string;
  /** The browser's own words, bounded and without control characters. */
  readonly words: string;

  constructor(method: string, words: string) {
    const bounded = printable(words.slice(0, WORDS_LIMIT));
    super(`the browser refused ${method}: ${bounded}`);
    this.method = method;
    this.words = bounded;
  }
}

export class CdpTimeout extends ConsoleError {
  constructor(method: string, limitMs: number) {
    super(`the browser did not answer ${method} within ${limitMs} ms`);
  }
}

/** The stream is over; nothing can be asked any more. */
export class CdpClosed extends ConsoleError {}
