import assert from "node:assert/strict";
import { endOfLifeWarning } from "../../../cli/node-release.ts";

const NOW = Date.UTC(2026, 10, 20);

describe("endOfLifeWarning", () => {
  it("is one line for a release without security fixes", () => {
    assert.match(endOfLifeWarning("20.20.2", NOW) ?? "", /^Node\.js 20\.20\.2 .*2026-04-30.*$/);
  });

  for (const version of ["22.23.3", "24.21.0", "26.10.0", "99.0.0"])
    it(`is silent for ${version}`, () => {
      assert.equal(endOfLifeWarning(version, NOW), undefined);
    });

  it("comes when its day comes", () => {
    assert.ok(endOfLifeWarning("24.21.0", Date.UTC(2028, 5, 1)));
  });
});
