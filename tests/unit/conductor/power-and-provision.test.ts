import assert from "node:assert/strict";
import {
  BmcUnreachable,
  InvalidParameterValue,
  InvalidStateRequested,
  NodeLocked,
  UnsupportedDriverExtension,
} from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";
import { Gate } from "./until.ts";

describe("the conductor's machine verbs", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let node: Node;

  beforeEach(async () => {
    world = await ConductorWorld.create();
    conductor = await world.start();
    node = await world.node(conductor);
  });

  afterEach(() => world.stop());

  describe("changeNodePowerState", () => {
    const power = (target: "power on" | "power off" | "rebooting" | "soft rebooting") =>
      conductor.api.changeNodePowerState(CONTEXT, node.uuid, target);

    it("shows the target while it works and the state afterwards", async () => {
      const gate = new Gate();
      world.drivers.power.onSet = () => gate.opened;
      await power("power on");
      assert.equal((await world.database.nodes.get(node.uuid)).targetPowerState, "power on");
      await assert.rejects(power("power off"), NodeLocked);
      gate.open();
      const after = await world.settled(node.uuid);
      assert.equal(after.powerState, "power on");
      assert.equal(after.targetPowerState, null);
      assert.equal(after.lastError, null);
    });

    it("sends nothing to a machine that is already there", async () => {
      world.drivers.power.states.set(node.uuid, "power on");
      await power("power on");
      const after = await world.settled(node.uuid);
      assert.equal(after.powerState, "power on");
      assert.deepEqual(world.drivers.power.sets, []);
    });

    it("reboots a machine that is on, and ends on", async () => {
      world.drivers.power.states.set(node.uuid, "power on");
      await power("rebooting");
      assert.equal((await world.settled(node.uuid)).powerState, "power on");
      assert.deepEqual(world.drivers.power.sets, ["rebooting"]);
    });

    it("puts a failure into last_error and clears the target", async () => {
      world.drivers.power.onSet = () => {
        throw new BmcUnreachable("no route to bmc1");
      };
      await power("power on");
      const after = await world.settled(node.uuid);
      assert.equal(after.targetPowerState, null);
      assert.equal(
        after.lastError,
        "Failed to change power state to 'power on' by 'power on'. Error: no route to bmc1",
      );
    });

    it("calls no driver any more when its own stop has aborted the work", async () => {
      const asked = new Gate();
      world.drivers.power.onGet = (task) => {
        asked.open();
        return new Promise((resolve) =>
          task.signal.addEventListener("abort", () => resolve(), { once: true }),
        );
      };
      await power("power on");
      await asked.opened;
      await conductor.stop();
      assert.deepEqual(world.drivers.power.sets, []);
      const after = await world.database.nodes.get(node.uuid);
      assert.equal(after.targetPowerState, null);
      assert.match(after.lastError ?? "", /the conductor is shutting down$/);
    });

    it("refuses a target that the driver does not support", async () => {
      await assert.rejects(power("soft rebooting"), UnsupportedDriverExtension);
      assert.equal((await world.database.nodes.get(node.uuid)).reservation, null);
    });
  });

  describe("doProvisioningAction", () => {
    const act = (verb: "manage" | "provide" | "adopt" | "deleted" | "abort") =>
      conductor.api.doProvisioningAction(CONTEXT, node.uuid, verb);
    const state = async () => (await world.settled(node.uuid)).provisionState;

    it("verifies power control on the way to manageable, then goes to available and back", async () => {
      const gate = new Gate();
      world.drivers.power.onGet = () => gate.opened;
      await act("manage");
      const during = await world.database.nodes.get(node.uuid);
      assert.equal(during.provisionState, "verifying");
      assert.equal(during.targetProvisionState, "manageable");
      gate.open();
      const verified = await world.settled(node.uuid);
      assert.equal(verified.provisionState, "manageable");
      assert.equal(verified.powerState, "power off");
      await act("provide");
      assert.equal(await state(), "available");
      await act("manage");
      assert.equal(await state(), "manageable");
    });

    it("goes back to enroll with a reason when the machine does not answer", async () => {
      world.drivers.power.onGet = () => {
        throw new BmcUnreachable("no route to bmc1");
      };
      await act("manage");
      const after = await world.settled(node.uuid);
      assert.equal(after.provisionState, "enroll");
      assert.equal(after.targetProvisionState, null);
      assert.match(after.lastError ?? "", /no route to bmc1$/);
    });

    it("refuses a transition that does not exist, in Ironic's words", async () => {
      await assert.rejects(act("provide"), InvalidStateRequested);
      await assert.rejects(act("provide"), {
        message: `The requested action "provide" can not be performed on node "${node.uuid}" while it is in state "enroll".`,
      });
      await assert.rejects(act("abort"), InvalidStateRequested);
    });

    it("takes the tenant's links and sessions away with the instance", async () => {
      await conductor.api.setConsoleMode(CONTEXT, node.uuid, true);
      await world.settled(node.uuid);
      await act("manage");
      await state();
      await act("adopt");
      assert.equal(await state(), "active");
      await conductor.api.updateNode(CONTEXT, node.uuid, { instanceUuid: "i-1" });
      const { url } = await conductor.api.getConsoleInformation(CONTEXT, node.uuid);
      const path = new URL(url).searchParams.get("path") ?? "";
      const token = new URL(path, "http://x/").searchParams.get("token") ?? "";
      await act("deleted");
      const after = await world.settled(node.uuid);
      assert.equal(after.provisionState, "available");
      assert.equal(after.instanceUuid, null);
      assert.equal(after.consoleEnabled, true);
      await assert.rejects(world.database.tokens.validate(token));
      assert.equal(world.drivers.console.acts.at(-1), `change hands ${node.uuid}`);
      const since = after.consoleHistorySince ?? 0;
      assert.ok(
        since >= (after.provisionUpdatedAt ?? Infinity),
        "the next tenant reads no history",
      );
    });

    it("cuts the tenant off before the release is written down, and what came in between after it", async () => {
      await conductor.api.setConsoleMode(CONTEXT, node.uuid, true);
      await world.settled(node.uuid);
      await world.database.nodes.update(node.uuid, { provisionState: "active" });
      const { tokens, sessions } = world.database;
      const open = async (): Promise<string> => {
        const { token } = await tokens.authorize({
          nodeUuid: node.uuid,
          consoleType: "vnc",
          mode: "control",
          userId: null,
          projectId: null,
          ttlSeconds: 60,
        });
        const { session } = await sessions.open({
          token,
          sourceAddress: "192.0.2.1",
          userAgent: null,
          proxyHost: "proxy-1",
          maxSessionsPerNode: 10,
        });
        return session.id;
      };
      const opened = [await open()];
      const update = world.database.nodes.update.bind(world.database.nodes);
      let endedBefore: readonly { reason: string }[] = [];
      world.database.nodes.update = async (uuid, changes) => {
        if (changes.provisionState === "available") {
          endedBefore = await sessions.killRequests("proxy-1");
          opened.push(await open());
        }
        return await update(uuid, changes);
      };
      await act("deleted");
      world.database.nodes.update = update;
      assert.deepEqual(endedBefore, [{ id: opened[0], reason: "node_released" }]);
      const ended = await sessions.killRequests("proxy-1");
      assert.deepEqual(ended.map((one) => one.id).toSorted(), opened.toSorted());
      assert.deepEqual([...new Set(ended.map((one) => one.reason))], ["node_released"]);
    });
  });

  describe("boot device and NMI", () => {
    it("sets, reads and lists boot devices", async () => {
      const { api } = conductor;
      assert.deepEqual(await api.getSupportedBootDevices(CONTEXT, node.uuid), ["pxe", "disk"]);
      await api.setBootDevice(CONTEXT, node.uuid, "pxe", true);
      assert.deepEqual(await api.getBootDevice(CONTEXT, node.uuid), {
        bootDevice: "pxe",
        persistent: true,
      });
    });

    it("refuses a device that is not supported", async () => {
      await assert.rejects(
        conductor.api.setBootDevice(CONTEXT, node.uuid, "floppy", false),
        InvalidParameterValue,
      );
    });

    it("injects an NMI, or refuses where the driver cannot", async () => {
      await conductor.api.injectNmi(CONTEXT, node.uuid);
      assert.deepEqual(world.drivers.management.nmis, [node.uuid]);
      Object.assign(world.drivers.management, { injectNmi: undefined });
      await assert.rejects(conductor.api.injectNmi(CONTEXT, node.uuid), {
        message: "Driver scripted does not support inject_nmi (disabled or not implemented).",
      });
    });
  });

  describe("validateDriverInterfaces", () => {
    it("judges every interface but vendor", async () => {
      const answers = await conductor.api.validateDriverInterfaces(CONTEXT, node.uuid);
      assert.deepEqual(answers, {
        bios: {
          result: false,
          reason: "Driver scripted does not support bios (disabled or not implemented).",
        },
        boot: { result: true },
        console: { result: true },
        deploy: { result: true },
        inspect: {
          result: false,
          reason: "Driver scripted does not support inspect (disabled or not implemented).",
        },
        management: { result: true },
        network: { result: true },
        power: { result: true },
        raid: {
          result: false,
          reason: "Driver scripted does not support raid (disabled or not implemented).",
        },
        rescue: {
          result: false,
          reason: "Driver scripted does not support rescue (disabled or not implemented).",
        },
        storage: { result: true },
      });
    });

    it("tells what is wrong with driver_info, and points to the log for anything unexpected", async () => {
      await conductor.api.updateNode(CONTEXT, node.uuid, { driverInfo: {} });
      const console = async () =>
        (await conductor.api.validateDriverInterfaces(CONTEXT, node.uuid))["console"];
      assert.deepEqual(await console(), { result: false, reason: "scripted_address is missing" });
      world.drivers.console.onValidate = () => {
        throw new TypeError("x is not a function");
      };
      const answer = await console();
      assert.equal(answer?.result, false);
      assert.match(answer?.reason ?? "", /saved into log by the conductor .* on conductor-1$/);
    });
  });

  it("merges the properties of a hardware type's interfaces", async () => {
    assert.deepEqual(await conductor.api.getDriverProperties(CONTEXT, "scripted"), {
      scripted_address: "Where it is.",
      scripted_pin: "A secret.",
      power_address: "Whom to ask.",
      management_address: "Whom to ask.",
      telemetry_address: "Whom to ask.",
    });
    await assert.rejects(conductor.api.getDriverProperties(CONTEXT, "nope"), {
      message: "Could not find the following driver(s) or hardware type(s): nope.",
    });
  });
});
