/** What the tests of the page share: one contract server a file, and a page opened on its link. */
import type { Browser } from "playwright-core";
import {
  builtPages,
  describeInBrowser,
  openWatchedPage,
  type WatchedPage,
} from "../helpers/browser.ts";
import { ConsolePageReader } from "./console-page.ts";
import { ContractServer, type Behaviour } from "./contract-server.ts";

export interface OpenedConsole extends WatchedPage {
  readonly console: ConsolePageReader;
}

export interface ContractFixture {
  readonly server: ContractServer;
  /** @param behaviour of the service; @param options `link` other than the plain one, `context` of the browser */
  open(
    behaviour?: Behaviour,
    options?: { link?: string; context?: Parameters<Browser["newContext"]>[0] },
  ): Promise<OpenedConsole>;
  /** The same, and waits until the screen is there. */
  openConnected(
    behaviour?: Behaviour,
    context?: Parameters<Browser["newContext"]>[0],
  ): Promise<OpenedConsole>;
}

/** @param tests is given a function, because the server is there only while the tests run */
export function describeOnContractServer(
  title: string,
  tests: (fixture: () => ContractFixture) => void,
): void {
  describeInBrowser(title, (browser) => {
    let server: ContractServer;
    let opened: WatchedPage[] = [];
    before(async function () {
      this.timeout(30_000);
      server = await ContractServer.start(builtPages());
    });
    after(() => server?.stop());
    afterEach(async () => {
      for (const { context } of opened) await context.close();
      opened = [];
    });

    async function open(
      behaviour: Behaviour = {},
      options: { link?: string; context?: Parameters<Browser["newContext"]>[0] } = {},
    ): Promise<OpenedConsole> {
      server.forget();
      server.behaviour = behaviour;
      const watched = await openWatchedPage(browser(), options.context);
      opened.push(watched);
      await watched.page.goto(options.link ?? server.link());
      return { ...watched, console: new ConsolePageReader(watched.page) };
    }

    tests(() => ({
      server,
      open,
      openConnected: async (behaviour, context) => {
        const console = await open(behaviour, { ...(context && { context }) });
        await console.console.waitForPhase("connected");
        return console;
      },
    }));
  });
}
