import assert from "node:assert/strict";
import { InvalidParameterValue } from "../../../common/errors.ts";
import { checkCloseUrl } from "../../../conductor/close-url.ts";

const ALLOWED = ["https://panel.example/hooks/", "http://127.0.0.1:8080"];

describe("close_url", () => {
  for (const url of ["https://panel.example/hooks/close?id=7", "http://127.0.0.1:8080/any/thing"])
    it(`may be ${url}`, () => assert.equal(checkCloseUrl(url, ALLOWED), url));

  for (const url of [
    "https://panel.example/other",
    "https://panel.example/hooks/../admin",
    "https://panel.example.evil/hooks/close",
    "https://panel.example:444/hooks/close",
    "http://panel.example/hooks/close",
    "https://user@panel.example/hooks/close",
    "http://127.0.0.1:80801/",
    "file:///etc/passwd",
    "close",
    `https://panel.example/hooks/${"x".repeat(2048)}`,
  ])
    it(`may not be ${url.slice(0, 60)}`, () => {
      assert.throws(() => checkCloseUrl(url, ALLOWED), InvalidParameterValue);
    });

  it("may be nothing at all when nothing is allowed", () => {
    assert.throws(() => checkCloseUrl("https://panel.example/", []), /allowed_urls/);
  });
});
