import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { loadConfig } from "../../../common/config/load.ts";
import { StartupError } from "../../../common/errors.ts";
import { rpcCredentials } from "../../../conductor/rpc-credentials.ts";

describe("rpcCredentials", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-rpc-"));
    file = join(folder, "state", "rpc-credentials");
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const configOf = (more: Record<string, string> = {}) =>
    loadConfig({ overrides: { "DEFAULT.state_path": join(folder, "state"), ...more } });

  it("are those that are configured, and then make no file", () => {
    const configured = { "json_rpc.username": "api", "json_rpc.password": "pass:word" };
    assert.equal(rpcCredentials(configOf(configured)).reveal(), "api:pass:word");
    assert.deepEqual(readdirSync(folder), []);
  });

  it("are made once, for everybody on this machine and nobody else's eyes", () => {
    const pair = rpcCredentials(configOf());
    assert.match(pair.reveal(), /^baremetal-console:[A-Za-z0-9_-]{43}$/);
    assert.equal(rpcCredentials(configOf()).reveal(), pair.reveal());
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, "state")).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(folder, "state")), ["rpc-credentials"]);
    assert.ok(!inspect(pair).includes(pair.reveal()));
  });

  it("are others for another machine", () => {
    const elsewhere = { "DEFAULT.state_path": join(folder, "elsewhere") };
    assert.notEqual(
      rpcCredentials(configOf()).reveal(),
      rpcCredentials(configOf(elsewhere)).reveal(),
    );
  });

  it("are not taken from a file that others can read", () => {
    rpcCredentials(configOf());
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(file, mode);
      assert.throws(() => rpcCredentials(configOf()), StartupError);
    }
  });

  for (const text of ["", "\n", "api:", ":0123456789abcdef", "api:short", "a b:0123456789abcdef"])
    it(`are not taken from a file that says ${JSON.stringify(text)}`, () => {
      rpcCredentials(configOf());
      writeFileSync(file, text);
      assert.throws(() => rpcCredentials(configOf()), /does not hold username:password/);
    });

  it("say which file cannot be used", () => {
    writeFileSync(join(folder, "state"), "a file where the folder should be");
    assert.throws(
      () => rpcCredentials(configOf()),
      (error) => {
        assert.ok(error instanceof StartupError);
        assert.ok(error.message.includes(file));
        return true;
      },
    );
  });
});
