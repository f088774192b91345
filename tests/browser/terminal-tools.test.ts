/** The serial page's tools: size, search, copy, saved scrollback, clear, small screens, screen readers. */
import assert from "node:assert/strict";
import { eventually } from "../helpers/browser.ts";
import { describeOnSerialService } from "./on-serial-service.ts";

const PHONE = { hasTouch: true, isMobile: true, viewport: { width: 360, height: 640 } };

describeOnSerialService("serial page: tools", (fixture) => {
  const LINES = Array.from(
    { length: 300 },
    (_, at) => `line ${at}${at % 100 === 7 ? " Needle" : ""}`,
  );

  it("fills the window, or has 80 columns and 24 rows, and can tell the machine", async () => {
    const { page } = await fixture().openConnected({
      context: { viewport: { width: 1280, height: 800 } },
    });
    const size = () => page.locator("#stage").getAttribute("data-size");
    const [cols = 0, rows = 0] = ((await size()) ?? "").split("x").map(Number);
    assert.ok(cols > 120 && rows > 35, `${cols}x${rows}`);
    await page.getByRole("button", { name: "View", exact: true }).click();
    await page.getByRole("button", { name: "80 × 24" }).click();
    assert.equal(await size(), "80x24");
    assert.equal(await page.locator("#stage .xterm-rows > div").count(), 24);
    await page.getByRole("button", { name: "Type it (stty)" }).click();
    const typed = "stty rows 24 cols 80\r";
    await eventually(
      "typed",
      () => fixture().service.typed,
      (text) => text === typed,
    );
    await page.getByRole("button", { name: "Fit to window" }).click();
    assert.equal(await size(), `${cols}x${rows}`);
  });

  it("follows the window's size, and never has fewer than 80 columns", async () => {
    const { page } = await fixture().openConnected({
      context: { viewport: { width: 1280, height: 800 } },
    });
    await page.setViewportSize({ width: 400, height: 500 });
    await eventually(
      "size",
      () => page.locator("#stage").getAttribute("data-size"),
      (size) => /^8\dx/.test(size ?? ""),
    );
  });

  it("shows fewer columns in larger letters", async () => {
    const { page } = await fixture().openConnected({
      context: { viewport: { width: 1280, height: 800 } },
    });
    const columns = async () =>
      Number(((await page.locator("#stage").getAttribute("data-size")) ?? "").split("x")[0]);
    const before = await columns();
    await page.getByRole("button", { name: "View", exact: true }).click();
    await page.getByLabel("Letters", { exact: true }).selectOption("20");
    assert.ok((await columns()) < before * 0.8);
  });

  it("finds a word in the scrollback, next, previous, and counts", async () => {
    fixture().service.sayUnheard(`${LINES.join("\r\n")}\r\nend`);
    const { page, terminal } = await fixture().openConnected();
    await terminal.waitForText("end");
    await page.keyboard.press("Control+Shift+F");
    await page.getByLabel("Search for").fill("needle");
    await terminal.waitForTextOf("#search-count", /^3 of 3$/);
    await terminal.waitForText("line 207 Needle");
    await page.keyboard.press("Enter");
    await terminal.waitForTextOf("#search-count", /^2 of 3$/);
    await page.getByRole("button", { name: "Next" }).click();
    await terminal.waitForTextOf("#search-count", /^3 of 3$/);
    await page.getByRole("button", { name: "Capital letters count" }).click();
    await terminal.waitForTextOf("#search-count", /^Not found$/);
    await page.getByLabel("Search for").press("Escape");
    assert.equal(await page.locator("#search").isVisible(), false);
    await page.keyboard.type("k");
    await eventually(
      "key",
      () => fixture().service.typed,
      (typed) => typed === "k",
    );
  });

  it("saves the scrollback as text, named after the machine and the time", async () => {
    const long = "long ".repeat(60).trimEnd();
    fixture().service.sayUnheard(`\u001B[31m${LINES.join("\r\n")}\u001B[0m\r\n${long}\r\nümläut`);
    const { terminal } = await fixture().openConnected();
    await terminal.waitForText("ümläut");
    const { name, text } = await terminal.saved();
    assert.match(name, /^rack-7_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.txt$/);
    const wanted = [...LINES, long, "ümläut", ""];
    assert.deepEqual(text.split("\n"), wanted);
  });

  it("keeps 10 000 lines and more", async function () {
    this.timeout(30_000);
    const { terminal } = await fixture().openConnected();
    const lines = Array.from({ length: 15_000 }, (_, at) => `row ${at}`);
    fixture().service.say(`${lines.join("\r\n")}\r\n`);
    await terminal.waitForText("row 14999", 20);
    const { text } = await terminal.saved();
    assert.deepEqual(text.trimEnd().split("\n"), lines);
  });

  it("copies marked text with Ctrl+Shift+C", async () => {
    fixture().service.sayUnheard("copy-this-word and more");
    const { page, terminal } = await fixture().openConnected({
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    });
    await terminal.waitForText("copy-this");
    await page.keyboard.press("Control+Shift+C");
    await terminal.waitForTextOf("#note", /^Nothing is marked/);
    await page.locator("#stage .xterm-screen").dblclick({ position: { x: 20, y: 6 } });
    await page.keyboard.press("Control+Shift+C");
    await terminal.waitForTextOf("#note", /^Copied/);
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), "copy-this-word");
    assert.equal(fixture().service.typed, "");
  });

  it("clears the scrollback", async () => {
    fixture().service.sayUnheard(`${LINES.join("\r\n")}\r\n$ `);
    const { page, terminal } = await fixture().openConnected();
    await terminal.waitForText("line 299");
    await page.getByRole("button", { name: "View", exact: true }).click();
    await page.getByRole("button", { name: "Clear" }).click();
    await eventually(
      "cleared",
      () => terminal.rows(),
      (rows) => rows.join("") === "$",
    );
  });

  it("comes back from the modes of a program that died, and keeps the text", async () => {
    const { page, terminal } = await fixture().openConnected();
    fixture().service.say("kept\r\n\u001B[?1000;1006h\u001B[?1049h\u001B[2Jin the editor");
    await terminal.waitForText("in the editor");
    await page.locator("#stage .xterm-screen").click({ position: { x: 20, y: 20 } });
    const { service } = fixture();
    await eventually(
      "mouse report",
      () => service.typed,
      (typed) => typed.startsWith("\u001B[<0;"),
    );
    await page.getByRole("button", { name: "View", exact: true }).click();
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await terminal.waitForText("kept");
    service.typed = "";
    await page.locator("#stage .xterm-screen").click({ position: { x: 20, y: 20 } });
    await page.keyboard.type("k");
    await eventually(
      "key",
      () => service.typed,
      (typed) => typed !== "",
    );
    assert.equal(service.typed, "k");
  });

  it("has a row of keys on touch screens", async () => {
    const { page } = await fixture().openConnected({ context: PHONE });
    const row = page.locator("#touch-row");
    await row.getByRole("button", { name: "Esc" }).tap();
    await row.getByRole("button", { name: "Arrow up" }).tap();
    await row.getByRole("button", { name: "Ctrl" }).tap();
    await page.keyboard.type("c");
    const wanted = "\u001B\u001B[A\u0003";
    await eventually(
      "keys",
      () => fixture().service.typed,
      (typed) => typed === wanted,
    );
  });

  it("fits on a screen of 360 pixels with every button in reach", async () => {
    fixture().service.behaviour = {
      nodeName: "a-machine-with-quite-a-long-name.rack-12.example.org",
    };
    const { page } = await fixture().openConnected({ context: PHONE });
    const outside = await page.evaluate<string[]>(`[...document.querySelectorAll("button")]
      .filter((one) => one.checkVisibility())
      .filter((one) => { const box = one.getBoundingClientRect(); return box.left < 0 || box.right > 360; })
      .map((one) => one.id)`);
    assert.deepEqual(outside, []);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
  });

  it("has a name for every control", async () => {
    const { page } = await fixture().openConnected();
    const nameless = await page.evaluate<string[]>(
      `[...document.querySelectorAll("button, textarea, input, select, progress, dialog")]
      .filter((one) => !(one.getAttribute("aria-label") || one.getAttribute("aria-labelledby")
        || one.textContent.trim() || one.labels?.length))
      .filter((one) => one.id !== "card-action")
      .map((one) => one.outerHTML)`,
    );
    assert.deepEqual(nameless, []);
  });

  it("reads out what the machine says when asked to", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "View", exact: true }).click();
    await page.getByLabel(/^For screen readers/).check();
    fixture().service.say("spoken words\r\n");
    const region = page.locator(".xterm [aria-live]");
    await eventually(
      "read out",
      () => region.textContent(),
      (text) => /spoken words/.test(text ?? ""),
    );
  });

  it("moves the keyboard from the machine to the bar with Ctrl+Alt+Shift", async () => {
    const { page } = await fixture().openConnected();
    for (const key of ["Control", "Alt", "Shift"]) await page.keyboard.down(key);
    for (const key of ["Shift", "Alt", "Control"]) await page.keyboard.up(key);
    assert.equal(await page.evaluate("document.activeElement.id"), "break-button");
  });
});
