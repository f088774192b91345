import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { SensorReading } from "../../conductor/rpcapi.ts";
import { type ApiUnderTest, startApiUnderTest } from "../unit/api/api-under-test.ts";
import { until } from "../unit/conductor/until.ts";

const NO_THRESHOLDS = {
  lowerFatal: null,
  lowerCritical: null,
  lowerWarning: null,
  upperWarning: null,
  upperCritical: null,
  upperFatal: null,
};
const INLET: SensorReading = {
  name: 'Inlet "A"\\',
  kind: "temperature",
  value: 21.5,
  unit: "Cel",
  state: "ok",
  thresholds: NO_THRESHOLDS,
  text: null,
};

describe("GET /metrics of the API", () => {
  let api: ApiUnderTest | undefined;

  afterEach(async () => {
    await api?.stop();
    api = undefined;
  });

  async function start(options: Record<string, string> = {}): Promise<ApiUnderTest> {
    api = await startApiUnderTest(options);
    return api;
  }

  /** With any Host header, which fetch does not allow. */
  function statusOf(headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const asked = request(`${api?.service.url}/metrics`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on("error", reject).end();
    });
  }

  it("shows power, consoles and sensors of every node", async () => {
    const { database, ...under } = await start();
    const uuid = (await api?.create({ name: "web-1" }))?.["uuid"] as string;
    const other = (await api?.create())?.["uuid"] as string;
    await database.nodes.update(uuid, { powerState: "power on", consoleEnabled: true });
    const readings = [
      { ...INLET, thresholds: { ...NO_THRESHOLDS } },
      { ...INLET, name: "PS2 Status", value: null, unit: null, state: "critical", thresholds: {} },
    ];
    await database.telemetry.save({ nodeUuid: uuid, collectedAt: 1.5e12, readings, error: null });
    await database.telemetry.fail(other, "no route");
    const response = await fetch(`${under.service.url}/metrics`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const lines = (await response.text()).split("\n");
    const web = `node="${uuid}",name="web-1"`;
    for (const line of [
      `bmcon_node_power{${web},state="power on"} 1`,
      `bmcon_node_console_enabled{${web}} 1`,
      `bmcon_node_console_enabled{node="${other}",name=""} 0`,
      `bmcon_sensor_value{${web},sensor="Inlet \\"A\\"\\\\",kind="temperature",unit="Cel"} 21.5`,
      `bmcon_sensor_state{${web},sensor="PS2 Status",kind="temperature",state="critical"} 1`,
      `bmcon_sensors_collected_timestamp_seconds{${web}} 1500000000`,
      `bmcon_sensors_collection_failed{${web}} 0`,
      `bmcon_sensors_collection_failed{node="${other}",name=""} 1`,
    ])
      assert.ok(lines.includes(line), `${line} is not in\n${lines.join("\n")}`);
    assert.ok(!lines.some((line) => /^bmcon_sensor_value.*PS2/.test(line)));
    assert.ok(!lines.some((line) => line.startsWith(`bmcon_node_power{node="${other}"`)));
  });

  it("shows the state of serial lines that living proxies hold", async () => {
    const { database } = await start();
    const uuid = (await api?.create({ name: "web-1" }))?.["uuid"] as string;
    await database.sessions.beat("proxy-1");
    await database.lines.announce("proxy-1", "http://127.0.0.1:1");
    await database.lines.claim(uuid, "proxy-1");
    await database.lines.report(uuid, "proxy-1", {
      state: "connected",
      detail: null,
      retryAt: null,
    });
    const text = (await api?.get("/metrics"))?.text ?? "";
    assert.ok(
      text.includes(`bmcon_console_line{node="${uuid}",name="web-1",state="connected"} 1`),
      text,
    );
  });

  it("forgets nodes that are gone, within a second or two", async () => {
    const { database } = await start();
    const uuid = (await api?.create())?.["uuid"] as string;
    assert.ok((await api?.get("/metrics"))?.text.includes(uuid));
    await database.nodes.destroy(uuid);
    await until("the node is gone", async () => {
      const text = (await api?.get("/metrics"))?.text;
      return text !== undefined && !text.includes(uuid);
    });
  });

  it("looks at the database once for all who ask within a second", async () => {
    const { database, ...under } = await start();
    let looks = 0;
    const list = database.telemetry.list.bind(database.telemetry);
    database.telemetry.list = () => {
      looks += 1;
      return list();
    };
    const read = () => fetch(`${under.service.url}/metrics`).then((answer) => answer.text());
    await Promise.all(Array.from({ length: 20 }, read));
    assert.ok(looks <= 2, `${looks} looks`);
  });

  it("is there without credentials where everything else needs them", async () => {
    api = await startApiUnderTest({ "DEFAULT.auth_strategy": "http_basic" }, (folder) =>
      writeFileSync(join(folder, "htpasswd"), ""),
    );
    assert.equal((await api?.get("/v1/nodes"))?.status, 401);
    assert.equal((await api?.get("/metrics"))?.status, 200);
  });

  it("is not there for other networks", async () => {
    await start({ "api.metrics_allowed": "192.0.2.0/24" });
    assert.equal((await api?.get("/metrics"))?.status, 404);
  });

  it("is not there for who comes through a proxy that the configuration does not mention", async () => {
    await start();
    assert.equal(await statusOf({ "x-forwarded-for": "127.0.0.1" }), 404);
    assert.equal(await statusOf({ forwarded: "for=127.0.0.1" }), 404);
  });

  it("judges by the last forwarded address behind a proxy that it mentions", async () => {
    await start({
      "api.enable_proxy_headers_parsing": "true",
      "api.metrics_allowed": "192.0.2.0/24,127.0.0.0/8",
    });
    assert.equal(await statusOf({ "x-forwarded-for": "192.0.2.7" }), 200);
    assert.equal(await statusOf({ "x-forwarded-for": "192.0.2.7, 203.0.113.9" }), 404);
    assert.equal(await statusOf({ "x-forwarded-for": "203.0.113.9, 192.0.2.7" }), 200);
    assert.equal(await statusOf({ "x-forwarded-for": "nonsense" }), 404);
    assert.equal(await statusOf({}), 200);
  });

  it("answers no web page that has bent its own name to this machine", async () => {
    await start({ "api.public_endpoint": "http://metal.example:6385" });
    assert.equal(await statusOf({ host: "evil.example" }), 404);
    assert.equal(await statusOf({ host: "@" }), 404);
    assert.equal(await statusOf({ host: "metal.example:6385" }), 200);
    assert.equal(await statusOf({ host: "localhost:6385" }), 200);
  });

  it("can only be read", async () => {
    await start();
    assert.equal((await api?.request("POST", "/metrics"))?.status, 405);
    assert.equal((await api?.request("HEAD", "/metrics"))?.status, 200);
  });

  it("does not start with a network that is none", async () => {
    await assert.rejects(
      start({ "api.metrics_allowed": "everybody" }),
      /\[api\]metrics_allowed: "everybody" is not a network/,
    );
  });
});
