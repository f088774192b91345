import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { LeakWatch } from "../../helpers/leaks.ts";

describe("LeakWatch", () => {
  let watch: LeakWatch;
  let before: ReadonlySet<string>;

  beforeEach(() => {
    watch = new LeakWatch();
    watch.start();
    before = watch.now();
  });

  afterEach(() => watch.stop());

  it("finds a timer and says where it was made", async () => {
    const timer = setTimeout(() => undefined, 60_000);
    const leaks = await watch.leaksSince(before, 0);
    clearTimeout(timer);
    assert.equal(leaks.length, 1);
    assert.match(leaks[0] ?? "", /^timer made at .*leaks\.test/);
  });

  it("finds a listening server", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const leaks = await watch.leaksSince(before, 0);
    server.close();
    await once(server, "close");
    assert.match(leaks.join(), /^listening server made at /);
  });

  it("finds a child process and the orphan it left", async () => {
    const child = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [orphan] = (await once(child.stdout, "data")) as [Buffer];
    const leaks = await watch.leaksSince(before, 0);
    assert.match(leaks.join("\n"), new RegExp(`process ${child.pid} `));
    child.kill("SIGKILL");
    await once(child, "exit");
    const later = await watch.leaksSince(before, 0);
    process.kill(Number(orphan.toString()), "SIGKILL");
    assert.match(later.join("\n"), new RegExp(`process ${orphan.toString().trim()} \\(sleep\\)`));
  });

  it("finds nothing when all that was made has ended", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const timer = setTimeout(() => undefined, 60_000);
    clearTimeout(timer);
    server.close();
    assert.deepEqual(await watch.leaksSince(before, 2000), []);
  });

  it("ignores a timer that keeps nothing alive", async () => {
    const timer = setTimeout(() => undefined, 60_000).unref();
    const leaks = await watch.leaksSince(before, 0);
    clearTimeout(timer);
    assert.deepEqual(leaks, []);
  });
});
