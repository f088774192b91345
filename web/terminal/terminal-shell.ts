/**
 * The page around a serial line: bar, panels, strips, title. Hands what the user does to the connection,
 * and shows what the connection and the terminal say.
 */
import { listenForBarShortcut } from "../bar-shortcut.ts";
import type { ConnectionState } from "../connection.ts";
import { box, button, element } from "../elements.ts";
import { FullScreen } from "../full-screen.ts";
import type { LinkMemory } from "../link-memory.ts";
import { Panels } from "../panels.ts";
import { saveFile } from "../save-file.ts";
import { savedName } from "../saved-name.ts";
import { StatusView } from "../status-view.ts";
import { WarningBanner, type WarningReason } from "../warnings.ts";
import { copyText } from "./copy-text.ts";
import { KeyRow } from "./key-row.ts";
import { LineView } from "./line-view.ts";
import { NoteStrip } from "./note-strip.ts";
import type { PasteProgress } from "./paced-sender.ts";
import { PasteControl } from "./paste-control.ts";
import { SearchBar } from "./search-bar.ts";
import type { Attached, LineState } from "./serial-messages.ts";
import type { TerminalPage, TerminalParts } from "./terminal-page.ts";
import { TerminalScreen } from "./terminal-screen.ts";
import type { Refusal } from "./typing-rules.ts";
import { ViewersView } from "./viewers-view.ts";

/** The machine until the service has said how it is called. */
const NAMELESS = "Serial console";
const NEED_CONTROL = ["break-button", "keys-button", "paste-button", "paste-send", "type-size"];
const BELL_MS = 250;

export class TerminalShell implements TerminalParts {
  readonly #app = box("app");
  readonly #stage = box("stage");
  readonly #memory: LinkMemory;
  readonly #panels = new Panels(["break", "keys", "paste", "viewers", "view"]);
  readonly #status = new StatusView(() => this.page?.connection.connectNow());
  readonly #lineView = new LineView();
  readonly #viewersView = new ViewersView(() => this.#takeOver());
  readonly #note = new NoteStrip(() => this.#takeOver());
  readonly #warnings = new WarningBanner(() => {
    this.page?.connection.keepOpen();
    this.screen.focus();
  });
  readonly screen: TerminalScreen;
  readonly #search: SearchBar;
  readonly #paste: PasteControl;
  readonly #keys: KeyRow;
  #nodeName = "";
  #phase: ConnectionState["phase"] = "connecting";
  #viewOnly = false;
  #line: LineState | undefined;
  #bellTimer: ReturnType<typeof setTimeout> | undefined;
  /** Set when there is a link. */
  page: TerminalPage | undefined;

  constructor(memory: LinkMemory) {
    this.#memory = memory;
    this.screen = new TerminalScreen(this.#stage, {
      typed: (text) => this.page?.type(this.#keys.translate(text)),
      bell: () => this.#flash(),
      resized: (cols, rows) => this.#showSize(cols, rows),
      mayAnswer: () => this.page?.mayAnswer() ?? false,
      send: (answer) => this.page?.answer(answer),
      nowMs: () => performance.now(),
    });
    this.#keys = new KeyRow({
      type: (text) => this.page?.type(text),
      focus: () => this.screen.focus(),
      applicationCursorKeys: () => this.screen.terminal.modes.applicationCursorKeysMode,
    });
    this.#search = new SearchBar(this.screen.search, () => this.screen.focus());
    this.#paste = new PasteControl(this.#stage, {
      paste: (text, options) => this.page?.paste(text, options),
      cancel: () => this.page?.cancelPaste(),
      done: () => {
        this.#panels.closeAll();
        this.screen.focus();
      },
    });
    this.#showSize(this.screen.terminal.cols, this.screen.terminal.rows);
    this.#setNode("");
    this.#wireBar();
    this.#wireShortcuts();
  }

  render(state: ConnectionState, sessionId: string): void {
    this.#phase = state.phase;
    this.#status.render(state, sessionId);
    if (this.#line) this.#lineView.chip(this.#line);
    this.#updateBar();
    this.#note.hide();
    if (state.phase === "connected") this.#focusScreen();
    if (state.phase !== "closed") return;
    this.#panels.closeAll();
    this.#paste.clear();
  }

  session({ nodeName, viewOnly }: { nodeName: string; viewOnly: boolean }): void {
    this.#viewOnly = viewOnly;
    this.#setNode(nodeName);
    this.#updateBar();
  }

  line(line: LineState | undefined): void {
    this.#line = line;
    this.#lineView.show(line);
  }

  viewers(viewers: readonly Attached[]): void {
    this.#viewersView.show(viewers);
  }

  refused(refusal: Refusal): void {
    this.#note.refuse(refusal);
  }

  pasteProgress(progress: PasteProgress): void {
    this.#paste.show(progress);
  }

  warn(reason: WarningReason, secondsLeft: number): void {
    this.#warnings.show(reason, secondsLeft);
  }

  warningOver(): void {
    this.#warnings.hide();
  }

  forgetLink(): void {
    this.#memory.forget();
  }

  #wireBar(): void {
    const { terminal } = this.screen;
    onClick("send-break", () => {
      this.page?.sendBreak();
      this.#panels.closeAll();
      this.#note.say("Break sent.");
      this.screen.focus();
    });
    onClick("save", () => this.#save());
    onClick("clear", () => {
      this.screen.clear();
      this.#panels.closeAll();
      this.screen.focus();
    });
    onClick("reset-modes", () => this.screen.resetModes());
    onClick("copy", () => void this.#copy());
    onClick("type-size", () => {
      this.page?.type(`stty rows ${terminal.rows} cols ${terminal.cols}\r`);
      this.screen.focus();
    });
    onClick("size-fit", () => this.#setFit(true));
    onClick("size-80", () => this.#setFit(false));
    onClick("disconnect", () => this.page?.connection.disconnect());
    const font = element("font-size", HTMLSelectElement);
    font.addEventListener("change", () => {
      this.screen.fontPx = Number(font.value);
    });
    const reader = element("screen-reader", HTMLInputElement);
    reader.addEventListener("change", () => {
      this.screen.screenReader = reader.checked;
    });
  }

  #wireShortcuts(): void {
    const fullScreen = new FullScreen(() => this.screen.focus());
    listenForBarShortcut(this.#stage, () => fullScreen.focusBar());
    this.screen.terminal.attachCustomKeyEventHandler((event) => this.#isForMachine(event));
    window.addEventListener("online", () => this.page?.connection.retryNow());
    window.addEventListener("beforeunload", (event) => this.#askBeforeLeaving(event));
  }

  /** Ctrl+Shift and C, V, F are the page's; Ctrl+Shift+V becomes a paste event by itself. */
  #isForMachine(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey) return true;
    if (event.code === "KeyV") return false;
    if (event.code !== "KeyC" && event.code !== "KeyF") return true;
    event.preventDefault();
    if (event.type === "keydown" && event.code === "KeyC") void this.#copy();
    if (event.type === "keydown" && event.code === "KeyF") this.#search.open();
    return false;
  }

  #takeOver(): void {
    this.page?.takeOver();
    this.#panels.closeAll();
    this.screen.focus();
  }

  #setFit(fit: boolean): void {
    this.screen.fit = fit;
    button("size-fit").setAttribute("aria-pressed", String(fit));
    button("size-80").setAttribute("aria-pressed", String(!fit));
  }

  #showSize(cols: number, rows: number): void {
    box("size-now").textContent = `${cols} × ${rows}`;
  }

  #setNode(name: string): void {
    this.#nodeName = name;
    const shown = box("node-name");
    shown.textContent = name || NAMELESS;
    shown.title = name || NAMELESS;
    document.title = name ? `${name} – serial console` : NAMELESS;
  }

  #updateBar(): void {
    const connected = this.#phase === "connected";
    box("view-only").hidden = !this.#viewOnly;
    for (const id of NEED_CONTROL) button(id).disabled = !connected || this.#viewOnly;
    button("disconnect").disabled = this.#phase === "closed";
    box("touch-row").dataset["off"] = String(!connected || this.#viewOnly);
  }

  /** Unless the user is busy in the bar, a panel, the search or a question. */
  #focusScreen(): void {
    const { activeElement } = document;
    const isBusy = ["bar", "search", "paste-ask"].some((id) => box(id).contains(activeElement));
    if (!isBusy) this.screen.focus();
  }

  #save(): void {
    const text = new Blob([this.screen.text()], { type: "text/plain;charset=utf-8" });
    saveFile(text, savedName(this.#nodeName, new Date(), "txt"));
    this.screen.focus();
  }

  async #copy(): Promise<void> {
    const text = this.screen.terminal.getSelection();
    if (text === "") {
      this.#note.say("Nothing is marked. Mark text with the mouse first.");
      return;
    }
    this.screen.focus();
    const copied = await copyText(text, () => document.execCommand("copy"));
    this.#note.say(copied ? "Copied." : "This browser does not let the page copy.");
  }

  #flash(): void {
    clearTimeout(this.#bellTimer);
    this.#app.dataset["bell"] = "true";
    this.#bellTimer = setTimeout(() => delete this.#app.dataset["bell"], BELL_MS);
  }

  /** Ctrl+W is a key many type on a machine. Embedded pages leave the question to the page around them. */
  #askBeforeLeaving(event: BeforeUnloadEvent): void {
    if (this.#phase === "connected" && !this.#viewOnly && window.top === window) {
      event.preventDefault();
    }
  }
}

function onClick(id: string, act: () => void): void {
  button(id).addEventListener("click", act);
}
