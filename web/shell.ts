/**
 * The page around a screen's connection: bar, panels, card, banner, title. Hands what the user does to the
 * connection, and shows what the connection says.
 */
import { listenForBarShortcut } from "./bar-shortcut.ts";
import { ClipboardPanel } from "./clipboard-panel.ts";
import { CompanyStrip, type Others } from "./company.ts";
import type { ConnectionState } from "./connection.ts";
import type { ConsolePage, PageParts } from "./console-page.ts";
import { box } from "./elements.ts";
import { FullScreen } from "./full-screen.ts";
import { KeyPanel, type SendKey } from "./key-panel.ts";
import { LastFrame } from "./last-frame.ts";
import type { LinkMemory } from "./link-memory.ts";
import { Panels } from "./panels.ts";
import { saveFile } from "./save-file.ts";
import { savedName } from "./saved-name.ts";
import { TAKE_OVER } from "./session-messages.ts";
import { StatusView } from "./status-view.ts";
import { Toolbar } from "./toolbar.ts";
import { listenToTouchKeyboard } from "./touch-keyboard.ts";
import { WarningBanner } from "./warnings.ts";

/** The machine until the service has said how it is called. */
const NAMELESS = "Console";

export class Shell implements PageParts {
  readonly stage = box("stage");
  readonly lastFrame = new LastFrame(box("last-frame"));
  readonly #memory: LinkMemory;
  readonly #panels = new Panels(["keys", "clipboard"]);
  readonly #sendKey: SendKey = (keysym, code, down) =>
    this.page?.viewer?.sendKey(keysym, code, down);
  readonly #keys = new KeyPanel(this.#sendKey);
  readonly #clipboard = new ClipboardPanel((text) => this.page?.viewer?.sendClipboard(text));
  readonly #status = new StatusView(() => this.page?.connection.connectNow());
  readonly #warnings = new WarningBanner(() => {
    this.page?.connection.keepOpen();
    this.page?.viewer?.focus();
  });
  readonly #company = new CompanyStrip({
    takeOver: () => {
      this.page?.connection.sendText(TAKE_OVER);
      this.page?.viewer?.focus();
    },
    back: () => this.page?.viewer?.focus(),
  });
  readonly #toolbar = new Toolbar({
    ctrlAltDel: () => {
      this.page?.viewer?.sendCtrlAltDel();
      this.page?.viewer?.focus();
    },
    fit: (fit) => {
      if (this.page) this.page.fit = fit;
    },
    screenshot: () => void this.#takeScreenshot(),
    disconnect: () => this.page?.connection.disconnect(),
  });
  #nodeName = "";
  #phase: ConnectionState["phase"] = "connecting";
  #viewOnly = false;
  /** Set once noVNC is loaded. */
  page: ConsolePage | undefined;

  constructor(memory: LinkMemory) {
    this.#memory = memory;
    this.#toolbar.setNode(NAMELESS);
    listenToTouchKeyboard(this.#sendKey);
    const fullScreen = new FullScreen(() => this.page?.viewer?.focus());
    listenForBarShortcut(this.stage, () => fullScreen.focusBar());
    window.addEventListener("online", () => this.page?.connection.retryNow());
    window.addEventListener("beforeunload", (event) => this.#askBeforeLeaving(event));
  }

  render(state: ConnectionState, sessionId: string): void {
    this.#phase = state.phase;
    this.#status.render(state, sessionId);
    this.#updateToolbar();
    if (state.phase === "connected") {
      this.#focusScreen();
      return;
    }
    this.#keys.releaseAll();
    if (state.phase !== "closed") return;
    this.#panels.closeAll();
    this.#clipboard.clear();
  }

  session({ nodeName, viewOnly }: { nodeName: string; viewOnly: boolean }): void {
    this.#nodeName = nodeName;
    this.#viewOnly = viewOnly;
    this.#toolbar.setNode(nodeName || NAMELESS);
    if (nodeName) document.title = `${nodeName} · console`;
    this.#updateToolbar();
  }

  clipboard(text: string): void {
    this.#clipboard.receive(text);
  }

  warn(reason: "idle_timeout" | "session_limit", secondsLeft: number): void {
    this.#warnings.show(reason, secondsLeft);
  }

  others(others: Others, viewOnly: boolean): void {
    this.#company.show(others, viewOnly);
  }

  warningOver(): void {
    this.#warnings.hide();
  }

  forgetLink(): void {
    this.#memory.forget();
  }

  #updateToolbar(): void {
    this.#toolbar.update({
      connected: this.#phase === "connected",
      viewOnly: this.#viewOnly,
      ended: this.#phase === "closed",
    });
  }

  /** Unless the user is busy in the bar or a panel. */
  #focusScreen(): void {
    if (!box("bar").contains(document.activeElement)) this.page?.viewer?.focus();
  }

  async #takeScreenshot(): Promise<void> {
    const picture = await this.page?.viewer?.toPng();
    if (picture) saveFile(picture, savedName(this.#nodeName, new Date(), "png"));
    this.page?.viewer?.focus();
  }

  /** Ctrl+W is a key many type on a machine. Embedded pages leave the question to the page around them. */
  #askBeforeLeaving(event: BeforeUnloadEvent): void {
    if (this.#phase === "connected" && !this.#viewOnly && window.top === window) {
      event.preventDefault();
    }
  }
}
