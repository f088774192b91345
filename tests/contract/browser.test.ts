import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../common/config/load.ts";
import type { Config } from "../../common/config/options.ts";
import { Secret } from "../../common/secret.ts";
import { SharedParts, type DriverEnvironment, type DriverInfo } from "../../drivers/base.ts";
import iloBrowser from "../../drivers/browser/ilo-browser.ts";
import { checkPrograms } from "../../drivers/browser/providers/local/check.ts";
import redfishGraphical from "../../drivers/browser/redfish-graphical.ts";
import { describeConsoleInterface, fakeTask } from "../../drivers/testing/contract.ts";
import { BMC_PASSWORD, BMC_USER, startBmcWeb, type BmcWeb } from "../helpers/bmc-web/bmc-web.ts";
import { ilo } from "../helpers/bmc-web/vendors/ilo.ts";
import { startSilentServer, type SilentServer } from "../helpers/silent-server.ts";

function canRun(): boolean {
  try {
    checkPrograms();
    return true;
  } catch {
    return false;
  }
}

for (const { module, startOn } of [
  { module: iloBrowser, startOn: "enable" },
  { module: redfishGraphical, startOn: "connect" },
])
  describe(`${module.name}, started on ${startOn}, before a simulated iLO 5`, () => {
    let bmc: BmcWeb;
    let silent: SilentServer;
    let folder: string;
    let config: Config;
    let environment: DriverEnvironment;

    before(async function start() {
      if (!canRun()) this.skip();
      this.timeout(30_000);
      bmc = await startBmcWeb(ilo(5));
      silent = await startSilentServer();
      folder = mkdtempSync(join(tmpdir(), "browser-"));
      config = loadConfig({
        overrides: {
          "DEFAULT.state_path": folder,
          "DEFAULT.host": "contract",
          "browser.start_on": startOn,
        },
      });
      environment = { config, log: fakeTask().log, shared: new SharedParts() };
    });
    after(async function end() {
      this.timeout(30_000);
      if (environment) await module.create(environment).close?.();
      await bmc?.stop();
      await silent?.stop();
      if (folder) rmSync(folder, { recursive: true });
    });

    const at = (port: number, password: string): DriverInfo => ({
      web_address: `127.0.0.1:${port}`,
      web_username: BMC_USER,
      web_password: new Secret(password),
      web_tls_fingerprint: bmc.fingerprint,
    });
    describeConsoleInterface({
      module,
      driverInfo: () => at(bmc.port, BMC_PASSWORD),
      config: () => config,
      environment: () => environment,
      brokenDriverInfo: () =>
        startOn === "enable" ? at(bmc.port, "wrong-password") : at(1, BMC_PASSWORD),
      silentDriverInfo: () => at(silent.port, BMC_PASSWORD),
      machineState: () => bmc.bmc.counts.sessions,
    });
  });
