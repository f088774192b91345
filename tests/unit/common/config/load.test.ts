import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../../common/config/load.ts";
import { ConfigInvalid } from "../../../../common/errors.ts";

describe("loadConfig", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-config-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function file(text: string): string {
    const path = join(folder, "test.conf");
    writeFileSync(path, text);
    return path;
  }

  function mistakesOf(sources: Parameters<typeof loadConfig>[0]): readonly string[] {
    try {
      loadConfig(sources);
    } catch (error) {
      assert.ok(error instanceof ConfigInvalid);
      assert.equal(error.exitStatus, 78);
      return error.mistakes;
    }
    return assert.fail("the configuration was taken");
  }

  it("has documented defaults when nothing is given", () => {
    const config = loadConfig({ environment: { XDG_STATE_HOME: "/state" } });
    assert.equal(config.api.port, 6385);
    assert.equal(config.vnc.port, 6090);
    assert.equal(config.api.host_ip, "127.0.0.1");
    assert.equal(config.DEFAULT.host, hostname());
    assert.equal(config.DEFAULT.state_path, "/state/baremetal-console");
    assert.equal(
      config.database.connection,
      "sqlite:///state/baremetal-console/baremetal-console.sqlite",
    );
  });

  it("lets the file win over defaults, the environment over the file, the command line over all", () => {
    const sources = {
      file: file("[vnc]\nport = 1001\ntoken_timeout = 101\nidle_timeout = 11\n"),
      environment: { OS_VNC__PORT: "1002", OS_VNC__TOKEN_TIMEOUT: "102" },
      overrides: { "vnc.port": "1003" },
    };
    const { port, token_timeout, idle_timeout } = loadConfig(sources).vnc;
    assert.deepEqual([port, token_timeout, idle_timeout], [1003, 102, 11]);
  });

  it("sets [DEFAULT] by OS_DEFAULT__ variables", () => {
    assert.equal(loadConfig({ environment: { OS_DEFAULT__HOST: "h1" } }).DEFAULT.host, "h1");
  });

  it("leaves other programs' variables alone", () => {
    loadConfig({
      environment: { OS_AUTH_URL: "x", OS_FOO__BAR: "x", OS_USERNAME: "x", api__port: "x" },
    });
  });

  it("reports every mistake of every source at once, each with its place", () => {
    const mistakes = mistakesOf({
      file: file("[vnc]\nport = high\nprot = 1\n[nope]\na = 1\ngarbage\n"),
      environment: { OS_API__PORT: "99999", OS_API__PROT: "1" },
      overrides: { "vnc.tls_minimum_version": "1.1" },
    });
    assert.equal(mistakes.length, 7);
    const all = mistakes.join("\n");
    assert.match(all, /test\.conf line 2: \[vnc\]port must be a whole number, not "high"/);
    assert.match(all, /line 3: there is no option \[vnc\]prot/);
    assert.match(all, /line 5: there is no option \[nope\]a/);
    assert.match(all, /test\.conf line 6/);
    assert.match(all, /OS_API__PORT: \[api\]port must be 0 to 65535, not 99999/);
    assert.match(all, /OS_API__PROT: there is no option \[api\]prot/);
    assert.match(all, /command line: \[vnc\]tls_minimum_version must be one of 1\.2, 1\.3/);
  });

  it("does not take names of JavaScript's own for options", () => {
    const names = ["constructor.name", "vnc.toString", "__proto__.x", "vnc.__proto__"];
    const overrides = Object.fromEntries(names.map((name) => [name, "1"]));
    assert.equal(mistakesOf({ overrides }).length, names.length);
  });

  it("names a configuration file that cannot be read", () => {
    assert.match(
      mistakesOf({ file: join(folder, "none.conf") }).join(),
      /cannot read the configuration file ".*none\.conf": ENOENT/,
    );
  });

  it("places relative paths below the state folder, and leaves absolute and empty ones", () => {
    const config = loadConfig({
      overrides: {
        "DEFAULT.state_path": "/data",
        "vnc.cert_file": "tls/cert.pem",
        "vnc.key_file": "/etc/key.pem",
      },
    });
    assert.equal(config.vnc.cert_file, "/data/tls/cert.pem");
    assert.equal(config.vnc.key_file, "/etc/key.pem");
    assert.equal(config.api.cert_file, "");
    assert.equal(config.DEFAULT.secret_key_file, "/data/secret.key");
  });

  it("cannot be changed afterwards", () => {
    const config = loadConfig({ environment: {} });
    assert.throws(() => Object.assign(config.vnc, { port: 1 }), TypeError);
    assert.throws(() => Object.assign(config, { vnc: {} }), TypeError);
  });
});
