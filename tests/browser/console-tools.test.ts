/** The page's tools: keys, clipboard, scale, screenshot, full screen, and how they are reached. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { eventually } from "../helpers/browser.ts";
import type { KeyEvent } from "./fake-rfb.ts";
import { describeOnContractServer } from "./on-contract-server.ts";

/* X11 keysymdef.h */
const CONTROL = 0xffe3;
const ALT = 0xffe9;
const DELETE = 0xffff;
const F2 = 0xffbf;

const down = (keysym: number): KeyEvent => ({ keysym, down: true });
const up = (keysym: number): KeyEvent => ({ keysym, down: false });

describeOnContractServer("console page: tools", (fixture) => {
  async function keysAfter(act: () => Promise<unknown>, count: number): Promise<KeyEvent[]> {
    const { rfb } = fixture().server.last;
    await act();
    await eventually(
      `${count} key events`,
      () => rfb.keys.length,
      (now) => now >= count,
    );
    return rfb.keys;
  }

  it("sends what is typed to the machine as soon as it is connected", async () => {
    const { page } = await fixture().openConnected();
    const keys = await keysAfter(() => page.keyboard.type("aB"), 4);
    assert.deepEqual(keys, [down(0x61), up(0x61), down(0x42), up(0x42)]);
  });

  it("sends Ctrl+Alt+Del", async () => {
    const { page } = await fixture().openConnected();
    const press = () => page.getByRole("button", { name: "Send Ctrl+Alt+Del" }).click();
    assert.deepEqual(await keysAfter(press, 6), [
      down(CONTROL),
      down(ALT),
      down(DELETE),
      up(DELETE),
      up(ALT),
      up(CONTROL),
    ]);
  });

  it("holds a modifier down until it is released, around keys from the panel", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "Keys", exact: true }).click();
    const ctrl = page.getByRole("button", { name: "Ctrl", exact: true });
    await ctrl.click();
    assert.equal(await ctrl.getAttribute("aria-pressed"), "true");
    await page.getByRole("button", { name: "F2", exact: true }).click();
    const keys = await keysAfter(() => ctrl.click(), 4);
    assert.deepEqual(keys, [down(CONTROL), down(F2), up(F2), up(CONTROL)]);
  });

  it("sends a combination and lets go of it in reverse", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "Keys", exact: true }).click();
    const press = () => page.getByRole("button", { name: "Ctrl+Alt+F2" }).click();
    assert.deepEqual(await keysAfter(press, 6), [
      down(CONTROL),
      down(ALT),
      down(F2),
      up(F2),
      up(ALT),
      up(CONTROL),
    ]);
  });

  it("lets go of keys that are down when the focus moves into the bar", async () => {
    const { page } = await fixture().openConnected();
    await page.keyboard.down("x");
    const keys = await keysAfter(() => page.locator("#fit").focus(), 2);
    assert.deepEqual(keys, [down(0x78), up(0x78)]);
  });

  it("moves the keyboard from the machine to the bar with Ctrl+Alt+Shift", async () => {
    const { page } = await fixture().openConnected();
    for (const key of ["Control", "Alt", "Shift"]) await page.keyboard.down(key);
    for (const key of ["Shift", "Alt", "Control"]) await page.keyboard.up(key);
    assert.equal(await page.evaluate("document.activeElement.id"), "ctrl-alt-del");
    const { keys } = fixture().server.last.rfb;
    await eventually(
      "keys are up",
      () => keys.length,
      (count) => count >= 4,
    );
    assert.deepEqual(
      keys.map((key) => key.down),
      [true, true, false, false],
    );
  });

  it("closes a panel with Escape and goes back to its button", async () => {
    const { page } = await fixture().openConnected();
    const opener = page.getByRole("button", { name: "Clipboard", exact: true });
    await opener.press("Enter");
    assert.equal(await opener.getAttribute("aria-expanded"), "true");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#clipboard-panel").isVisible(), false);
    assert.equal(await page.evaluate("document.activeElement.id"), "clipboard-button");
    assert.deepEqual(fixture().server.last.rfb.keys, []);
  });

  it("puts text on the machine's clipboard", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "Clipboard", exact: true }).click();
    await page.getByLabel("To the machine's clipboard").fill("päss\nword");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    const { clipboardTexts } = fixture().server.last.rfb;
    await eventually(
      "text",
      () => clipboardTexts.length,
      (count) => count === 1,
    );
    assert.deepEqual(clipboardTexts, ["päss\nword"]);
  });

  it("shows text from the machine, and drops it when the console closes", async () => {
    const { page, console } = await fixture().openConnected();
    const { last } = fixture().server;
    last.rfb.sendClipboard("<b>from there</b>");
    const incoming = page.getByLabel("From the machine");
    await eventually(
      "text",
      () => incoming.inputValue(),
      (text) => text === "<b>from there</b>",
    );
    last.close(1001, "node_deleted");
    await console.waitForPhase("closed");
    assert.equal(await incoming.inputValue(), "");
  });

  it("scales the screen to the window, or shows it pixel by pixel", async () => {
    const { page } = await fixture().openConnected({}, { viewport: { width: 1000, height: 700 } });
    const width = () =>
      page.evaluate<number>(
        `document.querySelector("#stage canvas").getBoundingClientRect().width`,
      );
    await eventually("scaled up", width, (now) => now > 900);
    await page.getByRole("button", { name: "Fit to window" }).click();
    await eventually("as it is", width, (now) => now === 640);
  });

  it("saves a screenshot named after the machine and the time", async () => {
    const { page, console } = await fixture().openConnected();
    await console.waitForPicture("640x400 200,30,60");
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Screenshot" }).click();
    const download = await downloading;
    assert.match(download.suggestedFilename(), /^rack-7_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.png$/);
    const png = readFileSync(await download.path());
    assert.equal(png.toString("latin1", 1, 4), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [640, 400]);
  });

  it("folds the bar away in full screen and brings it back", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "Full screen" }).click();
    await page.getByRole("button", { name: "Show the bar" }).click();
    assert.equal(await page.evaluate("document.fullscreenElement !== null"), true);
    await page.getByRole("button", { name: "Full screen" }).click();
    await eventually(
      "left",
      () => page.evaluate<boolean>("document.fullscreenElement === null"),
      Boolean,
    );
  });

  it("sends nothing and offers no keys in a session that may only look", async () => {
    const { page, console } = await fixture().openConnected({ mode: "view" });
    assert.equal(await page.getByText("View only").isVisible(), true);
    for (const name of ["Send Ctrl+Alt+Del", "Keys"])
      assert.equal(await page.getByRole("button", { name, exact: true }).isVisible(), false, name);
    await page.locator("#stage canvas").click();
    await page.keyboard.type("secret");
    await page.getByRole("button", { name: "Disconnect" }).click();
    await console.waitForPhase("closed");
    const { last } = fixture().server;
    await eventually("closed", () => last.closedWith !== undefined, Boolean);
    assert.deepEqual(last.rfb.keys, []);
  });

  it("types what a screen keyboard writes", async () => {
    const context = { hasTouch: true, isMobile: true, viewport: { width: 360, height: 640 } };
    const { page } = await fixture().openConnected({}, context);
    await page.getByRole("button", { name: "On-screen keyboard" }).tap();
    const keys = await keysAfter(() => page.keyboard.insertText("é\n"), 4);
    assert.deepEqual(keys, [down(0xe9), up(0xe9), down(0xff0d), up(0xff0d)]);
  });

  it("fits on a screen of 360 pixels with every button in reach", async () => {
    const context = { hasTouch: true, isMobile: true, viewport: { width: 360, height: 640 } };
    const { page } = await fixture().openConnected(
      { nodeName: "a-machine-with-quite-a-long-name.rack-12.example.org" },
      context,
    );
    const outside = await page.evaluate<string[]>(`[...document.querySelectorAll("button")]
      .filter((one) => one.checkVisibility())
      .filter((one) => { const box = one.getBoundingClientRect(); return box.left < 0 || box.right > 360; })
      .map((one) => one.id)`);
    assert.deepEqual(outside, []);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
  });

  it("has a name for every control", async () => {
    const { page } = await fixture().openConnected();
    const nameless = await page.evaluate<
      string[]
    >(`[...document.querySelectorAll("button, textarea")]
      .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length))
      .filter((one) => one.id !== "card-action")
      .map((one) => one.outerHTML)`);
    assert.deepEqual(nameless, []);
  });
});
