import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import winston from "winston";
import { loadConfig } from "../../common/config/load.ts";
import type { Node, NodeChanges } from "../../common/node.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { createConductor, type RunningConductor } from "../../conductor/conductor.ts";
import type { Database } from "../../db/database.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../../drivers/index.ts";
import { describeOnEveryDatabase } from "../helpers/database.ts";
import { makeTestPki, type TestPki } from "../helpers/pki.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";
import { until } from "../unit/conductor/until.ts";
import { CONTEXT } from "./conductor-processes.ts";

const PASSWORD = "Qw7$rt2Y";

describeOnEveryDatabase("the conductor with its own drivers and a real Xvnc", (fresh) => {
  let folder: string;
  let database: Database;
  let conductor: RunningConductor;
  let pki: TestPki;
  let vnc: VncServer;
  let logged: string;
  /** How far the service's clock is ahead: back-off is waited out at once. */
  let skewMs = 0;
  const clock = { now: () => Date.now() + skewMs };

  before(function prepare() {
    if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
    pki = makeTestPki();
  });

  after(() => pki?.remove());

  beforeEach(async function start() {
    this.timeout(20_000);
    logged = "";
    folder = mkdtempSync(join(tmpdir(), "bmc-conductor-vnc-"));
    skewMs = 0;
    database = await fresh(clock);
    vnc = await startVncServer({ kind: "xvnc-vncauth", password: PASSWORD, pki });
    conductor = await createConductor({
      config: loadConfig({
        overrides: {
          "DEFAULT.state_path": folder,
          "DEFAULT.host": "conductor-1",
          "DEFAULT.graceful_shutdown_timeout": "0",
          "conductor.heartbeat_timeout": "3600",
        },
      }),
      log: winston.createLogger({
        level: "debug",
        format: winston.format.json(),
        transports: [new winston.transports.Stream({ stream: memory((text) => (logged += text)) })],
      }),
      clock,
      database,
      secretBox: new SecretBox(SecretBox.newKeyFileText()),
      catalogue: { drivers: BUILTIN_DRIVERS, hardwareTypes: HARDWARE_TYPES },
      listen: false,
    });
  });

  afterEach(async () => {
    await conductor?.stop();
    await vnc?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function enabled(driverInfo: NonNullable<NodeChanges["driverInfo"]> = {}): Promise<Node> {
    const { uuid } = await conductor.api.createNode(CONTEXT, {
      driver: "manual-management",
      driverInfo: {
        vnc_address: "127.0.0.1",
        vnc_port: vnc.port,
        vnc_password: PASSWORD,
        ...driverInfo,
      },
    });
    await conductor.api.setConsoleMode(CONTEXT, uuid, true);
    return await settled(uuid);
  }

  const settled = (uuid: string): Promise<Node> =>
    until(
      "the node is unlocked",
      async () => {
        const node = await database.nodes.get(uuid);
        return node.reservation === null && node;
      },
      15_000,
    );

  it("enables, links and disables, and no password shows anywhere", async function test() {
    this.timeout(30_000);
    const node = await enabled();
    assert.equal(node.lastError, null);
    assert.equal(node.consoleEnabled, true);
    assert.deepEqual(node.consoleEndpoint?.transport, {
      kind: "tcp",
      host: "127.0.0.1",
      port: vnc.port,
    });
    const { url } = await conductor.api.getConsoleInformation(CONTEXT, node.uuid);
    await conductor.periodics.run("check consoles");
    assert.deepEqual((await settled(node.uuid)).consoleEndpoint, node.consoleEndpoint);
    await conductor.api.setConsoleMode(CONTEXT, node.uuid, false);
    const off = await settled(node.uuid);
    assert.equal(off.consoleEnabled, false);
    assert.match(logged, /baremetal\.node\.console_set\.end/);
    const token = new URL(url).searchParams.get("path")?.split("token=")[1] ?? "";
    assert.equal(token.length, 43);
    for (const secret of [PASSWORD, token])
      assert.ok(!`${JSON.stringify([node, off])}${logged}`.includes(secret));
  });

  it("says in last_error that the machine refuses the password", async function test() {
    this.timeout(30_000);
    const node = await enabled({ vnc_password: "wrong-pw" });
    assert.equal(node.consoleEnabled, false);
    assert.match(
      node.lastError ?? "",
      /^Error enabling the console on node .* the host refused the VncAuth login/,
    );
    assert.ok(!node.lastError?.includes("wrong-pw"));
  });

  it("notices a dead back end and heals when it is back", async function test() {
    this.timeout(60_000);
    const node = await enabled();
    const { port } = vnc;
    await vnc.stop();
    await conductor.periodics.run("check consoles");
    const sick = await settled(node.uuid);
    assert.equal(sick.consoleEnabled, true);
    assert.match(sick.lastError ?? "", /^The console does not answer/);
    vnc = await startVncServer({ kind: "xvnc-vncauth", password: PASSWORD, pki, port });
    skewMs += 61_000;
    await conductor.periodics.run("check consoles");
    const well = await settled(node.uuid);
    assert.equal(well.lastError, null);
    assert.equal(well.consoleEnabled, true);
  });

  it("brings the drivers' own fake hardware to available and switches its power", async () => {
    const { api } = conductor;
    const { uuid } = await api.createNode(CONTEXT, { driver: "fake-hardware" });
    await api.doProvisioningAction(CONTEXT, uuid, "manage");
    assert.equal((await settled(uuid)).provisionState, "manageable");
    await api.changeNodePowerState(CONTEXT, uuid, "power on");
    assert.equal((await settled(uuid)).powerState, "power on");
    await conductor.periodics.run("sync power states");
    assert.equal((await settled(uuid)).powerState, "power on");
    await api.setBootDevice(CONTEXT, uuid, "pxe", true);
    assert.equal((await api.getBootDevice(CONTEXT, uuid)).bootDevice, "pxe");
    await api.setConsoleMode(CONTEXT, uuid, true);
    assert.equal((await settled(uuid)).consoleEnabled, true);
    await api.destroyNode(CONTEXT, uuid);
  });
});

function memory(keep: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      keep(chunk.toString("utf8"));
      done();
    },
  });
}
