/** Pasting on the serial page: paced, in order, whole, and only after a question when it is much. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { eventually } from "../helpers/browser.ts";
import { describeOnSerialService, ECHOING, type OpenedTerminal } from "./on-serial-service.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describeOnSerialService("serial page: paste", (fixture) => {
  async function openAtRate(rate: number): Promise<OpenedTerminal> {
    const opened = await fixture().openConnected();
    await opened.page.getByRole("button", { name: "Paste", exact: true }).click();
    await opened.page.getByLabel("Characters a second").fill(String(rate));
    await opened.page.keyboard.press("Escape");
    return opened;
  }

  const typedIs = (wanted: string): Promise<string> =>
    eventually(
      "typed",
      () => fixture().service.typed,
      (typed) => typed === wanted,
    );

  it("sends a short text without a question, with Return for each end of line", async () => {
    const { terminal } = await fixture().openConnected();
    await terminal.paste("echo a\r\necho b\n");
    await typedIs("echo a\recho b\r");
    await terminal.waitForTextOf("#progress", /^Pasted 14 characters/);
  });

  it("pastes the clipboard with Ctrl+Shift+V", async () => {
    const { page } = await fixture().openConnected({
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    });
    await page.evaluate(`navigator.clipboard.writeText("from the clipboard")`);
    await page.keyboard.press("Control+Shift+V");
    await typedIs("from the clipboard");
  });

  it("pastes what is written into the panel", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "Paste", exact: true }).click();
    await page.getByLabel("Text for the machine").fill("päste\n");
    await page.locator("#paste-send").click();
    await typedIs("päste\r");
    assert.equal(await page.locator("#paste-panel").isVisible(), false);
  });

  it("keeps to the rate", async () => {
    const { terminal } = await openAtRate(100);
    const text = "0123456789".repeat(10);
    await terminal.paste(text);
    await typedIs(text);
    const { arrivals } = fixture().service;
    const first = arrivals[0] ?? assert.fail("nothing came");
    const last = arrivals.at(-1) ?? assert.fail("nothing came");
    const rate = (text.length - first.bytes) / ((last.atMs - first.atMs) / 1000);
    assert.ok(rate < 125, `${rate} characters a second`);
    assert.ok(Math.max(...arrivals.map(({ bytes }) => bytes)) <= 10, "no bursts");
  });

  it("sends 100 kB whole, after a question, with its progress in words", async function () {
    this.timeout(60_000);
    const { page, terminal } = await openAtRate(10_000);
    const lines = Array.from({ length: 2000 }, (_, at) => `line ${at} `.padEnd(49, "äöü x"));
    const text = `${lines.join("\n")}\n`;
    assert.equal(text.length, 100_000);
    await terminal.paste(text);
    const question = page.getByRole("dialog", { name: "Paste this much?" });
    assert.match(
      await question.innerText(),
      /100\u00A0000 characters in 2\u00A0001 lines\. At 10\u00A0000 characters a second it takes about 10 s\./,
    );
    assert.equal(fixture().service.typed, "");
    await question.getByRole("button", { name: "Paste", exact: true }).click();
    await terminal.waitForTextOf("#progress", /^Pasting: [1-9].* of 100.000 characters/);
    const wanted = text.replaceAll("\n", "\r");
    await eventually(
      "all of it",
      () => fixture().service.typed.length,
      (n) => n >= 100_000,
      40,
    );
    assert.equal(sha256(fixture().service.typed), sha256(wanted));
  });

  it("pastes nothing when the question is answered with no, or Escape", async () => {
    const { page, terminal } = await fixture().openConnected();
    for (const answer of [
      () => page.getByRole("button", { name: "Do not paste" }).click(),
      () => page.keyboard.press("Escape"),
    ]) {
      await terminal.paste("x".repeat(2001));
      await page.getByRole("dialog").waitFor({ state: "visible" });
      await answer();
      await page.getByRole("dialog").waitFor({ state: "hidden" });
    }
    await page.keyboard.type("k");
    await typedIs("k");
  });

  it("does not ask for 2000 characters", async () => {
    const { page, terminal } = await openAtRate(10_000);
    await terminal.paste("x".repeat(2000));
    await typedIs("x".repeat(2000));
    assert.equal(await page.getByRole("dialog").isVisible(), false);
  });

  it("lets keys that are pressed meanwhile follow the paste", async () => {
    const { page, terminal } = await openAtRate(100);
    await terminal.paste("0123456789".repeat(5));
    await terminal.waitForTextOf("#progress", /^Pasting: [1-9]/);
    await page.keyboard.type("keys");
    await typedIs(`${"0123456789".repeat(5)}keys`);
  });

  it("stops when it is cancelled, and says after how much", async () => {
    const { page, terminal } = await openAtRate(100);
    await terminal.paste("x".repeat(1000));
    await terminal.waitForTextOf("#progress", /^Pasting: [1-9]/);
    await page.getByRole("button", { name: "Cancel" }).click();
    const words = await terminal.waitForTextOf("#progress", /^Paste cancelled after/);
    const sent = Number(/after (\d+)/.exec(words)?.[1]);
    await page.keyboard.type("!");
    await typedIs(`${"x".repeat(sent)}!`);
  });

  it("waits for the machine after each line when asked to", async () => {
    const { page, terminal } = await fixture().openConnected();
    await page.getByRole("button", { name: "Paste", exact: true }).click();
    await page.getByLabel(/^Line by line/).check();
    await page.getByLabel("Characters a second").fill("10000");
    await page.keyboard.press("Escape");
    let answers = 0;
    fixture().service.behaviour = {
      host: (typed, line) => {
        if (!typed.includes("\r")) return;
        answers += 1;
        assert.equal(typed.indexOf("\r"), typed.length - 1, "nothing behind a line");
        line.say("ok\r\n");
      },
    };
    await terminal.paste("one\ntwo\nthree\n");
    await typedIs("one\rtwo\rthree\r");
    assert.equal(answers, 3);
  });

  it("is not told to the program unless the user wants it, even when the program asks", async () => {
    const { page, terminal } = await fixture().openConnected();
    fixture().service.say("\u001B[?2004h$ ");
    await terminal.waitForText("$");
    await terminal.paste("plain");
    await typedIs("plain");
    await page.getByRole("button", { name: "Paste", exact: true }).click();
    await page.getByLabel(/bracketed paste/).check();
    await page.keyboard.press("Escape");
    await terminal.waitForTextOf("#progress", /^Pasted/);
    await terminal.paste("told");
    await typedIs("plain\u001B[200~told\u001B[201~");
  });

  it("presses no keys that lie on the clipboard", async () => {
    const { terminal } = await fixture().openConnected();
    await terminal.paste("a\u001B[201~\u0003b");
    await typedIs("a[201~b");
  });

  it("holds while the line is lost and goes on after it", async () => {
    const { terminal } = await openAtRate(200);
    const { service } = fixture();
    service.behaviour = { host: ECHOING };
    await terminal.paste("0123456789".repeat(20));
    await terminal.waitForTextOf("#progress", /^Pasting: [1-9]/);
    service.line("reconnecting");
    await terminal.waitForTextOf("#progress", /^Paste waits for the line/);
    service.line("connected");
    await typedIs("0123456789".repeat(20));
  });

  it("ends with the connection, and never goes on in the next one", async () => {
    const { page, terminal } = await openAtRate(100);
    await terminal.paste("x".repeat(500));
    await terminal.waitForTextOf("#progress", /^Pasting: [1-9]/);
    fixture().service.last.socket.terminate();
    await terminal.waitForTextOf("#progress", /^The connection was lost after/);
    await terminal.waitForPhase("connected");
    await page.keyboard.type("k");
    await eventually(
      "key",
      () => fixture().service.last.typed,
      (typed) => typed === "k",
    );
  });
});
