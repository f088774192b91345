import assert from "node:assert/strict";
import { InvalidParameterValue, MissingParameterValue, Secret } from "../../../../drivers/base.ts";
import { browserSettingsParser } from "../../../../drivers/browser/options.ts";

const parse = browserSettingsParser();
const account = { web_username: "admin", web_password: new Secret("pw") };

describe("the options of consoles in a browser", () => {
  for (const [given, origin, host, port] of [
    ["192.0.2.1", "https://192.0.2.1", "192.0.2.1", 443],
    ["bmc.example:8443", "https://bmc.example:8443", "bmc.example", 8443],
    ["https://bmc.example/", "https://bmc.example", "bmc.example", 443],
    ["http://192.0.2.1", "http://192.0.2.1", "192.0.2.1", 80],
    ["2001:db8::1", "https://[2001:db8::1]", "2001:db8::1", 443],
    ["[2001:db8::1]:444", "https://[2001:db8::1]:444", "2001:db8::1", 444],
  ] as const)
    it(`reads ${given} as an address`, () => {
      const { bmc } = parse({ web_address: given, ...account });
      assert.deepEqual([bmc.origin, bmc.host, bmc.port], [origin, host, port]);
    });

  for (const bad of [
    "https://a/path",
    "ftp://a",
    "https://u:p@a",
    "a?b",
    "javascript:alert(1)",
    "https://",
  ])
    it(`refuses ${bad}, naming the option and not the value`, () => {
      assert.throws(
        () => parse({ web_address: bad, ...account }),
        (error) =>
          error instanceof InvalidParameterValue &&
          error.message.includes("web_address") &&
          !error.message.includes(bad),
      );
    });

  it("falls back on the node's Redfish address, account and trust", () => {
    const settings = parse({
      redfish_address: "192.0.2.2",
      redfish_username: "root",
      redfish_password: new Secret("calvin"),
      redfish_verify_ca: false,
      ipmi_address: "192.0.2.3",
    });
    assert.equal(settings.bmc.host, "192.0.2.2");
    assert.equal(settings.username, "root");
    assert.equal(settings.password.reveal(), "calvin");
    assert.deepEqual(settings.trust, { verify: "none" });
  });

  it("falls back on the node's IPMI address and account, and then verifies", () => {
    const settings = parse({
      ipmi_address: "192.0.2.3",
      ipmi_username: "ADMIN",
      ipmi_password: new Secret("x"),
    });
    assert.equal(settings.bmc.origin, "https://192.0.2.3");
    assert.equal(settings.username, "ADMIN");
    assert.deepEqual(settings.trust, { verify: "ca" });
  });

  it("does not trust a page's address as it trusts another one", () => {
    const settings = parse({
      web_address: "192.0.2.9",
      redfish_address: "192.0.2.2",
      redfish_verify_ca: false,
      ...account,
    });
    assert.deepEqual(settings.trust, { verify: "ca" });
    assert.deepEqual(settings.redfish?.trust, { verify: "none" });
  });

  it("pins, in one spelling", () => {
    const { trust } = parse({
      web_address: "192.0.2.1",
      web_tls_fingerprint: `AA:${"bb".repeat(31)}`,
      ...account,
    });
    assert.deepEqual(trust, { verify: "pin", fingerprint: `aa${"bb".repeat(31)}` });
  });

  it("never mixes a user of one kind with a password of another", () => {
    assert.throws(
      () =>
        parse({
          web_address: "192.0.2.1",
          web_username: "a",
          redfish_username: "root",
          redfish_password: new Secret("x"),
        }),
      (error) => error instanceof MissingParameterValue && error.message.includes("web_password"),
    );
  });

  it("wants an address and an account", () => {
    assert.throws(() => parse({}), /web_address/);
    assert.throws(() => parse({ web_address: "192.0.2.1" }), /web_username, web_password/);
  });

  it("asks no Redfish of a BMC whose page is not encrypted", () => {
    assert.equal(parse({ web_address: "http://192.0.2.1", ...account }).redfish, undefined);
  });

  it("takes TLS versions by their numbers, and refuses others", () => {
    const at = { web_address: "192.0.2.1", ...account };
    assert.equal(parse({ ...at, web_tls_min_version: "1.0" }).minimumTls, "TLSv1");
    assert.equal(parse(at).minimumTls, undefined);
    assert.throws(() => parse({ ...at, web_tls_min_version: "0.9" }), /web_tls_min_version/);
  });
});
