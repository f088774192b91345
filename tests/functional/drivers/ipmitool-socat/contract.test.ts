import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../../common/config/load.ts";
import { Secret, type Config, type DriverInfo } from "../../../../drivers/base.ts";
import driver from "../../../../drivers/ipmitool-socat/console.ts";
import { describeConsoleInterface } from "../../../../drivers/testing/contract.ts";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../../../helpers/ipmi-bmc.ts";
import { freePort } from "../../../helpers/server-process.ts";

for (const listener of ["unix", "tls", "plain"])
  describe(`ipmitool-socat with listener ${listener}`, () => {
    let bmc: IpmiBmc;
    let folder: string;
    let port: number;

    before(async function begin() {
      this.timeout(40_000);
      if (missingForIpmiBmc().length > 0) this.skip();
      bmc = await startIpmiBmc({ password: "s3cret,pw" });
      await bmc.waitLine();
      folder = mkdtempSync(join(tmpdir(), "socat-contract-"));
      port = await freePort();
    });
    after(async () => {
      await bmc?.stop();
      if (folder) rmSync(folder, { recursive: true });
    });

    const info = (password = "s3cret,pw"): DriverInfo => ({
      ...bmc.driverInfo(),
      ...(listener === "unix" ? {} : { ipmi_terminal_port: port }),
      ipmi_password: new Secret(password),
    });
    const config = (): Config =>
      loadConfig({
        overrides: {
          "console.terminal_pid_dir": join(folder, "consoles"),
          "console.socat_listener": listener,
        },
      });

    describeConsoleInterface({
      module: driver,
      config,
      driverInfo: () => info(),
      brokenDriverInfo: () => info("not the password"),
      // RFC 863: the discard service, which nobody runs; a BMC that is off is as silent.
      silentDriverInfo: () => ({ ...info(), ipmi_port: 9 }),
    });
  });
