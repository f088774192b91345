import assert from "node:assert/strict";
import { Releasers } from "../../../common/lifecycle.ts";

describe("Releasers", () => {
  it("runs in the reverse of the order of starting, one after the other", async () => {
    const log: string[] = [];
    const releasers = new Releasers();
    for (const name of ["database", "conductor", "api"])
      releasers.push(name, async () => {
        log.push(`stop ${name}`);
        await Promise.resolve();
        log.push(`${name} stopped`);
      });
    await releasers.stop();
    assert.deepEqual(log, [
      "stop api",
      "api stopped",
      "stop conductor",
      "conductor stopped",
      "stop database",
      "database stopped",
    ]);
  });

  it("runs all of them even when some fail, and then says which", async () => {
    const log: string[] = [];
    const releasers = new Releasers();
    releasers.push("first", () => log.push("first"));
    releasers.push("second", () => {
      throw new Error("stuck");
    });
    releasers.push("third", () => Promise.reject(new Error("stuck too")));
    await assert.rejects(releasers.stop(), (error: AggregateError) => {
      assert.deepEqual(
        error.errors.map((each: Error) => each.message),
        ["could not stop third", "could not stop second"],
      );
      return true;
    });
    assert.deepEqual(log, ["first"]);
  });

  it("releases once when stopped twice at the same time", async () => {
    let times = 0;
    const releasers = new Releasers();
    releasers.push("it", () => {
      times += 1;
    });
    await Promise.all([releasers.stop(), releasers.stop()]);
    assert.equal(times, 1);
  });

  it("stops at the end of an await using block", async () => {
    let stopped = false;
    const releasers = new Releasers();
    releasers.push("it", () => {
      stopped = true;
    });
    await releasers[Symbol.asyncDispose]();
    assert.ok(stopped);
  });
});
