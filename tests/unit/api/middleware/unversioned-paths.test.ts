/** Paths without a version, and slashes that a stranger sends by the thousand. */
import assert from "node:assert/strict";
import { unversionedPaths } from "../../../../api/middleware/unversioned-paths.ts";
import type { ApiContext } from "../../../../api/state.ts";

async function routed(path: string): Promise<string> {
  const ctx = { path } as unknown as Parameters<ReturnType<typeof unversionedPaths>>[0];
  await unversionedPaths()(ctx, () => Promise.resolve());
  return (ctx as ApiContext).path;
}

describe("unversionedPaths", () => {
  for (const [path, leadsTo] of [
    ["/nodes/bm-1", "/v1/nodes/bm-1"],
    ["/nodes///", "/v1/nodes"],
    ["/v1/nodes/", "/v1/nodes"],
    ["/", "/"],
    ["///", "/"],
    ["/nodesnot", "/nodesnot"],
    ["//nodes", "//nodes"],
  ] as const)
    it(`leads ${path} to ${leadsTo}`, async () => {
      assert.equal(await routed(path), leadsTo);
    });

  /* 60,000 slashes take 4 s when each is the start of a try; requests hold 16,000. */
  it("takes no time for a run of slashes that does not end the path", async () => {
    const begin = performance.now();
    await routed(`${"/".repeat(60_000)}a/`);
    assert.ok(performance.now() - begin < 500, `${performance.now() - begin} ms`);
  });
});
