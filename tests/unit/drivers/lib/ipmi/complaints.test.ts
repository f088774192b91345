import assert from "node:assert/strict";
import { complaintOf } from "../../../../../drivers/lib/ipmi/complaints.ts";

const UNABLE = "Error: Unable to establish IPMI v2 / RMCP+ session\n";
const LOADING = "Loading IANA PEN Registry...\n";

/** Captured from ipmitool 1.8.19 -v before ipmi_sim, or Ironic's list of fragments. */
const CASES: readonly (readonly [string, string, string])[] = [
  [`${LOADING}> RAKP 2 HMAC is invalid\n${UNABLE}`, "fatal", "BMC_AUTHENTICATION_FAILED"],
  [
    `${LOADING}RAKP 2 message indicates an error : unauthorized name\n${UNABLE}`,
    "fatal",
    "BMC_AUTHENTICATION_FAILED",
  ],
  [
    `${LOADING}> RAKP 4 message has invalid integrity check value\n${UNABLE}`,
    "fatal",
    "BMC_AUTHENTICATION_FAILED",
  ],
  [
    "Set Chassis Power Control to Down/Off failed: Insufficient privilege level\n",
    "fatal",
    "BMC_AUTHENTICATION_FAILED",
  ],
  [
    `Error in open session response message : invalid authentication algorithm\n${UNABLE}`,
    "cipher",
    "BMC_FEATURE_MISSING",
  ],
  [
    `Error in open session response message : no matching cipher suite\n${UNABLE}`,
    "cipher",
    "BMC_FEATURE_MISSING",
  ],
  [
    `Error in open session response message : insufficient resources for session\n${UNABLE}`,
    "busy",
    "BMC_BUSY",
  ],
  ["Set Chassis Power Control to Up/On failed: Node busy\n", "busy", "BMC_BUSY"],
  [`${LOADING}Get Auth Capabilities error\n${UNABLE}`, "lost", "BMC_UNREACHABLE"],
  [`${LOADING}> Error: no response from RAKP 1 message\n${UNABLE}`, "lost", "BMC_UNREACHABLE"],
  [
    `> Error: no response from RAKP 1 message\nError: Received an Unexpected RAKP 2 message\n> RAKP 2 HMAC is invalid\n${UNABLE}`,
    "lost",
    "BMC_UNREACHABLE",
  ],
  [UNABLE, "lost", "BMC_UNREACHABLE"],
  ["Set Session Privilege Level to ADMINISTRATOR failed\n", "lost", "BMC_UNREACHABLE"],
  [
    `Address lookup for nosuch.invalid failed\nCould not open socket!\n${UNABLE}`,
    "fatal",
    "BMC_UNREACHABLE",
  ],
  [
    "Set Chassis Power Control to Diag failed: Invalid data field in request\n",
    "fatal",
    "BMC_FEATURE_MISSING",
  ],
  ["Something new\n", "fatal", "BMC_PROTOCOL_ERROR"],
];

describe("what ipmitool complains about", () => {
  for (const [stderr, kind, code] of CASES)
    it(`${JSON.stringify(stderr.trim().split("\n").at(-2) ?? stderr.trim())}: ${kind}, ${code}`, () => {
      const complaint = complaintOf(stderr, "192.0.2.7:623", []);
      assert.deepEqual([complaint.kind, complaint.error.code], [kind, code]);
      assert.ok(complaint.error.message.includes("192.0.2.7:623"));
    });

  it("is busy for the words that the configuration adds", () => {
    assert.equal(complaintOf("Come back tomorrow\n", "b", ["back tomorrow"]).kind, "busy");
  });

  it("comes out in one line that steers no terminal", () => {
    const { error } = complaintOf("evil \u001b]0;x\u0007 words\r\n", "b", []);
    assert.doesNotMatch(error.message, /[\p{Cc}]/u);
  });

  it("is read in linear time", () => {
    const started = performance.now();
    complaintOf(`${" ".repeat(500_000)}x${"Error ".repeat(100_000)}`, "b", []);
    assert.ok(performance.now() - started < 2000);
  });
});
