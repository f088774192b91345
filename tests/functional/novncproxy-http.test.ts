import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AlreadyInUse, ConfigInvalid } from "../../common/errors.ts";
import { honestNone, startFakeVncServer } from "../fakes/vnc-server.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { TenantClient } from "../helpers/tenant-client.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** As written: no normalizing of paths, as fetch does. */
function ask(
  port: number,
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, agent: false, ...options },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    sent.on("error", reject).end();
  });
}

describe("novncproxy over plain HTTP", () => {
  let folder: string;
  let world: ProxyWorld;
  const HTML = "<!doctype html><html><head><title>noVNC</title></head><script></script></html>";
  const SCRIPT = `/* ${"x".repeat(5000)} */`;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "novncproxy-web-"));
    writeFileSync(join(folder, "index.html"), HTML);
    writeFileSync(join(folder, "console.js"), SCRIPT);
    writeFileSync(join(folder, "console.css"), "body{}");
    writeFileSync(join(folder, "notices.txt"), "noVNC: MPL-2.0");
    world = await startProxyWorld({
      webFolder: folder,
      config: {
        "vnc.frame_ancestors": "https://horizon.example",
        "vnc.public_url": "https://console.example/vnc_lite.html",
        "vnc.trusted_proxies": "127.0.0.2",
      },
    });
  });
  after(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const get = (path: string, options?: Parameters<typeof ask>[2]): Promise<Answer> =>
    ask(world.proxy.port, path, options);

  it("serves the console page under the stock names, whatever the query", async () => {
    for (const path of [
      "/vnc_lite.html?path=websockify%3Ftoken%3Dx",
      "/vnc.html",
      "/vnc_auto.html",
    ]) {
      const answer = await get(path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.body, HTML);
      assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
    }
    assert.equal(
      (await get("/console/console.css")).headers["content-type"],
      "text/css; charset=utf-8",
    );
  });

  it("forbids the page everything it does not need", async () => {
    const { headers } = await get("/vnc_lite.html");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(
      headers["content-security-policy"],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
        "connect-src 'self' wss://console.example; frame-ancestors https://horizon.example; " +
        "base-uri 'none'; form-action 'none'",
    );
  });

  it("sends scripts compressed, and not again when they are the same", async () => {
    const first = await get("/console/console.js", { headers: { "accept-encoding": "gzip" } });
    assert.equal(first.headers["content-encoding"], "gzip");
    assert.ok(Number(first.headers["content-length"]) < 200);
    const again = await get("/console/console.js", {
      headers: { "if-none-match": String(first.headers.etag) },
    });
    assert.equal(again.status, 304);
    assert.equal((await get("/console/console.js")).body, SCRIPT);
  });

  it("answers HEAD without a body", async () => {
    const answer = await get("/vnc.html", { method: "HEAD" });
    assert.equal(answer.status, 200);
    assert.equal(answer.body, "");
  });

  const nowhere = [
    "/",
    "/index.html",
    "/console/",
    "/console/../index.html",
    "/console/%2e%2e/index.html",
    "//evil.example/vnc.html",
    "/vnc.html/",
    "/VNC.HTML",
    "/etc/passwd",
    "/__proto__",
    "/constructor",
    "http://evil.example/vnc.html",
    "/<script>alert(1)</script>",
  ];
  for (const path of nowhere)
    it(`answers ${path} with an empty 404 that points nowhere`, async () => {
      const answer = await get(path);
      assert.equal(answer.status, 404);
      assert.equal(answer.body, "");
      assert.equal(answer.headers.location, undefined);
    });

  it("answers other methods with 405", async () => {
    for (const path of ["/vnc.html", "/healthz", "/websockify"]) {
      const answer = await get(path, { method: "POST" });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, "GET, HEAD");
    }
  });

  it("is alive, and ready as long as the database answers", async () => {
    assert.equal((await get("/healthz")).status, 200);
    assert.equal((await get("/readyz")).status, 200);
    const ping = world.database.ping.bind(world.database);
    Object.assign(world.database, { ping: () => Promise.reject(new Error("gone")) });
    try {
      assert.equal((await get("/readyz")).status, 503);
      assert.equal((await get("/healthz")).status, 200);
    } finally {
      Object.assign(world.database, { ping });
    }
  });

  it("counts what happens, under names that stay", async () => {
    const server = await startFakeVncServer(honestNone);
    try {
      const node = await world.addNode({ port: server.port });
      const tenant = new TenantClient(world.address(node, await world.authorize(node)));
      await tenant.handshake();
      await new TenantClient(world.address(node, "A".repeat(43))).refused;
      const during = (await get("/metrics")).body;
      assert.match(during, /^bmcon_novncproxy_sessions 1$/m);
      assert.match(during, /^bmcon_novncproxy_sessions_opened_total\{mode="control"\} 1$/m);
      assert.match(during, /^bmcon_novncproxy_refused_total\{code="INVALID_TOKEN"\} 1$/m);
      for (const name of [
        "bmcon_novncproxy_bytes_total",
        "bmcon_novncproxy_connect_seconds_bucket",
        "bmcon_novncproxy_database_failures_total",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "nodejs_eventloop_utilization",
      ])
        assert.ok(during.includes(name), name);
      await tenant.close();
      assert.match(
        (await get("/metrics")).body,
        /sessions_closed_total\{reason="tenant_closed"\} 1$/m,
      );
    } finally {
      await server.stop();
    }
  });

  it("hides metrics from a visitor behind a balancer that nobody named", async () => {
    const answer = await get("/metrics", { headers: { "x-forwarded-for": "203.0.113.9" } });
    assert.equal(answer.status, 404);
    assert.equal(answer.body, "");
  });

  it("says its URL as browsers reach it", () => {
    assert.equal(world.proxy.url, "https://console.example/vnc_lite.html");
  });
});

describe("a novncproxy with little to work with", () => {
  it("says clearly that the page is not built", async () => {
    const world = await startProxyWorld({ webFolder: "/nonexistent" });
    try {
      const answer = await ask(world.proxy.port, "/vnc_lite.html");
      assert.equal(answer.status, 503);
      assert.match(answer.body, /npm run build/);
      assert.equal((await ask(world.proxy.port, "/console/console.js")).status, 404);
    } finally {
      await world.stop();
    }
  });

  it("hides metrics from networks that may not read them", async () => {
    const world = await startProxyWorld({ config: { "vnc.metrics_allowed": "10.0.0.0/8" } });
    try {
      assert.equal((await ask(world.proxy.port, "/metrics")).status, 404);
    } finally {
      await world.stop();
    }
  });

  it("does not start with mistakes in its options, and names them all", async () => {
    await assert.rejects(
      startProxyWorld({
        config: {
          "vnc.frame_ancestors": "https://ok.example, 'none'; script-src *",
          "vnc.trusted_proxies": "everyone",
          "cors.allowed_origin": "horizon",
          "vnc.enable_ssl": "true",
        },
      }),
      (error) => error instanceof ConfigInvalid && error.mistakes.length === 4,
    );
  });

  it("does not start on a port that is taken", async () => {
    const world = await startProxyWorld();
    try {
      await assert.rejects(
        startProxyWorld({ config: { "vnc.port": String(world.proxy.port) } }),
        (error) => error instanceof AlreadyInUse && /EADDRINUSE/.test(error.message),
      );
    } finally {
      await world.stop();
    }
  });
});
