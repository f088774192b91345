import assert from "node:assert/strict";
import { InvalidParameterValue, MissingParameterValue } from "../../../../common/errors.ts";
import { Secret } from "../../../../common/secret.ts";
import type { ConsoleEndpoint, DriverInfo } from "../../../../drivers/base.ts";
import { vncEndpointParser } from "../../../../drivers/vnc/options.ts";

const parse = vncEndpointParser();
const endpoint = (info: DriverInfo): ConsoleEndpoint =>
  parse({ vnc_address: "192.0.2.9", ...info });
const password = new Secret("secret12");

describe("the endpoint of the vnc driver", () => {
  it("is at port 5900 and judges certificates by default", () => {
    const { transport, tls } = endpoint({});
    assert.deepEqual(transport, { kind: "tcp", host: "192.0.2.9", port: 5900 });
    assert.deepEqual(tls, { wrap: false, verify: "ca" });
  });

  it("takes an IPv6 address out of its brackets", () => {
    const { transport } = endpoint({ vnc_address: "[2001:db8::1]" });
    assert.deepEqual(transport, { kind: "tcp", host: "2001:db8::1", port: 5900 });
  });

  it("pins a certificate whatever the fingerprint's spelling", () => {
    const hex = "AB".repeat(32);
    const pinned = endpoint({ vnc_tls: "wrap", vnc_tls_fingerprint: hex.match(/../g)!.join(":") });
    assert.deepEqual(pinned.tls, { wrap: true, verify: "pin", fingerprint: hex.toLowerCase() });
  });

  it("judges certificates by a file or not at all when told so", () => {
    assert.deepEqual(endpoint({ vnc_verify_ca: "/etc/ca.pem" }).tls, {
      wrap: false,
      verify: "ca",
      caFile: "/etc/ca.pem",
    });
    assert.deepEqual(endpoint({ vnc_verify_ca: "False" }).tls, { wrap: false, verify: "none" });
  });

  it("accepts an old TLS version only when told so", () => {
    assert.equal(endpoint({ vnc_tls_min_version: "1.0" }).tls?.minVersion, "TLSv1");
    assert.equal(endpoint({}).tls?.minVersion, undefined);
  });

  it("accepts None only when no password was given", () => {
    assert.deepEqual(endpoint({}).allowedSecurityTypes, ["X509None", "TLSNone", "None"]);
    const types = endpoint({ vnc_password: password }).allowedSecurityTypes;
    assert.deepEqual(types, ["X509Vnc", "TLSVnc", "VncAuth"]);
  });

  it("accepts Plain inside TLS when a user is given and bare Plain never by itself", () => {
    const info = { vnc_password: password, vnc_username: "operator" };
    const types = endpoint(info).allowedSecurityTypes;
    assert.deepEqual(types, ["X509Vnc", "X509Plain", "TLSVnc", "TLSPlain", "VncAuth"]);
    assert.deepEqual(endpoint({ ...info, vnc_security_types: "Plain" }).allowedSecurityTypes, [
      "Plain",
    ]);
  });

  for (const given of ["X509Vnc, vncauth", ["X509Vnc", "VncAuth"]])
    it(`takes security types as ${typeof given === "string" ? "text" : "a list"}`, () => {
      const types = endpoint({ vnc_password: password, vnc_security_types: given });
      assert.deepEqual(types.allowedSecurityTypes, ["X509Vnc", "VncAuth"]);
    });

  it("refuses a security type it does not know by naming the option", () => {
    assert.throws(
      () => endpoint({ vnc_security_types: "RA2" }),
      (error) => error instanceof InvalidParameterValue && /vnc_security_types/.test(error.message),
    );
  });

  it("refuses an empty list of security types", () => {
    assert.throws(() => endpoint({ vnc_security_types: [] }), InvalidParameterValue);
  });

  it("refuses a listed security type whose credentials are missing by naming them", () => {
    assert.throws(
      () => endpoint({ vnc_security_types: "X509Plain" }),
      (error) =>
        error instanceof MissingParameterValue && /vnc_password, vnc_username/.test(error.message),
    );
  });
});
