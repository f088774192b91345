/** The page's connection, from the link to every kind of ending, against a service that follows the contract. */
import assert from "node:assert/strict";
import { eventually } from "../helpers/browser.ts";
import { describeOnContractServer } from "./on-contract-server.ts";

const RED = { red: 200, green: 30, blue: 60 };
const SHOWN = "640x400 200,30,60";

describeOnContractServer("console page: connection", (fixture) => {
  it("shows the machine's screen and its name", async () => {
    const { console, page } = await fixture().openConnected({ colour: RED });
    await console.waitForPicture(SHOWN);
    assert.equal(await page.locator("#node-name").textContent(), "rack-7");
    assert.equal(await page.locator("#chip-text").textContent(), "Connected");
    assert.equal(await page.title(), "rack-7 · console");
    assert.equal(await page.locator("#card").isVisible(), false);
  });

  for (const name of ["vnc.html", "vnc_auto.html"]) {
    it(`works under the stock name ${name}`, async () => {
      const { console } = await fixture().open({}, { link: fixture().server.link("", name) });
      await console.waitForPhase("connected");
    });
  }

  it("says that it is connecting", async () => {
    const { console, page } = await fixture().open({ holdAt: "connecting" });
    const name = page.locator("#node-name");
    await eventually(
      "session message",
      () => name.textContent(),
      (text) => text === "rack-7",
    );
    assert.equal(await console.phase(), "connecting");
    assert.match(await console.cardText(), /^Connecting/);
  });

  it("says that the service signs in to the machine", async () => {
    const { console } = await fixture().open({ holdAt: "authenticating" });
    await console.waitForPhase("signing_in");
    assert.match(await console.cardText(), /^Signing in to the machine/);
  });

  it("shows the steps of a start, where it is, and since when", async () => {
    const { console, page } = await fixture().open({ holdAt: "connecting" });
    await console.waitForPhase("connecting");
    await eventually("connection", async () => fixture().server.connections.length, Boolean);
    const { last } = fixture().server;
    last.send({ type: "starting", step: "queue", elapsedMs: 0, position: 2 });
    await console.waitForPhase("starting");
    assert.match(await console.cardText(), /All places are taken. You are number 2 in the queue./);
    last.send({ type: "starting", step: "login", elapsedMs: 7300 });
    const current = page.locator("#card-steps [aria-current=step]");
    await eventually(
      "the step",
      () => current.textContent(),
      (text) => text === "Sign in to it",
    );
    assert.match(await console.cardText(), /\b[78] s\b/);
    assert.equal(await page.locator("#card-steps [data-state=done]").count(), 2);
    last.send({ type: "bmc", answers: false });
    await eventually(
      "the word of silence",
      () => console.cardText(),
      (text) => text.includes("does not answer at the moment"),
    );
    last.send({ type: "state", state: "authenticating" });
    last.rfb.start();
    await console.waitForPhase("connected");
    assert.equal(await page.locator("#card").isVisible(), false);
  });

  it("says what went wrong with a start, in words", async () => {
    const { console } = await fixture().open({ holdAt: "connecting" });
    await eventually("connection", async () => fixture().server.connections.length, Boolean);
    fixture().server.last.close(1013, "CONSOLE_LOGIN_REFUSED");
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /refuses the service's sign-in/);
  });

  it("says who else is there, and takes the machine over when asked", async () => {
    const { page } = await fixture().openConnected();
    const { last } = fixture().server;
    last.send({ type: "others", controlling: 1, watching: 2 });
    await page.getByText("3 others are on this machine too; 1 of them can type.").waitFor();
    await page.getByRole("button", { name: "Take over" }).click();
    await eventually("message", async () => last.texts.length, Boolean);
    assert.deepEqual(JSON.parse(last.texts[0] ?? ""), { type: "take_over" });
    assert.equal(await page.locator("#company").isVisible(), false);
    last.send({ type: "others", controlling: 1, watching: 0 });
    await page.getByRole("button", { name: "Stay together" }).click();
    assert.equal(await page.locator("#company").isVisible(), false);
  });

  it("offers to join again after somebody else took over", async () => {
    const { console, page } = await fixture().openConnected();
    fixture().server.last.close(1008, "taken_over");
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^Somebody else took this console over/);
    await page.getByRole("button", { name: "Reconnect" }).click();
    await console.waitForPhase("connected");
  });

  it("shows why a connection was refused and does not try again", async () => {
    const refusal = { status: 403, code: "INVALID_TOKEN" };
    const { console, page } = await fixture().open({ refusal });
    await console.waitForPhase("closed");
    assert.match(
      await console.cardText(),
      /^This console link is not valid any more\nAsk for a new/,
    );
    assert.equal(await page.locator("#card-action").isVisible(), false);
    assert.equal(fixture().server.upgrades.length, 1);
  });

  it("offers to try again when the service is too busy", async () => {
    const refusal = { status: 503, code: "TOO_MANY_SESSIONS" };
    const { console, page } = await fixture().open({ refusal });
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^Too many people are connected already/);
    fixture().server.behaviour = {};
    await page.getByRole("button", { name: "Reconnect" }).click();
    await console.waitForPhase("connected");
  });

  it("blames what is in between when only the WebSocket is blocked", async () => {
    const { console } = await fixture().open({ blocked: true });
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^Something between you and the console service blocks/);
  });

  it("keeps the last picture and comes back by itself when the network breaks", async () => {
    const { console, page } = await fixture().openConnected({ colour: RED });
    await console.waitForPicture(SHOWN);
    fixture().server.behaviour = { refusal: { status: 503, code: "SHUTTING_DOWN" } };
    fixture().server.last.cut();
    await console.waitForPhase("waiting");
    assert.match(await console.cardText(), /Reconnecting, attempt \d of 10/);
    const kept = await page.evaluate<number[]>(`(() => {
      const { width, height } = document.querySelector("#last-frame canvas");
      const pixel = document.querySelector("#last-frame canvas").getContext("2d").getImageData(9, 9, 1, 1);
      return [width, height, ...pixel.data.slice(0, 3)];
    })()`);
    assert.deepEqual(kept, [640, 400, 200, 30, 60]);
    fixture().server.behaviour = { colour: { red: 10, green: 200, blue: 90 } };
    await console.waitForPhase("connected");
    await console.waitForPicture("640x400 10,200,90");
    assert.equal(await page.locator("#last-frame").isVisible(), false);
  });

  it("does not wait any longer when the user asks to try now", async () => {
    const { console, page } = await fixture().openConnected();
    fixture().server.behaviour = { refusal: { status: 503, code: "SHUTTING_DOWN" } };
    fixture().server.last.close(1012, "proxy_shutdown");
    await eventually(
      "third attempt",
      () => console.cardText(),
      (text) => text.includes("attempt 4"),
    );
    fixture().server.behaviour = {};
    await page.getByRole("button", { name: "Try now" }).click();
    await console.waitForPhase("connected", 2);
  });

  it("stays closed and forgets the link when an operator disabled the console", async () => {
    const { console, page } = await fixture().openConnected();
    fixture().server.last.close(1001, "console_disabled");
    await console.waitForPhase("closed");
    const text = await console.cardText();
    assert.match(text, /^Closed because an operator switched this console off\nWhen the console/);
    assert.match(text, /Reason: console_disabled · session req-5e551/);
    assert.equal(await page.evaluate("sessionStorage.length"), 0);
    assert.equal(fixture().server.upgrades.length, 1);
  });

  it("offers to reconnect after an idle session was closed", async () => {
    const { console, page } = await fixture().openConnected();
    fixture().server.last.close(1000, "idle_timeout");
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^Closed because nobody typed or clicked for a while/);
    await page.keyboard.press("Enter");
    await console.waitForPhase("connected");
    assert.equal(fixture().server.upgrades.length, 2);
  });

  it("connects again after a reload, while the link lives", async () => {
    const { console, page } = await fixture().openConnected({ mode: "view" });
    await page.reload();
    await console.waitForPhase("connected");
    assert.equal(fixture().server.upgrades.length, 2);
    assert.equal(fixture().server.upgrades[0], fixture().server.upgrades[1]);
  });

  it("says good-bye when the user disconnects, and can come back", async () => {
    const { console, page } = await fixture().openConnected();
    const { last } = fixture().server;
    await page.getByRole("button", { name: "Disconnect" }).click();
    await console.waitForPhase("closed");
    await eventually(
      "close frame",
      () => last.closedWith?.reason,
      (reason) => reason !== undefined,
    );
    assert.deepEqual(last.closedWith, { code: 1000, reason: "tenant_closed" });
    assert.match(await console.cardText(), /^Disconnected/);
    assert.equal(await page.evaluate("sessionStorage.length"), 0);
    await page.getByRole("button", { name: "Reconnect" }).click();
    await console.waitForPhase("connected");
  });

  it("says that it cannot show the screen when the machine's picture makes no sense", async () => {
    const { console } = await fixture().openConnected();
    fixture().server.last.rfb.sendNonsense();
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^This browser could not show the machine's screen/);
  });

  it("warns of an idle session, and keeps it open when asked", async () => {
    const { page } = await fixture().openConnected();
    const { last } = fixture().server;
    last.send({ type: "warning", reason: "idle_timeout", secondsLeft: 65 });
    const warning = page.getByRole("alert");
    await warning.waitFor({ state: "visible" });
    assert.match(await warning.innerText(), /Nobody typed or clicked .* closes in 1:0[45]\./);
    await page.getByRole("button", { name: "Keep open" }).click();
    await eventually(
      "message",
      () => last.texts.length,
      (count) => count === 1,
    );
    assert.deepEqual(JSON.parse(last.texts[0] ?? ""), { type: "keep_open" });
    last.send({ type: "warning_over" });
    await warning.waitFor({ state: "hidden" });
  });

  it("offers no extension of the absolute limit", async () => {
    const { page } = await fixture().openConnected();
    fixture().server.last.send({ type: "warning", reason: "session_limit", secondsLeft: 30 });
    await page.getByRole("alert").waitFor({ state: "visible" });
    assert.equal(await page.getByRole("button", { name: "Keep open" }).isVisible(), false);
  });
});
