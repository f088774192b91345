import assert from "node:assert/strict";
import { askWhyRefused } from "../../../web/refusal.ts";

const URL = "https://console.example/websockify?node=n&token=t";

describe("the question why a WebSocket was refused", () => {
  it("goes to the same address with a plain GET that takes no redirect and leaves no trace", async () => {
    let asked: [string, RequestInit] | undefined;
    await askWhyRefused(URL, async (url, options) => {
      asked = [url, options];
      return new Response("{}", { status: 403 });
    });
    assert.ok(asked);
    const [url, { method, redirect, cache, referrerPolicy }] = asked;
    assert.deepEqual(
      { url, method, redirect, cache, referrerPolicy },
      {
        url: URL,
        method: undefined,
        redirect: "error",
        cache: "no-store",
        referrerPolicy: "no-referrer",
      },
    );
  });

  it("is answered by status and code", async () => {
    const answer = Response.json({ code: "INVALID_TOKEN", message: "no" }, { status: 403 });
    assert.deepEqual(await askWhyRefused(URL, async () => answer), {
      kind: "refused",
      status: 403,
      code: "INVALID_TOKEN",
    });
  });

  for (const body of ["<html>", "null", '{"code":7}', ""]) {
    it(`is answered by the status alone when the body is ${JSON.stringify(body)}`, async () => {
      const answer = new Response(body, { status: 502 });
      assert.deepEqual(await askWhyRefused(URL, async () => answer), {
        kind: "refused",
        status: 502,
        code: "",
      });
    });
  }

  it("finds something in between when the service would have accepted", async () => {
    const answer = Response.json({ code: "UPGRADE_REQUIRED" }, { status: 426 });
    assert.deepEqual(await askWhyRefused(URL, async () => answer), { kind: "blocked" });
  });

  it("finds the service unreachable when there is no answer", async () => {
    const ending = await askWhyRefused(URL, async () => {
      throw new TypeError("fetch failed");
    });
    assert.deepEqual(ending, { kind: "unreachable" });
  });
});
