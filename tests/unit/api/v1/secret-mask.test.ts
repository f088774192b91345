/** Masks of secrets, out and back in. */
import assert from "node:assert/strict";
import {
  keepMasked,
  maskSealed,
  maskSecrets,
  refuseSealed,
} from "../../../../api/v1/secret-mask.ts";
import { InvalidParameterValue } from "../../../../common/errors.ts";
import type { JsonObject } from "../../../../common/node.ts";

const ENVELOPE = { $sealed: "bmc1.k1.bm9uY2U.Y2lwaGVydGV4dA" };

describe("maskSecrets", () => {
  it("hides sealed values and values under sensitive keys at any depth", () => {
    const stored: JsonObject = {
      address: "192.0.2.7",
      kg: { ...ENVELOPE },
      Admin_Password: "clear",
      snmp_auth_key: "clear",
      nested: [{ auth_token: "clear", port: 1 }, { ...ENVELOPE }],
      secret_list: ["clear", "clear"],
      deep: { private_key_file: { path: "clear" } },
    };
    const masked = maskSecrets(stored);
    assert.deepEqual(masked, {
      address: "192.0.2.7",
      kg: "******",
      Admin_Password: "******",
      snmp_auth_key: "******",
      nested: [{ auth_token: "******", port: 1 }, "******"],
      secret_list: "******",
      deep: { private_key_file: "******" },
    });
  });
});

describe("keepMasked", () => {
  it("puts back what is stored in the clear and leaves asterisks for what is sealed", () => {
    const stored: JsonObject = {
      vnc_password: { ...ENVELOPE },
      novnc_token: "in the clear",
      private_keys: [{ ...ENVELOPE }, "plain"],
    };
    const sent = { vnc_password: "******", novnc_token: "******", private_keys: "******", x: 1 };
    assert.deepEqual(keepMasked(sent, stored, "driver_info"), {
      vnc_password: "******",
      novnc_token: "in the clear",
      private_keys: ["******", "plain"],
      x: 1,
    });
  });

  it("takes back what maskSecrets showed, so that reading and writing changes nothing", () => {
    const stored: JsonObject = { a_password: "p", b: { c_token: ["t"] }, d: { ...ENVELOPE } };
    assert.deepEqual(keepMasked(maskSecrets(stored), stored, "driver_info"), maskSealed(stored));
  });

  it("refuses asterisks for what is not stored and names the place", () => {
    assert.throws(
      () => keepMasked({ a: { b_password: "******" } }, { a: "text" }, "driver_info"),
      (error: Error) => {
        assert.ok(error instanceof InvalidParameterValue);
        assert.match(error.message, /driver_info\/a\/b_password/);
        return true;
      },
    );
  });

  it("does not take an inherited member for a stored value", () => {
    assert.throws(
      () => keepMasked({ constructor: "******" }, {}, "driver_info"),
      InvalidParameterValue,
    );
  });
});

describe("refuseSealed", () => {
  it("refuses an envelope at any depth", () => {
    for (const value of [{ ...ENVELOPE }, { a: { ...ENVELOPE } }, [{ b: [{ ...ENVELOPE }] }]])
      assert.throws(() => refuseSealed(value, "driver_info"), /\$sealed/);
  });

  it("passes what has none", () => {
    refuseSealed({ a: ["$sealed", { b: "$sealed" }] }, "driver_info");
  });
});
