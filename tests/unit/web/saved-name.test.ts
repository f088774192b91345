import assert from "node:assert/strict";
import { savedName } from "../../../web/saved-name.ts";

const TIME = new Date("2026-03-01T09:05:07.999Z");

describe("a screenshot's file name", () => {
  it("is the node's name and the time in UTC", () => {
    assert.equal(
      savedName("rack-7.example", TIME, "png"),
      "rack-7.example_2026-03-01T09-05-07Z.png",
    );
  });

  it("leads nowhere, whatever the node is called", () => {
    assert.equal(
      savedName("../../etc/pass wd", TIME, "png"),
      "etc-pass-wd_2026-03-01T09-05-07Z.png",
    );
    assert.equal(savedName("...", TIME, "png"), "console_2026-03-01T09-05-07Z.png");
  });
});
