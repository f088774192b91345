import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../../common/log.ts";
import { Secret } from "../../../common/secret.ts";

const TOKEN = "Zk9mJ0c1o2N3RtSl_u4vWx5yAb6CdEf7GhIj8KlMn90";

describe("createLogger", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-log-"));
  });

  after(() => rmSync(folder, { recursive: true }));

  async function logged(
    format: "json" | "text",
    fields: Record<string, unknown>,
    message = "something happened",
  ): Promise<string> {
    const file = join(folder, `${format}-${Math.random()}.log`);
    const log = createLogger({ level: "info", format, file });
    log.info(message, fields);
    log.debug("too small a thing");
    const finished = once(log, "finish");
    log.end();
    await finished;
    return readFile(file, "utf8");
  }

  for (const format of ["json", "text"] as const)
    describe(`as ${format}`, () => {
      it("masks fields that are named like secrets", async () => {
        const text = await logged(format, {
          vnc_password: "calvin",
          authToken: "calvin",
          private_key: "calvin",
          passphrase: "calvin",
          Authorization: "calvin",
          node: "n1",
        });
        assert.doesNotMatch(text, /calvin/);
        assert.match(text, /n1/);
      });

      it("masks tokens inside URLs, encoded ones too", async () => {
        const text = await logged(format, {
          url: `/websockify?node=n1&token=${TOKEN}`,
          page: `http://x/vnc_lite.html?path=websockify%3Fnode%3Dn1%26token%3D${TOKEN}`,
        });
        assert.ok(!text.includes(TOKEN));
        assert.equal(text.match(/token(?:=|%3D)\*{6}/g)?.length, 2);
      });

      it("masks Secret objects", async () => {
        assert.doesNotMatch(await logged(format, { value: new Secret("calvin") }), /calvin/);
      });

      it("masks tokens in the message and the stack of an error, and in what is nested", async () => {
        const error = new Error(`cannot GET /websockify?token=${TOKEN}`);
        const text = await logged(format, { error, request: { url: `/x?token=${TOKEN}` } });
        assert.ok(!text.includes(TOKEN));
        assert.match(text, /cannot GET/);
      });

      it("lets no text break the line, steer a terminal or turn the reading direction", async () => {
        const nasty =
          "a\r\n2026-01-01 error forged\u001b[2J\u009b2J\u007f\u0085\u202e\u2028\u{e0041}";
        const fields = { reason: nasty, nested: { reason: nasty }, list: [nasty] };
        for (const text of [
          await logged(format, fields),
          await logged(format, {}, nasty),
          await logged(format, { error: Object.assign(new Error(nasty), { code: nasty }) }),
        ]) {
          assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          assert.doesNotMatch(text, /^2026-01-01/m);
        }
      });

      it("gives an event one line, without those below the level", async () => {
        const text = await logged(format, { node: "n1", reason: "said no" });
        assert.equal(text.trim().split("\n").length, 1);
        assert.match(text, /something happened/);
        assert.match(text, /said no/);
      });
    });

  it("writes JSON with the fields as they are", async () => {
    const line = JSON.parse(await logged("json", { node: "n1", count: 3 })) as object;
    const { timestamp, ...rest } = line as Record<string, unknown>;
    assert.deepEqual(rest, { level: "info", message: "something happened", node: "n1", count: 3 });
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT/);
  });

  it("writes an error's code and message", async () => {
    const error = Object.assign(new Error("port closed"), { code: "HOST_UNREACHABLE" });
    const line = JSON.parse(await logged("json", { error })) as { error: Record<string, unknown> };
    assert.equal(line.error["code"], "HOST_UNREACHABLE");
    assert.equal(line.error["message"], "port closed");
  });

  it("writes JSON that still says what was logged", async () => {
    const reason = "a\n\u009b\u2028\u202e\u{e0041}";
    assert.equal(
      (JSON.parse(await logged("json", { reason })) as { reason: string }).reason,
      reason,
    );
  });

  it("writes an error's stack as indented lines below the event in text", async () => {
    const error = Object.assign(new Error("no\n    at forged (x.ts:1:1)"), { code: "E" });
    const [line = "", ...frames] = (await logged("text", { error, node: "n1" }))
      .trimEnd()
      .split("\n");
    assert.match(line, /something happened  error=\{"code":"E","message":"no\\n/);
    assert.match(line, / node=n1$/);
    assert.ok(frames.some((frame) => frame.includes("log.test")));
    assert.ok(frames.length <= 30 && frames.every((frame) => frame.startsWith("    at ")));
  });
});
