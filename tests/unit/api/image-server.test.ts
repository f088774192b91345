/** The image server over real files and a real database, before clients as odd as BMCs. */
import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { Agent, get, request as httpRequest, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startImageServer, type ImageServer } from "../../../api/image-server.ts";
import { ImageStore } from "../../../api/image-store.ts";
import { loadConfig } from "../../../common/config/load.ts";
import { imagePath, ImageTokens, newGrantId } from "../../../common/image-token.ts";
import { SecretBox } from "../../../common/secret-box.ts";
import type { Database, NewNodeMedia } from "../../../db/database.ts";
import { freshDatabase } from "../../helpers/database.ts";
import { makeTestPki } from "../../helpers/pki.ts";
import { until } from "../conductor/until.ts";
import { createNode, SettableClock } from "../db/samples.ts";
import { fakeTask } from "../../../drivers/testing/fake-task.ts";

const SIZE = 3_000_000;

describe("the image server", function suite() {
  this.timeout(20_000);
  const clock = new SettableClock();
  const content = randomBytes(SIZE);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const tokens = ImageTokens.from(new SecretBox(SecretBox.newKeyFileText()));
  const log = fakeTask();
  let folder: string;
  let database: Database;
  let server: ImageServer;
  let nodeUuid: string;
  let imageUuid: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "bmc-images-"));
    database = await freshDatabase(clock);
    nodeUuid = (await createNode(database)).uuid;
    imageUuid = randomUUID();
    const owner = { name: "x", projectId: null, userId: null, public: true, sha256: null };
    await database.images.create({ uuid: imageUuid, ...owner });
    await database.images.update(imageUuid, { state: "active", sizeBytes: SIZE, sha256 });
    writeFileSync(join(folder, imageUuid), content);
    server = await start();
  });
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  function start(options: Record<string, string> = {}): Promise<ImageServer> {
    const overrides = { "image.listen_port": "0", "image.store_dir": folder, ...options };
    const config = loadConfig({ overrides });
    const store = new ImageStore(folder);
    return startImageServer({ config, log: log.log, clock, database, tokens, store });
  }

  async function link(more: Partial<NewNodeMedia> = {}): Promise<string> {
    const grantId = newGrantId();
    const expiresAt = clock.now() + 60_000;
    await database.media.add({
      nodeUuid,
      imageUuid,
      deviceType: "cdrom",
      via: "bmc",
      imageUrl: null,
      grantId,
      ejectOn: "hand_over",
      addresses: ["127.0.0.1"],
      userId: null,
      projectId: null,
      expiresAt,
      ...more,
    });
    return imagePath(tokens.sign({ nodeUuid, imageUuid, grantId, expiresAt }), "x", "iso");
  }

  interface Answer {
    readonly status: number;
    readonly headers: IncomingMessage["headers"];
    readonly body: Buffer;
  }

  async function ask(
    path: string,
    headers: Record<string, string> = {},
    method = "GET",
  ): Promise<Answer> {
    const asked = httpRequest({ port: server.port, path, method, headers, agent: false });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
  }

  it("serves the whole image, and says that it takes ranges", async () => {
    const { status, headers, body } = await ask(await link());
    assert.equal(status, 200);
    assert.ok(body.equals(content));
    assert.equal(headers["accept-ranges"], "bytes");
    assert.equal(headers["content-length"], String(SIZE));
    assert.equal(headers["content-type"], "application/octet-stream");
    assert.equal(headers.etag, `"${sha256}"`);
  });

  it("serves a part", async () => {
    const { status, headers, body } = await ask(await link(), { range: "bytes=1000-1999" });
    assert.equal(status, 206);
    assert.equal(headers["content-range"], `bytes 1000-1999/${SIZE}`);
    assert.ok(body.equals(content.subarray(1000, 2000)));
  });

  it("answers HEAD with the size and nothing else", async () => {
    const { status, headers, body } = await ask(await link(), {}, "HEAD");
    assert.deepEqual([status, headers["content-length"], body.length], [200, String(SIZE), 0]);
  });

  it("says that a range is not there", async () => {
    const { status, headers } = await ask(await link(), { range: `bytes=${SIZE}-` });
    assert.deepEqual([status, headers["content-range"]], [416, `bytes */${SIZE}`]);
  });

  it("sends the whole when the part is of another image", async () => {
    const path = await link();
    const range = { range: "bytes=0-9" };
    assert.equal((await ask(path, { ...range, "if-range": '"other"' })).status, 200);
    assert.equal((await ask(path, { ...range, "if-range": `"${sha256}"` })).status, 206);
  });

  it("serves a part beyond four gibibytes of a sparse file", async () => {
    const size = 5 * 1024 ** 3;
    truncateSync(join(folder, imageUuid), size);
    await database.images.update(imageUuid, { sizeBytes: size });
    const path = await link();
    const { status, headers, body } = await ask(path, { range: "bytes=4294967296-4294967299" });
    assert.deepEqual(
      [status, headers["content-range"], body.length],
      [206, `bytes 4294967296-4294967299/${size}`, 4],
    );
  });

  for (const [what, head] of [
    ["HTTP/1.0 without a Host header", "GET PATH HTTP/1.0\r\n\r\n"],
    ["HTTP/1.1 without a Host header", "GET PATH HTTP/1.1\r\nConnection: close\r\n\r\n"],
    ["a whole URL as the target", "GET http://bmc/PATH HTTP/1.0\r\n\r\n"],
  ])
    it(`understands ${what}`, async () => {
      const path = await link();
      const socket = connect(server.port, "127.0.0.1");
      socket.write((head ?? "").replace("/PATH", path).replace("PATH", path));
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      const whole = Buffer.concat(chunks);
      const end = whole.indexOf("\r\n\r\n");
      assert.match(whole.toString("latin1", 0, end), /^HTTP\/1\.1 200 /);
      assert.ok(whole.subarray(end + 4).equals(content));
    });

  it("serves many small parts over one connection", async () => {
    const path = await link();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let part = 0; part < 50; part += 1) {
      const headers = { range: `bytes=${part}-${part}` };
      const asked = get({ port: server.port, path, headers, agent });
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      ports.add(asked.socket?.localPort);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      assert.deepEqual(Buffer.concat(chunks), content.subarray(part, part + 1));
    }
    assert.equal(ports.size, 1);
    agent.destroy();
  });

  it("gives the same number for unknown, forged, expired and detached links", async () => {
    const path = await link();
    const token = /vmedia\/([^/]+)/.exec(path)?.[1] ?? "";
    const forged = path.replace(token, token.slice(0, -2) + (token.endsWith("AA") ? "BB" : "AA"));
    for (const other of ["/", "/v1/vmedia/x/y.iso", "/../../etc/passwd", forged])
      assert.equal((await ask(other)).status, 404, other);
    assert.equal((await ask(path)).status, 200);
    await database.media.beginDetach(nodeUuid, ["cdrom"]);
    clock.advance(2);
    assert.equal((await ask(path)).status, 404);
    const stick = await link({ deviceType: "disk" });
    clock.advance(61);
    assert.equal((await ask(stick)).status, 404);
  });

  it("serves it to the BMC's addresses only", async () => {
    assert.equal((await ask(await link({ addresses: ["192.0.2.7"] }))).status, 403);
    assert.equal((await ask(await link({ deviceType: "disk", addresses: null }))).status, 200);
  });

  it("believes X-Forwarded-For of trusted proxies only", async () => {
    const path = await link({ addresses: ["192.0.2.7"] });
    const forwarded = { "x-forwarded-for": "192.0.2.7" };
    assert.equal((await ask(path, forwarded)).status, 403);
    await server.stop();
    server = await start({ "image.trusted_proxies": "127.0.0.0/8" });
    assert.equal((await ask(path, forwarded)).status, 200);
  });

  it("shuts out who guesses", async () => {
    for (let guess = 0; guess < 30; guess += 1) await ask("/v1/vmedia/guess/x.iso");
    assert.equal((await ask("/")).status, 429);
    clock.advance(60);
    assert.equal((await ask("/")).status, 404);
  });

  it("serves a BMC that goes on asking for what was ejected its next image", async () => {
    const old = await link();
    await database.media.beginDetach(nodeUuid, ["cdrom"]);
    for (let again = 0; again < 30; again += 1) assert.equal((await ask(old)).status, 404);
    assert.equal((await ask(old)).status, 429);
    assert.equal((await ask(await link({ deviceType: "disk" }))).status, 200);
  });

  it("leaves connections to others when one address opens too many", async () => {
    await server.stop();
    server = await start({ "image.max_connections": "70" });
    const open = Array.from({ length: 80 }, () => connect(server.port, "127.0.0.1"));
    const ended = new Set(open.map((socket) => once(socket.resume(), "close")));
    for (const end of ended) void end.then(() => ended.delete(end));
    await until("64 are left", () => ended.size === 64);
    const far = connect({ port: server.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    far.write("GET / HTTP/1.0\r\n\r\n");
    const [answer] = (await once(far, "data")) as [Buffer];
    assert.match(answer.toString("latin1"), /^HTTP\/1\.1 404 /);
    for (const socket of [...open, far]) socket.destroy();
  });

  it("takes nothing but GET and HEAD", async () => {
    const { status, headers } = await ask(await link(), {}, "DELETE");
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD"]);
  });

  it("serves no file that is a link elsewhere, or is not as long as it was", async () => {
    const path = await link();
    truncateSync(join(folder, imageUuid), SIZE - 1);
    assert.equal((await ask(path)).status, 404);
    rmSync(join(folder, imageUuid));
    writeFileSync(join(folder, "secret"), content);
    symlinkSync(join(folder, "secret"), join(folder, imageUuid));
    assert.equal((await ask(path)).status, 404);
  });

  it("cuts a transfer when the image is detached, and notes what was read", async () => {
    const size = 2 * 1024 ** 3;
    truncateSync(join(folder, imageUuid), size);
    await database.images.update(imageUuid, { sizeBytes: size });
    const asked = get({ port: server.port, path: await link(), agent: false });
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    await once(answer, "readable");
    answer.read(1);
    await database.media.beginDetach(nodeUuid, ["cdrom"]);
    const served = async (): Promise<number> =>
      (await database.media.listForNode(nodeUuid))[0]?.servedBytes ?? 0;
    await until("the bytes are noted", async () => (await served()) > 0);
    const cut = once(answer, "end").catch((error: Error) => error.message);
    answer.resume();
    assert.match(String(await cut), /aborted|hang up|ECONNRESET/);
    assert.ok((await served()) < size);
  });

  it("never writes a link into its log", async () => {
    const path = await link({ addresses: ["192.0.2.7"] });
    await ask(path);
    const token = /vmedia\/([^/]+)/.exec(path)?.[1] ?? "";
    assert.match(log.logged(), /not the BMC's/);
    assert.ok(!log.logged().includes(token.slice(0, 20)));
  });

  it("speaks TLS with a certificate of its own, old versions when told to", async () => {
    const pki = makeTestPki();
    try {
      const { certPem, keyPem } = pki.issue("images", { selfSigned: true });
      const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
      writeFileSync(cert, certPem);
      writeFileSync(key, keyPem);
      const path = await link();
      const files = { "image.cert_file": cert, "image.key_file": key };
      for (const [version, works] of [
        ["1.2", false],
        ["1.0", true],
      ] as const) {
        await server.stop();
        server = await start({ ...files, "image.tls_min_version": version });
        const old = {
          minVersion: "TLSv1" as const,
          maxVersion: "TLSv1" as const,
          ciphers: "DEFAULT@SECLEVEL=0",
        };
        const asked = httpsGet({
          port: server.port,
          path,
          agent: false,
          rejectUnauthorized: false,
          ...old,
        });
        const outcome = await once(asked, "response").then(
          ([answer]) => (answer as IncomingMessage).resume(),
          () => "refused",
        );
        assert.equal(outcome !== "refused", works, `TLS 1.0 with tls_min_version ${version}`);
      }
    } finally {
      pki.remove();
    }
  });
});
