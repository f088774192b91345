import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import winston from "winston";
import {
  BmcUnreachable,
  ConsoleServiceError,
  DriverNotFound,
  InvalidParameterValue,
  NodeAlreadyExists,
  NodeConsoleNotEnabled,
  NodeLocked,
  NodeNotFound,
  NotFound,
  NoValidHost,
  TemporaryFailure,
  UnsupportedDriverExtension,
} from "../../../common/errors.ts";
import { silentLogger } from "../../../common/log.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { connectConductors, type ConductorApi } from "../../../conductor/rpcapi.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";
import { HOST_PASSWORD } from "./scripted-drivers.ts";

type Client = ConductorApi & { stop(): Promise<void> };

const CREDENTIALS = { "json_rpc.username": "api", "json_rpc.password": "between-us" };

describe("the conductors' RPC", () => {
  let world: ConductorWorld;
  const clients: Client[] = [];

  beforeEach(async () => {
    world = await ConductorWorld.create();
  });

  afterEach(async () => {
    for (const one of clients.splice(0)) await one.stop();
    await world.stop();
  });

  function client(overrides: Record<string, string> = {}): Client {
    const { database, clock } = world;
    const made = connectConductors({
      config: world.config(overrides),
      database,
      clock,
      log: silentLogger(),
    });
    clients.push(made);
    return made;
  }

  const listen = (overrides: Record<string, string> = {}): Promise<RunningConductor> =>
    world.start(overrides, { listen: true });

  describe("between one api and one conductor", () => {
    let api: Client;

    beforeEach(async () => {
      await listen();
      api = client();
    });

    it("carries every verb there and back", async () => {
      const driverInfo = { scripted_address: "bmc1", scripted_password: "p" };
      const { uuid } = await api.createNode(CONTEXT, {
        driver: "scripted",
        name: "n1",
        driverInfo,
      });
      assert.equal((await api.updateNode(CONTEXT, uuid, { extra: { a: 1 } })).extra["a"], 1);
      assert.deepEqual((await api.validateDriverInterfaces(CONTEXT, uuid))["console"], {
        result: true,
      });
      assert.equal(await api.setConsoleMode(CONTEXT, uuid, true), undefined);
      await world.settled(uuid);
      const { url } = await api.getConsoleInformation(CONTEXT, uuid, { mode: "view" });
      assert.ok(url.includes(uuid));
      await api.changeNodePowerState(CONTEXT, uuid, "power on", 5);
      assert.equal((await world.settled(uuid)).powerState, "power on");
      await api.doProvisioningAction(CONTEXT, uuid, "manage");
      assert.equal((await world.settled(uuid)).provisionState, "manageable");
      assert.deepEqual(await api.getSupportedBootDevices(CONTEXT, uuid), ["pxe", "disk"]);
      await api.setBootDevice(CONTEXT, uuid, "disk", false);
      assert.equal((await api.getBootDevice(CONTEXT, uuid)).bootDevice, "disk");
      await api.injectNmi(CONTEXT, uuid);
      assert.deepEqual((await api.getSensors(CONTEXT, uuid)).readings, []);
      assert.deepEqual(await api.getEventLog(CONTEXT, uuid, 5), []);
      assert.equal(await api.clearEventLog(CONTEXT, uuid), undefined);
      assert.equal(world.drivers.telemetry.cleared, 1);
      assert.ok("scripted_address" in (await api.getDriverProperties(CONTEXT, "scripted")));
      await api.destroyNode(CONTEXT, uuid);
      assert.deepEqual(await world.database.nodes.list(), []);
    });

    it("carries errors as our classes, with their message and status", async () => {
      const { uuid } = await api.createNode(CONTEXT, { driver: "scripted", name: "n1" });
      const cases: [Promise<unknown>, new (...given: never[]) => ConsoleServiceError, RegExp][] = [
        [api.createNode(CONTEXT, { driver: "scripted", name: "n1" }), NodeAlreadyExists, /n1/],
        [api.getConsoleInformation(CONTEXT, uuid), NodeConsoleNotEnabled, /not enabled on node/],
        [
          api.createNode(CONTEXT, { driver: "scripted", consoleInterface: "x" }),
          InvalidParameterValue,
          /Valid interfaces are \['scripted', 'no-console'\]/,
        ],
        [
          api.changeNodePowerState(CONTEXT, uuid, "soft rebooting"),
          UnsupportedDriverExtension,
          /^Driver scripted does not support power state 'soft rebooting'/,
        ],
      ];
      for (const [call, Class, message] of cases)
        await assert.rejects(call, (error) => {
          assert.ok(error instanceof Class);
          assert.match(error.message, message);
          return true;
        });
      await world.database.nodes.reserve(uuid, "somebody-else");
      await assert.rejects(api.setConsoleMode(CONTEXT, uuid, true), ConsoleServiceError);
      await assert.rejects(api.updateNode(CONTEXT, uuid, { name: "x" }), (error) => {
        assert.ok(error instanceof NodeLocked);
        assert.equal(error.status, 409);
        assert.equal(error.code, "NODE_LOCKED");
        assert.match(error.message, /is locked by host somebody-else, please retry/);
        return true;
      });
    });

    it("carries what a machine said, and keeps what only a programmer understands", async () => {
      const { uuid } = await api.createNode(CONTEXT, { driver: "scripted" });
      world.drivers.management.getBootDevice = () =>
        Promise.reject(new BmcUnreachable("no route to bmc1"));
      await assert.rejects(api.getBootDevice(CONTEXT, uuid), (error) => {
        assert.ok(error instanceof BmcUnreachable);
        assert.equal(error.status, 502);
        return true;
      });
      world.drivers.management.getBootDevice = () =>
        Promise.reject(new TypeError("x is not a function"));
      await assert.rejects(api.getBootDevice(CONTEXT, uuid), {
        name: "ConsoleServiceError",
        message: "an unexpected error occurred, the log of conductor conductor-1 says more",
      });
    });

    it("answers for nodes, drivers and groups that nobody has", async () => {
      await assert.rejects(
        api.destroyNode(CONTEXT, "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"),
        NodeNotFound,
      );
      await assert.rejects(api.createNode(CONTEXT, { driver: "nope" }), NoValidHost);
      await assert.rejects(api.getDriverProperties(CONTEXT, "nope"), DriverNotFound);
      const { uuid } = await api.createNode(CONTEXT, { driver: "scripted" });
      await assert.rejects(api.updateNode(CONTEXT, uuid, { driver: "nope" }), NoValidHost);
      await world.database.nodes.update(uuid, { driver: "gone" });
      await assert.rejects(api.setConsoleMode(CONTEXT, uuid, true), (error) => {
        assert.ok(error instanceof NotFound);
        assert.match(error.message, /^No valid host was found\. Reason: .* supports driver gone/);
        return true;
      });
    });
  });

  it("logs calls, but nothing of what they carry", async () => {
    let logged = "";
    const keep = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logged += chunk.toString("utf8");
        done();
      },
    });
    const log = winston.createLogger({
      level: "debug",
      format: winston.format.json(),
      transports: [new winston.transports.Stream({ stream: keep })],
    });
    await world.stop();
    world = await ConductorWorld.create({ log });
    await listen(CREDENTIALS);
    const api = client(CREDENTIALS);
    const driverInfo = { scripted_address: "bmc1", scripted_password: "opensesame" };
    const { uuid } = await api.createNode(CONTEXT, { driver: "scripted", driverInfo });
    await assert.rejects(
      api.updateNode(CONTEXT, uuid, {
        driverInfo: { scripted_password: "opensesame", other_password: "******" },
      }),
    );
    await api.setConsoleMode(CONTEXT, uuid, true);
    await world.settled(uuid);
    const { url } = await api.getConsoleInformation(CONTEXT, uuid);
    const token = new URL(url).searchParams.get("path")?.split("token=")[1] ?? "";
    assert.match(logged, /RPC answered/);
    assert.match(logged, /console link given out/);
    for (const secret of ["opensesame", token, "between-us", HOST_PASSWORD])
      assert.ok(!logged.includes(secret), "a secret was logged");
  });

  it("answers 503 while there is no conductor at all, or it does not answer", async () => {
    const api = client();
    await assert.rejects(api.createNode(CONTEXT, { driver: "scripted" }), {
      name: "TemporaryFailure",
      message: "Resource temporarily unavailable, please retry.",
    });
    await world.database.conductors.register(
      {
        hostname: "gone",
        conductorGroup: "",
        rpcUrl: "http://127.0.0.1:1",
        drivers: ["scripted"],
      },
      [],
      { heartbeatTimeoutSeconds: 60, takeOver: false },
    );
    await assert.rejects(api.createNode(CONTEXT, { driver: "scripted" }), (error) => {
      assert.ok(error instanceof TemporaryFailure);
      assert.match(error.message, /conductor gone did not answer/);
      return true;
    });
  });

  it("works without configured credentials: api and conductor share a pair of their own", async () => {
    const { rpcUrl } = await listen();
    const file = join(world.folder, "rpc-credentials");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const pair = readFileSync(file, "utf8").trim();
    await client().createNode(CONTEXT, { driver: "scripted" });
    assert.equal(readFileSync(file, "utf8").trim(), pair);
    for (const basic of [undefined, "baremetal-console:", `${pair}x`]) {
      const response = await fetch(rpcUrl, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(basic !== undefined && { authorization: `Basic ${btoa(basic)}` }),
        },
        body: "{}",
      });
      assert.equal(response.status, 401);
    }
  });

  it("gives up on a conductor that does not answer in time", async () => {
    const conductor = await listen();
    const { uuid } = await world.node(conductor);
    world.drivers.management.getBootDevice = (task) =>
      new Promise((_resolve, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason as Error));
      });
    const api = client({ "json_rpc.timeout": "1" });
    await assert.rejects(api.getBootDevice(CONTEXT, uuid), TemporaryFailure);
  });

  it("asks the conductor that placement picks", async () => {
    await listen();
    await listen({ "DEFAULT.host": "conductor-2" });
    const api = client();
    const hosts = new Set<string | null>();
    for (let index = 0; index < 10; index += 1) {
      const uuid = `00000000-0000-4000-8000-00000000000${index}`;
      const driverInfo = { scripted_address: "bmc1" };
      await api.createNode(CONTEXT, { uuid, driver: "scripted", driverInfo });
      await api.setConsoleMode(CONTEXT, uuid, true);
      hosts.add((await world.settled(uuid)).conductorAffinity);
    }
    assert.deepEqual(hosts, new Set(["conductor-1", "conductor-2"]));
  });

  it("goes to the survivor when a conductor stops", async () => {
    const first = await listen();
    await listen({ "DEFAULT.host": "conductor-2" });
    const api = client();
    await first.stop();
    for (let index = 0; index < 4; index += 1) {
      const { uuid } = await api.createNode(CONTEXT, { driver: "scripted" });
      await api.doProvisioningAction(CONTEXT, uuid, "manage");
      assert.equal((await world.settled(uuid)).provisionState, "manageable");
    }
  });
});
