/** The serial page in a real browser, on the whole service, before a BMC with a machine on its line. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import {
  builtPages,
  describeInBrowser,
  eventually,
  openWatchedPage,
  type WatchedPage,
} from "../helpers/browser.ts";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { SerialStack } from "../helpers/serial-stack.ts";
import { TerminalReader } from "./on-serial-service.ts";

const RETYPE_MILLISECONDS = 1000;

describeInBrowser("serial page before a BMC", (browser) => {
  let bmc: IpmiBmc;
  let stack: SerialStack;
  let opened: WatchedPage | undefined;

  before(async function start() {
    this.timeout(60_000);
    if (missingForIpmiBmc().length > 0) this.skip();
    builtPages();
    bmc = await startIpmiBmc({ name: "b1" });
    stack = await SerialStack.all();
    await bmc.waitLine();
    await stack.addNode("b1", bmc);
    await stack.enable("b1");
  });
  afterEach(async () => {
    await opened?.context.close();
    opened = undefined;
  });
  after(async () => {
    await stack?.stop();
    await bmc?.stop();
  });

  async function open(): Promise<WatchedPage & { terminal: TerminalReader }> {
    opened = await openWatchedPage(browser());
    await opened.page.goto((await stack.link("b1")).url);
    const terminal = new TerminalReader(opened.page);
    await terminal.waitForPhase("connected");
    await lineIs(opened.page, "connected");
    return { ...opened, terminal };
  }

  async function lineIs(page: Page, wanted: string, seconds?: number): Promise<void> {
    await eventually(
      `the line is ${wanted}`,
      () => page.locator("#app").getAttribute("data-line"),
      (state) => state === wanted,
      seconds,
    );
  }

  /** FACT(ipmi_sim 2.0.33): it can swallow the first characters of a session, hence again and again. */
  async function types(page: Page, terminal: TerminalReader, word: string): Promise<void> {
    let due = 0;
    await eventually(
      `${word} and the machine's answer`,
      async () => {
        if (performance.now() > due) {
          due = performance.now() + RETYPE_MILLISECONDS;
          await page.keyboard.type(`${word}\rwhoami\r`);
        }
        return (await terminal.rows()).join("\n");
      },
      (shown) => shown.slice(shown.indexOf(word)).includes("root@b1") && shown.includes(word),
      20,
    );
  }

  it("types to the machine and shows its answer, without a complaint", async function test() {
    this.timeout(40_000);
    const { page, terminal, complaints } = await open();
    await types(page, terminal, "from the browser");
    await bmc.waitTyped("from the browser");
    assert.deepEqual(complaints, []);
  });

  it("says that the line was lost when ipmitool is killed, and goes on", async function test() {
    this.timeout(40_000);
    const { page, terminal } = await open();
    const begin = performance.now();
    process.kill(stack.ipmitool("b1"), "SIGKILL");
    await terminal.waitForTextOf("#line", /being opened again/);
    await lineIs(page, "connected", 20);
    await types(page, terminal, "after the loss");
    this.test!.title += `: works again after ${((performance.now() - begin) / 1000).toFixed(1)} s`;
  });

  it("says that an operator switched the console off, of which nothing is left", async function test() {
    this.timeout(40_000);
    const { page, terminal } = await open();
    await stack.disableClean("b1", bmc);
    await terminal.waitForPhase("closed");
    const words = await page.locator("#card").innerText();
    assert.match(words, /^Closed because an operator switched this console off/);
  });
});
