/** From the command line to a BMC that reads the image: every part real but the BMC, which is simulated. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi, type ApiService } from "../../api/main.ts";
import { systemClock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import { ImageTokens } from "../../common/image-token.ts";
import type { JsonObject } from "../../common/node.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { createConductor, type RunningConductor } from "../../conductor/conductor.ts";
import type { Database } from "../../db/database.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../../drivers/index.ts";
import { fakeTask } from "../../drivers/testing/fake-task.ts";
import { ilo5, withDrives, type FakeDrives } from "../fakes/redfish/machines.ts";
import { startFakeRedfish, type FakeRedfish } from "../fakes/redfish/service.ts";
import { runCli } from "../helpers/cli-process.ts";
import { freshDatabase } from "../helpers/database.ts";

describe("virtual media, from the command line to the BMC", function suite() {
  this.timeout(40_000);
  let folder: string;
  let bmc: FakeRedfish;
  let drives: FakeDrives;
  let database: Database;
  let conductor: RunningConductor;
  let api: ApiService;
  const log = fakeTask();
  const content = randomBytes(2_000_000);
  const sha256 = createHash("sha256").update(content).digest("hex");

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "bmc-vmedia-"));
    writeFileSync(join(folder, "tiny.iso"), content);
    drives = withDrives(ilo5(), "ilo5");
    bmc = await startFakeRedfish(drives.machine);
    database = await freshDatabase();
    const port = String(await freePort());
    const config = loadConfig({
      overrides: {
        "DEFAULT.state_path": folder,
        "DEFAULT.host": "conductor-1",
        "DEFAULT.enabled_hardware_types": "ilo",
        "DEFAULT.enabled_console_interfaces": "no-console",
        "DEFAULT.enabled_power_interfaces": "redfish",
        "DEFAULT.enabled_management_interfaces": "redfish",
        "DEFAULT.graceful_shutdown_timeout": "1",
        "api.port": "0",
        "image.public_url": `http://127.0.0.1:${port}`,
        "image.listen_port": port,
      },
    });
    const shared = { config, log: log.log, clock: systemClock, database };
    const secretBox = new SecretBox(SecretBox.newKeyFileText());
    const catalogue = { drivers: BUILTIN_DRIVERS, hardwareTypes: HARDWARE_TYPES };
    conductor = await createConductor({ ...shared, secretBox, catalogue, listen: false });
    const imageTokens = ImageTokens.from(secretBox);
    api = await startApi({ ...shared, conductor: conductor.api, imageTokens });
    const { redfish_password: password, ...rest } = bmc.driverInfo;
    const driver_info = { ...rest, redfish_password: password.reveal() };
    await ask("POST", "/v1/nodes", { driver: "ilo", name: "n1", owner: "lab", driver_info });
  });
  afterEach(async () => {
    await api?.stop();
    await conductor?.stop();
    await bmc?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(method: string, path: string, body?: object): Promise<JsonObject> {
    const response = await fetch(api.url + path, {
      method,
      headers: { "X-OpenStack-Ironic-API-Version": "1.93", "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.status < 300, text);
    return text === "" ? {} : (JSON.parse(text) as JsonObject);
  }
  async function bmcon(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await runCli([...args, "--url", api.url]);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  it("an image is uploaded, inserted, read by the BMC, listed, kept, and ejected", async () => {
    const uploaded = JSON.parse(
      await bmcon("image", "upload", join(folder, "tiny.iso"), "--json"),
    ) as JsonObject;
    assert.equal(uploaded["sha256"], sha256);
    await bmcon("vmedia", "attach", "n1", "tiny.iso");
    assert.deepEqual(drives.read, [sha256]);
    assert.equal(drives.drive("2")["Inserted"], true);
    const shown = await bmcon("vmedia", "list", "n1");
    assert.match(shown, /^n1 +2 +CD,DVD +true +tiny\.iso +attached +hand_over/m);
    const refused = await runCli(["image", "delete", "tiny.iso", "--url", api.url]);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /is in the virtual media of n1; detach it there first/);
    await bmcon("vmedia", "detach", "n1");
    assert.equal(drives.drive("2")["Inserted"], false);
    await bmcon("image", "delete", "tiny.iso");
    assert.deepEqual(readdirSync(join(folder, "images")), []);
  });

  it("is ejected, and its link ends, when the node changes hands", async () => {
    await bmcon("image", "upload", join(folder, "tiny.iso"));
    await bmcon("vmedia", "attach", "n1", "tiny.iso");
    const link = drives.drive("2")["Image"] as string;
    assert.equal((await fetch(link, { method: "HEAD" })).status, 200);
    await ask("PATCH", "/v1/nodes/n1", [{ op: "replace", path: "/owner", value: "other" }]);
    await bmcon("vmedia", "list", "n1");
    const { vmedia } = await ask("GET", "/v1/nodes/n1/vmedia");
    assert.ok(Array.isArray(vmedia));
    for (let tries = 0; drives.drive("2")["Inserted"] === true && tries < 100; tries += 1)
      await ask("GET", "/v1/nodes/n1");
    assert.equal(drives.drive("2")["Inserted"], false);
    const token = /vmedia\/([^/]+)/.exec(link)?.[1] ?? "";
    assert.ok(!log.logged().includes(token));
    assert.ok(!JSON.stringify(vmedia).includes(token));
  });

  it("says why when the BMC refuses", async () => {
    drives = withDrives(ilo5(), "unlicensed");
    bmc.machine = drives.machine;
    await bmcon("image", "upload", join(folder, "tiny.iso"));
    const { status, stderr } = await runCli([
      "vmedia",
      "attach",
      "n1",
      "tiny.iso",
      "--url",
      api.url,
    ]);
    assert.notEqual(status, 0);
    assert.match(stderr, /A license key is required/);
    await bmcon("image", "delete", "tiny.iso");
  });

  for (const [what, body] of [
    ["a file URL", { device_type: "cdrom", image_url: "file:///etc/passwd" }],
    ["no image", { device_type: "cdrom" }],
    ["both", { device_type: "cdrom", image_url: "http://x/a.iso", image: "a" }],
    ["another drive", { device_type: "tape", image_url: "http://x/a.iso" }],
    ["credentials in a URL", { device_type: "cdrom", image_url: "http://a:b@x/a.iso" }],
    ["an unknown word", { device_type: "cdrom", image_url: "http://x/a.iso", force: true }],
  ] as const)
    it(`refuses ${what} at once`, async () => {
      await assert.rejects(ask("POST", "/v1/nodes/n1/vmedia", body), /Client/);
      assert.deepEqual(drives.written, []);
    });

  it("is not there for older microversions", async () => {
    const headers = { "X-OpenStack-Ironic-API-Version": "1.92" };
    assert.equal((await fetch(`${api.url}/v1/nodes/n1/vmedia`, { headers })).status, 404);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
