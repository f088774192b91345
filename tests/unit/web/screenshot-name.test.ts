import assert from "node:assert/strict";
import { screenshotName } from "../../../web/screenshot-name.ts";

const TIME = new Date("2026-03-01T09:05:07.999Z");

describe("a screenshot's file name", () => {
  it("is the node's name and the time in UTC", () => {
    assert.equal(screenshotName("rack-7.example", TIME), "rack-7.example_2026-03-01T09-05-07Z.png");
  });

  it("leads nowhere, whatever the node is called", () => {
    assert.equal(screenshotName("../../etc/pass wd", TIME), "etc-pass-wd_2026-03-01T09-05-07Z.png");
    assert.equal(screenshotName("...", TIME), "console_2026-03-01T09-05-07Z.png");
  });
});
