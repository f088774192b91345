import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BmcUnreachable, PageError } from "../../../../../drivers/base.ts";
import { FailureBook } from "../../../../../drivers/browser/desk/failure-book.ts";
import { Journal } from "../../../../../drivers/browser/desk/journal.ts";
import { NodeEntry } from "../../../../../drivers/browser/desk/node-entry.ts";
import { DeskFiles } from "../../../../../drivers/browser/desk/node-files.ts";
import { Seats } from "../../../../../drivers/browser/desk/seats.ts";
import type { SharedFile } from "../../../../../drivers/browser/providers/provider.ts";
import { until } from "../../../../helpers/until.ts";
import { FakeDesk, FakeProxy, RECIPE, SETTINGS } from "./fake-desk.ts";

const NODE = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

describe("a node at the desk", () => {
  let folder: string;
  let desk: FakeDesk;
  let entry: NodeEntry;
  let failures: FailureBook;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "node-entry-"))));
  afterEach(async () => {
    await entry.end("the test is over");
    rmSync(folder, { recursive: true, force: true });
  });

  function make(overrides: Record<string, string> = {}): void {
    desk = new FakeDesk(folder, overrides);
    const parts = desk.parts();
    const files = new DeskFiles(folder);
    failures = new FailureBook(files);
    const deps = { parts, seats: new Seats(parts), journal: new Journal(files), failures };
    entry = new NodeEntry(NODE, { ...deps, log: parts.log }, SETTINGS, undefined);
    entry.recipe = RECIPE;
  }
  const knock = (): FakeProxy => {
    const proxy = new FakeProxy();
    entry.knock(proxy);
    return proxy;
  };
  const shown = async (): Promise<FakeProxy> => {
    const proxy = knock();
    await until(() => proxy.hasPicture, "picture");
    return proxy;
  };
  const count = (what: string): number => desk.did.filter((one) => one === what).length;

  it("begins one session for all who come, and joins each with the picture", async () => {
    make();
    const [first, second] = [knock(), knock()];
    await until(() => first.hasPicture && second.hasPicture, "pictures");
    assert.equal(count("start"), 1);
    assert.deepEqual(
      first.messages.filter(({ type }) => type === "step").map(({ step }) => step),
      ["queue", "launch", "reach", "login", "viewer", "picture"],
    );
  });

  it("says every ten seconds whether the BMC answers, as long as the start goes on", async () => {
    make();
    desk.hangs.add("login");
    const proxy = knock();
    const said = (): unknown[] =>
      proxy.messages.filter(({ type }) => type === "bmc").map(({ answers }) => answers);
    await until(() => desk.did.includes("login"), "login");
    assert.deepEqual(said(), [true]);
    await desk.scheduler.pass(10_000);
    await until(() => said().length === 2, "second answer");
    desk.bmcAnswers = false;
    await desk.scheduler.pass(10_000);
    await until(() => said().length === 3, "third answer");
    assert.deepEqual(said(), [true, true, false]);
  });

  it("ends a start that takes too long, logged out, with the step that it was at", async () => {
    make({ "browser.start_timeout": "30" });
    desk.hangs.add("viewer");
    const proxy = knock();
    await until(() => desk.did.includes("viewer"), "viewer");
    await desk.scheduler.pass(30_000);
    await until(() => proxy.destroyed, "end");
    const failed = proxy.messages.at(-1);
    assert.deepEqual(failed, { type: "failed", step: "viewer", failure: "unexpected_page" });
    await until(() => desk.seats === 1, "seat");
    assert.equal(count("logout"), 1);
    assert.equal((await failures.read(NODE))?.failure, "unexpected_page");
  });

  for (const [step, thrown, failure, logouts] of [
    ["start", new Error("no namespaces"), "browser", 0],
    ["login", new PageError("wrong_password", "no"), "wrong_password", 1],
    ["login", new BmcUnreachable("gone"), "unreachable", 1],
    ["show", new PageError("no_licence", "no"), "no_licence", 1],
  ] as const)
    it(`gives everything back after ${failure} at ${step}`, async () => {
      make();
      desk.fails.set(step, thrown);
      const proxy = knock();
      await until(() => proxy.destroyed, "end");
      assert.equal(proxy.messages.at(-1)?.["failure"], failure);
      await until(() => desk.seats === 1, "seat");
      assert.equal(count("logout"), logouts);
      assert.equal(count("end process"), step === "start" ? 0 : 1);
      assert.deepEqual(new Journal(new DeskFiles(folder)).of(NODE), []);
    });

  for (const [start_on, sessions] of [
    ["connect", 1],
    ["enable", 2],
  ] as const)
    it(`lets no session keep a file that was taken back (start_on ${start_on})`, async () => {
      make({ "browser.start_on": start_on });
      let file: SharedFile | null = { path: join(folder, "image"), name: "debian.iso" };
      entry.use(SETTINGS, () => Promise.resolve(file));
      const proxy = await shown();
      file = null;
      await entry.takeBackMedia();
      assert.equal(proxy.destroyed, true);
      assert.equal(count("end process"), 1);
      await until(() => count("show") === sessions, "what comes after");
      await shown();
      await entry.takeBackMedia();
      assert.equal(count("end process"), 1, "the next one has none");
    });

  it("does not log in again soon after a wrong password", async () => {
    make();
    desk.fails.set("login", new PageError("wrong_password", "no"));
    const first = knock();
    await until(() => first.destroyed, "end");
    const second = knock();
    await until(() => second.destroyed, "second end");
    assert.equal(second.messages.at(-1)?.["failure"], "wrong_password");
    assert.equal(count("login"), 1);
    await desk.scheduler.pass(60_000);
    await until(() => desk.seats === 1, "seat");
    knock();
    await until(() => count("login") === 2, "second login");
  });

  it("covers a viewer that goes astray and opens it once more", async () => {
    make();
    const proxy = await shown();
    desk.stray("it went to /menu");
    await until(() => count("show") === 2, "second viewer");
    assert.deepEqual(desk.did.slice(-3), ["cover", "viewer", "show"]);
    assert.equal(proxy.destroyed, false);
    assert.equal(count("login"), 1);
  });

  it("gives the next tenant a session of its own, after the end of the former one's", async () => {
    make();
    const former = await shown();
    entry.changeHands();
    assert.equal(entry.hasSession, false);
    await shown();
    assert.equal(former.destroyed, true);
    const order = ["start", "logout", "end process"];
    assert.deepEqual(
      desk.did.filter((one) => order.includes(one)),
      [...order, "start"],
    );
  });

  it("begins anew by itself where sessions stay", async () => {
    make({ "browser.start_on": "enable" });
    entry.changeHands();
    assert.equal(entry.hasSession, false, "there was none");
    await shown();
    entry.changeHands();
    assert.equal(entry.hasSession, true);
    await until(() => count("show") === 2, "second picture");
  });

  it("lets nobody press anything behind the cover, until the viewer is opened once more", async () => {
    make();
    const first = await shown();
    const keyEvent = (name: string): Buffer =>
      Buffer.from([4, 1, 0, 0, 0, 0, 0, name.charCodeAt(0)]);
    const press = (name: string): boolean => first.push(keyEvent(name));
    const heard = (name: string): boolean => desk.said.includes(keyEvent(name));
    first.push(Buffer.from("RFB 003.008\n\u0001\u0001"));
    press("a");
    await until(() => heard("a"), "key");
    desk.kiosk?.onFramed(false);
    press("x");
    desk.kiosk?.onFramed(true);
    press("y");
    await until(() => heard("y"), "key");
    assert.equal(heard("x"), false, "of another document, before it is framed");
    desk.hangs.add("show");
    desk.stray("it went to /menu");
    press("b");
    await until(() => count("show") === 2, "viewer once more");
    press("c");
    const second = knock();
    desk.hangs.delete("show");
    desk.goOn();
    await until(() => second.hasPicture, "picture");
    press("d");
    await until(() => heard("d"), "key");
    assert.deepEqual([heard("b"), heard("c")], [false, false]);
  });

  it("ends a session whose viewer goes astray again", async () => {
    make();
    const proxy = await shown();
    desk.stray("once");
    await until(() => count("show") === 2, "second viewer");
    desk.stray("twice");
    await until(() => proxy.destroyed, "end");
    await until(() => desk.seats === 1, "seat");
    assert.equal(count("logout"), 1);
  });

  it("ends viewers when the browser is lost, and begins again at once for the next", async () => {
    make();
    const proxy = await shown();
    desk.lose("it crashed");
    await until(() => proxy.destroyed, "end");
    await shown();
    assert.equal(count("start"), 2);
  });

  it("lets nobody in after its end", async () => {
    make();
    const proxy = await shown();
    await entry.end("disabled");
    assert.equal(proxy.destroyed, true);
    assert.equal(knock().destroyed, true);
    assert.equal(desk.seats, 1);
    assert.equal(desk.scheduler.pending, 0);
  });

  it("ends a proxy that talks before the picture is there", async () => {
    make();
    desk.hangs.add("login");
    const proxy = knock();
    proxy.push("GET / HTTP/1.1\r\n");
    await until(() => proxy.destroyed, "end");
  });

  it("takes a browser that waits, and has another one wait", async () => {
    make({ "browser.warm_sessions": "1" });
    desk.seats = 2;
    const parts = desk.parts();
    const files = new DeskFiles(folder);
    const seats = new Seats(parts);
    const deps = { parts, seats, journal: new Journal(files), failures, log: parts.log };
    entry = new NodeEntry(NODE, deps, SETTINGS, undefined);
    entry.recipe = RECIPE;
    seats.fill();
    await until(() => count("start") === 1, "browser that waits");
    await until(() => desk.scheduler.pending === 1, "its age is watched");
    await shown();
    await until(() => count("start") === 2, "another one");
    await entry.end("over");
    await seats.close();
    assert.equal(desk.seats, 2);
    assert.equal(desk.scheduler.pending, 0);
  });
});
