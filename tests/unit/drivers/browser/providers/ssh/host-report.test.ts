import assert from "node:assert/strict";
import {
  parseReport,
  requireUsable,
  wantedPrograms,
} from "../../../../../../drivers/browser/providers/ssh/host-report.ts";

const GOOD = "user\t0\nhome\t/root\ncpus\t0-3\ndebian\ndone\n";

describe("an auxiliary host's report", () => {
  it("tells root, home and processors", () => {
    const report = parseReport("a", GOOD);
    assert.deepEqual(report, {
      isRoot: true,
      home: "/root",
      cpus: "0-3",
      hasApt: true,
      missing: [],
      missingForJava: [],
      sandboxProblem: undefined,
    });
    requireUsable("a", report);
  });

  it("names missing packages and how to get them; Java is not needed by every session", () => {
    const report = parseReport(
      "a",
      `missing\topenbox\topenbox\nmissing\ticedtea-netx\tjavaws\n${GOOD}`,
    );
    assert.deepEqual(report.missingForJava, ["icedtea-netx"]);
    assert.throws(() => requireUsable("a", report), /lacks openbox: run "apt-get install openbox"/);
  });

  it("says why bubblewrap does not work, in printable words", () => {
    const report = parseReport("a", `sandbox\tbwrap: \u001b[2J denied\n${GOOD}`);
    assert.throws(
      () => requireUsable("a", report),
      (error: Error) => {
        assert.ok(!error.message.includes("\u001b"));
        return /user namespaces/.test(error.message);
      },
    );
  });

  for (const text of ["", "user\t0\nhome\t/root\n", "This account is not available.\n"])
    it(`is not "${text.slice(0, 20).trim()}"`, () => {
      assert.throws(() => parseReport("a", text), /login's shell/);
    });

  it("asks for accounts' programs only where accounts are made", () => {
    assert.ok(wantedPrograms(true).includes("passwd:useradd"));
    assert.ok(!wantedPrograms(false).includes("passwd:useradd"));
  });
});
