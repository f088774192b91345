import assert from "node:assert/strict";
import { InvalidParameterValue, MissingParameterValue } from "../../../common/errors.ts";
import { Secret } from "../../../common/secret.ts";
import type { DriverInfo, DriverInfoSchema } from "../../../drivers/base.ts";
import { describeOptions, parseDriverInfo } from "../../../drivers/driver-info.ts";

const schema: DriverInfoSchema = {
  type: "object",
  required: ["bmc_address", "bmc_password"],
  properties: {
    bmc_address: { type: "string", format: "host-address", description: "Where the BMC is." },
    bmc_port: { type: "integer", minimum: 1, maximum: 65535, default: 5900, description: "Port." },
    bmc_password: { type: "string", secret: true, maxLength: 8, description: "Its password." },
    bmc_verify: {
      type: ["boolean", "string"],
      format: "absolute-path",
      errorHint: "true, false or an absolute path",
      description: "Whom to trust.",
    },
    bmc_mode: { type: "string", enum: ["none", "wrap"], description: "TLS or not." },
    bmc_pin: { type: "string", format: "sha256-fingerprint", description: "The certificate." },
  },
};
const good = { bmc_address: "192.0.2.7", bmc_password: new Secret("s3cret!") };
const parse = (info: DriverInfo): Record<string, unknown> =>
  parseDriverInfo<Record<string, unknown>>(schema, info);

describe("parseDriverInfo", () => {
  it("returns typed options with defaults and without what it does not know", () => {
    assert.deepEqual(Object.keys(parse({ ...good, other_driver: 1 })).sort(), [
      "bmc_address",
      "bmc_password",
      "bmc_port",
    ]);
    assert.equal(parse(good)["bmc_port"], 5900);
  });

  it("keeps secrets as Secret objects", () => {
    const { bmc_password: password } = parse(good);
    assert.ok(password instanceof Secret);
    assert.equal(password.reveal(), "s3cret!");
  });

  it("wraps a secret that comes as plain text or as a number", () => {
    for (const given of ["12345", 12345]) {
      const { bmc_password: password } = parse({ ...good, bmc_password: given });
      assert.ok(password instanceof Secret);
      assert.equal(password.reveal(), "12345");
    }
  });

  for (const [given, expected] of [
    ["5901", 5901],
    [" 5901 ", 5901],
    [5901, 5901],
  ] as const)
    it(`takes port ${JSON.stringify(given)} as the stock client may send it`, () => {
      assert.equal(parse({ ...good, bmc_port: given })["bmc_port"], expected);
    });

  for (const [given, expected] of [
    ["True", true],
    ["false", false],
    [false, false],
    ["/etc/ca.pem", "/etc/ca.pem"],
  ] as const)
    it(`takes ${JSON.stringify(given)} for an option that is true, false or a path`, () => {
      assert.equal(parse({ ...good, bmc_verify: given })["bmc_verify"], expected);
    });

  it("names every missing option at once", () => {
    assert.throws(
      () => parse({ bmc_port: 1 }),
      (error) =>
        error instanceof MissingParameterValue &&
        error.message ===
          "Missing the following properties in node's driver_info: bmc_address, bmc_password",
    );
  });

  for (const [what, info, mention] of [
    ["a port out of range", { bmc_port: 70000 }, /bmc_port must be <= 65535/],
    ["a port that is no number", { bmc_port: "ssh" }, /bmc_port must be integer/],
    ["a port that is half a number", { bmc_port: "59e2" }, /bmc_port must be integer/],
    ["a port that is a truth", { bmc_port: true }, /bmc_port must be integer/],
    ["an unknown word", { bmc_mode: "starttls" }, /bmc_mode must be one of none, wrap/],
    ["an address with a port", { bmc_address: "192.0.2.7:5900" }, /bmc_address must be an IP/],
    ["an address that is a URL", { bmc_address: "https://bmc" }, /bmc_address must be an IP/],
    ["an impossible IPv4 address", { bmc_address: "300.1.1.1" }, /bmc_address must be an IP/],
    ["a relative path", { bmc_verify: "ca.pem" }, /bmc_verify must be true, false or an absolute/],
    ["a short fingerprint", { bmc_pin: "ab:cd" }, /bmc_pin must be a SHA-256 fingerprint/],
    ["an object", { bmc_address: { a: 1 } }, /bmc_address must be string/],
  ] as const)
    it(`refuses ${what} with a sentence that names the option`, () => {
      assert.throws(
        () => parse({ ...good, ...info }),
        (error) =>
          error instanceof InvalidParameterValue &&
          !(error instanceof MissingParameterValue) &&
          mention.test(error.message),
      );
    });

  it("never puts a secret's value into its sentence", () => {
    assert.throws(
      () => parse({ ...good, bmc_password: new Secret("much-too-long-secret") }),
      (error) =>
        error instanceof InvalidParameterValue &&
        error.message.includes("bmc_password") &&
        !error.message.includes("much-too-long"),
    );
  });

  for (const address of ["bmc1.example.com", "10.0.0.1", "fe80::1", "[fe80::1]", "rack_1-bmc"])
    it(`accepts the address ${address}`, () => {
      assert.equal(parse({ ...good, bmc_address: address })["bmc_address"], address);
    });

  it("is not led astray by options named like Object's own members", () => {
    const info = JSON.parse('{"__proto__": {"bmc_address": "x"}, "constructor": 1}') as DriverInfo;
    assert.throws(() => parse(info), MissingParameterValue);
  });
});

describe("describeOptions", () => {
  it("tells of every option whether it is required", () => {
    const described = describeOptions(schema);
    assert.equal(described["bmc_address"], "Where the BMC is. Required.");
    assert.equal(described["bmc_port"], "Port. Optional.");
  });
});
