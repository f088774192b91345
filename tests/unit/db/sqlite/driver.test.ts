import assert from "node:assert/strict";
import { loadSqliteDriver } from "../../../../db/sqlite/driver.ts";

/** A stand-in for a runtime of another version. */
function runtimeWith(sqlite: string | undefined) {
  const warnings: unknown[] = [];
  const DatabaseSync = function DatabaseSync() {};
  const runtime = {
    versions: sqlite === undefined ? {} : { sqlite },
    emitWarning: (warning: unknown) => warnings.push(warning),
    getBuiltinModule(name: string) {
      runtime.emitWarning(`${name} is an experimental feature`);
      return { DatabaseSync };
    },
  };
  return { runtime: runtime as unknown as NodeJS.Process, DatabaseSync, warnings };
}

describe("the SQLite driver", () => {
  for (const version of ["3.51.3", "3.53.0", "4.0.0"])
    it(`is the runtime's own, without its warning, when that is ${version}`, () => {
      const { runtime, DatabaseSync, warnings } = runtimeWith(version);
      const driver = loadSqliteDriver(runtime);
      assert.equal(driver.name, "node:sqlite");
      assert.equal(driver.DatabaseSync, DatabaseSync);
      assert.deepEqual(warnings, []);
      runtime.emitWarning("another");
      assert.deepEqual(warnings, ["another"]);
    });

  for (const version of ["3.51.2", "3.47.1", "2.99.99", undefined])
    it(`is the bundled one when the runtime's own is ${version ?? "absent"}`, () => {
      const driver = loadSqliteDriver(runtimeWith(version).runtime);
      assert.equal(driver.name, "@photostructure/sqlite");
      const database = new driver.DatabaseSync(":memory:");
      assert.deepEqual({ ...database.prepare("select 1 as one").get() }, { one: 1 });
      database.close();
    });
});
