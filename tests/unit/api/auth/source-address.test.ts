/** Whom a login is counted against. */
import assert from "node:assert/strict";
import { sourceOf } from "../../../../api/auth/source-address.ts";

const source = (address: string | undefined, forwarded?: string, believe = true): string =>
  sourceOf(
    {
      headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
      socket: { remoteAddress: address },
    },
    believe,
  );

describe("sourceOf", () => {
  for (const [address, expected] of [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ] as const)
    it(`counts ${address} against ${expected}`, () => assert.equal(source(address), expected));

  it("believes only the last X-Forwarded-For, which is the proxy's own", () => {
    assert.equal(source("127.0.0.1", "203.0.113.9, 198.51.100.4"), "198.51.100.4");
  });

  it("believes none unless it is told to", () => {
    assert.equal(source("127.0.0.1", "198.51.100.4", false), "127.0.0.1");
  });

  it("falls back to the socket's address for what is no address", () => {
    for (const forged of ["", "unknown", "198.51.100.4:80", ","])
      assert.equal(source("192.0.2.7", forged), "192.0.2.7");
    assert.equal(source(undefined), "");
  });
});
