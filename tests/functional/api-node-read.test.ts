/** Showing and listing nodes over the REST API: fields, filters, pages. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../common/node.ts";
import { type ApiUnderTest, faultString, startApiUnderTest } from "../unit/api/api-under-test.ts";
import { keysAt } from "../unit/api/node-keys.ts";

describe("showing and listing nodes over the api", () => {
  let api: ApiUnderTest;
  let uuids: string[];
  before(async () => {
    api = await startApiUnderTest();
    uuids = [];
    for (let index = 0; index < 5; index += 1) {
      const node = await api.create({
        name: `bm-${index}`,
        driver: index < 3 ? "fake-hardware" : "idrac",
        owner: index === 4 ? "someone" : null,
        description: `rack ${index}`,
      });
      uuids.push(node["uuid"] as string);
    }
  });
  after(() => api.stop());

  it("finds a node by UUID in any case, by name, and by name with .json", async () => {
    for (const ident of [uuids[0], uuids[0]?.toUpperCase(), "bm-0", "bm-0.json"])
      assert.equal((await api.get(`/v1/nodes/${ident}`)).json["uuid"], uuids[0]);
  });

  it("knows no names before 1.5", async () => {
    const answer = await api.get("/v1/nodes/bm-0", { version: "1.4" });
    assert.equal(answer.status, 404);
    assert.equal(faultString(answer), "Node bm-0 could not be found.");
  });

  for (const ident of ["nosuch", randomUUID(), "%00", "a%2Fb", "a'b", "%F0%9F%92%A9", "__proto__"])
    it(`answers 404 for node ${ident}`, async () => {
      assert.equal((await api.get(`/v1/nodes/${ident}`)).status, 404);
    });

  it("shows the asked fields in the asked order, and links", async () => {
    const { json } = await api.get("/v1/nodes/bm-0?fields=uuid,name,driver_info,console_enabled");
    assert.deepEqual(Object.keys(json), [
      "uuid",
      "name",
      "driver_info",
      "console_enabled",
      "links",
    ]);
  });

  it("refuses an unknown field with 400 on a node and on the list", async () => {
    for (const path of ["/v1/nodes/bm-0?fields=uuid,nope", "/v1/nodes?fields=nope"]) {
      const answer = await api.get(path);
      assert.equal(answer.status, 400);
      assert.equal(faultString(answer), "Field nope is not a valid field.");
    }
  });

  it("refuses a field newer than the version with 406", async () => {
    const answer = await api.get("/v1/nodes?fields=shard", { version: "1.81" });
    assert.equal(answer.status, 406);
  });

  it("lists the six default fields and links", async () => {
    const { json } = await api.get("/v1/nodes");
    const [first] = json["nodes"] as JsonObject[];
    assert.deepEqual(Object.keys(first ?? {}), [
      "uuid",
      "instance_uuid",
      "maintenance",
      "power_state",
      "provision_state",
      "name",
      "links",
    ]);
    assert.ok(!("next" in json));
  });

  for (const path of ["/v1/nodes/detail", "/v1/nodes/?detail=True", "/v1/nodes?detail=1"])
    it(`lists every key at ${path}`, async () => {
      const { json } = await api.get(path, { version: "1.78" });
      const nodes = json["nodes"] as JsonObject[];
      assert.equal(nodes.length, 5);
      assert.deepEqual(Object.keys(nodes[0] ?? {}).sort(), keysAt(78));
    });

  it("follows next links to every node once and keeps every filter on the way", async () => {
    const names: string[] = [];
    let path: string | undefined =
      "/v1/nodes/?driver=fake-hardware&limit=2&fields=name,uuid&sort_key=name&sort_dir=desc&description_contains=rack";
    let pages = 0;
    while (path !== undefined) {
      const { json } = await api.get(path);
      names.push(...(json["nodes"] as JsonObject[]).map((node) => node["name"] as string));
      const next = json["next"] as string | undefined;
      if (next !== undefined) {
        const query = new URL(next).searchParams;
        assert.equal(query.get("driver"), "fake-hardware");
        assert.equal(query.get("fields"), "name,uuid");
        assert.equal(query.get("sort_key"), "name");
        assert.equal(query.get("description_contains"), "rack");
        assert.equal(query.get("limit"), "2");
      }
      path = next?.slice(api.service.url.length);
      pages += 1;
    }
    assert.deepEqual(names, ["bm-2", "bm-1", "bm-0"]);
    assert.equal(pages, 2);
  });

  it("gives no next link when the page is the last, however full", async () => {
    assert.ok(!("next" in (await api.get("/v1/nodes?limit=5")).json));
  });

  it("keeps to /nodes/detail in its next link", async () => {
    const { json } = await api.get("/v1/nodes/detail?limit=1");
    assert.match(json["next"] as string, /\/v1\/nodes\/detail\?limit=1&marker=/);
  });

  it("caps the limit at [api]max_limit", async () => {
    const small = await startApiUnderTest({ "api.max_limit": "2" });
    try {
      for (const name of ["a", "b", "c"]) await small.create({ name });
      for (const path of ["/v1/nodes", "/v1/nodes?limit=1000"]) {
        const { json } = await small.get(path);
        assert.equal((json["nodes"] as JsonObject[]).length, 2);
        assert.match(json["next"] as string, /limit=2&marker=/);
      }
    } finally {
      await small.stop();
    }
  });

  const filters = [
    ["driver=idrac", ["bm-3", "bm-4"]],
    ["owner=someone", ["bm-4"]],
    ["project=someone", ["bm-4"]],
    ["maintenance=True", []],
    ["maintenance=no", ["bm-0", "bm-1", "bm-2", "bm-3", "bm-4"]],
    ["associated=true", []],
    ["provision_state=available", []],
    ["conductor=conductor-1.example", ["bm-0", "bm-1", "bm-2", "bm-3", "bm-4"]],
    ["conductor=conductor-1.example&owner=someone", ["bm-4"]],
    ["conductor=elsewhere", []],
    ["description_contains=rack+2", ["bm-2"]],
    ["chassis_uuid=1be26c0b-03f2-4d2e-ae87-c02d7f33c781", []],
    ["sharded=false&driver=idrac", ["bm-3", "bm-4"]],
    ["include_children=True&driver=idrac", ["bm-3", "bm-4"]],
    ["parent_node=bm-0", []],
  ] as const;
  for (const [query, expected] of filters)
    it(`filters by ${query}`, async () => {
      const { json } = await api.get(`/v1/nodes/?fields=name&${query}`, { version: "latest" });
      const names = (json["nodes"] as JsonObject[]).map((node) => node["name"] as string);
      assert.deepEqual(names.sort(), expected);
    });

  const badQueries = [
    ["foo=1&bar=2", 400, "Unexpected arguments: bar, foo"],
    ["limit=0", 400, "Limit must be positive"],
    ["limit=-1", 400, "Limit must be positive"],
    ["limit=x", 400, "Invalid limit: Expected an integer, got 'x'"],
    ["sort_key=extra", 400, 'The sort_key value "extra" is invalid for sorting'],
    ["sort_key=nope", 400, 'The sort_key value "nope" is invalid for sorting'],
    ["sort_dir=up", 400, "Invalid sort direction: up. Acceptable values are 'asc' or 'desc'"],
    ["marker=xyz", 400, "Invalid marker: Expected a UUID but received xyz"],
    [
      "marker=1be26c0b-03f2-4d2e-ae87-c02d7f33c781",
      404,
      "Node 1be26c0b-03f2-4d2e-ae87-c02d7f33c781 could not be found.",
    ],
    ["detail=true&fields=uuid", 400, "Can't fetch a subset of fields with 'detail' set"],
    ["limit=1&limit=2", 400, "Invalid limit: given more than once"],
  ] as const;
  for (const [query, status, sentence] of badQueries)
    it(`answers ${status} to a list with ${query}`, async () => {
      const answer = await api.get(`/v1/nodes?${query}`);
      assert.equal(answer.status, status);
      assert.equal(faultString(answer), sentence);
    });

  it("refuses a filter newer than the version with 406", async () => {
    assert.equal((await api.get("/v1/nodes?owner=x", { version: "1.49" })).status, 406);
    assert.equal((await api.get("/v1/nodes?detail=1", { version: "1.42" })).status, 406);
    assert.equal((await api.get("/v1/nodes?parent_node=x", { version: "1.82" })).status, 406);
  });

  it("answers lists that are empty here truthfully", async () => {
    for (const [path, key] of [
      ["/v1/ports", "ports"],
      ["/v1/ports/?detail=True", "ports"],
      ["/v1/chassis", "chassis"],
      ["/v1/portgroups", "portgroups"],
      ["/v1/volume/connectors", "connectors"],
      ["/v1/nodes/bm-0/ports", "ports"],
      ["/v1/nodes/bm-0/vifs", "vifs"],
      ["/v1/nodes/bm-0/traits", "traits"],
    ] as const)
      assert.deepEqual((await api.get(path)).json, { [key]: [] }, path);
    assert.equal((await api.get("/v1/nodes/nosuch/ports")).status, 404);
  });
});
