/** What reaches the conductors' RPC over HTTP, from callers of ours and from anybody else. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { ConfigInvalid } from "../../../common/errors.ts";
import { silentLogger } from "../../../common/log.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { connectConductors, type ConductorApi } from "../../../conductor/rpcapi.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";

const CREDENTIALS = { "json_rpc.username": "api", "json_rpc.password": "between-us" };

describe("the conductors' RPC at its HTTP face", () => {
  let world: ConductorWorld;

  beforeEach(async () => {
    world = await ConductorWorld.create();
  });

  afterEach(() => world.stop());

  const listen = (overrides: Record<string, string> = {}): Promise<RunningConductor> =>
    world.start(overrides, { listen: true });

  /** Lets an api of this configuration create a node. */
  async function createOver(overrides: Record<string, string>): Promise<void> {
    const { database, clock } = world;
    const config = world.config(overrides);
    const api: ConductorApi & { stop(): Promise<void> } = connectConductors({
      config,
      database,
      clock,
      log: silentLogger(),
    });
    try {
      await api.createNode(CONTEXT, { driver: "scripted" });
    } finally {
      await api.stop();
    }
  }

  const basic = (pair: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
  });
  const JSON_TYPE = { "content-type": "application/json" };
  const post = (
    url: string,
    body: string,
    headers: Record<string, string> = { ...JSON_TYPE, ...basic("api:between-us") },
  ) => fetch(url, { method: "POST", body, headers });
  /** With headers that fetch does not let one set. @returns the status */
  const postRaw = async (url: string, headers: Record<string, string>): Promise<number> => {
    const request = httpRequest(url, { method: "POST", headers });
    request.end("{}");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
    return response.statusCode ?? 0;
  };
  const request = (method: string, params: unknown, more: object = {}): string =>
    JSON.stringify({ jsonrpc: "2.0", id: 1, method, params, ...more });
  const errorOf = async (response: Response): Promise<{ code: number; message: string }> =>
    ((await response.json()) as { error: { code: number; message: string } }).error;

  it("refuses callers without the credentials, or with wrong ones", async () => {
    const { rpcUrl } = await listen(CREDENTIALS);
    const body = request("getDriverProperties", { context: CONTEXT, hardwareType: "scripted" });
    for (const headers of [
      {},
      basic("api:wrong"),
      basic("api:between-us "),
      basic("api"),
      { authorization: "Bearer between-us" },
    ]) {
      const response = await post(rpcUrl, body, { ...JSON_TYPE, ...headers });
      assert.equal(response.status, 401);
      assert.equal(await response.text(), "");
    }
    assert.equal((await post(rpcUrl, body)).status, 200);
    await createOver(CREDENTIALS);
    await assert.rejects(createOver({}), /refused \[json_rpc\]username and password/);
  });

  it("refuses what a web page could send, although it had the credentials", async () => {
    const { rpcUrl } = await listen(CREDENTIALS);
    const authorized = basic("api:between-us");
    const good = { ...JSON_TYPE, ...authorized };
    const { host, port } = new URL(rpcUrl);
    const cases: [Record<string, string>, number][] = [
      [{}, 200],
      [{ "content-type": "application/json; charset=utf-8" }, 200],
      [{ "content-type": "text/plain" }, 415],
      [{ "content-type": "application/json-seq" }, 415],
      [{ "content-type": "text/plain; application/json" }, 415],
      [{ "content-type": "application/x-www-form-urlencoded" }, 415],
      [{ origin: "https://evil.example" }, 403],
      [{ origin: "null" }, 403],
      [{ origin: rpcUrl }, 403],
      [{ host: "evil.example" }, 421],
      [{ host: `evil.example:${port}` }, 421],
      [{ host: "127.0.0.1" }, 421],
      [{ host: `${host}@evil.example` }, 421],
      [{ host: `LocalHost:${port}` }, 200],
    ];
    for (const [headers, status] of cases)
      assert.equal(await postRaw(rpcUrl, { ...good, ...headers }), status, JSON.stringify(headers));
    assert.equal(await postRaw(rpcUrl, JSON_TYPE), 401);
    assert.equal(await postRaw(rpcUrl, authorized), 415);
  });

  it("does not start with half of the credentials, or an address nobody can call", async () => {
    for (const wrong of [
      { "json_rpc.username": "api" },
      { "json_rpc.password": "between-us" },
      { "json_rpc.username": "a:b", "json_rpc.password": "between-us" },
      { ...CREDENTIALS, "json_rpc.public_url": "conductor1:8089" },
      { ...CREDENTIALS, "json_rpc.host_ip": "0.0.0.0", "DEFAULT.host": "rack 1" },
    ])
      await assert.rejects(listen(wrong), ConfigInvalid);
  });

  it("does not listen beyond loopback without credentials", async () => {
    await assert.rejects(listen({ "json_rpc.host_ip": "0.0.0.0" }), ConfigInvalid);
    await assert.rejects(
      listen({ "json_rpc.host_ip": "::", "json_rpc.username": "api" }),
      ConfigInvalid,
    );
  });

  it("calls only the verbs of the conductor", async () => {
    const { rpcUrl } = await listen(CREDENTIALS);
    for (const method of ["stop", "constructor", "__proto__", "toString", "node.get", ""]) {
      const error = await errorOf(await post(rpcUrl, request(method, { context: CONTEXT })));
      assert.equal(error.code, -32_601, method);
    }
  });

  it("judges params by name and kind", async () => {
    const { rpcUrl } = await listen(CREDENTIALS);
    const uuid = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
    const cases: [unknown, RegExp][] = [
      [[CONTEXT, uuid, true], /params must be an object/],
      [{ uuid, enabled: true }, /params\.context is missing/],
      [{ context: CONTEXT, uuid }, /"enabled" of setConsoleMode must be boolean/],
      [{ context: CONTEXT, uuid: 5, enabled: true }, /"uuid" of setConsoleMode must be text/],
      [{ context: CONTEXT, uuid, enabled: true, force: true }, /unknown params .*: force/],
    ];
    for (const [params, message] of cases) {
      const error = await errorOf(await post(rpcUrl, request("setConsoleMode", params)));
      assert.equal(error.code, -32_602);
      assert.match(error.message, message);
    }
  });

  it("answers what is not JSON-RPC 2.0 with its errors", async () => {
    const { rpcUrl } = await listen(CREDENTIALS);
    const cases: [string, number][] = [
      ["{", -32_700],
      ["[]", -32_600],
      ["null", -32_600],
      [request("getBootDevice", {}, { jsonrpc: "1.0" }), -32_600],
      [request("getBootDevice", {}, { id: undefined }), -32_600],
    ];
    for (const [body, code] of cases)
      assert.equal((await errorOf(await post(rpcUrl, body))).code, code, body);
    assert.equal((await fetch(rpcUrl)).status, 404);
    assert.equal((await fetch(rpcUrl, { method: "OPTIONS" })).status, 404);
    assert.equal((await post(`${rpcUrl}/other`, "{}")).status, 404);
  });

  it("refuses a body that is too large, and keeps none of it", async () => {
    const { rpcUrl } = await listen({ ...CREDENTIALS, "api.max_request_body_size": "1024" });
    const response = await post(rpcUrl, "x".repeat(2_000_000)).catch(() => undefined);
    assert.ok(response === undefined || response.status === 413);
    assert.equal((await post(rpcUrl, "{}")).status, 200);
  });

  it("stops although a caller keeps its connection open and idle", async () => {
    const conductor = await listen(CREDENTIALS);
    const { port } = new URL(conductor.rpcUrl);
    const socket = connect(Number(port), "127.0.0.1");
    await once(socket, "connect");
    await conductor.stop();
    socket.destroy();
  });
});
