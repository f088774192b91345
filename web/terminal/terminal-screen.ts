/**
 * The terminal on the page: wraps xterm.js. It shows what the machine says and reports what the user
 * types; it decides nothing about who may type. Lives as long as the page, across connections.
 */
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";
import { limitMachine, type AnswerParts } from "./machine-questions.ts";
import { avoidInlineStyles } from "./no-inline-styles.ts";
import { automaticFontPx, fittedSize, LARGEST_AUTOMATIC_PX } from "./terminal-size.ts";
import { DARK, LIGHT } from "./theme.ts";

export interface ScreenListener extends AnswerParts {
  typed(text: string): void;
  bell(): void;
  resized(cols: number, rows: number): void;
}

const SCROLLBACK_LINES = 20_000;
const FONT = `ui-monospace, "SF Mono", "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace`;
/** Bytes that wait to be drawn; more arrive only from a line that is flooded. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024;

export class TerminalScreen {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  readonly #fitter = new FitAddon();
  readonly #stage: HTMLElement;
  #fit = true;
  /** 0 chooses by the room there is. */
  #fontPx = 0;
  #waitingBytes = 0;
  #droppedBytes = 0;
  #isReplaying = false;

  constructor(stage: HTMLElement, listener: ScreenListener) {
    this.#stage = stage;
    avoidInlineStyles(document);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.terminal = new Terminal({
      // For the highlights of search.
      allowProposedApi: true,
      altClickMovesCursor: false,
      cursorBlink: !calm,
      fontFamily: FONT,
      fontSize: LARGEST_AUTOMATIC_PX,
      // A paste never comes through xterm.js, see paste-control.ts.
      ignoreBracketedPasteMode: true,
      linkHandler: { activate: () => {} },
      // Else every broken escape sequence of the machine becomes a line on the browser's console.
      logLevel: "off",
      minimumContrastRatio: 4.5,
      rightClickSelectsWord: false,
      scrollback: SCROLLBACK_LINES,
    });
    limitMachine(this.terminal, {
      ...listener,
      mayAnswer: () => !this.#isReplaying && listener.mayAnswer(),
    });
    this.terminal.loadAddon(this.#fitter);
    this.terminal.loadAddon(this.search);
    this.terminal.open(stage);
    this.#followColours();
    this.terminal.onData((text) => listener.typed(text));
    this.terminal.onBinary((text) => listener.typed(text));
    this.terminal.onBell(() => listener.bell());
    this.terminal.onResize(({ cols, rows }) => listener.resized(cols, rows));
    new ResizeObserver(() => this.layOut()).observe(stage);
    this.layOut();
  }

  get isFitted(): boolean {
    return this.#fit;
  }

  /** True fills the window, false is 80 columns and 24 rows. */
  set fit(fit: boolean) {
    this.#fit = fit;
    this.layOut();
  }

  /** @param px 0 chooses by the room there is */
  set fontPx(px: number) {
    this.#fontPx = px;
    this.layOut();
  }

  set screenReader(on: boolean) {
    this.terminal.options.screenReaderMode = on;
  }

  /** Live bytes of the line. */
  write(bytes: Uint8Array): void {
    if (this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) {
      this.#droppedBytes += bytes.length;
      return;
    }
    if (this.#droppedBytes > 0) {
      this.remark(`${this.#droppedBytes} bytes are missing here: this browser was too slow`);
      this.#droppedBytes = 0;
    }
    this.#waitingBytes += bytes.length;
    this.terminal.write(bytes, () => {
      this.#waitingBytes -= bytes.length;
    });
  }

  /** Bytes of the time before: shown alike, but their questions are not answered. */
  writeReplay(bytes: Uint8Array): void {
    this.terminal.write("", () => {
      this.#isReplaying = true;
    });
    this.terminal.write(bytes, () => {
      this.#isReplaying = false;
    });
  }

  /** A line of the page's own among the machine's, dim. CAN ends a half-sent escape sequence. */
  remark(text: string): void {
    this.terminal.write(`\u0018\r\n\u001B[0;2m[${text}]\u001B[0m\r\n`);
  }

  focus(): void {
    this.terminal.focus();
  }

  clear(): void {
    this.terminal.clear();
  }

  /** A fresh terminal, in order with what is written. RIS clears the scrollback too. */
  empty(): void {
    this.terminal.write("\u0018\u001Bc");
  }

  /** Back to a fresh terminal's modes, after a program that died in the middle; keeps the text. */
  resetModes(): void {
    // Soft reset; mouse, focus and paste reports off; main screen; colours and character set as at first.
    this.terminal.write(
      "\u0018\u001B[!p\u001B[?9;1000;1002;1003;1004;1006;2004l\u001B[?1049l\u001B(B\u000F\u001B[0m\u001B[?25h",
    );
  }

  /** Scrollback and screen as text, without colours; wrapped lines are one again. */
  text(): string {
    const buffer = this.terminal.buffer.normal;
    let text = "";
    for (let at = 0; at < buffer.length; at++) {
      const line = buffer.getLine(at);
      if (!line) continue;
      const goesOn = buffer.getLine(at + 1)?.isWrapped ?? false;
      text += line.translateToString(!goesOn) + (goesOn ? "" : "\n");
    }
    return `${text.replace(/\n+$/, "")}\n`;
  }

  layOut(): void {
    if (!this.#fit) {
      this.#setFont(this.#fontPx || LARGEST_AUTOMATIC_PX);
      this.terminal.resize(80, 24);
    } else {
      this.#setFont(this.#fontPx || LARGEST_AUTOMATIC_PX);
      const room = this.#fitter.proposeDimensions();
      if (!room || !Number.isFinite(room.cols) || !Number.isFinite(room.rows)) return;
      if (this.#fontPx === 0) this.#setFont(automaticFontPx(room));
      const { cols, rows } = fittedSize(this.#fitter.proposeDimensions() ?? room);
      this.terminal.resize(cols, rows);
    }
    this.#stage.dataset["size"] = `${this.terminal.cols}x${this.terminal.rows}`;
  }

  #setFont(px: number): void {
    if (this.terminal.options.fontSize !== px) this.terminal.options.fontSize = px;
  }

  #followColours(): void {
    const light = matchMedia("(prefers-color-scheme: light)");
    const follow = (): void => {
      this.terminal.options.theme = light.matches ? LIGHT : DARK;
    };
    light.addEventListener("change", follow);
    follow();
  }
}
