/** One line on standard error that is written over as work goes on; elsewhere than on a terminal, silence or one line. */
import { printLine, type CliIo } from "./cli-io.ts";

const ERASE_LINE = "\r\u001b[K";

export interface ProgressLine {
  /** Shows this instead of what was there. */
  show(text: string): void;
  /** Takes it away, so that results stand alone. */
  end(): void;
}

/** @param elsewhere said once, at the first `show`, when standard error is no terminal */
export function progressLine(io: CliIo, elsewhere?: string): ProgressLine {
  let shown = false;
  return {
    show: (text) => {
      if (io.stderr.isTTY) io.stderr.write(ERASE_LINE + text);
      else if (!shown && elsewhere !== undefined) printLine(io.stderr, elsewhere);
      shown = true;
    },
    end: () => {
      if (shown && io.stderr.isTTY) io.stderr.write(ERASE_LINE);
    },
  };
}
