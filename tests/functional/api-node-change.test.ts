/** Changing, validating and deleting nodes over the REST API. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Conflict, NodeLocked } from "../../common/errors.ts";
import type { JsonObject } from "../../common/node.ts";
import {
  type ApiUnderTest,
  faultOf,
  faultString,
  startApiUnderTest,
} from "../unit/api/api-under-test.ts";

describe("changing and deleting nodes over the api", () => {
  let api: ApiUnderTest;
  let path: string;
  beforeEach(async () => {
    api = await startApiUnderTest();
    await api.create({
      name: "bm-1",
      driver_info: { vnc_address: "192.0.2.7", vnc_password: "s3cret-word" },
      extra: { rack: "r1", list: ["a", "b"] },
    });
    path = "/v1/nodes/bm-1";
  });
  afterEach(() => api.stop());

  it("adds, replaces and removes in one patch and answers the node", async () => {
    const answer = await api.patch(path, [
      { op: "add", path: "/driver_info/vnc_port", value: 5901 },
      { op: "replace", path: "/extra/rack", value: "r2" },
      { op: "add", path: "/extra/list/-", value: "c" },
      { op: "remove", path: "/extra/list/0" },
      { op: "add", path: "/resource_class", value: "rc9" },
      { op: "add", path: "/description", value: "d9" },
      { op: "add", path: "/properties/cpus", value: 2 },
    ]);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json["extra"], { rack: "r2", list: ["b", "c"] });
    assert.equal(answer.json["resource_class"], "rc9");
    assert.deepEqual(answer.json["properties"], { cpus: 2 });
    assert.notEqual(answer.json["updated_at"], null);
    const again = await api.patch(path, [
      { op: "remove", path: "/resource_class" },
      { op: "remove", path: "/extra/list" },
      { op: "remove", path: "/driver_info/vnc_port" },
    ]);
    assert.equal(again.json["resource_class"], null);
    assert.deepEqual(again.json["extra"], { rack: "r2" });
    assert.deepEqual(again.json["driver_info"], {
      vnc_address: "192.0.2.7",
      vnc_password: "******",
    });
  });

  it("sends the conductor only the attributes that the patch touches", async () => {
    await api.patch(path, [{ op: "add", path: "/extra/x", value: 1 }]);
    const { args } = api.conductor.lastCall("updateNode") ?? { args: [] };
    assert.deepEqual(args[2], { extra: { rack: "r1", list: ["a", "b"], x: 1 } });
  });

  it("keeps a secret when the mask is written back, alone or in a whole object", async () => {
    await api.patch(path, [{ op: "replace", path: "/driver_info/vnc_password", value: "******" }]);
    const shown = (await api.get(path)).json["driver_info"] as JsonObject;
    await api.patch(path, [
      { op: "replace", path: "/driver_info", value: { ...shown, vnc_port: 5902 } },
    ]);
    const node = await api.database.nodes.get("bm-1");
    const opened = api.conductor.openDriverInfo(node);
    assert.equal(String(opened["vnc_password"]), "******");
    assert.equal((opened["vnc_password"] as { reveal(): string }).reveal(), "s3cret-word");
    assert.equal(opened["vnc_port"], 5902);
  });

  it("keeps a secret when another key of driver_info changes", async () => {
    await api.patch(path, [{ op: "add", path: "/driver_info/vnc_port", value: 5901 }]);
    const node = await api.database.nodes.get("bm-1");
    const password = api.conductor.openDriverInfo(node)["vnc_password"];
    assert.equal((password as { reveal(): string }).reveal(), "s3cret-word");
  });

  it("takes the flags of the stock client, which sends them as text", async () => {
    const answer = await api.patch(path, [
      { op: "add", path: "/protected", value: "True" },
      { op: "add", path: "/automated_clean", value: "False" },
      { op: "add", path: "/retired", value: true },
    ]);
    assert.equal(answer.json["protected"], true);
    assert.equal(answer.json["automated_clean"], false);
    assert.equal(answer.json["retired"], true);
    const removed = await api.patch(path, [
      { op: "remove", path: "/protected" },
      { op: "remove", path: "/automated_clean" },
    ]);
    assert.equal(removed.json["protected"], false);
    assert.equal(removed.json["automated_clean"], null);
  });

  it("passes reset_interfaces on with a driver change, and refuses it without one", async () => {
    const refused = await api.patch(`${path}?reset_interfaces=true`, [
      { op: "add", path: "/extra/x", value: 1 },
    ]);
    assert.equal(refused.status, 400);
    await api.patch(`${path}?reset_interfaces=true`, [
      { op: "replace", path: "/driver", value: "idrac" },
    ]);
    assert.deepEqual(api.conductor.lastCall("updateNode")?.args[3], { resetInterfaces: true });
  });

  const refused = [
    ["an object for a patch", { op: "add" }, /not of type 'array'/],
    ["an empty patch", [], /no operation/],
    ["an unknown op", [{ op: "move", from: "/a", path: "/b" }], /Additional properties|op must be/],
    ["the op test", [{ op: "test", path: "/name", value: "x" }], /op must be one of/],
    ["a path with dots", [{ op: "add", path: "/extra/a.b", value: 1 }], /path does not match/],
    [
      "a path with an escape",
      [{ op: "add", path: "/extra/a~1b", value: 1 }],
      /path does not match/,
    ],
    ["an empty path", [{ op: "add", path: "", value: 1 }], /path does not match/],
    ["no value", [{ op: "add", path: "/extra/a" }], /'value' is a required property/],
    [
      "the uuid",
      [{ op: "replace", path: "/uuid", value: randomUUID() }],
      /^Cannot patch \/uuid. Only the following can be updated: automated_clean, bios_interface, /,
    ],
    [
      "console_enabled",
      [{ op: "replace", path: "/console_enabled", value: true }],
      /^Cannot patch \/console_enabled\. /,
    ],
    ["an unknown attribute", [{ op: "add", path: "/foo", value: 1 }], /^Cannot patch \/foo\. /],
    [
      "the removal of what is not there",
      [{ op: "remove", path: "/extra/xx" }],
      /^Couldn't apply patch '\[\{'op': 'remove', 'path': '\/extra\/xx'\}\]'. Reason: can't remove a non-existent object 'xx'$/,
    ],
    ["the removal of the driver", [{ op: "remove", path: "/driver" }], /mandatory attribute/],
    [
      "null for a flag",
      [{ op: "replace", path: "/maintenance", value: null }],
      /Invalid maintenance/,
    ],
    [
      "a sealed envelope",
      [{ op: "add", path: "/driver_info/x", value: { $sealed: "bmc1.a.b.c" } }],
      /\$sealed/,
    ],
    [
      "asterisks where nothing is stored",
      [{ op: "add", path: "/driver_info/ssh_password", value: "******" }],
      /driver_info\/ssh_password/,
    ],
    ["the prototype", [{ op: "add", path: "/extra/__proto__/x", value: 1 }], /__proto__/],
  ] as const;
  for (const [what, patch, message] of refused)
    it(`refuses ${what} with 400 and changes nothing`, async () => {
      const before = await api.database.nodes.get("bm-1");
      const answer = await api.patch(path, patch as unknown as JsonObject[]);
      assert.equal(answer.status, 400, answer.text);
      assert.match(faultString(answer), message);
      assert.deepEqual(await api.database.nodes.get("bm-1"), before);
    });

  it("refuses patches that build a deep object of shallow parts, and stays readable", async () => {
    const level = (): JsonObject => {
      let value: JsonObject = {};
      for (let depth = 0; depth < 20; depth += 1) value = { a: value };
      return value;
    };
    const deeper = (operations: number): JsonObject[] =>
      Array.from({ length: operations }, (_none, index) => ({
        op: "add",
        path: `/extra${"/a".repeat(20 * index + 1)}`,
        value: level(),
      }));
    for (const operations of [2, 100, 200]) {
      const answer = await api.patch(path, deeper(operations));
      assert.equal(answer.status, 400, `${operations} operations`);
      assert.match(faultString(answer), /^Invalid extra: nested deeper than 25 levels$/);
    }
    assert.equal((await api.patch(path, deeper(1))).status, 200);
    const again = await api.patch(path, deeper(2).slice(1));
    assert.equal(again.status, 400);
    assert.ok((await api.get(path)).text.length < 10_000);
  });

  for (const field of ["driver_info", "extra", "instance_info", "network_data", "properties"])
    for (const number of ["1e400", "9223372036854775807"])
      it(`refuses ${number} in ${field}, which would be stored changed, and names the place`, async () => {
        const before = await api.database.nodes.get("bm-1");
        const response = await fetch(`${api.service.url}${path}`, {
          method: "PATCH",
          headers: { "content-type": "application/json", "X-OpenStack-Ironic-API-Version": "1.82" },
          body: `[{"op": "add", "path": "/${field}/n", "value": {"list": [1.5, ${number}]}}]`,
        });
        const text = await response.text();
        assert.equal(response.status, 400, text);
        assert.ok(text.includes(`Invalid ${field}/n/list/1: `), text);
        assert.deepEqual(await api.database.nodes.get("bm-1"), before);
      });

  it("keeps fractions and whole numbers up to 2^53-1 as they are", async () => {
    const value = [0.1, -2.5e-8, 9007199254740991, -9007199254740991];
    const answer = await api.patch(path, [{ op: "add", path: "/extra/n", value }]);
    assert.deepEqual((answer.json["extra"] as JsonObject)["n"], value);
  });

  it("never quotes a value of a patch in its error", async () => {
    const answer = await api.patch(path, [
      { op: "add", path: "/driver_info/vnc_password", value: "new-s3cret" },
      { op: "remove", path: "/driver_info/nope" },
    ]);
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes("new-s3cret"), answer.text);
  });

  it("answers 409 when the node is locked", async () => {
    api.conductor.failNext("updateNode", new NodeLocked("bm-1", "host-1"));
    const answer = await api.patch(path, [{ op: "add", path: "/extra/x", value: 1 }]);
    assert.equal(answer.status, 409);
    assert.deepEqual(faultOf(answer), {
      faultcode: "Client",
      faultstring:
        "Node bm-1 is locked by host host-1, please retry after the current operation is completed.",
      debuginfo: null,
    });
  });

  it("deletes a node with 204 and without a body", async () => {
    const answer = await api.request("DELETE", path);
    assert.equal(answer.status, 204);
    assert.equal(answer.text, "");
    assert.equal((await api.get(path)).status, 404);
    assert.equal((await api.request("DELETE", path)).status, 404);
  });

  it("passes on why a node cannot be deleted", async () => {
    api.conductor.failNext("destroyNode", new Conflict("Node bm-1 is associated with an instance"));
    assert.equal((await api.request("DELETE", path)).status, 409);
    assert.equal((await api.get(path)).status, 200);
  });

  it("validates a node in both forms", async () => {
    const first = await api.get(`${path}/validate`);
    const second = await api.get("/v1/nodes/validate?node=bm-1");
    assert.deepEqual(first.json, second.json);
    assert.deepEqual(first.json["power"], { result: true });
    const missing = await api.get("/v1/nodes/validate");
    assert.equal(missing.status, 400);
    assert.equal(faultString(missing), "Missing mandatory parameter: node");
  });
});
