import assert from "node:assert/strict";
import { InvalidParameterValue } from "../../../common/errors.ts";
import type { Json, JsonObject } from "../../../common/node.ts";
import { Secret } from "../../../common/secret.ts";
import { isSealed, SecretBox } from "../../../common/secret-box.ts";
import { DriverInfoSecrets } from "../../../conductor/driver-info-secrets.ts";

const UUID = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
const HOME = { nodeUuid: UUID, field: "driver_info" } as const;

describe("DriverInfoSecrets", () => {
  const box = new SecretBox(SecretBox.newKeyFileText());
  const secrets = new DriverInfoSecrets(box, (option) => option === "bmc_pin");
  const seal = (incoming: JsonObject, stored: JsonObject = {}): JsonObject =>
    secrets.seal(incoming, stored, HOME);

  it("seals what Ironic would mask, in any case, and leaves the rest", () => {
    const sealed = seal({
      redfish_username: "root",
      redfish_password: "calvin",
      SNMP_Auth_Key: "k",
      my_Token_2: "t",
      ipmi_address: "bmc1",
    });
    assert.equal(sealed["redfish_username"], "root");
    assert.equal(sealed["ipmi_address"], "bmc1");
    for (const key of ["redfish_password", "SNMP_Auth_Key", "my_Token_2"])
      assert.ok(isSealed(sealed[key]), key);
    assert.ok(!JSON.stringify(sealed).includes("calvin"));
  });

  it("seals what a driver's schema marks, whatever it is called", () => {
    assert.ok(isSealed(seal({ bmc_pin: "1234" })["bmc_pin"]));
  });

  it("binds every envelope to its node, field and key", () => {
    const { vnc_password: sealed } = seal({ vnc_password: "abc" });
    assert.ok(isSealed(sealed));
    const place = `nodes/${UUID}/driver_info/vnc_password`;
    assert.equal(box.open(sealed, place).reveal(), "abc");
    assert.throws(() => box.open(sealed, `nodes/${UUID}/driver_info/other_password`));
  });

  it("reaches into objects and lists", () => {
    const sealed = seal({ a: { list: [{ password: "deep" }] }, secrets: { one: "x", two: ["y"] } });
    assert.ok(!/deep|"x"|"y"/.test(JSON.stringify(sealed)));
    const opened = secrets.open(sealed, HOME) as unknown as {
      a: { list: { password: Secret }[] };
      secrets: { one: Secret; two: Secret[] };
    };
    assert.equal(opened.a.list[0]?.password.reveal(), "deep");
    assert.equal(opened.secrets.one.reveal(), "x");
    assert.equal(opened.secrets.two[0]?.reveal(), "y");
  });

  it("keeps an all-digits password that a client sent as a number", () => {
    const opened = secrets.open(seal({ vnc_password: 12345678 }), HOME);
    const password = opened["vnc_password"];
    assert.ok(password instanceof Secret);
    assert.equal(password.reveal(), "12345678");
  });

  it("refuses a number that JSON could not carry exactly", () => {
    const incoming = JSON.parse(`{"vnc_password": 12345678901234567890}`) as JsonObject;
    assert.throws(() => seal(incoming), InvalidParameterValue);
  });

  it("keeps the stored secret behind asterisks", () => {
    const stored = seal({ vnc_password: "abc", nested: { token: "t" } });
    const written = seal(
      { vnc_password: "******", nested: { token: "******" }, ipmi_address: "new" },
      stored,
    );
    assert.deepEqual(written, { ...stored, ipmi_address: "new" });
  });

  it("refuses asterisks where no secret is stored", () => {
    const stored = seal({ vnc_address: "a" });
    for (const incoming of [
      { vnc_password: "******" },
      { vnc_address: "******" },
      { deep: { vnc_password: "******" } },
    ])
      assert.throws(
        () => seal(incoming, stored),
        (error) =>
          error instanceof InvalidParameterValue &&
          error.message.includes(Object.keys(incoming)[0] ?? "?"),
      );
  });

  it("never stores asterisks under a key that moved", () => {
    const stored = seal({ vnc_password: "abc" });
    assert.throws(() => seal({ other_password: "******" }, stored), InvalidParameterValue);
  });

  it("replaces a secret, and forgets one that is set to null or left out", () => {
    const stored = seal({ vnc_password: "abc", other_password: "x" });
    const written = seal({ vnc_password: "new", other_password: null }, stored);
    const opened = secrets.open(written, HOME);
    assert.equal((opened["vnc_password"] as Secret).reveal(), "new");
    assert.equal(opened["other_password"], null);
    assert.deepEqual(seal({}, stored), {});
  });

  it("refuses envelopes from callers, anywhere", () => {
    const { vnc_password: envelope } = seal({ vnc_password: "abc" });
    const cases: JsonObject[] = [
      { vnc_password: envelope as Json },
      { other: { deep: [envelope as Json] } },
      { $sealed: "x" },
    ];
    for (const incoming of cases) assert.throws(() => seal(incoming), InvalidParameterValue);
  });

  it("refuses JSON that is nested too deep", () => {
    let deep: Json = "x";
    for (let level = 0; level < 100; level += 1) deep = { a: deep };
    assert.throws(() => seal(deep as JsonObject), InvalidParameterValue);
  });

  it("takes a key that is also a property of every object for a plain key", () => {
    const incoming = JSON.parse(
      `{"__proto__": {"password": "p"}, "constructor": "c"}`,
    ) as JsonObject;
    const sealed = seal(incoming);
    assert.deepEqual(Object.keys(sealed), ["__proto__", "constructor"]);
    assert.ok(!JSON.stringify(sealed).includes(`"p"`));
    assert.equal(sealed["constructor"], "c");
  });

  it("treats a secret that was stored in the clear as a secret", () => {
    const opened = secrets.open({ bmc_pin: "1234", bmc_user: "u" }, HOME);
    assert.ok(opened["bmc_pin"] instanceof Secret);
    assert.equal(opened["bmc_user"], "u");
  });

  it("names the place but not the content when an envelope does not open", () => {
    const stored = seal({ vnc_password: "abc" });
    const foreign = new DriverInfoSecrets(new SecretBox(SecretBox.newKeyFileText()), () => false);
    assert.throws(() => foreign.open(stored, HOME), /is not in the key file/);
  });
});
