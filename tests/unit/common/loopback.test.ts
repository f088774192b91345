/** What counts as this machine only. */
import assert from "node:assert/strict";
import { isLoopback } from "../../../common/loopback.ts";

describe("isLoopback", () => {
  for (const host of [
    "localhost",
    "LOCALHOST",
    "127.0.0.1",
    "127.255.1.2",
    "::1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
  ])
    it(`is true for ${host}`, () => assert.equal(isLoopback(host), true));
  for (const host of [
    "",
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "10.0.0.1",
    "localhost.example",
    "127.0.0.1.example",
    "127.1",
    "2130706433",
  ])
    it(`is false for "${host}"`, () => assert.equal(isLoopback(host), false));
});
