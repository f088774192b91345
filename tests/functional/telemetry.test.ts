/** From the BMC to the answer: REST service, conductor, driver and database, over a simulated Redfish. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi, type ApiService } from "../../api/main.ts";
import { systemClock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import { silentLogger } from "../../common/log.ts";
import type { JsonObject } from "../../common/node.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { createConductor, type RunningConductor } from "../../conductor/conductor.ts";
import type { Database } from "../../db/database.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../../drivers/index.ts";
import { idrac9 } from "../fakes/redfish/machines.ts";
import { startFakeRedfish, type FakeRedfish } from "../fakes/redfish/service.ts";
import { describeOnEveryDatabase } from "../helpers/database.ts";

describeOnEveryDatabase("a machine's sensors and event log, from its BMC to who asks", (fresh) => {
  let folder: string;
  let bmc: FakeRedfish;
  let database: Database;
  let conductor: RunningConductor;
  let api: ApiService;
  let uuid: string;

  beforeEach(async function start() {
    this.timeout(20_000);
    folder = mkdtempSync(join(tmpdir(), "bmc-telemetry-"));
    bmc = await startFakeRedfish(idrac9(120));
    database = await fresh();
    const config = loadConfig({
      overrides: {
        "DEFAULT.state_path": folder,
        "DEFAULT.host": "conductor-1",
        "DEFAULT.enabled_hardware_types": "idrac,fake-hardware",
        "DEFAULT.enabled_console_interfaces": "idrac-vnc,fake,no-console",
        "DEFAULT.enabled_power_interfaces": "redfish,fake",
        "DEFAULT.enabled_management_interfaces": "redfish,fake,noop",
        "DEFAULT.graceful_shutdown_timeout": "0",
        "sensor_data.send_sensor_data": "true",
        "api.port": "0",
      },
    });
    const shared = { config, log: silentLogger(), clock: systemClock, database };
    conductor = await createConductor({
      ...shared,
      secretBox: new SecretBox(SecretBox.newKeyFileText()),
      catalogue: { drivers: BUILTIN_DRIVERS, hardwareTypes: HARDWARE_TYPES },
      listen: false,
    });
    api = await startApi({ ...shared, conductor: conductor.api });
    const { redfish_password: password, ...rest } = bmc.driverInfo;
    const driverInfo = { ...rest, redfish_password: password.reveal() };
    const node = await ask("POST", "/v1/nodes", {
      driver: "idrac",
      name: "web-1",
      driver_info: driverInfo,
    });
    uuid = node["uuid"] as string;
  });

  afterEach(async () => {
    await api?.stop();
    await conductor?.stop();
    await bmc?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(method: string, path: string, body?: object): Promise<JsonObject> {
    const response = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        "X-OpenStack-Ironic-API-Version": "1.82",
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as JsonObject);
  }

  const named = (sensors: unknown, name: string): JsonObject | undefined =>
    (sensors as JsonObject[]).find((sensor) => sensor["name"] === name);

  it("are read at once, kept, and then answered without the BMC", async () => {
    const live = await ask("GET", "/v1/nodes/web-1/sensors");
    assert.equal(named(live["sensors"], "System Board Fan1A")?.["state"], "critical");
    const before = bmc.requests.length;
    assert.deepEqual(await ask("GET", "/v1/nodes/web-1/sensors?cached=true"), live);
    assert.equal(bmc.requests.length, before);
  });

  it("are collected by the periodic job and shown to Prometheus", async () => {
    await database.nodes.update(uuid, { provisionState: "available" });
    await conductor.periodics.run("collect sensors");
    const cached = await ask("GET", "/v1/nodes/web-1/sensors?cached=true");
    assert.equal(named(cached["sensors"], "System Board Inlet Temp")?.["value"], 21);
    const text = await (await fetch(`${api.url}/metrics`)).text();
    assert.ok(
      text.includes(
        `bmcon_sensor_value{node="${uuid}",name="web-1",sensor="System Board Inlet Temp",kind="temperature",unit="Cel"} 21`,
      ),
      text,
    );
  });

  it("can be searched and emptied", async () => {
    const newest = await ask("GET", "/v1/nodes/web-1/event_log?limit=2");
    assert.deepEqual(
      (newest["event_log"] as JsonObject[]).map((one) => one["id"]),
      ["120", "119"],
    );
    const found = await ask("GET", "/v1/nodes/web-1/event_log?severity=critical&contains=(7)");
    assert.deepEqual(
      (found["event_log"] as JsonObject[]).map((one) => one["id"]),
      ["7"],
    );
    await ask("DELETE", "/v1/nodes/web-1/event_log");
    assert.deepEqual(await ask("GET", "/v1/nodes/web-1/event_log"), { event_log: [] });
    assert.equal((await database.nodes.get(uuid)).reservation, null);
  });

  it("of a BMC that is gone are an error that names it, and the last ones stay", async () => {
    await ask("GET", "/v1/nodes/web-1/sensors");
    await bmc.stop();
    const response = await fetch(`${api.url}/v1/nodes/${uuid}/sensors`);
    assert.equal(response.status, 502);
    const kept = await ask("GET", "/v1/nodes/web-1/sensors?cached=true");
    assert.equal((kept["sensors"] as JsonObject[]).length, 5);
    assert.match(kept["error"] as string, /^cannot reach 127\.0\.0\.1:\d+/);
    bmc = await startFakeRedfish(idrac9());
  });

  it("of the fake machine are believable, and there is none without a management interface", async () => {
    await ask("POST", "/v1/nodes", { driver: "fake-hardware", name: "demo" });
    const { sensors } = await ask("GET", "/v1/nodes/demo/sensors");
    assert.ok((sensors as JsonObject[]).length > 15);
    await ask("DELETE", "/v1/nodes/demo/event_log");
    const { event_log: log } = await ask("GET", "/v1/nodes/demo/event_log");
    assert.equal((log as JsonObject[]).length, 1);
    const dumb = { driver: "fake-hardware", name: "dumb", management_interface: "noop" };
    await ask("POST", "/v1/nodes", dumb);
    const response = await fetch(`${api.url}/v1/nodes/dumb/sensors`, {
      headers: { "X-OpenStack-Ironic-API-Version": "1.82" },
    });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /does not support sensors/);
  });
});
