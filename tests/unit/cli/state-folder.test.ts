import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSecretBox, prepareStateFolder } from "../../../cli/state-folder.ts";
import { loadConfig } from "../../../common/config/load.ts";
import type { Config } from "../../../common/config/options.ts";
import { StartupError } from "../../../common/errors.ts";
import { silentLogger } from "../../../common/log.ts";
import { SecretBox } from "../../../common/secret-box.ts";
import { Secret } from "../../../common/secret.ts";

describe("the data folder", () => {
  let parent: string;
  let folder: string;
  const log = silentLogger();

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "bmc-state-"));
    folder = join(parent, "a", "b");
  });

  afterEach(() => rmSync(parent, { recursive: true }));

  function config(overrides: Record<string, string> = {}): Config {
    return loadConfig({ overrides: { "DEFAULT.state_path": folder, ...overrides } });
  }

  it("is made with its parents, for its owner alone", () => {
    prepareStateFolder(folder, log);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    prepareStateFolder(folder, log);
  });

  it("is named when it cannot be made", () => {
    writeFileSync(join(parent, "a"), "");
    assert.throws(
      () => prepareStateFolder(folder, log),
      (error: unknown) => error instanceof StartupError && error.message.includes(`"${folder}"`),
    );
  });

  describe("key file", () => {
    it("is made for its owner alone, and is the same at the next start", () => {
      prepareStateFolder(folder, log);
      const sealed = openSecretBox(config(), log, true).seal(new Secret("calvin"), "here");
      assert.equal(statSync(join(folder, "secret.key")).mode & 0o777, 0o600);
      assert.equal(openSecretBox(config(), log, true).open(sealed, "here").reveal(), "calvin");
    });

    it("is not made beside a database that was there before", () => {
      prepareStateFolder(folder, log);
      writeFileSync(join(folder, "baremetal-console.sqlite"), "");
      assert.throws(() => openSecretBox(config(), log, true), /is gone, but the database/);
    });

    it("is not made for PostgreSQL, where another machine may have it", () => {
      const postgresql = config({ "database.connection": "postgresql://h/d" });
      assert.throws(() => openSecretBox(postgresql, log, true), /copy it from a machine/);
    });

    it("is refused when it holds no key, without showing what it holds", () => {
      prepareStateFolder(folder, log);
      writeFileSync(join(folder, "secret.key"), "k1:c2hvcnQ=\n");
      assert.throws(
        () => openSecretBox(config(), log, true),
        (error: Error) => /line 1/.test(error.message) && !error.message.includes("c2hvcnQ"),
      );
    });

    it("is left as it is", () => {
      prepareStateFolder(folder, log);
      const file = join(folder, "secret.key");
      const text = `${SecretBox.newKeyFileText()}# old\n`;
      writeFileSync(file, text);
      chmodSync(file, 0o400);
      openSecretBox(config(), log, true);
      assert.equal(readFileSync(file, "utf8"), text);
      assert.equal(statSync(file).mode & 0o777, 0o400);
    });
  });
});
