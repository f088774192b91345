import assert from "node:assert/strict";
import {
  parseUserRange,
  ThrowAwayUsers,
} from "../../../../../drivers/browser/providers/local/users.ts";

describe("throw-away users", () => {
  it("are a range without its end", () => {
    assert.deepEqual(parseUserRange("60706:61184"), { first: 60_706, last: 61_183 });
  });
  for (const text of [
    "",
    "5000",
    "0:10",
    "999:1001",
    "2000:2000",
    "2000:1500",
    "a:b",
    "1:99999999999",
  ])
    it(`are not "${text}"`, () => {
      assert.throws(() => parseUserRange(text), /\[browser\]uid_range/);
    });
  it("belong to one session at a time, and can be had again", () => {
    const users = new ThrowAwayUsers({ first: 4_000_000_000, last: 4_000_000_001 });
    const first = users.take();
    assert.notEqual(users.take(), first);
    assert.throws(() => users.take(), /uid_range/);
    users.release(first);
    assert.equal(users.take(), first);
  });
  it("are never users that have processes on this machine", () => {
    const uid = process.geteuid?.() ?? 0;
    assert.throws(() => new ThrowAwayUsers({ first: uid, last: uid }).take(), /uid_range/);
  });
});
