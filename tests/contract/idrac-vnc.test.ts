import { Secret } from "../../common/secret.ts";
import driver from "../../drivers/idrac-vnc/console.ts";
import { describeConsoleInterface } from "../../drivers/testing/contract.ts";
import { startFakeIdrac, type FakeIdrac } from "../fakes/idrac/idrac.ts";
import { startSilentServer, type SilentServer } from "../helpers/silent-server.ts";
import { missingForVncServer } from "../helpers/vnc-servers.ts";

for (const transport of ["redfish", "racadm"] as const)
  describe(`the idrac-vnc driver before a simulated iDRAC over ${transport}`, () => {
    let idrac: FakeIdrac;
    let silent: SilentServer;
    before(async function start() {
      if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
      this.timeout(30_000);
      idrac = await startFakeIdrac();
      silent = await startSilentServer();
    });
    after(async () => {
      await idrac?.stop();
      await silent?.stop();
    });

    const info = (more: object) => ({
      ...idrac.driverInfo,
      idrac_transport: transport,
      ...more,
    });
    describeConsoleInterface({
      module: driver,
      driverInfo: () => info({}),
      brokenDriverInfo: () => info({ redfish_password: new Secret("wrong-password") }),
      silentDriverInfo: () =>
        info({ redfish_address: `127.0.0.1:${silent.port}`, idrac_ssh_port: silent.port }),
      machineState: () => idrac.attributes.snapshot(),
    });
  });
