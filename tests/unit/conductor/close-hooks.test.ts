/** The job on a real database, toward a real HTTP server. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../common/config/load.ts";
import { silentLogger } from "../../../common/log.ts";
import { createCloseHooks } from "../../../conductor/close-hooks.ts";
import type { Database } from "../../../db/database.ts";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import { createConsoleNode, openRequest, SettableClock } from "../db/samples.ts";

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describeOnEveryDatabase("telling that a session has ended", (fresh) => {
  let folder: string;
  let server: Server;
  let received: Received[];
  let statuses: number[];
  let origin: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "bmcon-hooks-"));
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        received.push({ path: request.url ?? "", headers: request.headers, body });
        response.writeHead(statuses.shift() ?? 204, { location: "/elsewhere" }).end();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    received = [];
    statuses = [];
  });

  async function setUp(options: Record<string, string> = {}) {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const keyFile = join(folder, "close-hook.key");
    const config = loadConfig({
      overrides: {
        "close_hook.url": `${origin}/ended`,
        "close_hook.key_file": keyFile,
        ...options,
      },
    });
    const abort = new AbortController();
    const job = createCloseHooks({ clock, config, database, log: silentLogger(), pool: abort });
    return { clock, database, job, keyFile };
  }

  async function endedSession(
    database: Database,
    closeUrl: string | null = null,
    closeHook = true,
  ): Promise<string> {
    const node = await createConsoleNode(database);
    const { token } = await database.tokens.authorize({
      nodeUuid: node.uuid,
      consoleType: "vnc",
      mode: "control",
      userId: "alice",
      projectId: "lab",
      ttlSeconds: 600,
      closeUrl,
    });
    const { session } = await database.sessions.open({ ...openRequest(token), closeHook });
    await database.sessions.close(session.id, "tenant_closed", {
      lastInputAt: null,
      bytesToTenant: 7,
      bytesToHost: 3,
    });
    return session.id;
  }

  it("posts the facts once, signed with the key of its file", async () => {
    const { clock, database, job, keyFile } = await setUp();
    const id = await endedSession(database);
    await job.run();
    await job.run();
    assert.equal(received.length, 1);
    const [{ path, headers, body }] = received as [Received];
    assert.equal(path, "/ended");
    assert.equal(headers["x-console-delivery"], id);
    const facts = JSON.parse(body) as Record<string, unknown>;
    assert.equal(facts["session"], id);
    assert.equal(facts["reason"], "tenant_closed");
    assert.equal(facts["bytes_to_tenant"], 7);
    assert.equal(facts["closed_at"], new Date(clock.now()).toISOString());
    assert.equal(statSync(keyFile).mode & 0o777, 0o600);
    const signature = createHmac("sha256", readFileSync(keyFile, "utf8").trim())
      .update(`${headers["x-console-timestamp"] as string}.${body}`)
      .digest("hex");
    assert.equal(headers["x-console-signature"], `sha256=${signature}`);
  });

  it("says nothing of running sessions, and of those nobody asked for", async () => {
    const { database, job } = await setUp();
    const node = await createConsoleNode(database);
    const { token } = await database.tokens.authorize({
      nodeUuid: node.uuid,
      consoleType: "vnc",
      mode: "control",
      userId: null,
      projectId: null,
      ttlSeconds: 600,
    });
    await database.sessions.open({ ...openRequest(token), closeHook: true });
    await endedSession(database, null, false);
    await job.run();
    assert.deepEqual(received, []);
  });

  it("tells the link's own address instead", async () => {
    const { database, job } = await setUp({ "close_hook.allowed_urls": `${origin}/` });
    await endedSession(database, `${origin}/own?ticket=7`, false);
    await job.run();
    assert.deepEqual(
      received.map(({ path }) => path),
      ["/own?ticket=7"],
    );
  });

  it("tells nobody at an address that is not allowed any more", async () => {
    const { database, job } = await setUp({ "close_hook.allowed_urls": `${origin}/other/` });
    await endedSession(database, `${origin}/own?ticket=7`);
    await job.run();
    assert.deepEqual(received, []);
    assert.deepEqual(await database.hooks.listDue(Number.MAX_SAFE_INTEGER, 9), []);
  });

  it("tries again after a failure, later each time, follows no redirect, and gives up in the end", async () => {
    const { clock, database, job } = await setUp({ "close_hook.give_up_after": "60" });
    await endedSession(database);
    statuses = [503, 302, 500, 500];
    await job.run();
    await job.run();
    assert.equal(received.length, 1);
    clock.advance(6);
    await job.run();
    assert.equal(received.length, 2);
    assert.ok(received.every(({ path }) => path === "/ended"));
    clock.advance(31);
    await job.run();
    assert.equal(received.length, 3);
    clock.advance(3600);
    await job.run();
    assert.equal(received.length, 3, "the third failure was the last one within the time");
  });

  it("is done by one conductor, when two look at the same moment", async () => {
    const { database, job } = await setUp();
    for (let count = 0; count < 5; count += 1) await endedSession(database);
    await Promise.all([job.run(), job.run()]);
    assert.equal(received.length, 5);
    assert.equal(new Set(received.map(({ headers }) => headers["x-console-delivery"])).size, 5);
  });

  it("does not run when nobody wants to be told", async () => {
    const { job } = await setUp({ "close_hook.url": "" });
    assert.equal(job.spacingSeconds, 0);
  });
});
