import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import {
  BmcBusy,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcValueRefused,
  InvalidParameterValue,
} from "../../../../common/errors.ts";
import {
  parseRacadmGroup,
  racadmArgument,
  racadmError,
  saysModified,
} from "../../../../drivers/idrac-vnc/racadm-language.ts";

describe("racadmArgument", () => {
  it("leaves plain words alone", () => {
    for (const word of ["Enabled", "5901", "Aa1+._@-"]) assert.equal(racadmArgument(word), word);
  });

  it("puts what could mean something in double quotes", () => {
    assert.equal(racadmArgument("128-Bit or higher"), '"128-Bit or higher"');
    assert.equal(racadmArgument("-x;reboot"), '"-x;reboot"');
  });

  for (const value of ["", 'a"b', "a\\b", "$(reboot)", "`reboot`", "a\nb", "pässword", "wow!"])
    it(`refuses ${JSON.stringify(value)} without repeating it`, () => {
      assert.throws(
        () => racadmArgument(value),
        (error) =>
          error instanceof InvalidParameterValue &&
          (value === "" || !error.message.includes(value)),
      );
    });

  it("is one word with the same text for a real shell, or is refused, whatever the value", () => {
    const values = fc
      .sample(fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-ascii" }), 300)
      .flatMap((value) => {
        try {
          return [[value, racadmArgument(value)] as const];
        } catch {
          return [];
        }
      });
    assert.ok(values.length > 20);
    // printf repeats its format for every argument: as many lines as words.
    const script = values.map(([, argument]) => `printf '%s\\n' ${argument}`).join("\n");
    const printed = execFileSync("sh", ["-c", script], { encoding: "utf8", env: {} });
    assert.deepEqual(
      printed.split("\n").slice(0, -1),
      values.map(([value]) => value),
    );
  });
});

describe("parseRacadmGroup", () => {
  it("reads names and values with their marks and skips the rest", () => {
    const output = [
      "Security Alert: Certificate is invalid - self signed certificate",
      "[Key=iDRAC.Embedded.1#VNCServer.1]",
      "Enable=Disabled",
      "#MaxSessions=2",
      "#ActiveSessions=0",
      "!!Password=******** (Write-Only)",
      "Port=5901",
      "SSLEncryptionBitLength=128-Bit or higher",
      "",
    ].join("\r\n");
    assert.deepEqual(parseRacadmGroup(output), {
      Enable: "Disabled",
      ActiveSessions: "0",
      Port: "5901",
      SSLEncryptionBitLength: "128-Bit or higher",
    });
  });

  it("makes something or nothing of any text without failing", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseRacadmGroup(text)));
  });
});

describe("racadmError", () => {
  for (const [output, type] of [
    ["ERROR: RAC947: Invalid object value specified.", BmcValueRefused],
    ["ERROR: RAC917: The specified object is invalid.", BmcFeatureMissing],
    ["ERROR: Invalid object name specified.", BmcFeatureMissing],
    ["ERROR: The required license is not present.", BmcFeatureMissing],
    ["ERROR: The maximum number of user sessions is reached.", BmcBusy],
    ["ERROR: Unable to perform requested operation.", BmcProtocolError],
    ["", BmcProtocolError],
  ] as const)
    it(`takes ${JSON.stringify(output)} as ${type.name}`, () => {
      const error = racadmError(output, "set iDRAC.VNCServer.Port", "192.0.2.1:22");
      assert.equal(error.constructor, type);
      assert.match(error.message, /set iDRAC.VNCServer.Port on 192.0.2.1:22/);
    });

  it("says which licence to check", () => {
    const error = racadmError("ERROR: license missing", "get", "x");
    assert.match(error.message, /Enterprise or Datacenter/);
  });
});

describe("saysModified", () => {
  it("believes racadm's sentence only", () => {
    assert.ok(
      saysModified("[Key=iDRAC.Embedded.1#VNCServer.1]\r\nObject value modified successfully"),
    );
    assert.ok(!saysModified("Object value not modified"));
    assert.ok(!saysModified(""));
  });
});
