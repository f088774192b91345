import assert from "node:assert/strict";
import { dumpConfig, shownConfig } from "../../../../common/config/dump.ts";
import { parseIni } from "../../../../common/config/ini.ts";
import { loadConfig } from "../../../../common/config/load.ts";

const overrides = {
  "database.connection": "postgresql://user:p4ss:w@rd@db.example/name",
  "json_rpc.password": "hidden-word",
  "json_rpc.username": '"rpc"',
  "vnc.frame_ancestors": "https://a.example,https://b.example",
};

describe("dumpConfig", () => {
  it("masks passwords, those inside URLs too", () => {
    const text = dumpConfig(loadConfig({ overrides }));
    assert.doesNotMatch(text, /hidden-word|p4ss|w@rd/);
    assert.match(text, /^password = \*{6}$/m);
    assert.match(text, /^connection = postgresql:\/\/user:\*{6}@db\.example\/name$/m);
  });

  it("masks every secret whatever its form", () => {
    const shown = (connection: string): unknown =>
      shownConfig(loadConfig({ overrides: { "database.connection": connection } }))["database"]?.[
        "connection"
      ];
    assert.equal(shown("sqlite:///var/lib/x.sqlite"), "sqlite:///var/lib/x.sqlite");
    assert.equal(
      shown("postgresql:///db?host=db.example&password=hunter2"),
      "postgresql:///db?host=db.example&password=******",
    );
    for (const odd of ["postgresql://user:hunter2@", "hunter2", "postgresql://h/d#hunter2"])
      assert.doesNotMatch(String(shown(odd)), /hunter2/);
    const text = dumpConfig(loadConfig({ overrides: { "json_rpc.password": "abc://hunter2" } }));
    assert.doesNotMatch(text, /hunter2/);
  });

  it("is a file that says the same when it is read", () => {
    const config = loadConfig({ overrides: { ...overrides, "vnc.token_timeout": "77" } });
    const { entries, mistakes } = parseIni(dumpConfig(config));
    assert.deepEqual(mistakes, []);
    const find = (group: string, name: string): string | undefined =>
      entries.find((entry) => entry.group === group && entry.name === name)?.value;
    assert.equal(find("vnc", "token_timeout"), "77");
    assert.equal(find("json_rpc", "username"), '"rpc"');
    assert.equal(find("vnc", "frame_ancestors"), "https://a.example,https://b.example");
    assert.equal(find("vnc", "enable_ssl"), "false");
  });

  it("shows only what differs from another configuration when one is given", () => {
    const changesFrom = loadConfig({ environment: {} });
    const config = loadConfig({ environment: {}, overrides: { "vnc.port": "7000" } });
    assert.deepEqual(shownConfig(config, { changesFrom }), { vnc: { port: 7000 } });
    assert.equal(dumpConfig(config, { changesFrom }), "[vnc]\nport = 7000\n");
    assert.equal(dumpConfig(changesFrom, { changesFrom }), "");
  });
});
