/** Requests that are made to hurt: to keep the service busy, or whoever reads its answers and its log. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BmcProtocolError } from "../../common/errors.ts";
import { createLogger } from "../../common/log.ts";
import { type ApiUnderTest, startApiUnderTest } from "../unit/api/api-under-test.ts";

/** Unicode's own categories: controls, formats, separators, halves. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Sends bytes as they are; no client library would. @returns the whole answer */
async function exchange(
  api: ApiUnderTest,
  request: Buffer,
): Promise<{ head: string; body: Buffer }> {
  const socket = connect(api.service.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(request);
  await once(socket, "end", { signal: AbortSignal.timeout(10_000) });
  socket.destroy();
  const all = Buffer.concat(chunks);
  const end = all.indexOf("\r\n\r\n");
  return { head: all.toString("latin1", 0, end), body: all.subarray(end + 4) };
}

function message(line: string, headers: Record<string, string>, body = ""): Buffer {
  const lines = Object.entries({
    host: "localhost",
    connection: "close",
    "x-openstack-ironic-api-version": "1.82",
    "content-length": String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${[`${line} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n${body}`, "latin1");
}

describe("hostile requests to the api", () => {
  let api: ApiUnderTest;
  before(async () => {
    api = await startApiUnderTest();
    await api.create({ name: "bm-1" });
  });
  after(() => api.stop());

  const long = 15_900;
  for (const [what, line, headers] of [
    ["slashes in the middle of a path", `GET ${"/".repeat(long)}a/`, {}],
    ["slashes below a node", `GET /v1/nodes/${"/".repeat(long)}a/`, {}],
    ["words of a path", `GET /v1/nodes${"/a".repeat(long / 2)}`, {}],
    ["names of a query", `GET /v1/nodes?${"&a".repeat(long / 2)}`, {}],
    [
      "pluses in Content-Type",
      "POST /v1/nodes",
      { "content-type": `application/${"+".repeat(long)}` },
    ],
    ["colons in Host", "GET /v1/nodes", { host: `[${":".repeat(long)}` }],
    ["digits in Host", "GET /v1/nodes", { host: `a:${"1".repeat(long)}x` }],
    [
      "commas in OpenStack-API-Version",
      "GET /v1/nodes",
      { "openstack-api-version": " ,".repeat(long / 2) },
    ],
  ] as const)
    it(`takes no time to answer 15,900 bytes of ${what}`, async () => {
      const hostile = message(line, headers, line.startsWith("POST") ? "{}" : "");
      await exchange(api, hostile);
      const begin = process.cpuUsage();
      for (let again = 0; again < 5; again += 1) {
        const { head } = await exchange(api, hostile);
        assert.match(head, /^HTTP\/1\.1 [234]/);
      }
      const { user, system } = process.cpuUsage(begin);
      /* A backtracking expression takes 300 ms for one of the five. */
      assert.ok((user + system) / 1000 < 600, `${(user + system) / 1000} ms`);
    });
});

describe("control characters in requests to the api", () => {
  let api: ApiUnderTest;
  let folder: string;
  let file: string;
  let ended: () => Promise<unknown>;
  for (const format of ["json", "text"] as const)
    describe(`with a ${format} log`, () => {
      beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), "bmc-api-log-"));
        file = join(folder, "api.log");
        const log = createLogger({ level: "debug", format, file });
        ended = async () => {
          const finished = once(log, "finish");
          log.end();
          await finished;
        };
        api = await startApiUnderTest({}, () => {}, log);
        await api.create({ name: "bm-1" });
      });
      afterEach(async () => {
        await api.stop();
        rmSync(folder, { recursive: true, force: true });
      });

      const json = { "content-type": "application/json" };
      const hostile: readonly (readonly [string, Buffer])[] = [
        ["an escaped name", message("GET /v1/nodes/%1b%5b31m%0d%0aforged%e2%80%ae", {})],
        ["an argument's name", message("GET /v1/nodes?%1b%5b31m%c2%9b=1", {})],
        ["an argument's value", message("GET /v1/nodes?limit=%1b%5b31m%0a", {})],
        ["a content type", message("POST /v1/nodes", { "content-type": "a\x9b\tb" }, "{}")],
        ["a field's name", message("POST /v1/nodes", json, '{"\\u001b[31m\\n\\u009b": 1}')],
        [
          "a field's value",
          message("POST /v1/nodes", json, '{"driver": "x", "name": "\\u001b\\u0085\\u202e"}'),
        ],
        [
          "a member of a patch",
          message("PATCH /v1/nodes/bm-1", json, '[{"\\u001b[2J\\u007f": 1}]'),
        ],
        ["a wish", message("PUT /v1/nodes/bm-1/states/power", json, '{"target": "\\u001bc"}')],
      ];
      it("reach neither error bodies nor log lines, nor do those of a BMC", async () => {
        for (const [where, bytes] of hostile) {
          const { head, body } = await exchange(api, bytes);
          assert.match(head, /^HTTP\/1\.1 4/, where);
          const text = body.toString("utf8");
          assert.doesNotMatch(text, UNFIT, where);
          const { error_message: inside } = JSON.parse(text) as { error_message: string };
          const { faultstring } = JSON.parse(inside) as { faultstring?: string };
          assert.doesNotMatch(faultstring ?? "", UNFIT, where);
        }
        const said = "it said \u001b[31m\u009b2J\r\nforged \u202e";
        api.conductor.failNext("injectNmi", new BmcProtocolError(said));
        const refused = await exchange(
          api,
          message("PUT /v1/nodes/bm-1/management/inject_nmi", json, "{}"),
        );
        assert.match(refused.head, /^HTTP\/1\.1 502/);
        assert.doesNotMatch(refused.body.toString("utf8"), UNFIT);
        await ended();
        const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
        assert.ok(lines.length > hostile.length, "one line an answer at least");
        for (const line of lines) {
          assert.doesNotMatch(line, UNFIT);
          assert.match(line, format === "json" ? /^\{.*\}$/ : /^(?:\d{4}-\d\d-\d\dT| {4}at )/);
        }
        if (format === "json") {
          const errors = lines.map((line) => JSON.parse(line) as { error?: { message: string } });
          const failure = errors.find(({ error }) => error !== undefined);
          assert.equal(failure?.error?.message, said, "a JSON line still says what was said");
        }
      });
    });
});
