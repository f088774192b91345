/**
 * Fails every test file that leaves a process, server, socket or timer behind. tools/test.mjs has
 * mocha require this file.
 */
import { LeakWatch } from "./helpers/leaks.ts";

const GRACE_MS = 3000;

const watch = new LeakWatch();

export const mochaHooks = {
  beforeAll(this: Mocha.Context): void {
    watch.start();
    const root = this.test?.parent;
    for (const suite of root?.suites ?? []) watchSuite(suite);
  },
  afterAll(): void {
    watch.stop();
  },
};

/** Looks before the suite's own first hook and after its last. */
function watchSuite(suite: Mocha.Suite): void {
  let before: ReadonlySet<string> = new Set();
  suite.beforeAll("note what runs already", () => {
    before = watch.now();
  });
  const own = hooksOf(suite, "_beforeAll");
  own.unshift(...own.splice(-1));
  suite.afterAll("find what was left running", async function () {
    this.timeout(GRACE_MS * 3);
    const leaks = await watch.leaksSince(before, GRACE_MS);
    if (leaks.length === 0) return;
    watch.killProcesses();
    throw new Error(`these tests left behind:\n  ${[...new Set(leaks)].join("\n  ")}`);
  });
}

/** mocha has no public way to put a hook first. */
function hooksOf(suite: Mocha.Suite, list: "_beforeAll"): unknown[] {
  return (suite as unknown as Record<typeof list, unknown[]>)[list];
}
