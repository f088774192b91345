import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { networkOf, Networks, sourceOf } from "../../../common/networks.ts";

function networks(...entries: string[]): Networks {
  const mistakes: string[] = [];
  const made = new Networks("[vnc]trusted_proxies", entries, mistakes);
  assert.deepEqual(mistakes, []);
  return made;
}

function request(remoteAddress: string, forwardedFor?: string | string[]): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

describe("Networks", () => {
  it("knows addresses and networks of both families", () => {
    const made = networks("10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1");
    for (const inside of ["10.255.0.1", "192.0.2.7", "2001:db8:1::2", "::1"])
      assert.ok(made.has(inside), inside);
    for (const outside of ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::2", "unknown", "10.0.0"])
      assert.ok(!made.has(outside), outside);
  });

  it("has nothing when it is empty", () => {
    assert.ok(!networks().has("127.0.0.1"));
  });

  it("names every entry that is not a network", () => {
    const mistakes: string[] = [];
    const bad = [
      "10.0.0.0/33",
      "10.0.0/8",
      "localhost",
      "::1/129",
      "10.0.0.0/8/8",
      "10.0.0.0/",
      "10.0.0.0/x",
    ];
    assert.ok(new Networks("[vnc]metrics_allowed", bad, mistakes));
    assert.equal(mistakes.length, bad.length);
    assert.match(mistakes[2]!, /\[vnc\]metrics_allowed: "localhost"/);
  });
});

describe("sourceOf", () => {
  const balancers = networks("10.0.0.0/8");

  it("is the peer, whatever the peer says about others, unless it is trusted", () => {
    assert.deepEqual(sourceOf(request("192.0.2.1", "203.0.113.9"), balancers), {
      address: "192.0.2.1",
      trusted: false,
    });
  });

  it("takes IPv4 peers of a dual-stack listener for what they are", () => {
    assert.equal(sourceOf(request("::ffff:192.0.2.1"), balancers).address, "192.0.2.1");
    assert.equal(
      sourceOf(request("::ffff:10.0.0.1", "203.0.113.9"), balancers).address,
      "203.0.113.9",
    );
  });

  it("is the last address that no trusted balancer wrote, not the first one", () => {
    const spoofed = request("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2");
    assert.deepEqual(sourceOf(spoofed, balancers), { address: "203.0.113.9", trusted: true });
  });

  it("stops where the chain makes no sense", () => {
    assert.equal(sourceOf(request("10.0.0.1", "evil, 10.0.0.2"), balancers).address, "10.0.0.2");
    assert.equal(sourceOf(request("10.0.0.1"), balancers).address, "10.0.0.1");
    assert.equal(
      sourceOf(request("10.0.0.1", ["203.0.113.9", "10.0.0.3"]), balancers).address,
      "203.0.113.9",
    );
  });
});

describe("whom an address is counted against", () => {
  for (const [address, wanted] of [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["unknown", "unknown"],
  ] as const)
    it(`is ${wanted} for ${address}`, () => assert.equal(networkOf(address), wanted));
});
