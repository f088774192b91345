/** What the serial page must never do, whatever the link, the service or the machine's bytes say. */
import assert from "node:assert/strict";
import { eventually } from "../helpers/browser.ts";
import { SERIAL_NODE } from "../fakes/serial-service.ts";
import { describeOnSerialService } from "./on-serial-service.ts";

describeOnSerialService("serial page: safety", (fixture) => {
  it("takes the token out of the address bar, and comes back after a reload", async () => {
    const { page, terminal } = await fixture().openConnected();
    assert.equal(page.url(), `${fixture().service.origin}/serial.html`);
    assert.equal((await page.content()).includes("alice-control"), false);
    assert.equal(await page.evaluate("localStorage.length"), 0);
    await page.reload();
    await terminal.waitForPhase("connected");
    const [first, second] = fixture().service.upgrades;
    assert.equal(second, first);
  });

  it("keeps to a policy without inline styles, with colours, search, panels and questions", async () => {
    const { page, terminal, complaints } = await fixture().openConnected({
      context: { colorScheme: "dark" },
    });
    fixture().service.say(
      "\u001B[38;2;255;100;0mtrue\u001B[48;5;22mcolour\u001B[4:3;58;2;9;9;9munder\u001B[0m\r\n",
    );
    fixture().service.say("\u001B[1;3;9mbold\u001B[0m \u001B[2mdim\u001B[0m 漢字\r\n");
    await terminal.waitForText("dim");
    const colour = await page.evaluate(
      `getComputedStyle([...document.querySelectorAll(".xterm-rows span")].find((one) => one.textContent === "true")).color`,
    );
    assert.equal(colour, "rgb(255, 100, 0)");
    for (const name of ["break", "keys", "paste", "viewers", "view"])
      await page.locator(`#${name}-button`).click();
    await page.getByLabel(/^For screen readers/).check();
    await page.keyboard.press("Escape");
    await page.locator("#search-button").click();
    await page.getByLabel("Search for").fill("bold");
    await terminal.waitForTextOf("#search-count", /1 of 1/);
    await terminal.paste("x".repeat(3000));
    await page.getByRole("dialog").waitFor({ state: "visible" });
    await page.keyboard.press("Escape");
    assert.deepEqual(complaints, []);
    const policy = (await page.request.get(`${fixture().service.origin}/serial.html`)).headers()[
      "content-security-policy"
    ];
    assert.match(policy ?? "", /script-src 'self'; style-src 'self';/);
    await page.evaluate(`document.body.insertAdjacentHTML("beforeend", "<style>p{}</style>")`);
    await eventually(
      "a violation is heard",
      () => complaints.length,
      (count) => count > 0,
    );
  });

  it("asks nobody but the server that it came from", async () => {
    const { requests } = await fixture().openConnected();
    const { host } = new URL(fixture().service.origin);
    const outside = requests.filter(
      (url) => !url.startsWith("data:") && new URL(url).host !== host,
    );
    assert.deepEqual(outside, []);
    assert.match(fixture().service.upgrades[0] ?? "", new RegExp(`node=${SERIAL_NODE.uuid}`));
  });

  it("opens nothing for a path that leads elsewhere", async () => {
    const link = `${fixture().service.origin}/serial.html?path=${encodeURIComponent("//evil.example/websockify?token=x")}`;
    const { page, terminal, requests } = await fixture().open({ link });
    await terminal.waitForPhase("closed");
    assert.match(await page.locator("#card").innerText(), /^This console link is not safe to open/);
    assert.equal(
      requests.some((url) => url.startsWith("ws")),
      false,
    );
  });

  it("lets the machine change neither title, clipboard, links, colours nor window", async () => {
    const { page, terminal, complaints } = await fixture().openConnected({
      context: { permissions: ["clipboard-read", "clipboard-write"] },
    });
    await page.evaluate(`navigator.clipboard.writeText("mine")`);
    const size = await page.locator("#stage").getAttribute("data-size");
    const osc = (text: string): string => `\u001B]${text}\u0007`;
    fixture().service.say(
      [
        osc("0;owned"),
        osc("2;owned"),
        osc(`52;c;${Buffer.from("owned").toString("base64")}`),
        osc("8;;javascript:alert(1)"),
        "innocent link",
        osc("8;;"),
        osc("10;#070000"),
        osc("11;#00ff00"),
        "\u001B[8;5;20t",
        "\u001B[?40h\u001B[?3h",
        "\r\nhttps://evil.example/ done\r\n",
      ].join(""),
    );
    await terminal.waitForText("done");
    assert.equal(await page.title(), "rack-7 – serial console");
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), "mine");
    assert.equal(await page.locator("#stage").getAttribute("data-size"), size);
    const ground = `getComputedStyle(document.querySelector(".xterm-scrollable-element")).backgroundColor`;
    assert.notEqual(await page.evaluate(ground), "rgb(0, 255, 0)");
    for (const y of [6, 22]) {
      await page.locator("#stage .xterm-screen").click({ position: { x: 30, y } });
    }
    assert.equal(page.context().pages().length, 1);
    assert.equal(await page.locator("#stage a").count(), 0);
    assert.deepEqual(complaints, []);
  });

  it("types nothing that the machine made up, whatever it asks", async () => {
    const { page, terminal } = await fixture().openConnected();
    const questions = [
      "\u001B[>c",
      "\u001B[=c",
      "\u001B[?6n",
      "\u001B[21t",
      "\u001B[14t",
      "\u001B[?2004$p",
      "\u001B[20$p",
      "\u001BP$q q\u001B\\",
      "\u001BP+q544e\u001B\\",
      "\u001B]4;1;?\u0007",
      "\u001B]11;?\u0007",
      "\u001B]52;c;?\u0007",
      "\u0005",
    ];
    fixture().service.say(`${questions.join("")}asked`);
    await terminal.waitForText("asked");
    await page.keyboard.type("k");
    await eventually(
      "key",
      () => fixture().service.typed,
      (typed) => typed.includes("k"),
    );
    assert.equal(fixture().service.typed, "k");
  });

  it("does not drown the line in answers to a machine that asks without end", async () => {
    const { page, terminal } = await fixture().openConnected();
    fixture().service.say(`${"\u001B[6n".repeat(5000)}asked`);
    await terminal.waitForText("asked");
    await page.keyboard.type("k");
    await eventually(
      "key",
      () => fixture().service.typed,
      (typed) => typed.includes("k"),
    );
    const answers = fixture().service.typed.split("R").length - 1;
    assert.ok(answers >= 1 && answers < 60, `${answers} answers`);
  });

  it("survives a machine that sends noise", async () => {
    const { terminal, complaints } = await fixture().openConnected();
    let seed = 7;
    const noise = Buffer.from(
      Array.from({ length: 200_000 }, () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return (seed >> 16) & 0xff;
      }),
    );
    fixture().service.say(noise);
    fixture().service.say("\u0018\u001B\\\u001Bc\u001B[2J\u001B[Hcalm again");
    await terminal.waitForText("calm again", 20);
    assert.deepEqual(complaints, []);
  });

  it("shows the machine's name as text", async () => {
    fixture().service.behaviour = { nodeName: "<img src=x onerror=alert(1)>" };
    const { page, terminal } = await fixture().openConnected();
    await terminal.waitForTextOf("#node-name", /^<img/);
    assert.equal(await page.locator("img").count(), 0);
  });

  it("names the licences of what it contains", async () => {
    const address = `${fixture().service.origin}/console/notices.txt`;
    const notices = await (await fetch(address)).text();
    for (const wanted of ["@xterm/xterm 6.0.0 (MIT License)", "Christopher Jeffrey", "Microsoft"])
      assert.ok(notices.includes(wanted), wanted);
  });
});
