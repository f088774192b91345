/** Finds this package's folder, the same from sources, `dist` and an installed copy. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** @returns absolute path of the folder that holds our package.json */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("package.json not found above this file");
    folder = parent;
  }
  return folder;
}
