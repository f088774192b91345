/** Everything real but the BMC: the tenant's Chromium, our page, three services, a locked browser of ours. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shippedRecipeFolder } from "../../common/console-recipe/recipe-folder.ts";
import type { BmcVendor } from "../helpers/bmc-web/bmc.ts";
import { idrac9 } from "../helpers/bmc-web/vendors/idrac9.ts";
import { ilo } from "../helpers/bmc-web/vendors/ilo.ts";
import { supermicro } from "../helpers/bmc-web/vendors/supermicro.ts";
import { builtPages, describeInBrowser, eventually } from "../helpers/browser.ts";
import {
  BrowserStack,
  skipWithoutBrowsers,
  type BrowserNode,
  type NodeWish,
} from "../helpers/browser-stack.ts";
import { ESCAPE_KEYS } from "./escape-keys.ts";
import { TenantScene } from "./tenant-scene.ts";

const CLEAN_MILLISECONDS = 15_000;
const graphical = (driver: string): NodeWish => ({ driver, console: "redfish-graphical" });

describeInBrowser("the web console of a BMC, in a tenant's browser,", function suite(browser) {
  let stack: BrowserStack;
  const scenes: TenantScene[] = [];

  before(async function start() {
    this.timeout(60_000);
    skipWithoutBrowsers(this);
    builtPages();
    stack = await BrowserStack.start("all", { "browser.linger_seconds": "0" });
    addImpatientRecipe(stack.service.folder);
  });
  after(async function stop() {
    this.timeout(60_000);
    await stack?.stop();
  });
  afterEach(leaveAll);

  async function leaveAll(): Promise<void> {
    for (const scene of scenes.splice(0)) await scene.leave();
  }

  async function open(node: BrowserNode): Promise<TenantScene> {
    const scene = await TenantScene.open(browser(), stack, node);
    scenes.push(scene);
    return scene;
  }

  async function enabled(name: string, vendor: BmcVendor, wish?: NodeWish): Promise<BrowserNode> {
    const node = await stack.addNode(name, vendor, wish);
    await stack.enable(node);
    return node;
  }

  /** As the operator sees it, with a picture of the page. */
  async function failureOf(node: BrowserNode, failure: string): Promise<Record<string, unknown>> {
    return await eventually(
      `failure ${failure} for the operator`,
      () => stack.lastFailure(node),
      (found) => found["failure"] === failure,
    );
  }

  const machines: readonly (readonly [string, BmcVendor, NodeWish?])[] = [
    ["iLO 5", ilo(5)],
    ["iLO 6", ilo(6)],
    ["iDRAC 9", idrac9(), graphical("idrac")],
    ["Supermicro X12", supermicro(12), graphical("supermicro")],
    ["Supermicro X11, by its frames,", supermicro(11), graphical("supermicro")],
  ];
  for (const [title, vendor, wish] of machines)
    it(`${title} shows the steps, then the machine and nothing else; keys and clicks reach it`, async function whole() {
      this.timeout(90_000);
      const node = await enabled(vendor.name, vendor, wish);
      const { bmc } = node.web;
      const tenant = await open(node);
      const dark = await tenant.showsTheMachine();
      assert.equal(dark.size, "800x600");
      await tenant.assertSteps();

      await tenant.type("Hello, BMC");
      const lit = await tenant.showsTheMachine();
      assert.ok(lit.text > dark.text * 3, "the word is on the tenant's screen");
      await tenant.click(700, 300);
      const { x, y } = bmc.counts.clicks[0] ?? { x: 0, y: 0 };
      assert.ok(Math.abs(x - 700) <= 1 && Math.abs(y - 300) <= 1, `it came as ${x},${y}`);
      const shown = await tenant.showsTheMachine();
      const { markAt } = shown;
      assert.ok(markAt && Math.abs(markAt.x - x) <= 2 && Math.abs(markAt.y - y) <= 2);
      await tenant.assertNothingElseWasSeen();
      assert.deepEqual(tenant.watched.complaints, []);

      assert.equal(bmc.counts.failedLogins, 0);
      await leaveAll();
      await stack.untilClean([node], CLEAN_MILLISECONDS);
      assert.equal(bmc.counts.logouts, bmc.counts.logins, "logged out of the BMC");
    });

  it("is one session for all who watch; the last one's leave ends it, and it comes again for the next", async function crowd() {
    this.timeout(90_000);
    const node = await enabled("crowd", ilo(5));
    const { bmc } = node.web;
    const first = await open(node);
    await first.showsTheMachine();
    const second = await open(node);
    await second.showsTheMachine();
    await second.type("both");
    await Promise.all([first.showsTheMachine(), second.showsTheMachine()]);
    assert.deepEqual([bmc.counts.logins, bmc.counts.viewers], [1, 1]);
    await second.leave();
    await first.type("!");
    await first.showsTheMachine();
    assert.equal(bmc.counts.logouts, 0);
    await leaveAll();
    await stack.untilClean([node], CLEAN_MILLISECONDS);
    await (await open(node)).showsTheMachine();
    assert.equal(bmc.counts.logins, 2);
    await stack.disable(node);
    assert.deepEqual(stack.remains([node]), [], "nothing is left once it is disabled");
  });

  it("lets nobody out of the viewer by keys or mouse", async function lock() {
    this.timeout(120_000);
    const node = await enabled("locked", ilo(5));
    const { bmc } = node.web;
    const tenant = await open(node);
    await tenant.showsTheMachine();
    for (const key of ESCAPE_KEYS) await tenant.page.keyboard.press(key).catch(unknownKey(key));
    await tenant.type("chrome://version");
    await tenant.page.keyboard.press("Enter");
    await mouseTricks(tenant);
    await tenant.type("z");
    await tenant.showsTheMachine();
    await tenant.assertNothingElseWasSeen();
    const heard = bmc.counts.keys;
    for (const key of ["F1", "F5", "F11", "F12", "n", "t", "w", "ContextMenu"])
      assert.ok(heard.includes(key), `${key} is the machine's`);
    assert.deepEqual(
      [bmc.counts.logins, bmc.counts.viewers, await tenant.reader.phase()],
      [1, 1, "connected"],
    );
    assert.deepEqual(tenant.watched.complaints, []);
  });

  async function mouseTricks(tenant: TenantScene): Promise<void> {
    const { mouse, keyboard } = tenant.page;
    await tenant.click(400, 400, "right");
    const [from, to] = [await tenant.place(20, 80), await tenant.place(780, 590)];
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(to.x, to.y, { steps: 5 });
    await mouse.up();
    await mouse.click(from.x, from.y, { button: "middle" });
    for (const key of ["Control", "Shift"]) {
      await keyboard.down(key);
      for (const step of [300, -600]) await mouse.wheel(0, step);
      await mouse.click(to.x, to.y);
      await keyboard.up(key);
    }
    for (const edge of [0, 799]) {
      const corner = await tenant.place(edge, 0);
      await mouse.move(corner.x, corner.y, { steps: 3 });
      await mouse.dblclick(corner.x, corner.y);
    }
  }

  for (const [title, path] of [
    ["is loaded again", "/irc.html"],
    ["leaves for the BMC's menus", "/index.html"],
  ] as const)
    it(`comes back by itself, and covered meanwhile, when the BMC's viewer ${title}`, async function astray() {
      this.timeout(90_000);
      const node = await enabled(`strays-${path.slice(1, 4)}`, ilo(5));
      const { bmc } = node.web;
      const tenant = await open(node);
      await tenant.showsTheMachine();
      const opened = (): number =>
        bmc.requests.filter((one) => one.startsWith("UPGRADE /wss/ircport")).length;
      const before = opened();
      bmc.machine.sendViewersTo(path);
      await eventually("viewer that is opened again", opened, (count) => count > before, 30);
      bmc.machine.print("still here");
      await tenant.showsTheMachine();
      await tenant.typesAgain("!");
      await tenant.showsTheMachine();
      await tenant.assertNothingElseWasSeen();
    });

  it("tells a refused sign-in in words, the details to the operator alone, and does not try again at once", async function refused() {
    this.timeout(90_000);
    const node = await enabled("refused", ilo(5), { driverInfo: { web_password: "not the one" } });
    const { bmc } = node.web;
    const tenant = await open(node);
    await tenant.isTold(/refuses the service's sign-in/);
    const tries = bmc.counts.failedLogins;
    assert.ok(tries >= 1 && tries <= 2, `${tries} tries`);
    for (let more = 0; more < 3; more++) {
      await (await open(node)).isTold(/refuses the service's sign-in/);
      assert.equal(bmc.counts.failedLogins, tries, "the BMC's account is not tried again");
    }
    const failure = await failureOf(node, "wrong_password");
    assert.equal(failure["step"], "login");
    const picture = Buffer.from(String(failure["screenshot"]), "base64");
    assert.equal(picture.subarray(1, 4).toString(), "PNG");
    assert.ok(picture.length > 1000);
    const told = scenes.map(({ received }) => received.join("\n")).join("\n");
    for (const secret of [failure["message"], failure["page_url"], String(failure["screenshot"])])
      assert.equal(told.includes(String(secret)), false, "that is the operator's");
    assert.equal(told.includes(String(node.web.port)), false);
    const log = stack.service.logged;
    assert.equal(log.includes("not the one") || told.includes("not the one"), false);
    await stack.untilClean([node], CLEAN_MILLISECONDS);
  });

  const troubles: readonly (readonly [string, RegExp, string, (node: BrowserNode) => unknown])[] = [
    [
      "that all of the BMC's sessions are taken",
      /All console seats of this machine are taken/,
      "sessions_taken",
      ({ web }) => (web.bmc.sessions.maximum = 0),
    ],
    [
      "that the licence is missing",
      /no licence for its remote screen/,
      "no_licence",
      ({ web }) => (web.bmc.faults.noLicence = true),
    ],
    [
      "that the BMC does not answer",
      /management controller does not answer/,
      "unreachable",
      ({ web }) => web.crash(),
    ],
    [
      "that the BMC's page shows no picture",
      /machine's screen did not appear/,
      "no_picture",
      ({ web }) => (web.bmc.machine.blank = true),
    ],
  ];
  for (const [title, words, failure, trouble] of troubles)
    it(`tells ${title}`, async function told() {
      this.timeout(90_000);
      const node = await enabled(failure.replace("_", "-"), ilo(5), {
        driverInfo: { console_recipe: "impatient" },
      });
      await trouble(node);
      await (await open(node)).isTold(words);
      await failureOf(node, failure);
      await stack.untilClean([node], CLEAN_MILLISECONDS);
    });

  it("is refused for a BMC that no recipe knows, with what it said", async function unknown() {
    this.timeout(30_000);
    const vendor = {
      ...ilo(5),
      name: "unknown",
      serviceRoot: { Name: "Root", Vendor: "Unknown Ltd" },
    };
    await assert.rejects(enabled("unknown", vendor, graphical("redfish")), /Unknown Ltd/);
  });
});

/** An operator's own recipe: that of iLO 5, which waits two seconds for what others wait for half a minute. */
function addImpatientRecipe(stateFolder: string): void {
  const shipped = readFileSync(join(shippedRecipeFolder(), "hpe-ilo5.yaml"), "utf8");
  const text = shipped
    .replace("name: hpe-ilo5", "name: impatient")
    .replace("^iLO 5$", "^none$")
    .replaceAll(/within: [34]0$/gm, "within: 2");
  mkdirSync(join(stateFolder, "recipes"), { recursive: true });
  writeFileSync(join(stateFolder, "recipes", "impatient.yaml"), text);
}

/** Playwright knows not every key's name on every layout. */
function unknownKey(key: string): (error: Error) => void {
  return (error) => {
    if (!error.message.includes("Unknown key")) throw new Error(key, { cause: error });
  };
}
