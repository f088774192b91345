import assert from "node:assert/strict";
import {
  InvalidParameterValue,
  MissingParameterValue,
  NodeConsoleNotEnabled,
  NodeNotFound,
} from "../../../common/errors.ts";
import type { SerialLine } from "../../../common/console-endpoint.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";

describe("getConsoleInformation", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let now = 1_000_000;

  beforeEach(async () => {
    now = 1_000_000;
    world = await ConductorWorld.create({ clock: { now: () => now } });
    conductor = await world.start({ "vnc.token_timeout": "300" });
  });

  afterEach(() => world.stop());

  const ask = (uuid: string, options?: object) =>
    conductor.api.getConsoleInformation(CONTEXT, uuid, options);

  it("gives a token for that person, node and console, for token_timeout seconds", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const info = await ask(uuid);
    assert.equal(info.type, "vnc");
    const grant = await world.database.tokens.validate(tokenOf(info.url), uuid);
    assert.equal(grant.userId, "alice-id");
    assert.equal(grant.projectId, "project-a");
    assert.equal(grant.mode, "control");
    assert.equal(grant.consoleType, "vnc");
    assert.equal(grant.expiresAt, now + 300_000);
  });

  it("gives a new token every time and leaves the older ones valid", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const tokens = [await ask(uuid), await ask(uuid)].map((info) => tokenOf(info.url));
    assert.notEqual(tokens[0], tokens[1]);
    for (const token of tokens) await world.database.tokens.validate(token, uuid);
  });

  it("has no effect on the console", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const before = await world.database.nodes.get(uuid);
    const calls = [...world.drivers.console.calls];
    await ask(uuid);
    assert.deepEqual(world.drivers.console.calls, calls);
    assert.deepEqual(await world.database.nodes.get(uuid), before);
  });

  it("works while another task holds the node", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await world.database.nodes.reserve(uuid, "somebody-else");
    assert.equal((await ask(uuid)).type, "vnc");
  });

  it("gives view-only tokens on request, and always when the service is read-only", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const view = await ask(uuid, { mode: "view" });
    assert.equal((await world.database.tokens.validate(tokenOf(view.url))).mode, "view");
    const readOnly = await world.start({ "DEFAULT.host": "c2", "vnc.read_only": "true" });
    const info = await readOnly.api.getConsoleInformation(CONTEXT, uuid, { mode: "control" });
    assert.equal((await world.database.tokens.validate(tokenOf(info.url))).mode, "view");
  });

  it("refuses a console that is off", async () => {
    const { uuid } = await world.node(conductor);
    await assert.rejects(ask(uuid), NodeConsoleNotEnabled);
    await assert.rejects(ask(uuid), { message: `Console access is not enabled on node ${uuid}` });
  });

  it("gives no link when the console was disabled while the driver took its time", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const validate = world.drivers.console.validate.bind(world.drivers.console);
    world.drivers.console.validate = async (task) => {
      await validate(task);
      await world.database.nodes.update(uuid, { consoleEnabled: false, consoleEndpoint: null });
    };
    await assert.rejects(ask(uuid), NodeConsoleNotEnabled);
  });

  it("refuses a console of another type", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await assert.rejects(ask(uuid, { consoleType: "serial" }), InvalidParameterValue);
  });

  describe("for a serial console", () => {
    const serialOn = async (serial: SerialLine): Promise<string> => {
      const { uuid } = await world.consoleOn(conductor);
      await world.database.nodes.update(uuid, {
        consoleEndpoint: {
          consoleType: "serial",
          transport: { kind: "tcp", host: "192.0.2.1", port: 10_001 },
          allowedSecurityTypes: [],
          serial,
        },
      });
      return uuid;
    };

    it("leads to the terminal's page, and to the websocket behind it, with one token", async () => {
      const uuid = await serialOn({ dialect: "ipmitool", hold: "always" });
      const info = await ask(uuid);
      assert.equal(info.type, "serial");
      assert.equal(new URL(info.url).pathname, "/serial.html");
      const webSocket = new URL(info.websocket_url ?? "");
      assert.equal(webSocket.protocol, "ws:");
      assert.equal(webSocket.pathname, "/websockify");
      assert.equal(webSocket.searchParams.get("node"), uuid);
      assert.equal(webSocket.searchParams.get("token"), tokenOf(info.url));
      const grant = await world.database.tokens.validate(tokenOf(info.url), uuid);
      assert.equal(grant.consoleType, "serial");
    });

    it("says what the line does, as its proxy reported it", async () => {
      const uuid = await serialOn({ dialect: "ipmitool", hold: "always" });
      assert.deepEqual((await ask(uuid)).line?.state, "idle");
      await world.database.lines.claim(uuid, "proxy-1");
      const report = { state: "taken", detail: "somebody else has it", retryAt: null } as const;
      await world.database.lines.report(uuid, "proxy-1", report);
      const { line } = await ask(uuid);
      assert.equal(line?.state, "taken");
      assert.equal(line?.detail, "somebody else has it");
      assert.match(line?.since ?? "", /^\d{4}-\d\d-\d\dT/);
    });

    it("gives the address of a plain listener as Ironic does, and mints no token for it", async () => {
      const uuid = await serialOn({ dialect: "ipmitool", hold: "on-demand", direct: true });
      assert.deepEqual(await ask(uuid), { type: "socat", url: "tcp://192.0.2.1:10001" });
    });

    it("gives that address to nobody who may only look, and operators' words to operators", async () => {
      const uuid = await serialOn({ dialect: "ipmitool", hold: "on-demand", direct: true });
      await world.database.lines.claim(uuid, "proxy-1");
      const detail = "cannot reach 192.0.2.1:623";
      await world.database.lines.report(uuid, "proxy-1", {
        state: "reconnecting",
        detail,
        retryAt: null,
      });
      const view = await ask(uuid, { mode: "view" });
      assert.equal(view.type, "serial");
      assert.equal(view.line?.detail, detail);
      const tenant = { ...CONTEXT, isAdmin: false };
      const theirs = await conductor.api.getConsoleInformation(tenant, uuid, { mode: "view" });
      assert.equal(theirs.line?.detail, null);
      assert.equal(theirs.line?.state, "reconnecting");
    });

    it("gives our own link to it to whoever asks for the type by name", async () => {
      const uuid = await serialOn({ dialect: "ipmitool", hold: "on-demand", direct: true });
      assert.equal((await ask(uuid, { consoleType: "serial" })).type, "serial");
    });
  });

  it("refuses a driver_info that became invalid", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await conductor.api.updateNode(CONTEXT, uuid, { driverInfo: {} });
    await assert.rejects(ask(uuid), MissingParameterValue);
  });

  it("refuses an unknown node", async () => {
    await assert.rejects(ask("1be26c0b-03f2-4d2e-ae87-c02d7f33c123"), NodeNotFound);
  });

  it("has expired tokens deleted by the periodic job", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const token = tokenOf((await ask(uuid)).url);
    await conductor.periodics.run("expire console tokens");
    await world.database.tokens.validate(token);
    now += 300_001;
    await conductor.periodics.run("expire console tokens");
    now -= 300_001;
    await assert.rejects(world.database.tokens.validate(token));
  });
});

function tokenOf(url: string): string {
  const path = new URL(url).searchParams.get("path") ?? "";
  return new URL(path, "http://x/").searchParams.get("token") ?? "";
}
