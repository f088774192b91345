import { Secret } from "../../common/secret.ts";
import driver from "../../drivers/vnc/console.ts";
import { describeConsoleInterface } from "../../drivers/testing/contract.ts";
import { startSilentServer, type SilentServer } from "../helpers/silent-server.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";

describe("the vnc driver before a real Xvnc", () => {
  let server: VncServer;
  let silent: SilentServer;
  before(async function start() {
    if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
    this.timeout(30_000);
    server = await startVncServer({ kind: "xvnc-vncauth", password: "secret12" });
    silent = await startSilentServer();
  });
  after(async () => {
    await server?.stop();
    await silent?.stop();
  });

  const at = (port: number, password: string) => ({
    vnc_address: "127.0.0.1",
    vnc_port: port,
    vnc_password: new Secret(password),
  });
  describeConsoleInterface({
    module: driver,
    driverInfo: () => at(server.port, "secret12"),
    brokenDriverInfo: () => at(server.port, "wrong-pw"),
    silentDriverInfo: () => at(silent.port, "secret12"),
  });
});
