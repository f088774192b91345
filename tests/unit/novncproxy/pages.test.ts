import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPages } from "../../../novncproxy/pages.ts";
import { contentSecurityPolicy } from "../../../novncproxy/security-headers.ts";

const POLICY = contentSecurityPolicy({ frameAncestors: [], publicUrl: "" });
const FILES = ["index.html", "serial.html", "console.js", "terminal.js", "terminal.css"];

describe("the pages that the proxy serves", () => {
  let folder: string;
  let server: Server;
  let origin: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "bmc-pages-"));
    for (const name of FILES) writeFileSync(join(folder, name), `this is ${name}`);
    mkdirSync(join(folder, "empty"));
    const pages = loadPages(folder, POLICY);
    const unbuilt = loadPages(join(folder, "empty"), POLICY);
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://x");
      const isUnbuilt = request.headers["x-unbuilt"] === "yes";
      const set = isUnbuilt ? unbuilt : pages;
      if (set.has(pathname)) set.serve(pathname, request, response);
      else response.writeHead(404).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    rmSync(folder, { recursive: true });
  });

  for (const [path, file] of [
    ["/vnc_lite.html", "index.html"],
    ["/serial.html", "serial.html"],
    ["/console/terminal.js", "terminal.js"],
    ["/console/terminal.css", "terminal.css"],
  ] as const) {
    it(`have ${file} at ${path}`, async () => {
      const answer = await fetch(`${origin}${path}?path=websockify%3Ftoken%3Dx`);
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), `this is ${file}`);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    });
  }

  it("allow neither inline scripts nor inline styles, the serial page no more than the screen page", async () => {
    for (const path of ["/vnc_lite.html", "/serial.html"]) {
      const policy = (await fetch(`${origin}${path}`)).headers.get("content-security-policy") ?? "";
      assert.match(
        policy,
        /(?:^|; )default-src 'none'; script-src 'self'; style-src 'self';/,
        path,
      );
      assert.equal(policy.includes("unsafe"), false, path);
    }
  });

  it("are never kept by a browser when their address holds a token", async () => {
    const answer = await fetch(`${origin}/serial.html`);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal(answer.headers.get("etag"), null);
  });

  it("say what to do when they were not built", async () => {
    const answer = await fetch(`${origin}/serial.html`, { headers: { "x-unbuilt": "yes" } });
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /npm run build/);
  });

  it("are nothing but what the table names", async () => {
    for (const path of ["/terminal/index.html", "/console/serial.html", "/serial", "/console/"])
      assert.equal((await fetch(`${origin}${path}`)).status, 404, path);
  });
});
