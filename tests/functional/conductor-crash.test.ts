import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { describeOnEveryDatabase } from "../helpers/database.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";
import { until } from "../unit/conductor/until.ts";
import { ConductorProcesses, CONTEXT, killHard } from "./conductor-processes.ts";

const PASSWORD = "Xk3!pq9Z";

/** A port that accepts and says nothing: a console start hangs there. */
class HangingMachine {
  readonly #sockets = new Set<Socket>();
  readonly server: Server = createServer((socket) => {
    this.#sockets.add(socket.on("error", () => {}).resume());
  });

  async listen(): Promise<number> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}

describeOnEveryDatabase("kill -9 of a conductor", (_fresh, kind) => {
  let world: ConductorProcesses;
  let machine: HangingMachine;
  let vnc: VncServer | undefined;

  before(function check() {
    if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
  });

  beforeEach(async () => {
    machine = new HangingMachine();
    world = await ConductorProcesses.create(await kind.unused(), {
      "conductor.heartbeat_interval": "1",
      "conductor.heartbeat_timeout": "3",
    });
  });

  afterEach(async () => {
    await world.stop();
    await machine.stop();
    await vnc?.stop();
    vnc = undefined;
  });

  const row = (uuid: string) => world.database.nodes.get(uuid);

  async function node(port: number): Promise<string> {
    const { uuid } = await world.api.createNode(CONTEXT, {
      driver: "manual-management",
      driverInfo: { vnc_address: "127.0.0.1", vnc_port: port, vnc_password: PASSWORD },
    });
    return uuid;
  }

  it("in the middle of a start is healed by its next start, which is not refused", async function test() {
    this.timeout(40_000);
    const port = await machine.listen();
    const first = await world.start("conductor-a");
    const uuid = await node(port);
    const dialled = once(machine.server, "connection");
    await world.api.setConsoleMode(CONTEXT, uuid, true);
    await dialled;
    assert.equal((await row(uuid)).reservation, "conductor-a");
    await killHard(first);
    const left = await row(uuid);
    assert.equal(left.reservation, "conductor-a");
    assert.equal(left.consoleEnabled, false);
    await machine.stop();
    vnc = await startVncServer({ kind: "xvnc-vncauth", password: PASSWORD, port });

    const second = await world.start("conductor-a");
    const healed = await until(
      "the promised console is on",
      async () => {
        const now = await row(uuid);
        return now.consoleEnabled && now.reservation === null && now;
      },
      10_000,
    );
    assert.equal(healed.lastError, null);
    assert.deepEqual(healed.consoleEndpoint?.transport, { kind: "tcp", host: "127.0.0.1", port });
    assert.ok(!JSON.stringify(healed).includes(PASSWORD));
    assert.ok(!first.output.includes(PASSWORD) && !second.output.includes(PASSWORD));

    const gone = once(second.child, "exit");
    second.child.kill("SIGTERM");
    assert.deepEqual(await gone, [0, null]);
    assert.equal((await row(uuid)).consoleEnabled, true);
    assert.deepEqual(await world.database.conductors.listAlive(60), []);
  });

  it("lets another conductor take its nodes over", async function test() {
    this.timeout(40_000);
    vnc = await startVncServer({ kind: "xvnc-vncauth", password: PASSWORD });
    const first = await world.start("conductor-a");
    const uuid = await node(vnc.port);
    await world.api.setConsoleMode(CONTEXT, uuid, true);
    await until("the console is on", async () => (await row(uuid)).consoleEnabled, 10_000);
    await world.start("conductor-b");
    await killHard(first);
    const taken = await until(
      "the survivor has taken over",
      async () => {
        const now = await row(uuid);
        return now.conductorAffinity === "conductor-b" && now;
      },
      15_000,
    );
    assert.equal(taken.consoleEnabled, true);
    const { url } = await world.api.getConsoleInformation(CONTEXT, uuid);
    assert.ok(url.includes(uuid));
    await world.api.setConsoleMode(CONTEXT, uuid, false);
    await until("the console is off", async () => !(await row(uuid)).consoleEnabled);
  });

  it("does not free the name for a second process while the first one lives", async function test() {
    this.timeout(40_000);
    await world.start("conductor-a");
    await assert.rejects(world.start("conductor-a"), /already running/);
    assert.equal((await world.database.conductors.listAlive(3)).length, 1);
  });
});
