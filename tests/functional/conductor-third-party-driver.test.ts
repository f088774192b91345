import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { MissingParameterValue } from "../../common/errors.ts";
import { packageRoot } from "../../common/package-root.ts";
import type { RunningConductor } from "../../conductor/conductor.ts";
import { CliProcess, runCli } from "../helpers/cli-process.ts";
import { CONTEXT, ConductorWorld } from "../unit/conductor/conductor-under-test.ts";
import { OperatorFolder } from "../unit/conductor/driver-packages.ts";

describe("the worked example of a third party's driver", () => {
  let folder: OperatorFolder;

  beforeEach(() => {
    folder = new OperatorFolder();
  });

  afterEach(() => folder.remove());

  it("keeps the contract, as its author proves with our exported suite", async function test() {
    this.timeout(60_000);
    const example = folder.installExample();
    const mocha = join(packageRoot(), "node_modules/mocha/bin/mocha.js");
    const child = spawn(process.execPath, [mocha, "--exit", "contract.test.js"], {
      cwd: example,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    const [status] = (await once(child, "exit")) as [number | null];
    assert.equal(status, 0, output);
    assert.match(output, /\d{2} passing/);
  });

  for (const command of ["all", "conductor"])
    it(`is found beside the configuration file by ${command}, wherever that is started`, async function test() {
      this.timeout(30_000);
      folder.installExample();
      writeFileSync(
        folder.configFile,
        `[DEFAULT]
enabled_hardware_types = manual-management
enabled_console_interfaces = acme-kvm-console-driver, no-console
[api]
port = 0
[vnc]
port = 0
[json_rpc]
port = 0
`,
      );
      const state = ["--config-file", folder.configFile, "--data-dir", join(folder.path, "state")];
      assert.equal((await runCli(["db", "upgrade", ...state])).status, 0);
      const program = new CliProcess([command, ...state]);
      try {
        await program.untilSays(/conductor started/);
      } finally {
        program.kill("SIGTERM");
        await program.end();
      }
    });

  describe("in a conductor that names its package", () => {
    let world: ConductorWorld;
    let conductor: RunningConductor;
    let machine: Server;

    beforeEach(async () => {
      folder.installExample();
      world = await ConductorWorld.create();
      conductor = await world.start(
        { "DEFAULT.enabled_console_interfaces": "scripted,acme-kvm-console-driver" },
        { configFile: folder.configFile },
      );
      machine = createServer((socket) => {
        socket.on("error", () => {}).end("RFB 003.008\n");
      });
      machine.listen(0, "127.0.0.1");
      await once(machine, "listening");
    });

    afterEach(async () => {
      machine.close();
      await world.stop();
    });

    const node = (driverInfo: Record<string, string | number>) =>
      world.node(conductor, { consoleInterface: "acme-kvm", driverInfo });

    it("starts a console whose password it never shows", async () => {
      const { port } = machine.address() as AddressInfo;
      const { uuid, driverInfo } = await node({
        acme_address: "127.0.0.1",
        acme_port: port,
        acme_password: "opensesame",
      });
      assert.ok(!JSON.stringify(driverInfo).includes("opensesame"));
      await conductor.api.setConsoleMode(CONTEXT, uuid, true);
      const on = await world.settled(uuid);
      assert.equal(on.lastError, null);
      assert.deepEqual(on.consoleEndpoint?.transport, { kind: "tcp", host: "127.0.0.1", port });
      assert.deepEqual(on.consoleEndpoint?.allowedSecurityTypes, ["VncAuth"]);
      assert.ok(!JSON.stringify(on).includes("opensesame"));
      await conductor.periodics.run("check consoles");
      assert.equal((await world.settled(uuid)).lastError, null);
    });

    it("refuses a bad driver_info as our own drivers do", async () => {
      const { uuid } = await node({ acme_address: "127.0.0.1" });
      await assert.rejects(
        conductor.api.setConsoleMode(CONTEXT, uuid, true),
        MissingParameterValue,
      );
    });

    it("shows in the driver's properties and in the conductor's registration", async () => {
      const properties = await conductor.api.getDriverProperties(CONTEXT, "scripted");
      assert.ok("acme_address" in properties);
      const offered = await world.database.conductors.listInterfaces("scripted");
      assert.ok(offered.some((one) => one.interfaceName === "acme-kvm" && !one.isDefault));
    });
  });
});
