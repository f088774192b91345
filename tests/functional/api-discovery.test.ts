/** Version documents, microversion negotiation and routing errors, as stock clients depend on them. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { type ApiUnderTest, faultOf, startApiUnderTest } from "../unit/api/api-under-test.ts";

const VERSION = "x-openstack-ironic-api-version";
const MINIMUM = "x-openstack-ironic-api-minimum-version";
const MAXIMUM = "x-openstack-ironic-api-maximum-version";

describe("version documents of the api", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApiUnderTest();
  });
  after(() => api.stop());

  it("describes the service at / with one current version", async () => {
    const { status, json } = await api.get("/", { version: null });
    const version = {
      id: "v1",
      links: [{ href: `${api.service.url}/v1/`, rel: "self" }],
      status: "CURRENT",
      min_version: "1.1",
      version: "1.93",
    };
    assert.equal(status, 200);
    assert.deepEqual(json["versions"], [version]);
    assert.deepEqual(json["default_version"], version);
    assert.equal(json["name"], "OpenStack Ironic API");
  });

  it("shows the keys of 1.1 at /v1 without a version header", async () => {
    const { json, headers } = await api.get("/v1", { version: null });
    assert.deepEqual(Object.keys(json), [
      "id",
      "links",
      "media_types",
      "chassis",
      "nodes",
      "ports",
      "drivers",
      "version",
    ]);
    assert.deepEqual(json["nodes"], [
      { href: `${api.service.url}/v1/nodes/`, rel: "self" },
      { href: `${api.service.url}/nodes/`, rel: "bookmark" },
    ]);
    assert.equal(headers.get(VERSION), "1.1");
    assert.equal(headers.get("content-type"), "application/json");
  });

  it("links to conductors at /v1/ since 1.49", async () => {
    assert.ok(!("conductors" in (await api.get("/v1/", { version: "1.48" })).json));
    assert.ok("conductors" in (await api.get("/v1/", { version: "1.49" })).json);
  });

  it("follows a bookmark link, which has no version", async () => {
    assert.deepEqual((await api.get("/nodes")).json, { nodes: [] });
  });

  it("gives every answer a request id of its own in both headers", async () => {
    const [first, second] = [await api.get("/v1/nodes"), await api.get("/v1/nosuch")];
    for (const { headers } of [first, second]) {
      assert.match(headers.get("openstack-request-id") ?? "", /^req-[0-9a-f-]{36}$/);
      assert.equal(headers.get("x-openstack-request-id"), headers.get("openstack-request-id"));
    }
    assert.notEqual(
      first.headers.get("openstack-request-id"),
      second.headers.get("openstack-request-id"),
    );
  });
});

describe("microversion negotiation of the api", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApiUnderTest();
  });
  after(() => api.stop());

  const served = [
    ["no header at all", null, {}, "1.1"],
    ["latest", "latest", {}, "1.93"],
    ["the lowest version", "1.1", {}, "1.1"],
    ["the highest version", "1.93", {}, "1.93"],
    ["the standard header", null, { "OpenStack-API-Version": "baremetal 1.40" }, "1.40"],
    [
      "the standard header among those of other services",
      null,
      { "OpenStack-API-Version": "compute 2.8, baremetal latest" },
      "1.93",
    ],
    [
      "another service's standard header",
      "1.33",
      { "OpenStack-API-Version": "compute 2.8" },
      "1.33",
    ],
  ] as const;
  for (const [what, version, headers, expected] of served)
    it(`answers ${expected} when asked by ${what}`, async () => {
      const answer = await api.get("/v1/nodes", { version, headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get(VERSION), expected);
      assert.equal(answer.headers.get(MINIMUM), "1.1");
      assert.equal(answer.headers.get(MAXIMUM), "1.93");
    });

  const refused = [
    [
      "1.999",
      "Version 1.999 was requested but the minor version is not supported by this service. The supported version range is: [1.1, 1.93].",
    ],
    [
      "1.0",
      "Version 1.0 was requested but the minor version is not supported by this service. The supported version range is: [1.1, 1.93].",
    ],
    [
      "2.5",
      "Mutually exclusive versions requested. Version 2.5 requested but not supported by this service. The supported version range is: [1.1, 1.93].",
    ],
    ["garbage", "Invalid value for X-OpenStack-Ironic-API-Version header"],
  ] as const;
  for (const [version, description] of refused)
    it(`refuses version ${version} with 406 and the range in headers`, async () => {
      const answer = await api.get("/v1/nodes", { version });
      assert.equal(answer.status, 406);
      assert.deepEqual(faultOf(answer), { code: 406, title: "Not Acceptable", description });
      assert.equal(answer.headers.get(MINIMUM), "1.1");
      assert.equal(answer.headers.get(MAXIMUM), "1.93");
    });
});

describe("routing errors of the api", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApiUnderTest();
  });
  after(() => api.stop());

  it("answers 404 in the routing form for an unknown path", async () => {
    const answer = await api.get("/v1/nosuch/thing");
    assert.equal(answer.status, 404);
    assert.deepEqual(faultOf(answer), { code: 404, title: "Not Found", description: "" });
  });

  it("answers 405 with Allow for another method on the console", async () => {
    const answer = await api.request("POST", "/v1/nodes/x/states/console");
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.get("allow"), "GET, PUT");
    assert.deepEqual(faultOf(answer), {
      code: 405,
      title: "Method Not Allowed",
      description: "",
    });
  });

  it("answers 400 for an unknown sub-resource of a node, taking it for a field", async () => {
    await api.create({ name: "sub-1" });
    const answer = await api.get("/v1/nodes/sub-1/nosuch");
    assert.equal(answer.status, 400);
    assert.deepEqual(faultOf(answer), {
      faultcode: "Client",
      faultstring: "Field nosuch is not a valid field.",
      debuginfo: null,
    });
  });

  it("says ok at /healthz and /readyz", async () => {
    assert.deepEqual((await api.get("/healthz")).json, { status: "ok" });
    assert.deepEqual((await api.get("/readyz")).json, { status: "ok" });
  });

  it("has nobody store, frame or sniff an answer", async () => {
    const { headers } = await api.get("/v1/nodes");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  });

  it("answers a HEAD request without a body", async () => {
    const answer = await api.request("HEAD", "/v1/nodes");
    assert.equal(answer.status, 200);
    assert.equal(answer.text, "");
  });

  it("puts its own address into links when the request has no Host", async () => {
    const text = await rawExchange(api.service.port, "GET / HTTP/1.0\r\n\r\n");
    assert.ok(text.includes(`http://127.0.0.1:${api.service.port}/v1/`), text);
  });

  it("puts nothing of a malformed Host into links", async () => {
    const text = await rawExchange(
      api.service.port,
      'GET / HTTP/1.1\r\nHost: x"><script>\r\nConnection: close\r\n\r\n',
    );
    assert.ok(!text.includes("<script"), text);
    assert.ok(text.includes(`http://127.0.0.1:${api.service.port}/v1/`), text);
  });
});

describe("links of the api", () => {
  it("start with [api]public_endpoint when it is set", async () => {
    const api = await startApiUnderTest({ "api.public_endpoint": "https://cloud.example/metal/" });
    try {
      const { json } = await api.get("/v1");
      assert.deepEqual(json["links"], [
        { href: "https://cloud.example/metal/v1/", rel: "self" },
        {
          href: "https://docs.openstack.org/api-ref/baremetal/",
          rel: "describedby",
          type: "text/html",
        },
      ]);
    } finally {
      await api.stop();
    }
  });

  it("follow forwarded headers only when the operator says so", async () => {
    const headers = {
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "front.example, inner.example",
    };
    for (const [believed, expected] of [
      ["true", "https://front.example/v1/"],
      ["false", undefined],
    ] as const) {
      const api = await startApiUnderTest({ "api.enable_proxy_headers_parsing": believed });
      try {
        const { json } = await api.get("/v1", { headers });
        const [self] = json["links"] as { href: string }[];
        assert.equal(self?.href, expected ?? `${api.service.url}/v1/`);
      } finally {
        await api.stop();
      }
    }
  });
});

function rawExchange(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setTimeout(5000, () => socket.destroy(new Error("no answer")));
    socket.on("error", reject);
    socket.on("data", (chunk) => (text += chunk.toString("utf8")));
    socket.on("end", () => resolve(text));
    socket.write(request);
  });
}
