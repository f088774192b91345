import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { ImagePlaces } from "../../../api/image-places.ts";
import { InvalidParameterValue } from "../../../common/errors.ts";

function places(networks: string[] = [], prefixes: string[] = []): ImagePlaces {
  const mistakes: string[] = [];
  const made = new ImagePlaces(networks, prefixes, mistakes);
  assert.deepEqual(mistakes, []);
  return made;
}

function resolved(which: ImagePlaces, name: string): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) => {
    which.lookup(name, {}, (error, address) => {
      if (error) reject(error);
      else resolve(address);
    });
  });
}

describe("where images may be fetched from", () => {
  for (const address of [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%lo",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "100::1",
    "4000::1",
    "fec0::1",
    "2002:7f00:1::",
    "2001:db8::1",
    "no address",
  ])
    it(`not from ${address}`, () => {
      assert.equal(places().mayReach(address), false);
    });

  for (const address of [
    "1.1.1.1",
    "172.32.0.1",
    "151.101.2.132",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
  ])
    it(`from ${address}`, () => {
      assert.equal(places().mayReach(address), true);
    });

  it("from networks that are listed", () => {
    const own = places(["10.20.0.0/16", "fd00:1::/32"]);
    assert.equal(own.mayReach("10.20.3.4"), true);
    assert.equal(own.mayReach("::ffff:10.20.3.4"), true);
    assert.equal(own.mayReach("fd00:1::5"), true);
    assert.equal(own.mayReach("10.21.0.1"), false);
  });

  for (const url of [
    "http://127.0.0.1/a.iso",
    "http://[::1]:8080/a.iso",
    "http://[::ffff:127.0.0.1]/a.iso",
    "http://[::ffff:0:127.0.0.1]/a.iso",
    "http://127.0.0.1./a.iso",
    "http://0x7f.1/a.iso",
    "http://2130706433/a.iso",
    "http://017700000001/a.iso",
    "ftp://example.com/a.iso",
    "file:///etc/passwd",
  ])
    it(`not by ${url}`, () => {
      assert.throws(() => places().judge(new URL(url)), InvalidParameterValue);
    });

  it("not where a name leads to loopback, whatever the name is", async () => {
    await assert.rejects(resolved(places(), "localhost"), /not a public address/);
    assert.match(
      JSON.stringify(await resolved(places(["127.0.0.0/8", "::1"]), "localhost")),
      /"127\.|"::1/,
    );
  });

  it("by the listed beginnings only, when there are some", () => {
    const some = places([], ["https://images.example/iso/"]);
    some.judge(new URL("https://images.example/iso/a.iso"));
    for (const url of [
      "https://images.example/other/a.iso",
      "https://images.example/iso/../other/a.iso",
      "https://images.example/iso/%2e%2e/other/a.iso",
      "https://images.example.evil.example/iso/a.iso",
      "https://images.example@evil.example/iso/a.iso",
      "http://images.example/iso/a.iso",
      "https://images.example:8443/iso/a.iso",
    ])
      assert.throws(() => some.judge(new URL(url)), /not fetched from/, url);
  });

  it("says which entries of the configuration are wrong", () => {
    const mistakes: string[] = [];
    assert.ok(new ImagePlaces(["10.0.0.0/33"], ["images.example"], mistakes));
    assert.equal(mistakes.length, 2);
  });
});
