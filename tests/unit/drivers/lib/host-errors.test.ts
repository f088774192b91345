import assert from "node:assert/strict";
import {
  BmcAuthenticationFailed,
  BmcBusy,
  BmcCertificateInvalid,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  BmcUnreachable,
  HostCertificateInvalid,
  HostError,
  HostTimeout,
  HostUnreachable,
  RFBAuthHandshakeFailed,
  RFBAuthNoAvailableScheme,
  RFBProtocolError,
} from "../../../../common/errors.ts";
import { bmcError } from "../../../../drivers/lib/host-errors.ts";

describe("bmcError", () => {
  for (const [host, bmc] of [
    [HostCertificateInvalid, BmcCertificateInvalid],
    [HostTimeout, BmcTimeout],
    [HostUnreachable, BmcUnreachable],
    [RFBAuthHandshakeFailed, BmcAuthenticationFailed],
    [RFBAuthNoAvailableScheme, BmcFeatureMissing],
    [RFBProtocolError, BmcProtocolError],
    [HostError, BmcProtocolError],
  ] as const)
    it(`makes a ${bmc.name} of a ${host.name}, names the peer and keeps the cause`, () => {
      const cause = new host("it went wrong");
      const error = bmcError(cause, "bmc.test:5901");
      assert.equal(error.constructor, bmc);
      assert.equal(error.message, "bmc.test:5901: it went wrong");
      assert.equal(error.cause, cause);
    });

  it("leaves an error of drivers as it is, and explains what sockets throw", () => {
    const own = new BmcBusy("later");
    assert.equal(bmcError(own, "bmc.test:5901"), own);
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    assert.ok(bmcError(refused, "bmc.test:5901") instanceof BmcUnreachable);
  });

  it("names the option to pin by where a certificate's fingerprint is named, nowhere else", () => {
    const shown = new HostCertificateInvalid("certificate: its SHA-256 fingerprint is ab, no");
    assert.match(bmcError(shown, "bmc.test:1", "the_pin").message, /; .*set the_pin to it$/);
    assert.doesNotMatch(bmcError(shown, "bmc.test:1").message, /set/);
    const unreadable = new HostCertificateInvalid("cannot read the CA file: /x");
    assert.doesNotMatch(bmcError(unreadable, "bmc.test:1", "the_pin").message, /the_pin/);
    const other = new HostError("its SHA-256 fingerprint is what I say");
    assert.doesNotMatch(bmcError(other, "bmc.test:1", "the_pin").message, /the_pin/);
  });

  it("says it in one bounded line, whatever the host wrote", () => {
    const error = bmcError(new HostError(`a\n\u001b[2J${"x".repeat(10_000)}`), "bmc.test:1");
    assert.match(error.message, /^bmc\.test:1: a\\n\\u\{1b\}\[2Jx+…$/);
    assert.ok(error.message.length < 600);
  });
});
