import assert from "node:assert/strict";
import { BmcFeatureMissing } from "../../../../common/errors.ts";
import { Secret } from "../../../../common/secret.ts";
import type { IdracOptions } from "../../../../drivers/idrac-vnc/options.ts";
import { planRestore, planStart } from "../../../../drivers/idrac-vnc/plan.ts";
import { hasTls, isOn, sameValue } from "../../../../drivers/idrac-vnc/values.ts";

const words = { Enable: "Disabled", Port: 5901, Timeout: 300, SSLEncryptionBitLength: "Disabled" };
const numbers = { Enable: 0, Port: 5901, Timeout: 300, SSLEncryptionBitLength: 0 };
const texts = {
  Enable: "Disabled",
  Port: "5901",
  Timeout: "300",
  SSLEncryptionBitLength: "Disabled",
};
const options = { idrac_vnc_timeout: 10_800, idrac_vnc_tls: "none" } as IdracOptions;
const password = new Secret("Aa1+aaaa");

describe("planStart", () => {
  it("sets the password, what differs, and Enable last", () => {
    const { port, changes } = planStart(options, words, password, false);
    assert.equal(port, 5901);
    assert.deepEqual(
      changes.map(({ name }) => name),
      ["Timeout", "Password", "Enable"],
    );
  });

  it("tries the form that was found first and then the other", () => {
    const enable = (found: typeof words | typeof numbers) =>
      planStart(options, found, password, false).changes.at(-1)?.forms;
    assert.deepEqual(enable(words), ["Enabled", 1]);
    assert.deepEqual(enable(numbers), [1, "Enabled"]);
    assert.deepEqual(planStart(options, texts, password, true).changes.at(-1)?.forms, [
      1,
      "Enabled",
    ]);
  });

  it("moves the port only when told so", () => {
    const moved = planStart({ ...options, idrac_vnc_port: 5999 }, words, password, false);
    assert.equal(moved.port, 5999);
    assert.deepEqual(moved.changes[0], { name: "Port", forms: [5999] });
  });

  it("switches TLS off or on, and leaves a stronger setting alone", () => {
    const on = { ...options, idrac_vnc_tls: "wrap" as const };
    const strong = { ...words, SSLEncryptionBitLength: "256-Bit or higher" };
    const ssl = (wanted: IdracOptions, found: typeof words) =>
      planStart(wanted, found, password, false).changes.find(({ name }) => name.startsWith("SSL"));
    assert.deepEqual(ssl(on, words)?.forms, ["Auto Negotiate", 1]);
    assert.equal(ssl(on, strong), undefined);
    assert.deepEqual(ssl(options, strong)?.forms, ["Disabled", 0]);
  });

  it("refuses TLS when the firmware has no attribute for it", () => {
    const { SSLEncryptionBitLength: _gone, ...found } = words;
    const wanted = { ...options, idrac_vnc_tls: "wrap" as const };
    assert.throws(() => planStart(wanted, found, password, false), BmcFeatureMissing);
  });

  it("leaves a timeout alone that the firmware lacks", () => {
    const { Timeout: _gone, ...found } = words;
    const names = planStart(options, found, password, false).changes.map(({ name }) => name);
    assert.ok(!names.includes("Timeout"));
  });
});

describe("planRestore", () => {
  const running = { ...words, Enable: "Enabled", Timeout: 10_800 };

  it("switches off first and on last", () => {
    const off = planRestore(words, running, false).map(({ name }) => name);
    assert.deepEqual(off, ["Enable", "Timeout"]);
    const wasOn = { ...words, Enable: "Enabled", Port: 5950 };
    const on = planRestore(wasOn, words, false).map(({ name }) => name);
    assert.deepEqual(on, ["Port", "Enable"]);
  });

  it("does nothing when all is as it was, in whatever form", () => {
    assert.deepEqual(planRestore(words, numbers, false), []);
    assert.deepEqual(planRestore(texts, words, true), []);
  });
});

describe("the values of VNC attributes", () => {
  it("are on in all forms that firmwares use", () => {
    for (const on of ["Enabled", "enabled", 1, "1", true]) assert.ok(isOn(on), String(on));
    for (const off of ["Disabled", 0, "0", false, undefined]) assert.ok(!isOn(off), String(off));
  });

  it("tell TLS from none in all forms", () => {
    for (const on of ["Auto Negotiate", "128-Bit or higher", 1, "4"])
      assert.ok(hasTls(on), String(on));
    for (const off of ["Disabled", 0, "0", undefined]) assert.ok(!hasTls(off), String(off));
  });

  it("are the same when only their form differs", () => {
    assert.ok(sameValue("SSLEncryptionBitLength", "256-Bit or higher", 4));
    assert.ok(sameValue("Port", "5901", 5901));
    assert.ok(!sameValue("Port", undefined, 5901));
  });
});
