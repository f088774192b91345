import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { Agent, request } from "undici";
import { shippedRecipeFolder } from "../../../../common/console-recipe/recipe-folder.ts";
import { InvalidParameterValue } from "../../../../drivers/base.ts";
import { Journal, type BmcSession } from "../../../../drivers/browser/desk/journal.ts";
import { DeskFiles } from "../../../../drivers/browser/desk/node-files.ts";
import { BMC_PASSWORD, BMC_USER } from "../../../helpers/bmc-web/bmc-web.ts";
import { until } from "../../../helpers/until.ts";
import { DeskWorld, missingForBrowser, type DeskWorldOptions } from "./desk-world.ts";

const WAITS = "a browser waits for a machine";
const STEPS = ["queue", "launch", "reach", "login", "viewer", "picture"];

describe("a console in a browser, on a simulated iLO 5", function suite() {
  this.timeout(120_000);
  let world: DeskWorld;
  const open = async (options: DeskWorldOptions = {}): Promise<DeskWorld> =>
    (world = await DeskWorld.start(options));

  before(function look() {
    const missing = missingForBrowser();
    if (missing === undefined) return;
    process.stderr.write(`SKIPPED: ${missing}\n`);
    this.skip();
  });
  afterEach(async () => await world?.stop());

  it("starts with its first viewer, carries a key to the machine, and logs out after the last", async () => {
    const { driver, bmc } = await open();
    const task = world.task();
    const endpoint = await driver.startConsole(task);
    assert.equal(endpoint.consoleType, "vnc");
    assert.deepEqual(endpoint.allowedSecurityTypes, ["None"]);
    assert.equal(endpoint.preludeSeconds, 420);
    assert.equal(bmc.bmc.counts.logins, 0, "nobody watches yet");
    await driver.checkConsole?.({ ...task, endpoint });

    const proxy = world.dial(endpoint);
    const frame = await proxy.firstFrame();
    assert.deepEqual([...new Set(proxy.steps)], STEPS);
    assert.ok(proxy.lines.some(({ type, answers }) => type === "bmc" && answers === true));
    assert.ok(frame.width >= 320 && frame.height >= 200, JSON.stringify(frame));
    proxy.typeKey(0x61);
    await until(() => bmc.bmc.counts.keys.length > 0, "key in the machine");

    const second = world.dial(endpoint);
    await second.firstFrame();
    assert.deepEqual(second.lines, [], "the picture is there already");
    assert.equal(bmc.bmc.counts.logins, 1, "one session for both");

    await proxy.end();
    await second.end();
    await world.untilClean();
    assert.equal(bmc.bmc.counts.logouts, 1);
    await driver.stopConsole(task);
    const log = world.log.logged() + task.logged();
    assert.ok(!log.includes(BMC_PASSWORD), "the password was logged");
  });

  it("listens where this user alone may knock, and nowhere once it is disabled", async () => {
    const { driver } = await open();
    const task = world.task();
    const { transport } = await driver.startConsole(task);
    assert.ok(transport.kind === "unix");
    assert.equal(statSync(transport.path).mode & 0o777, 0o600);
    await driver.stopConsole(task);
    await driver.stopConsole(task);
    assert.equal(existsSync(transport.path), false);
  });

  it("ends what runs when the console is disabled while it starts", async () => {
    const { driver } = await open();
    const task = world.task();
    const proxy = world.dial(await driver.startConsole(task));
    await proxy.untilStep("login");
    await driver.stopConsole(task);
    await proxy.untilClosed();
    assert.deepEqual(world.remains, []);
  });

  it("tells a wrong password, keeps the page's picture for the operator, and does not try at once again", async () => {
    const { driver, bmc } = await open();
    const task = world.task({ web_password: "not-the-one" });
    const endpoint = await driver.startConsole(task);
    const proxy = world.dial(endpoint);
    await proxy.untilClosed();
    assert.equal(proxy.failure, "wrong_password");
    await world.untilClean();
    const failure = await driver.lastFailure?.(task);
    assert.equal(failure?.step, "login");
    assert.deepEqual([...(failure?.screenshot?.subarray(1, 4) ?? [])], [...Buffer.from("PNG")]);
    await world.untilClean();
    const tries = bmc.bmc.counts.failedLogins;

    const again = world.dial(endpoint);
    await again.untilClosed();
    assert.equal(again.failure, "wrong_password");
    assert.equal(bmc.bmc.counts.failedLogins, tries, "answered from memory");
    await driver.stopConsole(task);
    assert.equal(await driver.lastFailure?.(task), null);
  });

  it("fails to start for a BMC that shows another certificate, and leaves nothing", async () => {
    const { driver } = await open();
    const task = world.task({ web_tls_fingerprint: "ab".repeat(32) });
    await assert.rejects(
      async () => await driver.startConsole(task),
      (error: Error) =>
        error.message.includes(world.bmc.fingerprint) && /web_tls_fing/.test(error.message),
    );
    await assert.rejects(async () => await driver.checkConsole?.({ ...task, endpoint: null }));
    assert.deepEqual(world.remains, []);
  });

  it("tells a viewer that the BMC went away", async () => {
    const { driver, bmc } = await open();
    const endpoint = await driver.startConsole(world.task());
    await bmc.crash();
    const proxy = world.dial(endpoint);
    await proxy.untilClosed();
    assert.equal(proxy.failure, "unreachable");
    await until(() => world.remains.length === 0, "clean end");
  });

  it("gives up on a page that hangs when the time is over, and logs out", async () => {
    const { driver, bmc } = await open({ "browser.start_timeout": "10" });
    const endpoint = await driver.startConsole(world.task());
    bmc.bmc.faults.hang = /irc\.html/;
    const proxy = world.dial(endpoint);
    await proxy.untilClosed(30_000);
    assert.equal(proxy.failure, "unexpected_page");
    bmc.bmc.faults.hang = undefined;
    await world.untilClean();
    assert.equal(bmc.bmc.counts.logins, 1);
  });

  it("starts with the console when it is told to, stays without viewers, and logs out at its end", async () => {
    const { driver, bmc } = await open({
      "browser.start_on": "enable",
      "browser.linger_seconds": "0",
    });
    const task = world.task();
    const endpoint = await driver.startConsole(task);
    assert.equal(bmc.bmc.counts.viewers, 1, "the picture is there before anybody watches");
    const proxy = world.dial(endpoint);
    await proxy.firstFrame();
    assert.deepEqual(proxy.steps, []);
    await proxy.end();
    await driver.checkConsole?.({ ...task, endpoint });
    assert.equal(world.bmcSessions, 1);
    await driver.stopConsole(task);
    assert.deepEqual(world.remains, []);
  });

  it("fails to enable with the reason, when it is told to start with the console and the password is wrong", async () => {
    const { driver } = await open({ "browser.start_on": "enable" });
    const task = world.task({ web_password: "not-the-one" });
    await assert.rejects(async () => await driver.startConsole(task), /login/);
    await world.untilClean();
  });

  it("ends viewers when the browser dies, and starts again for the next one", async () => {
    const { driver, bmc } = await open();
    const endpoint = await driver.startConsole(world.task());
    const proxy = world.dial(endpoint);
    await proxy.firstFrame();
    killBrowsers(world.folder);
    await proxy.untilClosed();
    await world.untilClean();
    await until(async () => {
      const next = world.dial(endpoint);
      await next.firstFrame().catch(() => undefined);
      return bmc.bmc.counts.logins === 2 && !next.isClosed;
    }, "second session");
  });

  it("ends everything, logged out, when the conductor stops", async () => {
    const { driver } = await open();
    const proxy = world.dial(await driver.startConsole(world.task()));
    await proxy.firstFrame();
    await world.newConductor();
    await proxy.untilClosed();
    assert.deepEqual(world.remains, []);
  });

  it("ends on the BMC what a killed conductor left there, and never a session of somebody else", async () => {
    const { driver, bmc } = await open();
    const task = world.task();
    const ours = bmc.bmc.sessions.open(BMC_USER, "web");
    const others = bmc.bmc.sessions.open(BMC_USER, "web");
    const stranger = bmc.bmc.sessions.open("somebody", "web");
    assert.ok(ours && others && stranger);
    const described = await redfishSession(world, ours.id);
    const journal = new Journal(new DeskFiles(world.folder));
    const entry = { node: task.node.uuid, provider: "local", account: null };
    await journal.write({ ...entry, id: "a".repeat(16), bmcSession: described });
    // A number that was used again since.
    const reused = { ...described, path: described.path.replace(ours.id, stranger.id) };
    await journal.write({ ...entry, id: "b".repeat(16), bmcSession: reused });
    await driver.startConsole(task);
    assert.deepEqual(
      bmc.bmc.sessions.list().map(({ id }) => id),
      [others.id, stranger.id],
    );
    assert.deepEqual(journal.of(task.node.uuid), []);
  });

  it("tries a recipe beside the console, with its steps and a picture", async () => {
    const { driver } = await open();
    const task = world.task();
    const endpoint = await driver.startConsole(task);
    const proxy = world.dial(endpoint);
    await proxy.firstFrame();
    const text = readFileSync(join(shippedRecipeFolder(), "hpe-ilo5.yaml"), "utf8");
    const good = await driver.tryRecipe?.(task, text);
    assert.equal(good?.failure, null);
    assert.ok(good?.steps.some(({ what }) => what.startsWith("viewer: goto")));
    assert.ok((good?.screenshot?.length ?? 0) > 1000);
    const bad = await driver.tryRecipe?.(
      task,
      text.replaceAll("#username", "#nobody").replaceAll("within: 30", "within: 2"),
    );
    assert.equal(bad?.failure?.failure, "unexpected_page");
    assert.equal(bad?.failure?.step, "login");
    await assert.rejects(
      async () => await driver.tryRecipe?.(task, "name: ["),
      InvalidParameterValue,
    );
    assert.equal(proxy.isClosed, false, "the console goes on");
    await proxy.end();
    await world.untilClean();
  });

  it("shows its first picture sooner from a browser that waited", async () => {
    const { driver } = await open({ "browser.warm_sessions": "1", "browser.linger_seconds": "0" });
    const task = world.task();
    const endpoint = await driver.startConsole(task);
    await until(() => world.log.logged().includes(WAITS), "browser that waits");
    const warm = world.dial(endpoint);
    await warm.firstFrame();
    await until(() => world.log.logged().split(WAITS).length === 3, "the next one that waits");
    const launched = warm.lines.find(({ step }) => step === "reach")?.["elapsedMs"];
    assert.ok(Number(launched) < 500, `launch took ${String(launched)} ms`);
    await warm.end();
    await world.newConductor();
    assert.deepEqual(world.remains, []);
  });

  it("makes the second machine wait for the one seat, says so, and then serves it", async () => {
    const { driver } = await open({ "browser.max_sessions": "1", "browser.linger_seconds": "0" });
    const other = "2be26c0b-03f2-4d2e-ae87-c02d7f33c124";
    const first = world.dial(await driver.startConsole(world.task()));
    await first.firstFrame();
    const second = world.dial(await driver.startConsole(world.task({}, { uuid: other })));
    await until(() => second.lines.some(({ position }) => position === 1), "place in the queue");
    await first.end();
    await second.firstFrame();
  });

  it("lets in over TLS who shows the node's certificate, and nobody else", async () => {
    const { driver } = await open({ "browser.listen": "tls", "browser.listen_port": "0" });
    const task = world.task();
    const endpoint = await driver.startConsole(task);
    const { transport } = endpoint;
    assert.ok(transport.kind === "tcp");
    assert.equal(endpoint.tls?.verify, "pin");
    const stranger = connectTls({ ...transport, rejectUnauthorized: false });
    stranger.on("error", () => undefined);
    stranger.resume();
    await once(stranger, "close");
    const proxy = world.dial(endpoint);
    await proxy.firstFrame();
    await driver.stopConsole(task);
    await proxy.untilClosed();
  });
});

/** As the BMC describes it to whoever may ask. */
async function redfishSession({ bmc }: DeskWorld, id: string): Promise<BmcSession> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const path = `/redfish/v1/SessionService/Sessions/${id}`;
  try {
    const account = Buffer.from(`${BMC_USER}:${BMC_PASSWORD}`).toString("base64");
    const headers = { authorization: `Basic ${account}` };
    const answer = await request(`${bmc.origin}${path}`, { dispatcher, headers });
    const body = (await answer.body.json()) as { UserName: string; CreatedTime?: string };
    return { path, userName: body.UserName, createdTime: body.CreatedTime ?? null };
  } finally {
    await dispatcher.close();
  }
}

/** What runs in this world's sandboxes, by its folder in the arguments. */
function killBrowsers(folder: string): void {
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    let command: string;
    try {
      command = readFileSync(`/proc/${name}/cmdline`, "utf8");
    } catch {
      continue;
    }
    if (command.includes(folder)) process.kill(Number(name), "SIGKILL");
  }
}
