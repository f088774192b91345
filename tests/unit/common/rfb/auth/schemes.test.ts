import assert from "node:assert/strict";
import { RFBAuthNoAvailableScheme } from "../../../../../common/errors.ts";
import { Secret } from "../../../../../common/secret.ts";
import { encodePlain } from "../../../../../common/rfb/auth/plain.ts";
import {
  chooseSecurityType,
  chooseVeNCryptSubtype,
} from "../../../../../common/rfb/auth/schemes.ts";

const LOGIN = { username: "root", password: new Secret("calvin") };

describe("choice of the security type", () => {
  it("follows the endpoint's order of preference, not the host's", () => {
    assert.equal(chooseSecurityType([1, 2], ["VncAuth", "None"], LOGIN), "VncAuth");
    assert.equal(chooseSecurityType([2, 1], ["None", "VncAuth"], LOGIN), "None");
    assert.equal(chooseSecurityType([1, 2, 19], ["X509Vnc", "VncAuth"], LOGIN), "X509Vnc");
  });

  it("never takes a type that the endpoint does not list", () => {
    assert.throws(() => chooseSecurityType([1], ["VncAuth"], LOGIN), RFBAuthNoAvailableScheme);
  });

  it("does not take a type for which the credentials are missing", () => {
    assert.equal(chooseSecurityType([2, 1], ["VncAuth", "None"], {}), "None");
    assert.equal(
      chooseVeNCryptSubtype([262, 260], ["X509Plain", "X509None"], { password: LOGIN.password }),
      "X509None",
    );
  });

  it("takes VNC authentication with an empty password", () => {
    assert.equal(chooseSecurityType([2], ["VncAuth"], { password: new Secret("") }), "VncAuth");
  });

  it("names what is offered and what is allowed when nothing fits", () => {
    assert.throws(() => chooseSecurityType([16, 113, 1, 19], ["VncAuth", "TLSPlain"], {}), {
      code: "RFB_AUTH_NO_AVAILABLE_SCHEME",
      message:
        "no usable security type: the host offers 16 Tight, unknown (113), 1 None, 19 VeNCrypt, " +
        "allowed are VncAuth, TLSPlain; " +
        "TLSPlain needs a username and a password and none is configured",
    });
  });

  it("names the subtypes of VeNCrypt when none fits", () => {
    assert.throws(() => chooseVeNCryptSubtype([256, 300], ["X509Vnc", "None"], LOGIN), {
      message:
        "no usable security type: the host offers VeNCrypt with 256 Plain, unknown (300), " +
        "allowed are X509Vnc, None",
    });
  });

  it("sends Plain outside TLS only when the endpoint lists it", () => {
    assert.throws(() => chooseVeNCryptSubtype([256], ["X509Plain", "TLSPlain"], LOGIN));
    assert.equal(chooseVeNCryptSubtype([256], ["X509Plain", "Plain"], LOGIN), "Plain");
  });
});

describe("Plain authentication", () => {
  it("sends both lengths in bytes, then both texts", () => {
    assert.deepEqual(
      encodePlain("rö", "x"),
      Buffer.from([0, 0, 0, 3, 0, 0, 0, 1, 0x72, 0xc3, 0xb6, 0x78]),
    );
  });
});
