/** What the drivers of an OpenBMC say and do when it refuses. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import {
  BmcAuthenticationFailed,
  BmcBusy,
  BmcCertificateInvalid,
  BmcFeatureMissing,
  BmcUnreachable,
  ConsoleError,
  InvalidParameterValue,
  type ConsoleDriverModule,
  type DriverInfo,
} from "../../../drivers/base.ts";
import kvm from "../../../drivers/openbmc-kvm/console.ts";
import serial from "../../../drivers/openbmc-serial/console.ts";
import { fakeTask } from "../../../drivers/testing/fake-task.ts";
import { startFakeVncServer, type FakeVncServer } from "../../fakes/vnc-server.ts";
import { OpenBmc } from "../../helpers/openbmc/openbmc.ts";
import { until } from "../../helpers/until.ts";

describe("the drivers openbmc-kvm and openbmc-serial", () => {
  let rfb: FakeVncServer;
  let bmc: OpenBmc;
  before(async () => {
    rfb = await startFakeVncServer(async (viewer) => {
      viewer.send("RFB 003.008\n");
      await viewer.receive(12);
      viewer.send([1, 1]);
      await viewer.receive(1);
      viewer.send([0, 0, 0, 0]);
    });
  });
  after(() => rfb?.stop());
  beforeEach(async () => {
    const place = { host: rfb.host, port: rfb.port };
    bmc = await OpenBmc.start({ rfb: place, serial: place });
  });
  afterEach(async () => {
    await until(() => bmc.consoles.size === 0, "free seats");
    assert.equal(bmc.accounts.sessions, 0);
    await bmc.stop();
  });

  const taskWith = (more: DriverInfo = {}): ReturnType<typeof fakeTask> =>
    fakeTask({ driverInfo: { ...bmc.driverInfo, ...more } });

  async function refusal(module: ConsoleDriverModule, more: DriverInfo = {}): Promise<Error> {
    const task = taskWith(more);
    return await module
      .create(task)
      .startConsole(task)
      .then(
        () => assert.fail("it started"),
        (error: Error) => error,
      );
  }

  for (const module of [kvm, serial])
    it(`${module.name} names what is wrong with account, role, path, certificate and address`, async () => {
      const wrong = await refusal(module, { redfish_password: "mistaken" });
      assert.ok(wrong instanceof BmcAuthenticationFailed, wrong.message);
      const role = await refusal(module, { redfish_username: "operator" });
      assert.ok(role instanceof BmcFeatureMissing, role.message);
      assert.match(
        role.message,
        module === kvm ? /ConfigureComponents and ConfigureManager/ : /OpenBMCHostConsole/,
      );
      const path = await refusal(module, {
        openbmc_kvm_path: "/kvm/9",
        openbmc_console_id: "none",
      });
      assert.ok(path instanceof BmcFeatureMissing, path.message);
      const pin = await refusal(module, { redfish_tls_fingerprint: "ab".repeat(32) });
      assert.ok(pin instanceof BmcCertificateInvalid, pin.message);
      const address = await refusal(module, { redfish_address: "127.0.0.1:1" });
      assert.ok(address instanceof BmcUnreachable, address.message);
    });

  it("start with basic authentication when that is asked for, and name a BMC that has it off", async () => {
    const task = taskWith({ redfish_auth_type: "basic" });
    const { transport } = await kvm.create(task).startConsole(task);
    assert.ok(transport.kind === "websocket");
    assert.equal(transport.authentication, "basic");
    assert.equal(bmc.accounts.opened, 0);
    bmc.accounts.takesBasic = false;
    const off = await refusal(kvm, { redfish_auth_type: "basic" });
    assert.ok(off instanceof BmcAuthenticationFailed, off.message);
  });

  it("say that a console is switched off in Redfish, and start one that Redfish does not mention", async () => {
    bmc.graphicalConsole = { ServiceEnabled: false };
    bmc.serialConsole = { WebSocket: { ServiceEnabled: false } };
    for (const [module, name] of [
      [kvm, "GraphicalConsole"],
      [serial, "SerialConsole"],
    ] as const) {
      const error = await refusal(module);
      assert.ok(error instanceof BmcFeatureMissing);
      assert.ok(error.message.includes(name));
    }
    assert.equal(bmc.consoles.seatsTaken, 0);
    bmc.graphicalConsole = undefined;
    bmc.serialConsole = undefined;
    for (const module of [kvm, serial]) {
      const task = taskWith();
      await module.create(task).startConsole(task);
    }
  });

  it("say that every seat is taken", async () => {
    const address = `wss://127.0.0.1:${bmc.port}/kvm/0`;
    const seats = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const seat = new WebSocket(address, {
          rejectUnauthorized: false,
          auth: `root:${bmc.accounts.password}`,
        });
        await once(seat, "open");
        return seat;
      }),
    );
    await until(() => bmc.consoles.size === 4, "four seats");
    const full = await refusal(kvm);
    assert.ok(full instanceof BmcBusy, full.message);
    for (const seat of seats) seat.terminate();
  });

  it("check a running console without taking a seat", async () => {
    const starting = taskWith();
    const endpoint = await kvm.create(starting).startConsole(starting);
    const taken = bmc.consoles.seatsTaken;
    const task = fakeTask({ driverInfo: bmc.driverInfo, endpoint });
    await kvm.create(task).checkConsole?.(task);
    assert.equal(bmc.consoles.seatsTaken, taken);
    bmc.graphicalConsole = { ServiceEnabled: false };
    await assert.rejects(async () => await kvm.create(task).checkConsole?.(task), ConsoleError);
  });

  it("say that the machine's picture is not there", async () => {
    await bmc.stop();
    bmc = await OpenBmc.start({ rfb: { host: "127.0.0.1", port: 1 } });
    const error = await refusal(kvm);
    assert.ok(error instanceof ConsoleError);
    assert.match(error.message, /machine is off or the BMC's KVM service is down/);
  });

  it("refuse paths and names that lead elsewhere", () => {
    for (const openbmc_kvm_path of ["kvm/0", "//host/kvm", "/kvm/0?x=1", "/kvm 0", "/a\r\nb"])
      assert.throws(() => {
        const task = taskWith({ openbmc_kvm_path });
        return kvm.create(task).validate(task);
      }, InvalidParameterValue);
    for (const openbmc_console_id of ["../login", "a/b", "x?y", ".."])
      assert.throws(() => {
        const task = taskWith({ openbmc_console_id });
        return serial.create(task).validate(task);
      }, InvalidParameterValue);
  });
});
