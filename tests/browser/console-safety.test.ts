/** What the page must never do, whatever the link, the service or the machine says. */
import assert from "node:assert/strict";
import { eventually } from "../helpers/browser.ts";
import { NODE, TOKEN } from "./contract-server.ts";
import { describeOnContractServer } from "./on-contract-server.ts";

describeOnContractServer("console page: safety", (fixture) => {
  it("takes the token out of the address bar and the history", async () => {
    const { page, console } = await fixture().open();
    await console.waitForPhase("connected");
    assert.equal(page.url(), `${fixture().server.origin}/vnc_lite.html`);
    assert.equal(await page.evaluate("history.state"), null);
    assert.equal((await page.content()).includes(TOKEN), false);
    assert.equal(await page.evaluate("localStorage.length"), 0);
    assert.equal(await page.evaluate("document.cookie"), "");
  });

  it("keeps to its content security policy", async () => {
    const { page, console, complaints } = await fixture().openConnected();
    await page.getByRole("button", { name: "Keys", exact: true }).click();
    await page.getByRole("button", { name: "Clipboard", exact: true }).click();
    fixture().server.last.close(1000, "idle_timeout");
    await console.waitForPhase("closed");
    assert.deepEqual(complaints, []);
    await page.evaluate(`document.body.setAttribute("style", "color: red")`);
    await eventually(
      "the watcher hears a violation",
      () => complaints.length,
      (count) => count > 0,
    );
    assert.match(complaints[0] ?? "", /Content Security Policy/);
  });

  it("asks nobody but the server that it came from", async () => {
    const { requests } = await fixture().openConnected();
    const host = new URL(fixture().server.origin).host;
    const outside = requests.filter(
      (url) => !url.startsWith("data:") && new URL(url).host !== host,
    );
    assert.deepEqual(outside, []);
    assert.deepEqual(fixture().server.upgrades, [`/websockify?node=${NODE.uuid}&token=${TOKEN}`]);
  });

  it("honours no host, port, password or autoconnect of a link", async () => {
    const more = "&host=evil.example&port=1&password=x&encrypt=1&autoconnect=true&logging=debug";
    const { requests, console } = await fixture().open({}, { link: fixture().server.link(more) });
    await console.waitForPhase("connected");
    assert.equal(
      requests.some((url) => new URL(url).host.includes("evil")),
      false,
    );
  });

  for (const path of [
    "wss://evil.example/websockify?token=x",
    "//evil.example/websockify?token=x",
    "/\\evil.example/websockify?token=x",
    "../websockify?token=x",
  ]) {
    it(`opens nothing for the path ${path}`, async () => {
      const link = `${fixture().server.origin}/vnc_lite.html?path=${encodeURIComponent(path)}`;
      const { console, requests } = await fixture().open({}, { link });
      await console.waitForPhase("closed");
      assert.match(await console.cardText(), /^This console link is not safe to open/);
      assert.equal(
        requests.some((url) => url.startsWith("ws")),
        false,
      );
    });
  }

  it("says what to do when it is opened without a link", async () => {
    const { console, page } = await fixture().open(
      {},
      { link: `${fixture().server.origin}/vnc.html` },
    );
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^No console chosen\nOpen the console from/);
    assert.equal(await page.locator("#card-action").isVisible(), false);
  });

  it("shows the machine's name as text", async () => {
    const markup = "<img src=x onerror=alert(1)>";
    const { page, console, complaints } = await fixture().open({ nodeName: markup });
    await console.waitForPhase("connected");
    assert.equal(await page.title(), `${markup} · console`);
    assert.equal(await page.locator("#node-name").textContent(), markup);
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(complaints, []);
  });

  it("never shows a title that the link brings, neither connected nor after a reload nor on a card", async () => {
    const words = "Your session expired, call 0900";
    const title = `&title=${encodeURIComponent(words)}`;
    const { page, console } = await fixture().open({}, { link: fixture().server.link(title) });
    const seesNothing = async (tabTitle: string): Promise<void> => {
      assert.equal(await page.title(), tabTitle);
      assert.equal((await page.content()).includes("0900"), false);
    };
    await console.waitForPhase("connected");
    await seesNothing("rack-7 · console");
    await page.reload();
    await console.waitForPhase("connected");
    await seesNothing("rack-7 · console");
    fixture().server.last.close(1000, "killed_by_operator");
    await console.waitForPhase("closed");
    await seesNothing("rack-7 · console");
    await page.goto(`${fixture().server.origin}/vnc_lite.html?path=nothing${title}`);
    await console.waitForPhase("closed");
    await seesNothing("Console");
  });

  it("never shows a close reason that it does not know", async () => {
    const { console } = await fixture().openConnected();
    fixture().server.last.close(1008, "<b>call 0900</b>");
    await console.waitForPhase("closed");
    const text = await console.cardText();
    assert.equal(text.includes("0900"), false);
    assert.match(text, /Reason: closed 1008/);
  });

  it("works in a frame, as dashboards embed it", async () => {
    const { page } = await fixture().open({}, { link: fixture().server.dashboard() });
    const frame = page.frameLocator("iframe");
    await eventually(
      "connected in the frame",
      () => frame.locator("#app").getAttribute("data-phase"),
      (phase) => phase === "connected",
    );
  });

  it("has what OpenStack's Tempest looks for in a console page", async () => {
    const response = await fetch(fixture().server.link());
    const html = await response.text();
    for (const wanted of ["<html", "</html>", "noVNC", "<script"]) assert.ok(html.includes(wanted));
  });

  it("names the licences of what it contains", async () => {
    const notices = await (await fetch(`${fixture().server.origin}/console/notices.txt`)).text();
    for (const wanted of [
      "https://github.com/novnc/noVNC/tree/v1.7.0",
      "Mozilla Public License 2.0",
      "Copyright (C) 2014-2016 by Vitaly Puzrin",
      "Jef Poskanzer",
    ])
      assert.ok(notices.includes(wanted), wanted);
  });
});
