import assert from "node:assert/strict";
import { once } from "node:events";
import { randomInt } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { StartupError } from "../../../common/errors.ts";
import { openDatabase } from "../../../db/connect.ts";
import { findDamage } from "../../../db/integrity.ts";
import { databaseVersion, upgradeDatabase } from "../../../db/migrate.ts";
import { MIGRATIONS, SCHEMA_VERSION } from "../../../db/migrations/table.ts";
import { type DatabaseOptions, openEngine } from "../../../db/open-engine.ts";
import {
  databaseOptions,
  describeOnEveryDatabase,
  unusedSqliteConnection,
} from "../../helpers/database.ts";
import { outputOf, startChild } from "./children/run.ts";

async function setVersion(options: DatabaseOptions, version: number): Promise<void> {
  const engine = await openEngine(options, false);
  await engine.knex("schema_version").update({ version });
  await engine.close();
}

describeOnEveryDatabase("upgrades", (_fresh, kind) => {
  it("bring an empty database to the program's version, once", async () => {
    const options = databaseOptions(await kind.unused());
    assert.deepEqual(await upgradeDatabase(options), { from: 0, to: SCHEMA_VERSION });
    assert.deepEqual(await upgradeDatabase(options), {
      from: SCHEMA_VERSION,
      to: SCHEMA_VERSION,
    });
    assert.deepEqual(await databaseVersion(options), {
      database: SCHEMA_VERSION,
      program: SCHEMA_VERSION,
    });
    assert.deepEqual(await findDamage(options), []);
  });

  it("are done by one of several that run at once in a process", async () => {
    const options = databaseOptions(await kind.unused());
    const changes = await Promise.all(Array.from({ length: 4 }, () => upgradeDatabase(options)));
    assert.equal(changes.filter(({ from }) => from === 0).length, 1);
  });

  it("are done by one of several processes that start at once", async function () {
    this.timeout(30_000);
    const { connection } = databaseOptions(await kind.unused());
    const outputs = await Promise.all(
      Array.from({ length: 3 }, () => outputOf(startChild("upgrade", connection))),
    );
    assert.deepEqual(outputs.sort(), [
      `0 ${SCHEMA_VERSION}\n`,
      `${SCHEMA_VERSION} ${SCHEMA_VERSION}\n`,
      `${SCHEMA_VERSION} ${SCHEMA_VERSION}\n`,
    ]);
  });

  it("are done by the next start after one was killed on the way", async function () {
    this.timeout(30_000);
    for (let round = 0; round < 3; round++) {
      const options = databaseOptions(await kind.unused());
      const child = startChild("upgrade", options.connection);
      const ended = once(child, "close");
      await delay(randomInt(150, 400)); /* anywhere between its start and its end */
      child.kill("SIGKILL");
      await ended;
      const { to } = await upgradeDatabase(options);
      assert.equal(to, SCHEMA_VERSION);
      await (await openDatabase(options)).close();
    }
  });

  it("are asked for by name when a service finds another schema", async () => {
    const options = databaseOptions(await kind.unused());
    const wantsUpgrade = (error: unknown) => {
      assert.ok(error instanceof StartupError);
      assert.match(error.message, /"baremetal-console db upgrade"/);
      return true;
    };
    await assert.rejects(openDatabase(options), wantsUpgrade);
    await upgradeDatabase(options);
    await (await openDatabase(options)).close();
    await setVersion(options, SCHEMA_VERSION - 1);
    await assert.rejects(openDatabase(options), wantsUpgrade);
    await setVersion(options, SCHEMA_VERSION + 1);
    const tooNew = new RegExp(
      `schema version ${SCHEMA_VERSION + 1}, this program knows up to ${SCHEMA_VERSION}`,
    );
    await assert.rejects(openDatabase(options), tooNew);
    await assert.rejects(upgradeDatabase(options), tooNew);
    assert.equal((await databaseVersion(options)).database, SCHEMA_VERSION + 1);
  });
});

describe("the table of migrations", () => {
  it("counts up by one", () => {
    assert.deepEqual(
      MIGRATIONS.map(({ version }) => version),
      MIGRATIONS.map((_, index) => index + 1),
    );
  });
});

describe("a SQLite file", () => {
  const pathOf = (connection: string) => connection.slice("sqlite://".length);

  it("is made for its owner's eyes alone, with its folder", async () => {
    const options = databaseOptions(unusedSqliteConnection());
    const path = pathOf(options.connection);
    await upgradeDatabase(options);
    const database = await openDatabase(options);
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    for (const file of [path, `${path}-wal`, `${path}-shm`])
      assert.equal(statSync(file).mode & 0o777, 0o600, file);
    await database.close();
    assert.ok(!existsSync(`${path}-wal`));
  });

  it("is not made by a service or a question for its version", async () => {
    const options = databaseOptions(unusedSqliteConnection());
    await assert.rejects(openDatabase(options), StartupError);
    await assert.rejects(databaseVersion(options), StartupError);
    assert.ok(!existsSync(dirname(pathOf(options.connection))));
  });

  it("is named when it is no database, and left as it is", async () => {
    const options = databaseOptions(unusedSqliteConnection());
    const path = dirname(pathOf(options.connection));
    const content = "not a database, but a file that someone still needs".repeat(100);
    writeFileSync(path, content);
    const connection = `sqlite://${path}`;
    await assert.rejects(upgradeDatabase({ ...options, connection }), (error: unknown) => {
      assert.ok(error instanceof StartupError);
      assert.ok(error.message.includes(path));
      return true;
    });
    assert.equal(readFileSync(path, "utf8"), content);
  });

  it("is named when its folder cannot be made", async () => {
    const connection = "sqlite:///dev/null/folder/x.sqlite";
    await assert.rejects(upgradeDatabase(databaseOptions(connection)), {
      code: "STARTUP_ERROR",
      message: /^could not make the database file \/dev\/null\/folder\/x.sqlite: ENOTDIR/,
    });
  });
});
