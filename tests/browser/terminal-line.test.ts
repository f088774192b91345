/** The serial page: what is typed reaches the machine, its answer is shown, and every state has words. */
import assert from "node:assert/strict";
import { eventually } from "../helpers/browser.ts";
import { describeOnSerialService } from "./on-serial-service.ts";

describeOnSerialService("serial page: line", (fixture) => {
  it("shows what was said before, then what is typed and what the machine answers", async () => {
    const { service } = fixture();
    service.behaviour = {
      host: (typed, line) => line.say(typed === "\r" ? "\r\nHello from rack-7\r\n$ " : typed),
    };
    service.sayUnheard("Debian GNU/Linux 12 rack-7 ttyS1\r\n$ ");
    const { page, terminal } = await fixture().openConnected();
    await terminal.waitForText("Debian GNU/Linux 12");
    await page.keyboard.type("hello");
    await page.keyboard.press("Enter");
    await terminal.waitForText("Hello from rack-7");
    assert.equal(service.typed, "hello\r");
    assert.deepEqual(await terminal.rows(), [
      "Debian GNU/Linux 12 rack-7 ttyS1",
      "$ hello",
      "Hello from rack-7",
      "$",
    ]);
  });

  it("is called after the machine", async () => {
    const { page, terminal } = await fixture().openConnected();
    await terminal.waitForTextOf("#node-name", /^rack-7$/);
    assert.equal(await page.title(), "rack-7 – serial console");
    assert.equal(await terminal.textOf("#chip-text"), "Connected");
  });

  it("sends control keys and function keys to the machine, Ctrl+V and Ctrl+F among them", async () => {
    const { page } = await fixture().openConnected();
    for (const key of ["Control+c", "Control+v", "Control+f", "F5", "Tab", "Escape", "ArrowUp"])
      await page.keyboard.press(key);
    const wanted = "\u0003\u0016\u0006\u001B[15~\t\u001B\u001B[A";
    await eventually(
      "keys",
      () => fixture().service.typed,
      (typed) => typed === wanted,
    );
  });

  it("offers the keys that a browser keeps for itself, and a Ctrl that waits", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "Keys", exact: true }).click();
    const panel = page.locator("#keys-panel");
    await panel.getByRole("button", { name: "F11", exact: true }).click();
    await panel.getByRole("button", { name: "Ctrl+W", exact: true }).click();
    await panel.getByRole("button", { name: "Ctrl", exact: true }).click();
    await page.keyboard.type("xy");
    const wanted = "\u001B[23~\u0017\u0018y";
    await eventually(
      "keys",
      () => fixture().service.typed,
      (typed) => typed === wanted,
    );
  });

  it("sends a break after showing what it is for", async () => {
    const { page } = await fixture().openConnected();
    await page.getByRole("button", { name: "Break" }).click();
    assert.match(await page.locator("#break-panel").innerText(), /Magic SysRq/);
    await page.getByRole("button", { name: "Send break" }).click();
    const { requests } = fixture().service.last;
    await eventually(
      "request",
      () => requests.length,
      (count) => count === 1,
    );
    assert.deepEqual(requests, [{ type: "break" }]);
  });

  it("says why the service did not send a break", async () => {
    const { page, terminal } = await fixture().openConnected();
    await page.getByRole("button", { name: "Break" }).click();
    await page.getByRole("button", { name: "Send break" }).click();
    const detail = "this line cannot send a break";
    fixture().service.last.notice({ type: "refused", request: "break", detail });
    await terminal.waitForTextOf("#note", /^This line cannot send a break\.$/);
  });

  for (const [state, detail, chip, words] of [
    ["connecting", null, "Opening line", /^Opening the serial line to the machine\.$/],
    [
      "taken",
      "another session is active",
      "Line taken",
      /holds .* line\. Another session is active\./,
    ],
    ["idle", null, "Line at rest", /^The serial line is not open at the moment\.$/],
  ] as const) {
    it(`says in words that the line is ${state}`, async () => {
      const { terminal } = await fixture().openConnected();
      fixture().service.line(state, detail);
      await terminal.waitForTextOf("#line", words);
      assert.equal(await terminal.textOf("#chip-text"), chip);
      fixture().service.line("connected");
      await eventually(
        "no words",
        () => terminal.textOf("#line"),
        (text) => text === "",
      );
      assert.equal(await terminal.textOf("#chip-text"), "Connected");
    });
  }

  it("counts down to the next attempt for a lost line, and sends no key into the void", async () => {
    const { page, terminal } = await fixture().openConnected();
    fixture().service.line("reconnecting", "the BMC does not answer", 7);
    await terminal.waitForTextOf(
      "#line",
      /being opened again\. The BMC does not answer\. Next try in [67] s\./,
    );
    await page.keyboard.type("reboot");
    await terminal.waitForTextOf("#note", /^Not sent: the serial line was lost/);
    fixture().service.line("connected");
    await eventually(
      "connected",
      () => terminal.textOf("#line"),
      (text) => text === "",
    );
    await page.keyboard.type("x");
    await eventually(
      "key",
      () => fixture().service.typed,
      (typed) => typed === "x",
    );
  });

  it("tells when bytes are missing", async () => {
    const { terminal } = await fixture().openConnected();
    fixture().service.last.notice({ type: "gap", bytes: 12_345 });
    await terminal.waitForText("[12 345 bytes are missing here: this browser was too slow]");
  });

  it("flashes when the machine rings", async () => {
    const { page } = await fixture().openConnected();
    const rang = page.evaluate(`new Promise((resolve) => new MutationObserver(resolve)
      .observe(document.querySelector("#app"), { attributeFilter: ["data-bell"] })).then(() => true)`);
    fixture().service.say("\u0007");
    assert.equal(await rang, true);
    const app = page.locator("#app");
    await eventually(
      "quiet again",
      () => app.getAttribute("data-bell"),
      (bell) => bell === null,
    );
  });

  it("shows why a connection was refused, in the words of the screen page", async () => {
    fixture().service.behaviour = { refusal: { status: 403, code: "INVALID_TOKEN" } };
    const { page, terminal } = await fixture().open();
    await terminal.waitForPhase("closed");
    assert.match(
      await page.locator("#card").innerText(),
      /^This console link is not valid any more/,
    );
  });

  it("says why the console was closed, and keeps the text", async () => {
    fixture().service.sayUnheard("last words");
    const { page, terminal } = await fixture().openConnected();
    await terminal.waitForText("last words");
    fixture().service.last.socket.close(1008, "killed_by_operator");
    await terminal.waitForPhase("closed");
    assert.match(await page.locator("#card").innerText(), /^Closed because an operator ended/);
    await terminal.waitForText("last words");
  });

  it("warns of an idle session and keeps it open when asked", async () => {
    const { page } = await fixture().openConnected();
    const { last } = fixture().service;
    last.notice({ type: "warning", reason: "idle_timeout", secondsLeft: 65 });
    await page.getByRole("button", { name: "Keep open" }).click();
    await eventually(
      "request",
      () => last.requests.length,
      (count) => count === 1,
    );
    assert.deepEqual(last.requests, [{ type: "keep_open" }]);
  });

  describe("after the connection broke", () => {
    const LOG = Array.from({ length: 200 }, (_, at) => `[${at}] starting unit ${at}\r\n`).join("");

    it("comes back by itself with the scrollback kept, and shows only what is new", async () => {
      const { service } = fixture();
      service.sayUnheard(LOG);
      const { terminal } = await fixture().openConnected();
      await terminal.waitForText("unit 199");
      service.say("live before\r\n");
      await terminal.waitForText("live before");
      service.last.socket.terminate();
      service.sayUnheard("said meanwhile\r\n");
      await eventually(
        "second connection",
        () => service.upgrades.length,
        (count) => count === 2,
      );
      await terminal.waitForPhase("connected");
      await terminal.waitForText("said meanwhile");
      service.say("live after\r\n");
      await terminal.waitForText("live after");
      const { text } = await terminal.saved();
      const wanted = `${LOG}live before\r\nsaid meanwhile\r\nlive after\r\n`.replaceAll("\r", "");
      assert.equal(text, wanted);
    });

    it("loses nothing when only a prompt had been shown", async () => {
      const { service } = fixture();
      service.sayUnheard("$ ");
      const { terminal } = await fixture().openConnected();
      await terminal.waitForText("$");
      service.last.socket.terminate();
      service.sayUnheard("ls\r\nfile\r\n$ ");
      await terminal.waitForText("file");
      assert.deepEqual(await terminal.rows(), ["$ ls", "file", "$"]);
    });

    it("says so when the service did not keep as much as was missed", async () => {
      const { service } = fixture();
      service.behaviour = { replayBytes: 100 };
      service.sayUnheard("the beginning\r\n");
      const { terminal } = await fixture().openConnected();
      await terminal.waitForText("the beginning");
      service.last.socket.terminate();
      service.sayUnheard(LOG);
      await terminal.waitForText("unit 199");
      const rows = (await terminal.saved()).text;
      assert.match(rows, /^the beginning\n\n\[some output is missing here: .*\]\n/);
    });

    it("says what it waits for", async () => {
      const { page, terminal } = await fixture().openConnected();
      fixture().service.behaviour = { refusal: { status: 503, code: "SHUTTING_DOWN" } };
      fixture().service.last.socket.close(1012, "proxy_shutdown");
      await terminal.waitForPhase("waiting");
      const words = await page.locator("#card").innerText();
      assert.match(words, /The console service is restarting[\s\S]*attempt \d of 10/);
      await page.keyboard.type("x");
      await terminal.waitForTextOf("#note", /^Not sent: the console is not connected/);
    });
  });
});
