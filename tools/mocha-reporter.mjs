/**
 * mocha's spec reporter, plus: writes the counts to the file named by the reporter option `summary`,
 * and ends a run whose tests left something that keeps Node.js alive, saying what it is.
 */
import { writeFileSync } from "node:fs";
import { reporters } from "mocha";

const GRACE_MS = 5000;

export default class CountingSpec extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const summary = options?.reporterOptions?.summary;
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      if (summary) writeFileSync(summary, JSON.stringify({ passes, failures, pending }));
      setTimeout(() => {
        const kinds = [...new Set(process.getActiveResourcesInfo())].join(", ");
        process.stderr.write(`the tests ended but left running: ${kinds}\n`);
        process.exit(1);
      }, GRACE_MS).unref();
    });
  }
}
