import assert from "node:assert/strict";
import { loadConfig } from "../../../../../common/config/load.ts";
import { readIpmiAccess, type IpmiAccess } from "../../../../../drivers/lib/ipmi/access.ts";
import {
  ipmitoolArguments,
  ipmitoolEnvironment,
  isKgKeyVisible,
} from "../../../../../drivers/lib/ipmi/command-line.ts";

const access = (more: Record<string, string | number> = {}): IpmiAccess =>
  readIpmiAccess(
    {
      ipmi_address: "192.0.2.7",
      ipmi_username: "-root",
      ipmi_password: "hunter2",
      ...more,
    },
    loadConfig(),
  );

describe("ipmitool's command line", () => {
  it("has Ironic's arguments and the password in a file", () => {
    const options = { cipherSuite: 17, passwordFile: "/run/x.pw", retries: 7, timeoutSeconds: 1 };
    assert.equal(
      ipmitoolArguments(access(), options).join(" "),
      "-I lanplus -H 192.0.2.7 -L ADMINISTRATOR -p 623 -U -root -C 17 -f /run/x.pw -R 7 -N 1 -Z",
    );
  });

  it("takes the password from the environment when asked to", () => {
    assert.ok(ipmitoolArguments(access(), {}).includes("-E"));
    assert.equal(ipmitoolEnvironment(access(), true)["IPMI_PASSWORD"], "hunter2");
    assert.equal(ipmitoolEnvironment(access())["IPMI_PASSWORD"], undefined);
  });

  it("leaves the user out for the null user, and the suite to ipmitool", () => {
    const args = ipmitoolArguments({ ...access(), username: null }, { passwordFile: "f" });
    assert.ok(!args.includes("-U"));
    assert.ok(!args.includes("-C"));
  });

  it("puts an address of IPv6 in without brackets", () => {
    const args = ipmitoolArguments(access({ ipmi_address: "[2001:db8::7]" }), {});
    assert.equal(args[args.indexOf("-H") + 1], "2001:db8::7");
  });

  for (const [hex, text] of [
    ["50415353574f5244", "PASSWORD"],
    ["50415353574f52440000", "PASSWORD"],
    ["2d2d", "--"],
  ] as const)
    it(`hands the Kg key ${hex} over in the environment`, () => {
      const keyed = access({ ipmi_hex_kg_key: hex });
      assert.ok(ipmitoolArguments(keyed, {}).includes("-K"));
      assert.ok(!ipmitoolArguments(keyed, {}).includes(hex));
      assert.equal(ipmitoolEnvironment(keyed)["IPMI_KGKEY"], text);
      assert.equal(isKgKeyVisible(keyed), false);
    });

  for (const hex of ["ff01", "4100414141"])
    it(`has no other way than the arguments for the Kg key ${hex}, and knows it`, () => {
      const keyed = access({ ipmi_hex_kg_key: hex });
      const args = ipmitoolArguments(keyed, {});
      assert.equal(args[args.indexOf("-y") + 1], hex);
      assert.equal(isKgKeyVisible(keyed), true);
      assert.equal(ipmitoolEnvironment(keyed)["IPMI_KGKEY"], undefined);
    });

  it("gives ipmitool nothing of this service's own environment", () => {
    assert.deepEqual(Object.keys(ipmitoolEnvironment(access())).sort(), ["LC_ALL", "PATH", "TZ"]);
  });
});
