import assert from "node:assert/strict";
import { loadConfig } from "../../../../../common/config/load.ts";
import {
  InvalidParameterValue,
  MissingParameterValue,
  Secret,
} from "../../../../../drivers/base.ts";
import { readIpmiAccess, type IpmiAccess } from "../../../../../drivers/lib/ipmi/access.ts";
import { ipmiOptionsParser } from "../../../../../drivers/lib/ipmi/options.ts";

const config = loadConfig();
const access = (more: Record<string, string | number | boolean | Secret> = {}): IpmiAccess =>
  readIpmiAccess({ ipmi_address: "192.0.2.7", ...more }, config);

describe("the ipmi options of driver_info", () => {
  it("need an address, in Ironic's words", () => {
    for (const driverInfo of [{}, { ipmi_address: "" }, { ipmi_address: null }])
      assert.throws(
        () => readIpmiAccess(driverInfo, config),
        (error: Error) =>
          error instanceof MissingParameterValue &&
          error.message ===
            "Missing the following IPMI credentials in node's driver_info: ['ipmi_address'].",
      );
  });

  it("have Ironic's defaults", () => {
    assert.deepEqual(access(), {
      address: "192.0.2.7",
      port: 623,
      username: null,
      password: null,
      kgKey: null,
      privLevel: "ADMINISTRATOR",
      protocol: "lanplus",
      bridging: [],
      cipherSuites: [17, 3],
    });
  });

  for (const address of [
    "-x",
    "--help",
    "host -U root",
    "$(id)",
    "a;b",
    "host:623",
    "a/b",
    "999.1.1.1",
  ])
    it(`refuse the address ${JSON.stringify(address)}`, () => {
      assert.throws(() => access({ ipmi_address: address }), InvalidParameterValue);
    });

  for (const [given, wanted] of [
    ["bmc7.example.org", "bmc7.example.org"],
    ["2001:db8::7", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
  ] as const)
    it(`take the address ${given}`, () => {
      assert.equal(access({ ipmi_address: given }).address, wanted);
    });

  it("take numbers as text, as the stock client sends them", () => {
    const { port, cipherSuites } = access({ ipmi_port: "6230", ipmi_cipher_suite: "3" });
    assert.deepEqual({ port, cipherSuites }, { port: 6230, cipherSuites: [3] });
  });

  for (const suite of [0, "0", -1, 256, "three"])
    it(`refuse cipher suite ${JSON.stringify(suite)}`, () => {
      assert.throws(() => access({ ipmi_cipher_suite: suite }), /ipmi_cipher_suite/);
    });

  it("refuse a cipher suite together with IPMI 1.5", () => {
    assert.throws(
      () => access({ ipmi_protocol_version: "1.5", ipmi_cipher_suite: 3 }),
      /ipmi_cipher_suite can be given with ipmi_protocol_version 2.0 only/,
    );
    const { protocol, cipherSuites } = access({ ipmi_protocol_version: 1.5 });
    assert.deepEqual({ protocol, cipherSuites }, { protocol: "lan", cipherSuites: [] });
  });

  it("refuse suite 0 in the configuration too", () => {
    const ipmi = { ...config.ipmi, cipher_suite_versions: ["17", "0"] };
    assert.throws(
      () => readIpmiAccess({ ipmi_address: "192.0.2.7" }, { ...config, ipmi }),
      /suite 0 has no password check/,
    );
  });

  it("take version 2.0 as the number that JSON makes of it", () => {
    assert.equal(access({ ipmi_protocol_version: 2 }).protocol, "lanplus");
  });

  for (const level of ["administrator", "ROOT", "ADMINISTRATOR "])
    it(`refuse the privilege level ${JSON.stringify(level)}`, () => {
      assert.throws(() => access({ ipmi_priv_level: level }), /ipmi_priv_level must be one of/);
    });

  it("want what a bridge needs", () => {
    assert.throws(
      () => access({ ipmi_bridging: "single", ipmi_target_channel: 0 }),
      (error: Error) =>
        error instanceof MissingParameterValue && error.message.includes("ipmi_target_address"),
    );
    assert.throws(
      () => access({ ipmi_bridging: "dual", ipmi_target_channel: 0, ipmi_target_address: "0x82" }),
      /ipmi_transit_channel, ipmi_transit_address/,
    );
    assert.throws(() => access({ ipmi_bridging: "triple" }), /ipmi_bridging must be one of/);
  });

  it("turn bridges into ipmitool's arguments", () => {
    const single = { ipmi_target_channel: "6", ipmi_target_address: "0x82" };
    const dual = { ipmi_transit_channel: 1, ipmi_transit_address: "0x72", ipmi_local_address: 32 };
    assert.equal(access({ ...single, ipmi_bridging: "single" }).bridging.join(" "), "-b 6 -t 0x82");
    assert.equal(
      access({ ...single, ...dual, ipmi_bridging: "dual" }).bridging.join(" "),
      "-m 32 -B 1 -T 0x72 -b 6 -t 0x82",
    );
    assert.deepEqual(access({ ...single, ...dual }).bridging, []);
  });

  for (const byte of ["-1", "256", "0x1FF", "1; id", "0x"])
    it(`refuse the bridge address ${JSON.stringify(byte)}`, () => {
      assert.throws(
        () =>
          access({ ipmi_bridging: "single", ipmi_target_channel: 0, ipmi_target_address: byte }),
        /ipmi_target_address/,
      );
    });

  for (const key of ["1", "123", "xyz0", "0x12", "12".repeat(21)])
    it(`refuse the Kg key ${key} without repeating it`, () => {
      assert.throws(
        () => access({ ipmi_hex_kg_key: key }),
        (error: Error) => /ipmi_hex_kg_key/.test(error.message) && !error.message.includes(key),
      );
    });

  it("keep password and Kg key as secrets", () => {
    const { password, kgKey } = access({
      ipmi_password: new Secret("hunter2"),
      ipmi_hex_kg_key: "00ff",
    });
    assert.ok(password instanceof Secret && kgKey instanceof Secret);
  });

  it("refuse a password of two lines or of more than 20 characters", () => {
    for (const password of ["a\nb", "x".repeat(21)])
      assert.throws(() => access({ ipmi_password: new Secret(password) }), /ipmi_password/);
  });

  it("take Ironic's spellings of booleans", () => {
    const parse = ipmiOptionsParser();
    const options = parse({
      ipmi_address: "192.0.2.7",
      ipmi_disable_boot_timeout: "no",
      ipmi_force_boot_device: "Yes",
    });
    assert.equal(options.ipmi_disable_boot_timeout, false);
    assert.equal(options.ipmi_force_boot_device, true);
  });
});
