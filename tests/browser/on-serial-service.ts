/** What the tests of the serial page share: one fake service a file, pages opened on its links, and a reader. */
import type { Browser, Page } from "playwright-core";
import { SerialService, type SerialBehaviour } from "../fakes/serial-service.ts";
import {
  builtPages,
  describeInBrowser,
  eventually,
  openWatchedPage,
  type WatchedPage,
} from "../helpers/browser.ts";
import { PageReader } from "./console-page.ts";

export interface OpenedTerminal extends WatchedPage {
  readonly terminal: TerminalReader;
}

export interface OpenOptions {
  readonly user?: string;
  readonly mode?: "control" | "view";
  readonly link?: string;
  readonly context?: Parameters<Browser["newContext"]>[0];
  /** Before the page is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
}

export interface SerialFixture {
  readonly service: SerialService;
  /** Opens another page. */
  open(options?: OpenOptions): Promise<OpenedTerminal>;
  /** The same, and waits until it is connected. */
  openConnected(options?: OpenOptions): Promise<OpenedTerminal>;
}

/** The serial page as its user sees it. */
export class TerminalReader extends PageReader {
  /** What the visible rows of the terminal say, without the blanks at their ends. */
  async rows(): Promise<string[]> {
    const rows = await this.page.evaluate<string[]>(
      `[...document.querySelectorAll("#stage .xterm-rows > div")].map((row) => row.textContent)`,
    );
    const texts = rows.map((row) => row.replaceAll("\u00A0", " ").trimEnd());
    while (texts.at(-1) === "") texts.pop();
    return texts;
  }

  async waitForText(text: string, seconds = 8): Promise<string> {
    return await eventually(
      `the terminal shows ${text}`,
      async () => (await this.rows()).join("\n"),
      (shown) => shown.includes(text),
      seconds,
    );
  }

  async textOf(selector: string): Promise<string> {
    const locator = this.page.locator(selector);
    return (await locator.isVisible()) ? await locator.innerText() : "";
  }

  async waitForTextOf(selector: string, pattern: RegExp): Promise<string> {
    return await eventually(
      `${selector} says ${String(pattern)}`,
      () => this.textOf(selector),
      (text) => pattern.test(text),
    );
  }

  /** As if the user pasted with keys or mouse. */
  async paste(text: string): Promise<void> {
    await this.page.evaluate(`(() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", ${JSON.stringify(text)});
      document.querySelector(".xterm-helper-textarea").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    })()`);
  }

  /** The saved scrollback. */
  async saved(): Promise<{ name: string; text: string }> {
    const downloading = this.page.waitForEvent("download");
    await this.page.locator("#save").click();
    const download = await downloading;
    const parts: Buffer[] = [];
    for await (const part of await download.createReadStream()) parts.push(part as Buffer);
    return { name: download.suggestedFilename(), text: Buffer.concat(parts).toString("utf8") };
  }
}

/** @param tests is given a function, because the service is there only while the tests run */
export function describeOnSerialService(
  title: string,
  tests: (fixture: () => SerialFixture) => void,
): void {
  describeInBrowser(title, (browser) => {
    let service: SerialService;
    let opened: WatchedPage[] = [];
    before(async function () {
      this.timeout(60_000);
      service = await SerialService.start(builtPages());
    });
    after(() => service?.stop());
    afterEach(async () => {
      for (const { context } of opened) await context.close();
      opened = [];
      service.forget();
    });

    async function open(options: OpenOptions = {}): Promise<OpenedTerminal> {
      const watched = await openWatchedPage(browser(), options.context);
      opened.push(watched);
      await options.prepare?.(watched.page);
      await watched.page.goto(options.link ?? service.link(options.user, options.mode));
      return { ...watched, terminal: new TerminalReader(watched.page) };
    }

    tests(() => ({
      service,
      open,
      openConnected: async (options) => {
        const terminal = await open(options);
        await terminal.terminal.waitForPhase("connected");
        return terminal;
      },
    }));
  });
}

/** A machine with a shell of sorts: echoes, and answers to Return. */
export const ECHOING: NonNullable<SerialBehaviour["host"]> = (typed, line) => {
  line.say(typed.replaceAll("\r", "\r\n"));
};
