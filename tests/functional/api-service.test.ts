/** Drivers, conductors and sessions over the REST API, and the service itself: bodies, TLS, stopping. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { request as httpRequest } from "node:http";
import { ConfigInvalid, StartupError } from "../../common/errors.ts";
import type { JsonObject } from "../../common/node.ts";
import { CONDUCTOR_HOST } from "../fakes/conductor-api.ts";
import { type ApiUnderTest, faultString, startApiUnderTest } from "../unit/api/api-under-test.ts";

describe("drivers and conductors over the api", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApiUnderTest();
  });
  after(() => api.stop());

  it("lists hardware types with hosts, links and type", async () => {
    const { json } = await api.get("/v1/drivers");
    const drivers = json["drivers"] as JsonObject[];
    assert.deepEqual(
      drivers.map((driver) => driver["name"]),
      ["fake-hardware", "idrac"],
    );
    assert.deepEqual(drivers[1], {
      name: "idrac",
      hosts: [CONDUCTOR_HOST],
      links: [
        { href: `${api.service.url}/v1/drivers/idrac`, rel: "self" },
        { href: `${api.service.url}/drivers/idrac`, rel: "bookmark" },
      ],
      properties: [
        { href: `${api.service.url}/v1/drivers/idrac/properties`, rel: "self" },
        { href: `${api.service.url}/drivers/idrac/properties`, rel: "bookmark" },
      ],
      type: "dynamic",
    });
  });

  it("shows 29 keys in detail at 1.78, as the stock client prints", async () => {
    for (const path of ["/v1/drivers/?detail=True", "/v1/drivers/fake-hardware"]) {
      const { json } = await api.get(path, { version: "1.78" });
      const driver = (json["drivers"] as JsonObject[] | undefined)?.[0] ?? json;
      assert.equal(Object.keys(driver).length, 29);
      assert.equal(driver["default_console_interface"], "fake");
      assert.deepEqual(driver["enabled_console_interfaces"], ["fake", "no-console"]);
    }
  });

  it("filters by type and refuses others", async () => {
    assert.equal(
      ((await api.get("/v1/drivers/?type=dynamic")).json["drivers"] as JsonObject[]).length,
      2,
    );
    assert.deepEqual((await api.get("/v1/drivers/?type=classic")).json, { drivers: [] });
    assert.equal((await api.get("/v1/drivers/?type=x")).status, 400);
    assert.equal((await api.get("/v1/drivers/?type=dynamic", { version: "1.29" })).status, 406);
  });

  it("shows a driver's properties in both forms", async () => {
    const expected = { vnc_address: "Address of the VNC server. Required." };
    assert.deepEqual((await api.get("/v1/drivers/idrac/properties")).json, expected);
    assert.deepEqual((await api.get("/v1/drivers/properties?driver_name=idrac")).json, expected);
  });

  it("answers 404 for an unknown driver everywhere", async () => {
    for (const path of [
      "/v1/drivers/nosuch",
      "/v1/drivers/nosuch/properties",
      "/v1/drivers/properties?driver_name=nosuch",
      "/v1/drivers/nosuch/vendor_passthru/methods",
    ]) {
      const answer = await api.get(path);
      assert.equal(answer.status, 404);
      assert.equal(
        faultString(answer),
        "Could not find the following driver(s) or hardware type(s): nosuch.",
      );
    }
  });

  it("lists and shows conductors since 1.49", async () => {
    const { json } = await api.get("/v1/conductors");
    const [conductor] = json["conductors"] as JsonObject[];
    assert.deepEqual(Object.keys(conductor ?? {}), [
      "hostname",
      "conductor_group",
      "links",
      "alive",
    ]);
    assert.equal(conductor?.["alive"], true);
    const keys = [
      "created_at",
      "updated_at",
      "hostname",
      "conductor_group",
      "drivers",
      "links",
      "alive",
    ];
    const detail = await api.get("/v1/conductors/?detail=True");
    assert.deepEqual(Object.keys((detail.json["conductors"] as JsonObject[])[0] ?? {}), keys);
    const one = await api.get(`/v1/conductors/${CONDUCTOR_HOST}`);
    assert.deepEqual(Object.keys(one.json), keys);
    assert.deepEqual(one.json["drivers"], ["fake-hardware", "idrac"]);
    assert.equal((await api.get("/v1/conductors", { version: "1.48" })).status, 404);
  });

  it("answers 404 for an unknown conductor and 400 for an unknown field", async () => {
    const answer = await api.get("/v1/conductors/nosuch");
    assert.equal(answer.status, 404);
    assert.equal(faultString(answer), "Conductor nosuch could not be found.");
    assert.equal((await api.get("/v1/conductors?fields=nope")).status, 400);
    assert.equal((await api.get("/v1/conductors?marker=nosuch")).status, 404);
  });
});

describe("console sessions over the api", () => {
  let api: ApiUnderTest;
  let nodeUuid: string;
  let id: string;
  beforeEach(async () => {
    api = await startApiUnderTest();
    nodeUuid = (await api.create({ name: "bm-1" }))["uuid"] as string;
    await api.create({ name: "bm-2" });
    await api.database.nodes.update(nodeUuid, {
      consoleEnabled: true,
      consoleEndpoint: {
        consoleType: "vnc",
        transport: { kind: "tcp", host: "192.0.2.7", port: 5901 },
        allowedSecurityTypes: ["VncAuth"],
      },
    });
    const { token } = await api.database.tokens.authorize({
      nodeUuid,
      consoleType: "vnc",
      mode: "control",
      userId: "alice",
      projectId: null,
      ttlSeconds: 600,
    });
    const opened = await api.database.sessions.open({
      token,
      nodeUuid,
      sourceAddress: "198.51.100.4",
      userAgent: "a browser",
      proxyHost: "proxy-1",
      maxSessionsPerNode: 4,
    });
    id = opened.session.id;
  });
  afterEach(() => api.stop());

  it("lists who watches which node", async () => {
    const { json } = await api.get("/v1/sessions");
    const [session] = json["sessions"] as JsonObject[];
    assert.equal(session?.["id"], id);
    assert.equal(session?.["node_uuid"], nodeUuid);
    assert.equal(session?.["user_id"], "alice");
    assert.equal(session?.["source_address"], "198.51.100.4");
    assert.equal(session?.["closed_at"], null);
    assert.ok(!JSON.stringify(json).includes("token"));
  });

  it("filters by node, by name or UUID", async () => {
    const count = async (ident: string): Promise<number> =>
      ((await api.get(`/v1/sessions?node=${ident}`)).json["sessions"] as JsonObject[]).length;
    assert.equal(await count("bm-1"), 1);
    assert.equal(await count(nodeUuid), 1);
    assert.equal(await count("bm-2"), 0);
    assert.equal((await api.get("/v1/sessions?node=nosuch")).status, 404);
  });

  it("asks the session's proxy to end it", async () => {
    assert.equal((await api.request("DELETE", `/v1/sessions/${id}`)).status, 202);
    assert.deepEqual(await api.database.sessions.killRequests("proxy-1"), [
      { id, reason: "killed_by_operator" },
    ]);
  });

  it("shows why a session ended, and answers 404 when asked to end it again", async () => {
    const counters = { lastInputAt: null, bytesToTenant: 12, bytesToHost: 3 };
    await api.database.sessions.close(id, "tenant_closed", counters);
    const { json } = await api.get(`/v1/sessions/${id}`);
    assert.equal(json["closed_reason"], "tenant_closed");
    assert.equal(json["bytes_to_tenant"], 12);
    assert.equal((await api.request("DELETE", `/v1/sessions/${id}`)).status, 404);
  });

  it("answers 404 for an unknown session", async () => {
    for (const unknown of [randomUUID(), "nosuch"])
      assert.equal((await api.get(`/v1/sessions/${unknown}`)).status, 404);
  });
});

describe("request bodies of the api", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApiUnderTest({ "api.max_request_body_size": "2048" });
    await api.create({ name: "bm-1" });
  });
  after(() => api.stop());

  const send = async (
    body: string | Buffer,
    headers: Record<string, string> = { "content-type": "application/json" },
  ): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${api.service.url}/v1/nodes`, {
      method: "POST",
      body: new Uint8Array(Buffer.from(body)),
      headers,
    });
    return { status: response.status, text: await response.text() };
  };

  it("refuses malformed JSON with 400, not 500, and does not quote it", async () => {
    const answer = await send('{"driver": "x", "driver_info": {"vnc_password": "hush"');
    assert.equal(answer.status, 400);
    assert.ok(answer.text.includes("not valid JSON"));
    assert.ok(!answer.text.includes("hush"));
  });

  it("refuses bytes that are not UTF-8 with 400", async () => {
    assert.equal((await send(Buffer.from([0x22, 0xff, 0x22]))).status, 400);
  });

  it("refuses a body that a foreign page could send with 400", async () => {
    const answer = await send('{"driver": "fake-hardware"}', { "content-type": "text/plain" });
    assert.equal(answer.status, 400);
    assert.equal((await api.database.nodes.list()).length, 1);
  });

  it("refuses too deep nesting with 400", async () => {
    const depth = 30;
    const answer = await send(`{"extra": ${"[".repeat(depth)}${"]".repeat(depth)}}`);
    assert.equal(answer.status, 400);
    assert.ok(answer.text.includes("nested deeper"));
  });

  it("refuses a key named __proto__ with 400", async () => {
    const answer = await send('{"driver": "fake-hardware", "extra": {"__proto__": {"x": 1}}}');
    assert.equal(answer.status, 400);
    assert.ok(answer.text.includes("__proto__"));
  });

  for (const chunked of [false, true])
    it(`refuses a body over the limit with 413 when it is ${chunked ? "chunked" : "declared"}`, async () => {
      const status = await new Promise<number>((resolve, reject) => {
        const request = httpRequest(
          `${api.service.url}/v1/nodes`,
          {
            method: "POST",
            headers: {
              "content-type": "application/json",
              ...(chunked ? {} : { "content-length": "5000" }),
            },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
            request.destroy();
          },
        );
        request.on("error", reject);
        request.write("x".repeat(chunked ? 5000 : 10));
        if (chunked) request.end();
      });
      assert.equal(status, 413);
    });

  it("refuses a body that is no object", async () => {
    assert.equal((await send("[]")).status, 400);
    assert.equal((await send("5")).status, 400);
  });
});

describe("starting and stopping the api", () => {
  it("refuses noauth on an address that others can reach", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "cloud.example"])
      await assert.rejects(startApiUnderTest({ "api.host_ip": host }), (error: Error) => {
        assert.ok(error instanceof ConfigInvalid);
        assert.match(error.message, /noauth .* loopback/);
        return true;
      });
  });

  it("answers nobody who came by a foreign host name while nobody has to log in", async () => {
    const api = await startApiUnderTest();
    try {
      const status = (host: string): Promise<number> =>
        new Promise((resolve, reject) => {
          httpRequest(`${api.service.url}/v1/nodes`, { headers: { host } }, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
            .on("error", reject)
            .end();
        });
      assert.equal(await status(`127.0.0.1:${api.service.port}`), 200);
      assert.equal(await status("localhost"), 200);
      assert.equal(await status("rebound.example"), 403);
    } finally {
      await api.stop();
    }
  });

  it("says which port is taken", async () => {
    const api = await startApiUnderTest();
    try {
      await assert.rejects(
        startApiUnderTest({ "api.port": String(api.service.port) }),
        (error: Error) => {
          assert.ok(error instanceof StartupError);
          assert.match(error.message, new RegExp(`127.0.0.1:${api.service.port}`));
          return true;
        },
      );
    } finally {
      await api.stop();
    }
  });

  it("names a public_endpoint that is no URL", async () => {
    await assert.rejects(
      startApiUnderTest({ "api.public_endpoint": "cloud.example" }),
      /\[api\]public_endpoint/,
    );
  });

  it("lets a request in progress finish and then refuses connections", async () => {
    const api = await startApiUnderTest();
    await api.create({ name: "bm-1" });
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => (finish = resolve));
    let reached = (): void => {};
    const asked = new Promise<void>((resolve) => (reached = resolve));
    api.conductor.injectNmi = async () => {
      reached();
      await slow;
    };
    const answer = api.put("/v1/nodes/bm-1/management/inject_nmi", {});
    await asked;
    const stopped = api.stop();
    finish();
    assert.equal((await answer).status, 204);
    await stopped;
    await assert.rejects(api.get("/healthz"));
  });

  it("cuts a request that outlives the grace period", async () => {
    const api = await startApiUnderTest({ "DEFAULT.graceful_shutdown_timeout": "0" });
    await api.create({ name: "bm-1" });
    let reached = (): void => {};
    const asked = new Promise<void>((resolve) => (reached = resolve));
    api.conductor.injectNmi = async () => {
      reached();
      await new Promise(() => {});
    };
    const answer = assert.rejects(api.put("/v1/nodes/bm-1/management/inject_nmi", {}));
    await asked;
    await api.stop();
    await answer;
  });
});
