import assert from "node:assert/strict";
import {
  ConsoleError,
  MissingParameterValue,
  NodeConsoleNotEnabled,
  NodeLocked,
  NoFreeConductorWorker,
  UnsupportedDriverExtension,
  InvalidToken,
  ShuttingDown,
} from "../../../common/errors.ts";
import { isSealed } from "../../../common/secret-box.ts";
import { endpointPasswordPlace } from "../../../common/console-endpoint.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";
import { HOST_PASSWORD } from "./scripted-drivers.ts";
import { Gate, until } from "./until.ts";

describe("setConsoleMode", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;

  beforeEach(async () => {
    world = await ConductorWorld.create();
    conductor = await world.start({ "conductor.workers_pool_size": "1" });
  });

  afterEach(() => world.stop());

  const setMode = (uuid: string, enabled: boolean): Promise<void> =>
    conductor.api.setConsoleMode(CONTEXT, uuid, enabled);

  it("starts the console in the background and saves a sealed endpoint", async () => {
    const { uuid } = await world.node(conductor);
    const gate = new Gate();
    world.drivers.console.onStart = () => gate.opened;
    await setMode(uuid, true);
    const during = await world.database.nodes.get(uuid);
    assert.equal(during.consoleEnabled, false);
    assert.equal(during.reservation, "conductor-1");
    gate.open();
    const node = await world.settled(uuid);
    assert.equal(node.consoleEnabled, true);
    assert.equal(node.conductorAffinity, "conductor-1");
    assert.equal(node.lastError, null);
    assert.deepEqual(node.driverMemos, {});
    const password = node.consoleEndpoint?.credentials?.password;
    assert.ok(isSealed(password));
    assert.equal(
      world.secretBox.open(password, endpointPasswordPlace(uuid)).reveal(),
      HOST_PASSWORD,
    );
    assert.ok(!JSON.stringify(node).includes(HOST_PASSWORD));
  });

  it("gives the driver opened secrets, and no secret in the clear to a log", async () => {
    await world.consoleOn(conductor);
    const info = world.drivers.console.lastTask?.node.driverInfo ?? {};
    assert.equal(info["scripted_address"], "bmc1");
    assert.equal(JSON.stringify(info["scripted_password"]), `"******"`);
    assert.equal(JSON.stringify(info).includes("opensesame"), false);
  });

  it("refuses a bad driver_info at once and touches nothing", async () => {
    const { uuid } = await world.node(conductor, { driverInfo: {} });
    await assert.rejects(setMode(uuid, true), MissingParameterValue);
    assert.deepEqual(world.drivers.console.calls, []);
    assert.equal((await world.database.nodes.get(uuid)).reservation, null);
  });

  it("refuses a node whose console interface is no-console", async () => {
    const { uuid } = await world.node(conductor, { consoleInterface: "no-console" });
    await assert.rejects(setMode(uuid, true), UnsupportedDriverExtension);
    await assert.rejects(setMode(uuid, true), {
      message: "Driver scripted does not support console (disabled or not implemented).",
    });
  });

  it("refuses a locked node in Ironic's words", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.reserve(uuid, "somebody-else");
    await assert.rejects(setMode(uuid, true), NodeLocked);
    await assert.rejects(setMode(uuid, true), {
      message: `Node ${uuid} is locked by host somebody-else, please retry after the current operation is completed.`,
    });
    assert.deepEqual(world.drivers.console.acts, []);
  });

  it("refuses a node that this same conductor works on", async () => {
    const { uuid } = await world.node(conductor);
    const gate = new Gate();
    world.drivers.console.onStart = () => gate.opened;
    await setMode(uuid, true);
    const other = await world.start({ "DEFAULT.host": "conductor-2" });
    await assert.rejects(other.api.setConsoleMode(CONTEXT, uuid, true), NodeLocked);
    gate.open();
    await world.settled(uuid);
  });

  it("tries again for the lock as often as configured", async () => {
    const patient = await world.start(
      { "DEFAULT.host": "conductor-2", "conductor.node_locked_retry_attempts": "2" },
      { impatience: { node_locked_retry_interval: 0.005 } },
    );
    const { uuid } = await world.node(conductor);
    await world.database.nodes.reserve(uuid, "somebody-else");
    const reserve = world.database.nodes.reserve.bind(world.database.nodes);
    let tries = 0;
    world.database.nodes.reserve = async (...given) => {
      tries += 1;
      if (tries === 6) await world.database.nodes.release(uuid, "somebody-else");
      return await reserve(...given);
    };
    await assert.rejects(patient.api.setConsoleMode(CONTEXT, uuid, true), NodeLocked);
    assert.equal(tries, 3);
    await patient.api.setConsoleMode(CONTEXT, uuid, true);
    assert.equal(tries, 6);
    assert.equal((await world.settled(uuid)).consoleEnabled, true);
  });

  it("answers 503 and changes nothing when every worker is busy", async () => {
    const [first, second] = [await world.node(conductor), await world.node(conductor)];
    const gate = new Gate();
    world.drivers.console.onStart = () => gate.opened;
    await setMode(first.uuid, true);
    await assert.rejects(setMode(second.uuid, true), NoFreeConductorWorker);
    const untouched = await world.database.nodes.get(second.uuid);
    assert.equal(untouched.reservation, null);
    assert.deepEqual(untouched.driverMemos, {});
    gate.open();
    await world.settled(first.uuid);
    await setMode(second.uuid, true);
    assert.equal((await world.settled(second.uuid)).consoleEnabled, true);
  });

  it("leaves nothing and says why in last_error when the start fails", async () => {
    const { uuid } = await world.node(conductor);
    world.drivers.console.onStart = () => {
      throw new ConsoleError("the port is closed");
    };
    await setMode(uuid, true);
    const node = await world.settled(uuid);
    assert.equal(node.consoleEnabled, false);
    assert.equal(node.consoleEndpoint, null);
    assert.equal(
      node.lastError,
      `Error enabling the console on node ${uuid}. Reason: the port is closed`,
    );
    assert.deepEqual(node.driverMemos, {});
    assert.equal(world.drivers.console.running.size, 0);
  });

  it("stops the console again when its endpoint cannot be saved", async () => {
    const { uuid } = await world.node(conductor);
    const update = world.database.nodes.update.bind(world.database.nodes);
    world.drivers.console.onStart = () => {
      world.database.nodes.update = (one, changes) => {
        if (changes.consoleEnabled) return Promise.reject(new Error("disk full"));
        return update(one, changes);
      };
    };
    await setMode(uuid, true);
    const node = await world.settled(uuid);
    world.database.nodes.update = update;
    assert.equal(node.consoleEnabled, false);
    assert.match(node.lastError ?? "", /disk full/);
    assert.deepEqual(world.drivers.console.acts, [`start ${uuid}`, `stop ${uuid}`]);
  });

  it("keeps what a machine said on one short line, even of a driver that throws anything", async () => {
    const { uuid } = await world.node(conductor);
    const hostile = `opensesame \0\u001b[2J\u202e\n${"x".repeat(1_000_000)}`;
    const thrown: unknown[] = [new ConsoleError(hostile), new TypeError(hostile), hostile];
    for (const one of thrown) {
      world.drivers.console.onStart = () => {
        throw one;
      };
      await setMode(uuid, true);
      const { lastError, driverMemos } = await world.settled(uuid);
      assert.match(lastError ?? "", /Reason: \*{6} \\u\{0\}\\u\{1b\}\[2J\\u\{202e\}\\nx+…$/);
      assert.equal(lastError?.length, 2000);
      assert.deepEqual(driverMemos, {});
    }
  });

  it("takes a node's secrets out of what a driver says", async () => {
    const { uuid } = await world.node(conductor);
    world.drivers.console.onStart = () => {
      throw new ConsoleError("login with opensesame failed");
    };
    await setMode(uuid, true);
    const { lastError } = await world.settled(uuid);
    assert.match(lastError ?? "", /login with \*{6} failed$/);
  });

  it("clears last_error before it begins", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.update(uuid, { lastError: "old" });
    const gate = new Gate();
    world.drivers.console.onStart = () => gate.opened;
    await setMode(uuid, true);
    assert.equal((await world.database.nodes.get(uuid)).lastError, null);
    gate.open();
    await world.settled(uuid);
  });

  it("does nothing when the console is already as wanted", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await setMode(uuid, true);
    assert.deepEqual(world.drivers.console.acts, [`start ${uuid}`]);
    assert.equal((await world.database.nodes.get(uuid)).reservation, null);
  });

  it("takes back a disabling that was left undone, and keeps the console that runs", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await world.database.nodes.update(uuid, {
      driverMemos: { conductor: { console: "disabling" } },
    });
    await assert.rejects(conductor.api.getConsoleInformation(CONTEXT, uuid), NodeConsoleNotEnabled);
    await setMode(uuid, true);
    const node = await world.settled(uuid);
    assert.equal(node.consoleEnabled, true);
    assert.deepEqual(node.driverMemos, {});
    assert.deepEqual(world.drivers.console.acts, [`start ${uuid}`]);
    await conductor.api.getConsoleInformation(CONTEXT, uuid);
  });

  it("ends a start that takes longer than console_start_timeout", async () => {
    const hasty = await world.start(
      { "DEFAULT.host": "conductor-2" },
      { impatience: { console_start_timeout: 0.05 } },
    );
    const { uuid } = await world.node(conductor);
    let told = false;
    world.drivers.console.onStart = (task) =>
      new Promise((_resolve, reject) => {
        task.signal.addEventListener("abort", () => {
          told = true;
          reject(task.signal.reason as Error);
        });
      });
    await hasty.api.setConsoleMode(CONTEXT, uuid, true);
    const node = await until("the start is given up", async () => {
      const row = await world.database.nodes.get(uuid);
      return row.lastError !== null && row;
    });
    assert.ok(told);
    assert.match(node.lastError ?? "", /starting the console did not finish within 0.05 seconds$/);
  });

  it("ends a running start when it stops, with a reason", async () => {
    const { uuid } = await world.node(conductor);
    world.drivers.console.onStart = (task) =>
      new Promise((_resolve, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason as Error));
      });
    await setMode(uuid, true);
    await conductor.stop();
    const node = await world.database.nodes.get(uuid);
    assert.equal(node.reservation, null);
    assert.match(node.lastError ?? "", /the conductor is shutting down$/);
    await assert.rejects(setMode(uuid, true), ShuttingDown);
  });

  describe("when disabling", () => {
    it("revokes tokens and asks for the sessions' end before the driver stops", async () => {
      const { uuid } = await world.consoleOn(conductor);
      const { url } = await conductor.api.getConsoleInformation(CONTEXT, uuid);
      const token = tokenOf(url);
      const opened = await world.database.sessions.open(sessionRequest(token));
      let before: { tokenValid: boolean; killReason: string | null } | undefined;
      world.drivers.console.onStop = async () => {
        const session = await world.database.sessions.get(opened.session.id);
        const tokenValid = await world.database.tokens.validate(token).then(
          () => true,
          () => false,
        );
        before = { tokenValid, killReason: session?.killReason ?? null };
      };
      await setMode(uuid, false);
      const node = await world.settled(uuid);
      assert.deepEqual(before, { tokenValid: false, killReason: "console_disabled" });
      assert.equal(node.consoleEnabled, false);
      assert.equal(node.consoleEndpoint, null);
      assert.equal(world.drivers.console.running.size, 0);
      await assert.rejects(world.database.sessions.open(sessionRequest(token)), InvalidToken);
    });

    it("switches off what is on although its driver_info would not do for a start", async () => {
      const { uuid } = await world.consoleOn(conductor);
      await world.database.nodes.update(uuid, { driverInfo: {} });
      await assert.rejects(setMode(uuid, true), MissingParameterValue);
      await setMode(uuid, false);
      const node = await world.settled(uuid);
      assert.equal(node.consoleEnabled, false);
      assert.equal(node.lastError, null);
    });

    it("hands out no link while it is at work", async () => {
      const { uuid } = await world.consoleOn(conductor);
      const gate = new Gate();
      world.drivers.console.onStop = () => gate.opened;
      await setMode(uuid, false);
      await assert.rejects(
        conductor.api.getConsoleInformation(CONTEXT, uuid),
        NodeConsoleNotEnabled,
      );
      gate.open();
      await world.settled(uuid);
    });

    it("keeps it enabled and says why when the driver cannot stop it", async () => {
      const { uuid } = await world.consoleOn(conductor);
      world.drivers.console.onStop = () => {
        throw new ConsoleError("the BMC does not answer");
      };
      await setMode(uuid, false);
      const node = await world.settled(uuid);
      assert.equal(node.consoleEnabled, true);
      assert.equal(
        node.lastError,
        `Error disabling the console on node ${uuid}. Reason: the BMC does not answer`,
      );
    });
  });
});

function tokenOf(url: string): string {
  const path = new URL(url).searchParams.get("path") ?? "";
  return new URL(path, "http://x/").searchParams.get("token") ?? "";
}

function sessionRequest(token: string) {
  return {
    token,
    sourceAddress: "192.0.2.1",
    userAgent: null,
    proxyHost: "proxy-1",
    maxSessionsPerNode: 10,
  };
}
