import assert from "node:assert/strict";
import { InvalidParameterValue } from "../../../../common/errors.ts";
import { Secret } from "../../../../common/secret.ts";
import type { DriverInfo } from "../../../../drivers/base.ts";
import { idracSettingsParser } from "../../../../drivers/idrac-vnc/options.ts";
import { quirksOf } from "../../../../drivers/idrac-vnc/quirks.ts";

const parse = idracSettingsParser();
const good: DriverInfo = {
  redfish_address: "idrac.example",
  redfish_username: "root",
  redfish_password: new Secret("calvin"),
};

describe("the options of idrac-vnc", () => {
  for (const [address, origin, host] of [
    ["idrac.example", "https://idrac.example", "idrac.example"],
    ["https://idrac.example/", "https://idrac.example", "idrac.example"],
    ["192.0.2.1:8443", "https://192.0.2.1:8443", "192.0.2.1"],
    ["2001:db8::1", "https://[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:444", "https://[2001:db8::1]:444", "2001:db8::1"],
  ] as const)
    it(`take redfish_address ${address}`, () => {
      const { access } = parse({ ...good, redfish_address: address });
      assert.equal(access.origin, origin);
      assert.equal(access.host, host);
    });

  for (const address of [
    "http://idrac",
    "idrac/redfish",
    "https://u:p@idrac",
    "ftp://x",
    "a b",
    "https://",
  ])
    it(`refuse redfish_address ${address}`, () => {
      assert.throws(
        () => parse({ ...good, redfish_address: address }),
        (error) => error instanceof InvalidParameterValue && /redfish_address/.test(error.message),
      );
    });

  it("verify certificates and use a request's own credentials by default", () => {
    const { access } = parse(good);
    assert.deepEqual(access.trust, { verify: "ca" });
    assert.equal(access.authType, "basic");
  });

  for (const password of ["123456789", "has space", "pässword"])
    it(`refuse the VNC password ${JSON.stringify(password)} without repeating it`, () => {
      assert.throws(
        () => parse({ ...good, vnc_password: new Secret(password) }),
        (error) =>
          error instanceof InvalidParameterValue &&
          /vnc_password/.test(error.message) &&
          !error.message.includes(password),
      );
    });

  it("want a trusted host key for racadm", () => {
    const racadm = { ...good, idrac_transport: "racadm" };
    assert.throws(() => parse(racadm), /idrac_ssh_host_key_fingerprint/);
    parse({ ...racadm, idrac_ssh_host_key_policy: "first-use" });
    parse({ ...racadm, idrac_ssh_host_key_fingerprint: `SHA256:${"A".repeat(43)}` });
  });
});

describe("the quirks of an iDRAC", () => {
  it("hold the old ones to 16 bits and three encodings", () => {
    const quirks = quirksOf("auto", true);
    assert.equal(quirks.pixelFormat, "rgb555");
    assert.deepEqual(quirks.encodings, [0, 1, -223]);
  });

  it("leave the new ones alone", () => {
    const quirks = quirksOf("auto", false);
    assert.equal(quirks.pixelFormat, "native");
    assert.equal(quirks.encodings, undefined);
  });

  it("follow the operator's pixel format", () => {
    assert.equal(quirksOf("rgb565", true).pixelFormat, "rgb565");
    assert.equal(quirksOf("native", true).pixelFormat, "native");
  });

  it("give every iDRAC time to say its version", () => {
    assert.equal(quirksOf("auto", false).bannerTimeoutSeconds, 20);
  });
});
