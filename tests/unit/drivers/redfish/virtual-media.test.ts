import assert from "node:assert/strict";
import { BmcFeatureMissing, Secret, type ConsoleServiceError } from "../../../../drivers/base.ts";
import redfishManagement from "../../../../drivers/redfish/management.ts";
import { fakeTask, type FakeTask } from "../../../../drivers/testing/fake-task.ts";
import {
  idrac9,
  ilo5,
  openbmc,
  rackmount,
  withDrives,
  type DriveStyle,
  type FakeDrives,
} from "../../../fakes/redfish/machines.ts";
import {
  startFakeRedfish,
  type FakeRedfish,
  type Machine,
} from "../../../fakes/redfish/service.ts";
import { startImageHttp, type ImageHttp } from "../../../helpers/image-http.ts";

const MACHINES: readonly (readonly [DriveStyle, () => Machine, string])[] = [
  ["ilo5", ilo5, "2"],
  ["ilo4", ilo5, "2"],
  ["idrac9", idrac9, "CD"],
  ["idrac10", idrac9, "1"],
  ["xcc", rackmount, "EXT1"],
  ["supermicro-x12", rackmount, "VirtualMedia1"],
  ["supermicro-x11", rackmount, "CD1"],
  ["openbmc", openbmc, "Slot_0"],
  ["slow", ilo5, "2"],
];

describe("virtual media over Redfish before BMCs of several vendors", function suite() {
  this.timeout(20_000);
  let bmc: FakeRedfish;
  let image: ImageHttp;
  let drives: FakeDrives;
  const management = redfishManagement.create(fakeTask());

  before(async () => {
    image = await startImageHttp();
    bmc = await startFakeRedfish(ilo5());
  });
  after(async () => {
    await bmc?.stop();
    await image?.stop();
  });

  const task = (): FakeTask => fakeTask({ driverInfo: bmc.driverInfo, driver: "redfish" });
  const have = (style: DriveStyle, machine: () => Machine): void => {
    drives = withDrives(machine(), style);
    bmc.machine = drives.machine;
    bmc.requests.length = 0;
  };
  const attach = (held = task(), url = image.url): Promise<void> =>
    management.attachVirtualMedia?.(held, "cdrom", new Secret(url)) ?? assert.fail();
  const detach = (): Promise<void> =>
    management.detachVirtualMedia?.(task(), ["cdrom", "disk", "floppy"]) ?? assert.fail();
  const inserted = async (): Promise<string[]> =>
    ((await management.getVirtualMedia?.(task())) ?? [])
      .filter((drive) => drive.inserted)
      .map(({ device }) => device);

  for (const [style, machine, device] of MACHINES)
    it(`${style}: a CD goes in, is read whole, is shown, and comes out`, async () => {
      have(style, machine);
      assert.deepEqual(await inserted(), []);
      await attach();
      assert.deepEqual(drives.read, [image.sha256]);
      assert.deepEqual(await inserted(), [device]);
      await detach();
      assert.deepEqual(await inserted(), []);
      await detach();
    });

  it("tells Supermicro and OpenBMC more only after they asked for it", async () => {
    have("supermicro-x12", rackmount);
    await attach();
    assert.deepEqual(
      drives.written.map(({ body }) => Object.keys(body)),
      [
        ["Image"],
        ["Image", "TransferProtocolType"],
        ["Image", "TransferProtocolType", "TransferMethod"],
      ],
    );
  });

  it("never writes to drives of an XCC that hold uploads", async () => {
    have("xcc", rackmount);
    await attach();
    assert.deepEqual(
      drives.written.map(({ what }) => what),
      ["PATCH /EXT1"],
    );
  });

  it("prefers a free drive, and takes nobody's image out of a taken one", async () => {
    have("idrac10", idrac9);
    drives.drive("1")["Inserted"] = true;
    drives.drive("1")["ConnectedVia"] = "Applet";
    await attach();
    assert.deepEqual(await inserted(), ["1", "2"]);
    await assert.rejects(attach(), /has another image already; detach it first/);
    assert.deepEqual(await inserted(), ["1", "2"]);
  });

  it("says what the BMC says when it refuses, and leaves nothing inserted", async () => {
    have("unlicensed", ilo5);
    await assert.rejects(attach(), /A license key is required/);
    assert.deepEqual(await inserted(), []);
  });

  it("fails with the BMC's words when it cannot read the image, without the link", async () => {
    have("ilo5", ilo5);
    const held = task();
    const url = `http://127.0.0.1:${image.port}/v1/vmedia/very-secret-token/a.iso`;
    const gone = await startImageHttp(10, () => (_request, response) => {
      response.writeHead(404).end();
    });
    try {
      const link = url.replace(String(image.port), String(gone.port));
      await assert.rejects(attach(held, link), (error: Error) => {
        assert.match(error.message, /Unable to locate the image \*+/);
        assert.doesNotMatch(error.message, /very-secret/);
        return true;
      });
      assert.deepEqual(drives.read, [404]);
      assert.doesNotMatch(held.logged(), /very-secret/);
    } finally {
      await gone.stop();
    }
  });

  it("says that an OpenBMC in proxy mode takes images from a browser only", async () => {
    have("openbmc-proxy", openbmc);
    await assert.rejects(attach(), (error: ConsoleServiceError) => {
      assert.ok(error instanceof BmcFeatureMissing);
      assert.match(error.message, /from a browser only/);
      return true;
    });
  });

  it("says that a BMC without virtual media has none", async () => {
    bmc.machine = openbmc();
    await assert.rejects(attach(), /has no virtual media/);
  });

  it("puts a stick where sticks go", async () => {
    have("ilo5", ilo5);
    await management.attachVirtualMedia?.(task(), "disk", new Secret(image.url));
    assert.deepEqual(await inserted(), ["1"]);
    await management.detachVirtualMedia?.(task(), ["cdrom"]);
    assert.deepEqual(await inserted(), ["1"]);
  });

  it("knows the BMC's host", () => {
    assert.equal(management.getBmcHost?.(task()), "127.0.0.1");
  });
});
