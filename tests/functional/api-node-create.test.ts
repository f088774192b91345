/** Creating nodes over the REST API, and the keys each microversion shows of one. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../common/node.ts";
import { type ApiUnderTest, faultString, startApiUnderTest } from "../unit/api/api-under-test.ts";
import { keysAt } from "../unit/api/node-keys.ts";

describe("creating nodes over the api", () => {
  let api: ApiUnderTest;
  beforeEach(async () => {
    api = await startApiUnderTest();
  });
  afterEach(() => api.stop());

  it("answers 201 with Location and the node", async () => {
    const uuid = randomUUID();
    const answer = await api.request("POST", "/v1/nodes", {
      body: {
        driver: "fake-hardware",
        uuid,
        name: "bm-1",
        resource_class: "rc1",
        properties: { cpus: 4 },
        extra: { a: "b" },
        driver_info: { vnc_address: "192.0.2.7", vnc_password: "hunter2hunter" },
      },
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("location"), `${api.service.url}/v1/nodes/${uuid}`);
    const { json } = answer;
    assert.equal(json["name"], "bm-1");
    assert.equal(json["provision_state"], "enroll");
    assert.equal(json["power_state"], null);
    assert.equal(json["console_enabled"], false);
    assert.deepEqual(json["properties"], { cpus: 4 });
    assert.deepEqual(json["driver_info"], { vnc_address: "192.0.2.7", vnc_password: "******" });
    assert.match(json["created_at"] as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$/);
    assert.equal(json["updated_at"], null);
    assert.equal(json["conductor"], "conductor-1.example");
    assert.deepEqual(json["links"], [
      { href: `${api.service.url}/v1/nodes/${uuid}`, rel: "self" },
      { href: `${api.service.url}/nodes/${uuid}`, rel: "bookmark" },
    ]);
  });

  for (const minor of [1, 4, 5, 30, 31, 47, 78, 82])
    it(`shows exactly the keys of version 1.${minor}`, async () => {
      const uuid = (await api.create())["uuid"] as string;
      const { json } = await api.get(`/v1/nodes/${uuid}`, { version: `1.${minor}` });
      assert.deepEqual(Object.keys(json).sort(), keysAt(minor));
    });

  it("shows the 62 keys that the stock client knows at 1.78 when it creates a node", () => {
    assert.equal(keysAt(78).length, 62);
  });

  it("makes a node available at once before 1.11", async () => {
    const answer = await api.request("POST", "/v1/nodes", {
      version: "1.10",
      body: { driver: "fake-hardware" },
    });
    assert.equal(answer.json["provision_state"], "available");
  });

  const refused: readonly (readonly [string, JsonObject, RegExp])[] = [
    ["without a driver", { name: "x" }, /'driver' is a required property/],
    [
      "with unknown fields",
      { driver: "fake-hardware", foo: 1, bar: 2 },
      /Additional properties are not allowed \('foo', 'bar' were unexpected\)/,
    ],
    [
      "with a field only the service sets",
      { driver: "fake-hardware", power_state: "power on" },
      /'power_state' was unexpected/,
    ],
    [
      "with an unknown driver",
      { driver: "nope" },
      /^No valid host was found. Reason: No conductor service registered which supports driver nope for conductor group "".$/,
    ],
    ["with a name like a UUID", { driver: "fake-hardware", name: randomUUID() }, /Invalid name/],
    ["with a reserved name", { driver: "fake-hardware", name: "states" }, /Invalid name/],
    ["with a name with a slash", { driver: "fake-hardware", name: "a/b" }, /Invalid name/],
    ["with a bad uuid", { driver: "fake-hardware", uuid: "1234" }, /Invalid uuid: Expected a UUID/],
    ["with text for driver_info", { driver: "fake-hardware", driver_info: "x" }, /driver_info/],
    ["with a number for a name", { driver: "fake-hardware", name: 5 }, /Invalid name/],
    [
      "with the console enabled",
      { driver: "fake-hardware", console_enabled: true },
      /Invalid console_enabled/,
    ],
    [
      "with a sealed envelope",
      { driver: "fake-hardware", driver_info: { vnc_password: { $sealed: "bmc1.k.n.c" } } },
      /\$sealed/,
    ],
    [
      "with asterisks for a secret",
      { driver: "fake-hardware", driver_info: { vnc_password: "******" } },
      /driver_info\/vnc_password/,
    ],
  ];
  for (const [what, body, message] of refused)
    it(`refuses a node ${what} with 400`, async () => {
      const answer = await api.request("POST", "/v1/nodes", { body });
      assert.equal(answer.status, 400);
      assert.match(faultString(answer), message);
      assert.deepEqual(await api.database.nodes.list(), []);
    });

  it("refuses a taken name with 409", async () => {
    await api.create({ name: "bm-1" });
    const answer = await api.request("POST", "/v1/nodes", {
      body: { driver: "fake-hardware", name: "bm-1" },
    });
    assert.equal(answer.status, 409);
    assert.equal(faultString(answer), "A node with name bm-1 already exists.");
  });

  it("refuses a field newer than the requested version with 406", async () => {
    const answer = await api.request("POST", "/v1/nodes", {
      version: "1.4",
      body: { driver: "fake-hardware", name: "bm-1" },
    });
    assert.equal(answer.status, 406);
    assert.equal(faultString(answer), "Request not acceptable.");
  });
});
