import assert from "node:assert/strict";
import { StartupError } from "../../../common/errors.ts";
import { describeConnection, parseConnectionString } from "../../../db/connection-string.ts";
import { openDatabase } from "../../../db/connect.ts";
import { databaseOptions } from "../../helpers/database.ts";

describe("connection strings", () => {
  it("name a SQLite file by its absolute path, taken as it stands", () => {
    for (const path of ["/a", "/var/lib/my data/100%20.sqlite", "/a?b#c"])
      assert.deepEqual(parseConnectionString(`sqlite://${path}`), {
        dialect: "sqlite",
        path,
        inMemory: false,
      });
  });

  it("name memory, or a PostgreSQL server", () => {
    assert.deepEqual(parseConnectionString("sqlite://:memory:"), {
      dialect: "sqlite",
      path: ":memory:",
      inMemory: true,
    });
    for (const url of ["postgresql://h/n", "postgres://u:p@h:1/n?sslmode=require"])
      assert.deepEqual(parseConnectionString(url), { dialect: "postgresql", url });
  });

  it("are refused when they name anything else, without showing a password", () => {
    for (const text of [
      "",
      "sqlite:",
      "sqlite://",
      "sqlite://relative/path",
      "sqlite:///folder/",
      "sqlite:///a\0b",
      "mysql+pymysql://ironic:s3cret@127.0.0.1/ironic",
      "postgresql+psycopg2://ironic:s3cret@127.0.0.1/ironic",
      "/var/lib/x.sqlite",
    ])
      assert.throws(
        () => parseConnectionString(text),
        (error: unknown) => {
          assert.ok(error instanceof StartupError);
          assert.ok(!error.message.includes("s3cret"));
          return true;
        },
        text,
      );
  });

  it("are described without user, password and options", () => {
    for (const [text, described] of [
      ["sqlite:///var/lib/a", "sqlite:///var/lib/a"],
      ["postgresql://u:p@ss@h:5432/n?password=x", "postgresql://h:5432/n"],
      ["postgresql://h/n#p", "postgresql://h/n"],
      ["postgresql://u:p?q@h/n", "postgresql"],
      ["postgresql://u:p@/n?host=/run/postgresql", "postgresql"],
    ] as const)
      assert.equal(describeConnection(parseConnectionString(text)), described);
  });

  it("lead to an error without the password when nobody answers there", async () => {
    const connection = "postgresql://ironic:s3cret@127.0.0.1:1/console";
    await assert.rejects(openDatabase(databaseOptions(connection)), (error: unknown) => {
      assert.ok(error instanceof StartupError);
      assert.match(error.message, /postgresql:\/\/127\.0\.0\.1:1\/console: .*ECONNREFUSED/);
      assert.ok(!error.message.includes("s3cret"));
      return true;
    });
  });
});
