/** Both consoles of an OpenBMC keep the contract of console interfaces, before a simulated one. */
import kvm from "../../drivers/openbmc-kvm/console.ts";
import serial from "../../drivers/openbmc-serial/console.ts";
import { Secret } from "../../common/secret.ts";
import { describeConsoleInterface } from "../../drivers/testing/contract.ts";
import { SerialFarSide } from "../fakes/serial-far-side.ts";
import { startFakeVncServer, type FakeVncServer } from "../fakes/vnc-server.ts";
import { OpenBmc } from "../helpers/openbmc/openbmc.ts";
import { startSilentServer, type SilentServer } from "../helpers/silent-server.ts";

describe("the drivers of an OpenBMC", () => {
  let bmc: OpenBmc;
  let rfb: FakeVncServer;
  let line: SerialFarSide;
  let silent: SilentServer;
  before(async () => {
    rfb = await startFakeVncServer(async (viewer) => {
      viewer.send("RFB 003.008\n");
      await viewer.receive(12);
      viewer.send([1, 1]);
      await viewer.receive(1);
      viewer.send([0, 0, 0, 0]);
    });
    line = await SerialFarSide.start({ ipmitool: false });
    silent = await startSilentServer("");
    if (line.transport.kind !== "unix") throw new Error("the line is not on a Unix socket");
    bmc = await OpenBmc.start({
      rfb: { host: rfb.host, port: rfb.port },
      serial: { path: line.transport.path },
    });
  });
  after(async () => {
    await bmc?.stop();
    await line?.stop();
    await silent?.stop();
    await rfb?.stop();
  });

  for (const module of [kvm, serial])
    describeConsoleInterface({
      module,
      driverInfo: () => bmc.driverInfo,
      brokenDriverInfo: () => ({ ...bmc.driverInfo, redfish_password: new Secret("wrong-one") }),
      silentDriverInfo: () => ({
        ...bmc.driverInfo,
        redfish_address: `127.0.0.1:${silent.port}`,
      }),
      machineState: () => ({
        sessions: bmc.accounts.sessions,
        seats: bmc.consoles.size,
      }),
    });
});
