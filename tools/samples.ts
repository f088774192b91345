/** `npm run samples`: writes every generated file of the repository again. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../common/package-root.ts";
import { GENERATED } from "./generated.ts";

for (const [path, generate] of Object.entries(GENERATED)) {
  writeFileSync(join(packageRoot(), path), generate());
  process.stdout.write(`${path}\n`);
}
