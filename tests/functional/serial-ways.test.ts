/**
 * A person's ways to a machine's serial line, from the stock client's `console enable` to the machine's
 * answer: everything is real, the BMC is OpenIPMI's simulator.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { OpenSshClient } from "../helpers/openssh-client.ts";
import { SerialStack, type ConsoleInfo } from "../helpers/serial-stack.ts";
import { missingPrograms } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";
import { TerminalProcess } from "./cli/pseudo-terminal.ts";

const ANSWER = "root@r1n1";

describe("a machine's serial line", function suite() {
  this.timeout(60_000);
  let stack: SerialStack;
  let bmc: IpmiBmc;
  let keys: string;

  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    keys = mkdtempSync(join(tmpdir(), "bmc-serial-keys-"));
    const key = join(keys, "alice");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f", key]);
    const authorized = join(keys, "authorized_keys");
    writeFileSync(authorized, readFileSync(`${key}.pub`), { mode: 0o600 });
    bmc = await startIpmiBmc({ name: "r1n1" });
    stack = await SerialStack.all({
      "ssh.enabled": "true",
      "ssh.port": "0",
      "ssh.authorized_keys_file": authorized,
    });
    await bmc.waitLine();
    await stack.addNode("r1n1", bmc);
  });
  after(async () => {
    await stack?.stop();
    await bmc?.stop();
    if (keys) rmSync(keys, { recursive: true });
  });

  it("is switched on and shown by the stock client, with a page and a WebSocket that work", async function stock() {
    if (missingPrograms(["baremetal"]).length > 0) {
      await stack.enable("r1n1");
      this.skip();
    }
    const client = stack.stockClient();
    const enabled = await client.baremetal("node console enable r1n1");
    assert.deepEqual([enabled.status, enabled.stderr], [0, ""]);
    await until(async () => (await stack.node("r1n1"))["console_enabled"] === true, "console on");
    const shown = await client.show("node console show r1n1");
    assert.equal(shown["console_enabled"], true);
    const info = shown["console_info"] as ConsoleInfo;
    assert.equal(info.type, "serial");
    assert.match(info.url, /^http:\/\/127\.0\.0\.1:\d+\/serial\.html\?path=websockify%3Fnode%3D/);
    assert.match(info.websocket_url, /^ws:\/\/127\.0\.0\.1:\d+\/websockify\?node=[\w-]+&token=/);
    assert.equal((await fetch(info.url)).status, 200);
    const watcher = await stack.open(info.websocket_url).opened();
    await watcher.typesAndSees(ANSWER);
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    await watcher.leave();
  });

  for (const [offered, answered] of [
    [["baremetal-console.v1"], "baremetal-console.v1"],
    [["binary"], "binary"],
    [["base64"], "base64"],
    [["binary", "base64"], "binary"],
    [[], ""],
  ] as const)
    it(`carries keys and answers by WebSocket to who offers ${offered.join(" and ") || "no sub-protocol"}`, async () => {
      const watcher = stack.open((await stack.link("r1n1")).websocket_url, offered);
      await watcher.opened();
      assert.equal(watcher.protocol, answered);
      await watcher.typesAndSees(ANSWER);
      if (answered !== "baremetal-console.v1") assert.deepEqual(watcher.notices, []);
      await watcher.leave();
    });

  it("is typed into by bmcon console attach, at a terminal that is as before afterwards", async () => {
    const terminal = new TerminalProcess(["console", "attach", "r1n1"], { BMCON_URL: stack.api });
    try {
      await terminal.untilShows("connected to the machine");
      const tries = setInterval(() => terminal.type("\rby attach\rwhoami\r"), 400);
      await terminal
        .untilShows("by attach")
        .then(() => terminal.untilShows(ANSWER))
        .finally(() => clearInterval(tries));
      terminal.type("\r~.");
      assert.deepEqual(await terminal.end(), { status: 0, signal: null, restored: true });
    } finally {
      await terminal.stop();
    }
  });

  it("is typed into by ssh", async () => {
    const [, port = ""] = await stack.services.get("all")!.untilSays(/ssh listens .*port=(\d+)/);
    const options = [
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "LogLevel=ERROR",
      "IdentityAgent=none",
      "BatchMode=yes",
    ];
    const ssh = new OpenSshClient(
      [
        "-F",
        "none",
        "-tt",
        "-p",
        port,
        "-l",
        "r1n1",
        "-i",
        join(keys, "alice"),
        ...options.flatMap((one) => ["-o", one]),
        "127.0.0.1",
      ],
      process.env,
    );
    try {
      const tries = setInterval(() => ssh.type("\rby ssh\rwhoami\r"), 400);
      await ssh.shows(/by ssh[^]*root@r1n1/).finally(() => clearInterval(tries));
      ssh.type("\u0005c.");
      assert.equal(await ssh.end(), 0);
    } finally {
      ssh.kill("SIGKILL");
      await ssh.end();
    }
  });

  it("types nothing by a link that is for watching", async () => {
    const [watcher, writer] = await Promise.all([
      stack.watch("r1n1", "?mode=view"),
      stack.watch("r1n1"),
    ]);
    await Promise.all([watcher.opened(), writer.opened()]);
    watcher.type("forbidden\r");
    await writer.reaches(bmc.machine, "allowed");
    await watcher.shows("allowed");
    assert.ok(!bmc.typed().includes("forbidden"));
    await Promise.all([watcher.leave(), writer.leave()]);
  });

  it("is closed to a session that an operator ends, and to its link from then on", async () => {
    const { websocket_url: url } = await stack.link("r1n1");
    const watcher = await stack.open(url).opened();
    await watcher.saw(/^connected/);
    const id = String(watcher.notice("session")?.["id"]);
    await stack.call("DELETE", `/v1/sessions/${id}`);
    assert.deepEqual(await watcher.closed, { code: 1008, reason: "killed_by_operator" });
    const again = stack.open(url);
    const { code, reason } = await again.closed;
    assert.deepEqual(
      { code, reason, story: again.story.length },
      { code: 1006, reason: "", story: 1 },
    );
  });

  it("leaves no process, no file and no SOL session when it is switched off", async () => {
    const { websocket_url: url } = await stack.link("r1n1");
    await stack.disableClean("r1n1", bmc);
    assert.equal((await stack.open(url).closed).code, 1006);
  });

  it("is gone with its machine, as whoever watches is told", async () => {
    await stack.enable("r1n1");
    const watcher = await (await stack.watch("r1n1")).opened();
    await watcher.saw(/^connected/);
    await stack.call("DELETE", "/v1/nodes/r1n1");
    assert.equal((await watcher.closed).reason, "node_deleted");
    assert.deepEqual(stack.leftOf("r1n1"), []);
  });

  it("never shows the BMC's password in a log", () => {
    assert.ok(!stack.logged.includes(bmc.password));
  });
});

describe("the serial line of a real machine, a QEMU guest", function suite() {
  this.timeout(60_000);
  let stack: SerialStack;
  let bmc: IpmiBmc;

  before(async function start() {
    if (missingForIpmiBmc("qemu").length > 0) this.skip();
    bmc = await startIpmiBmc({ guest: "qemu", poweredOn: false, password: "quite-long-one" });
    stack = await SerialStack.all();
    await bmc.waitLine();
    await stack.addNode("guest", bmc);
    await stack.enable("guest");
  });
  after(async () => {
    await stack?.stop();
    await bmc?.stop();
  });

  it("shows its boot after it is switched on, echoes, and boots again", async () => {
    const watcher = await (await stack.watch("guest")).opened();
    await watcher.saw(/^connected/);
    const power = (target: string) => stack.call("PUT", "/v1/nodes/guest/states/power", { target });
    await power("power on");
    await watcher.shows("GUEST boots\r\nREADY", 30_000);
    await watcher.reaches(bmc.machine, "hello machine");
    await watcher.shows("hello machine\r\n");
    await until(async () => (await stack.node("guest"))["reservation"] === null, "free node");
    await power("rebooting");
    await until(() => watcher.shown.split("GUEST boots").length === 3, "second boot", 30_000);
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    await stack.disableClean("guest", bmc);
    assert.equal((await watcher.closed).reason, "console_disabled");
  });
});
