/** The pages as tools/build-web.mjs makes them of web/, without bundling their scripts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../../common/package-root.ts";

type Texts = ReadonlyMap<string, string>;

/** The builder is plain JavaScript outside the compiled tree. */
export const { pagesOfSources, withParts } = (await import(
  pathToFileURL(join(packageRoot(), "tools", "build-web.mjs")).href
)) as { pagesOfSources: () => Texts; withParts: (pages: Texts, parts: Texts) => Texts };

/** @param name as it is built: index.html is the screen's, serial.html the serial line's */
export function builtPage(name: "index.html" | "serial.html"): string {
  return pagesOfSources().get(name) ?? assert.fail(name);
}
