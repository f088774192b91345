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
  it("counts an address as its network", () => {
    assert.equal(source("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  });

  it("believes only the last X-Forwarded-For, which is the proxy's own", () => {
    assert.equal(source("127.0.0.1", "203.0.113.9, 198.51.100.4"), "198.51.100.4");
  });

  it("believes none unless it is told to", () => {
    assert.equal(source("127.0.0.1", "198.51.100.4", false), "127.0.0.1");
  });

  it("falls back to the socket's address for what is no address", () => {
    for (const forged of ["", "unknown", "198.51.100.4:80", ","])
      assert.equal(source("192.0.2.7", forged), "192.0.2.7");
    assert.equal(source(undefined), "unknown");
  });
});
