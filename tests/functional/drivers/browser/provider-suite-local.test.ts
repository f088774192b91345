/** What all providers do, by the local one. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../../common/config/load.ts";
import { silentLogger } from "../../../../common/log.ts";
import { createLocalProvider } from "../../../../drivers/browser/providers/local/local.ts";
import { describeSessions, type ProviderBench } from "./provider-suite.ts";

describe("browser sessions here", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "suite-local-"));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const provider: ProviderBench["provider"] = ({ overrides = {}, conductor = "test" } = {}) => {
    const own = join(folder, conductor);
    mkdirSync(own, { recursive: true });
    const config = loadConfig({ overrides });
    return createLocalProvider({ config, log: silentLogger(), conductor, folder: own });
  };
  const traces = (): Promise<string[]> => {
    const found = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return Promise.resolve(found.filter((path) => path.includes("/")));
  };
  describeSessions("in a sandbox", () => ({ provider, traces }));
});
