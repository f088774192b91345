/** Several people on one serial line: who is attached, who types, who only watches, whose terminal answers. */
import assert from "node:assert/strict";
import { eventually } from "../helpers/browser.ts";
import { describeOnSerialService, ECHOING } from "./on-serial-service.ts";

const CURSOR_QUESTION = "\u001B[6n";

describeOnSerialService("serial page: viewers", (fixture) => {
  it("shows the same to two people and lets both type", async () => {
    fixture().service.behaviour = { host: ECHOING };
    const alice = await fixture().openConnected({ user: "alice" });
    const bob = await fixture().openConnected({ user: "bob" });
    await alice.page.keyboard.type("from-alice");
    await bob.terminal.waitForText("from-alice");
    await bob.page.keyboard.type("-from-bob");
    await alice.terminal.waitForText("from-alice-from-bob");
    await alice.terminal.waitForTextOf("#viewers-sentence", /^2 attached: you and bob type$/);
  });

  it("names who types with one writer, says why keys go nowhere, and takes typing over", async () => {
    fixture().service.behaviour = { host: ECHOING, writers: "one" };
    const alice = await fixture().openConnected({ user: "alice" });
    const bob = await fixture().openConnected({ user: "bob" });
    await bob.terminal.waitForTextOf("#viewers-sentence", /^2 attached: alice types, you watch$/);
    await bob.page.keyboard.type("x");
    await bob.terminal.waitForTextOf("#note", /^Not sent: alice types now\./);
    assert.equal(fixture().service.typed, "");
    await bob.page.locator("#note").getByRole("button", { name: "Take over typing" }).click();
    await bob.terminal.waitForTextOf("#viewers-sentence", /^2 attached: you type$/);
    await alice.terminal.waitForTextOf("#viewers-sentence", /^2 attached: bob types, you watch$/);
    await bob.page.keyboard.type("mine");
    await alice.terminal.waitForText("mine");
    assert.equal(fixture().service.typed, "mine");
  });

  it("lists names and roles in a panel, with the way to take over", async () => {
    fixture().service.behaviour = { writers: "one" };
    fixture().service.addOther({ user: "carol", writing: true });
    const { page, terminal } = await fixture().openConnected({ user: "bob" });
    await terminal.waitForTextOf("#viewers-sentence", /^2 attached: carol types, you watch$/);
    await page.locator("#viewers-button").click();
    const rows = await page.locator("#viewers-list li").allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.replaceAll(/\s+/g, " ")),
      ["carol types, by SSH", "you watch"],
    );
    await page.locator("#viewers-panel").getByRole("button", { name: "Take over typing" }).click();
    await terminal.waitForTextOf("#viewers-sentence", /^2 attached: you type$/);
  });

  it("shows names as text", async () => {
    fixture().service.addOther({ user: "<img src=x>\u202E" });
    const { page, terminal, complaints } = await fixture().openConnected();
    await terminal.waitForTextOf("#viewers-sentence", /2 attached/);
    await page.locator("#viewers-button").click();
    assert.match(await terminal.textOf("#viewers-list"), /^<img src=x>\s/);
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(complaints, []);
  });

  it("tells a viewer that it only watches, and sends nothing of what is typed or pasted", async () => {
    const { page, terminal } = await fixture().openConnected({ mode: "view" });
    await page.getByText("View only", { exact: true }).waitFor({ state: "visible" });
    for (const name of ["Break", "Keys", "Paste"])
      assert.equal(await page.getByRole("button", { name, exact: true }).isDisabled(), true, name);
    await page.keyboard.type("secret");
    await terminal.waitForTextOf("#note", /^View only: this link lets you watch\./);
    await terminal.paste("pasted");
    fixture().service.say(`${CURSOR_QUESTION}after`);
    await terminal.waitForText("after");
    const { last } = fixture().service;
    await page.getByRole("button", { name: "Disconnect" }).click();
    await eventually("closed", () => last.closedWith !== undefined, Boolean);
    assert.equal(last.typed, "");
    assert.deepEqual(last.requests, []);
  });

  it("answers the machine's question for the cursor from one of several terminals", async () => {
    const { service } = fixture();
    const alice = await fixture().openConnected({ user: "alice" });
    const bob = await fixture().openConnected({ user: "bob" });
    const watching = await fixture().openConnected({ user: "eve", mode: "view" });
    await bob.terminal.waitForTextOf("#viewers-sentence", /3 attached/);
    service.say(`abc${CURSOR_QUESTION}done`);
    for (const one of [alice, bob, watching]) await one.terminal.waitForText("abcdone");
    await eventually(
      "answer",
      () => service.typed,
      (typed) => typed !== "",
    );
    // Anything that the others answered would be on the same sockets before this.
    await bob.page.keyboard.type("!");
    await eventually(
      "key",
      () => service.typed,
      (typed) => typed.endsWith("!"),
    );
    assert.equal(service.typed, "\u001B[1;4R!");
    assert.equal(service.pages[0]?.typed, "\u001B[1;4R");
  });

  it("answers no more when nobody pressed a key for five minutes, so that the session can end", async () => {
    const { service } = fixture();
    const { page, terminal } = await fixture().openConnected({
      prepare: (one) => one.clock.install(),
    });
    service.say(`${CURSOR_QUESTION}first `);
    await eventually(
      "answer",
      () => service.typed,
      (typed) => typed === "\u001B[1;1R",
    );
    await page.clock.fastForward(301_000);
    service.say(`${CURSOR_QUESTION}second `);
    await terminal.waitForText("second");
    await page.keyboard.type("k");
    await eventually(
      "key",
      () => service.typed,
      (typed) => typed === "\u001B[1;1Rk",
    );
    service.say(CURSOR_QUESTION);
    await eventually(
      "answer",
      () => service.typed,
      (typed) => typed.endsWith("k\u001B[1;14R"),
    );
  });

  it("answers no question of the scrollback", async () => {
    const { service } = fixture();
    service.sayUnheard(`old${CURSOR_QUESTION}\u001B[c\u001B[5n`);
    const { page, terminal } = await fixture().openConnected();
    await terminal.waitForText("old");
    await page.keyboard.type("k");
    await eventually(
      "key",
      () => service.typed,
      (typed) => typed.includes("k"),
    );
    assert.equal(service.typed, "k");
    service.say("\u001B[c");
    await eventually(
      "live answer",
      () => service.typed,
      (typed) => typed.length > 1,
    );
    assert.equal(service.typed, "k\u001B[?1;2c");
  });
});
