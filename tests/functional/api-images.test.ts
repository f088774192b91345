/** The image library through the REST API: real uploads, real fetches, real files. */
import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { imageRoutes } from "../../api/v1/images.ts";
import type { ApiRequest } from "../../api/route.ts";
import type { Json, JsonObject } from "../../common/node.ts";
import { type ApiUnderTest, faultString, startApiUnderTest } from "../unit/api/api-under-test.ts";
import { startImageHttp, type ImageHttp } from "../helpers/image-http.ts";
import { until } from "../unit/conductor/until.ts";

const MIB = 1024 * 1024;

function textOf(value: Json | undefined): string {
  assert.ok(typeof value === "string");
  return value;
}

const LOCAL = {
  "image.fetch_networks": "127.0.0.0/8",
  "image.max_size": String(8 * MIB),
  "image.total_size": String(20 * MIB),
};

describe("the image library", function suite() {
  this.timeout(20_000);
  let api: ApiUnderTest;
  beforeEach(async () => {
    api = await startApiUnderTest(LOCAL);
  });
  afterEach(() => api?.stop());

  const make = async (body: JsonObject): Promise<JsonObject> => {
    const answer = await api.request("POST", "/v1/images", { body });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
  };
  const show = async (ident: Json | undefined): Promise<JsonObject> =>
    (await api.get(`/v1/images/${textOf(ident)}`)).json;
  const settled = (ident: Json | undefined): Promise<JsonObject> =>
    until("the image has come or failed", async () => {
      const image = await show(ident);
      return ["active", "failed"].includes(textOf(image["state"])) && image;
    });
  const files = (): string[] => {
    try {
      return readdirSync(join(api.folder, "images"));
    } catch {
      return [];
    }
  };
  async function put(
    ident: Json | undefined,
    content: Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: JsonObject; text: string }> {
    const response = await fetch(`${api.service.url}/v1/images/${textOf(ident)}/file`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream", ...headers },
      body: new Uint8Array(content),
    });
    const text = await response.text();
    return { status: response.status, json: JSON.parse(text) as JsonObject, text };
  }
  const sentence = (text: string): string =>
    textOf(
      (JSON.parse((JSON.parse(text) as { error_message: string }).error_message) as JsonObject)[
        "faultstring"
      ],
    );

  it("keeps an upload under its UUID, with its checksum, and deletes it", async () => {
    const content = randomBytes(3 * MIB);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const { uuid } = await make({ name: "../../etc/passwd" });
    assert.equal((await show(uuid))["state"], "queued");
    const { status, json } = await put(uuid, content);
    assert.equal(status, 200);
    assert.deepEqual(
      [json["state"], json["sha256"], json["size"], json["format"]],
      ["active", sha256, content.length, "raw"],
    );
    assert.deepEqual(files(), [uuid]);
    assert.ok(readFileSync(join(api.folder, "images", textOf(uuid))).equals(content));
    assert.equal((await put(uuid, content)).status, 409);
    assert.equal((await api.request("DELETE", `/v1/images/${textOf(uuid)}`)).status, 204);
    assert.deepEqual(files(), []);
    assert.equal((await api.get(`/v1/images/${textOf(uuid)}`)).status, 404);
  });

  it("is found by its name while that is unique", async () => {
    await make({ name: "debian" });
    assert.equal((await show("debian"))["name"], "debian");
    const { uuid } = await make({ name: "debian" });
    const answer = await api.get("/v1/images/debian");
    assert.equal(answer.status, 409);
    assert.match(faultString(answer), /2 images have the name debian; give the UUID/);
    assert.equal((await show(uuid))["uuid"], uuid);
    const named = (await api.get("/v1/images?name=debian")).json["images"] as JsonObject[];
    assert.equal(named.length, 2);
  });

  it("refuses an upload with another checksum, and takes the right one then", async () => {
    const content = randomBytes(1000);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const { uuid } = await make({ name: "a", sha256: sha256.toUpperCase() });
    const wrong = await put(uuid, randomBytes(1000));
    assert.equal(wrong.status, 400);
    assert.match(sentence(wrong.text), /which is not the [0-9a-f]{64} that was asked for/);
    assert.deepEqual([(await show(uuid))["state"], files()], ["failed", []]);
    assert.equal((await put(uuid, content)).status, 200);
  });

  it("refuses what is too large: one image, all together, said ahead or not", async () => {
    const first = await make({ name: "a" });
    assert.equal((await put(first["uuid"], Buffer.alloc(8 * MIB + 1))).status, 413);
    assert.equal((await put(first["uuid"], Buffer.alloc(8 * MIB))).status, 200);
    const second = await make({ name: "b" });
    assert.equal((await put(second["uuid"], Buffer.alloc(8 * MIB))).status, 200);
    const third = await make({ name: "c" });
    const full = await put(third["uuid"], Buffer.alloc(8 * MIB));
    assert.equal(full.status, 413);
    assert.match(sentence(full.text), /no room for 8388608 more bytes/);
    assert.equal(await chunked(third["uuid"], 9), 413);
    assert.equal((await put(third["uuid"], Buffer.alloc(4 * MIB))).status, 200);
    assert.equal(files().length, 3);
  });

  /** Sends so many MiB without saying how much comes. @returns the status */
  async function chunked(ident: Json | undefined, mebibytes: number): Promise<number> {
    const sending = httpRequest(`${api.service.url}/v1/images/${textOf(ident)}/file`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
    });
    const answered = once(sending, "response") as Promise<[IncomingMessage]>;
    sending.on("error", () => {});
    for (let sent = 0; sent < mebibytes; sent += 1) sending.write(Buffer.alloc(MIB));
    sending.end();
    const [answer] = await answered;
    answer.resume();
    return answer.statusCode ?? 0;
  }

  it("leaves nothing of an upload that breaks off", async () => {
    const { uuid } = await make({ name: "a" });
    const sending = httpRequest(`${api.service.url}/v1/images/${textOf(uuid)}/file`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream", "content-length": String(MIB) },
    });
    sending.on("error", () => {});
    sending.write(Buffer.alloc(1000));
    await until("a draft is there", () => files().some((name) => name.includes(".part-")));
    sending.destroy();
    assert.equal((await settled(uuid))["state"], "failed");
    await until("the draft is gone", () => files().length === 0);
  });

  it("takes content of one type only", async () => {
    const { uuid } = await make({ name: "a" });
    const { status } = await put(uuid, Buffer.alloc(10), { "content-type": "text/plain" });
    assert.equal(status, 400);
  });

  for (const [what, body] of [
    ["no name", {}],
    ["an empty name", { name: " " }],
    ["a name of two lines", { name: "a\nb" }],
    ["a name that looks like a UUID", { name: randomUUID() }],
    ["a checksum that is none", { name: "a", sha256: "abc" }],
    ["a word that it does not know", { name: "a", checksum: "x" }],
    ["a file URL", { url: "file:///etc/passwd" }],
    ["a URL with broken credentials", { url: "http://user:%zz@127.0.0.1/a.iso" }],
    ["a URL of the metadata service", { url: "http://169.254.169.254/latest" }],
    ["a URL of a private address", { url: "http://10.0.0.1/a.iso" }],
  ] as const)
    it(`refuses ${what}`, async () => {
      const answer = await api.request("POST", "/v1/images", { body: body as JsonObject });
      assert.equal(answer.status, 400, answer.text);
    });

  it("changes its name and who sees it", async () => {
    const { uuid } = await make({ name: "a" });
    const changed = await api.patch(`/v1/images/${textOf(uuid)}`, { name: "b", public: true });
    assert.deepEqual([changed.json["name"], changed.json["public"]], ["b", true]);
  });

  describe("that fetches", () => {
    let source: ImageHttp;
    afterEach(() => source?.stop());

    it("an image in the background, judged by its checksum, named after its URL", async () => {
      source = await startImageHttp(2 * MIB);
      const image = await make({ url: `${source.url}?key=secret`, sha256: source.sha256 });
      assert.deepEqual([image["name"], image["source"]], ["test.iso", source.url]);
      const done = await settled(image["uuid"]);
      assert.deepEqual([done["state"], done["sha256"]], ["active", source.sha256]);
      assert.deepEqual(source.requests, ["GET /images/test.iso?key=secret"]);
    });

    it("and says what was wrong", async () => {
      source = await startImageHttp(1000, () => (_request, response) => {
        response.writeHead(403).end("no");
      });
      const done = await settled((await make({ url: source.url }))["uuid"]);
      assert.equal(done["state"], "failed");
      assert.match(textOf(done["error"]), /answered 403, not the image/);
    });

    it("nothing with another checksum", async () => {
      source = await startImageHttp(1000);
      const made = await make({ url: source.url, sha256: "0".repeat(64) });
      const done = await settled(made["uuid"]);
      assert.match(textOf(done["error"]), /is not the 0{64} that was asked for/);
      assert.deepEqual(files(), []);
    });

    it("through redirections, but not for ever, and not to where it may not", async () => {
      source = await startImageHttp(1000, (content) => (request, response) => {
        const hops = Number(/\/(\d+)$/.exec(request.url ?? "")?.[1] ?? 0);
        if (request.url === "/evil")
          response.writeHead(302, { location: "http://[::1]:1/x" }).end();
        else if (hops === 0) response.end(content);
        else response.writeHead(302, { location: `/${hops - 1}` }).end();
      });
      const base = new URL(source.url).origin;
      const of = async (path: string): Promise<JsonObject> =>
        settled((await make({ name: "a", url: base + path }))["uuid"]);
      assert.equal((await of("/5"))["state"], "active");
      assert.match(textOf((await of("/6"))["error"]), /more than 5 redirections/);
      assert.match(textOf((await of("/evil"))["error"]), /not a public address/);
    });

    it("no more than fits, whatever the server says", async () => {
      source = await startImageHttp(1, () => (_request, response) => {
        response.writeHead(200);
        const more = (): void => {
          while (response.write(Buffer.alloc(MIB)));
          response.once("drain", more);
        };
        more();
      });
      const done = await settled((await make({ url: source.url }))["uuid"]);
      assert.match(textOf(done["error"]), /8388608 bytes at most/);
      assert.deepEqual(files(), []);
    });

    it("nothing that is packed", async () => {
      source = await startImageHttp(1, () => (_request, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end("x");
      });
      const done = await settled((await make({ url: source.url }))["uuid"]);
      assert.match(textOf(done["error"]), /packed \(gzip\)/);
    });

    it("nothing by a name that leads to an address it may not reach", async () => {
      source = await startImageHttp(1000);
      await api.stop();
      api = await startApiUnderTest();
      const url = `http://localhost:${source.port}/a.iso`;
      const done = await settled((await make({ url }))["uuid"]);
      assert.match(textOf(done["error"]), /"localhost" is not a public address/);
      assert.deepEqual(source.requests, []);
    });

    it("and ends when the image is deleted meanwhile", async () => {
      let closed = false;
      source = await startImageHttp(1, () => (request, response) => {
        response.writeHead(200, { "content-length": "1000000" });
        response.write("x");
        request.socket.once("close", () => (closed = true));
      });
      const { uuid } = await make({ url: source.url });
      await until("a draft is there", () => files().length > 0);
      assert.equal((await api.request("DELETE", `/v1/images/${textOf(uuid)}`)).status, 204);
      await until("the connection is closed", () => closed);
      await until("the draft is gone", () => files().length === 0);
    });
  });

  it("shows a project its own images and public ones, and lets it change its own", async () => {
    const { images } = api.database;
    const image = (projectId: string, isPublic: boolean): Promise<unknown> =>
      images.create({
        uuid: randomUUID(),
        name: `${projectId}-${isPublic ? "public" : "private"}`,
        projectId,
        userId: null,
        public: isPublic,
        sha256: null,
      });
    for (const project of ["lab", "other"]) {
      await image(project, false);
      await image(project, true);
    }
    const unused = undefined as never;
    const routes = imageRoutes({ database: api.database, library: unused });
    const member = (method: string, path: string, image_ = "", body?: JsonObject) => {
      const route = routes.find((one) => one.method === method && one.path === path);
      const context = {
        requestId: "req-1",
        userId: "alice",
        userName: "alice",
        projectId: "lab",
        roles: ["member"],
        isAdmin: false,
      };
      const request: ApiRequest = {
        context,
        minor: 93,
        params: { image: image_ },
        query: new URLSearchParams(),
        body,
        baseUrl: "http://x",
      };
      return Promise.resolve().then(() => route?.handle(request));
    };
    const listed = (await member("GET", "/v1/images"))?.body as { images: { name: string }[] };
    assert.deepEqual(listed.images.map(({ name }) => name).sort(), [
      "lab-private",
      "lab-public",
      "other-public",
    ]);
    const one = "/v1/images/:image";
    await assert.rejects(member("GET", one, "other-private"), { status: 404 });
    await assert.rejects(member("PATCH", one, "other-public", { name: "x" }), { status: 403 });
    await assert.rejects(member("DELETE", one, "other-public"), { status: 403 });
    await assert.rejects(member("PATCH", one, "lab-private", { public: true }), { status: 403 });
    assert.equal((await member("PATCH", one, "lab-private", { name: "mine" }))?.status, 200);
  });
});
