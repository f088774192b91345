// `npm run bench`: builds, then runs the benchmark; `npm run bench -- serial` that of serial consoles alone, `-- browser` that of consoles in a browser.
// Needs the Debian packages gcc libc6-dev websockify haproxy, for serial consoles also openipmi ipmitool
// socat and, to compare with, conman; for consoles in a browser what docs/browser-consoles.md names.
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "./build.mjs";

await build();
const root = join(fileURLToPath(import.meta.url), "..", "..");
await import(pathToFileURL(join(root, "dist", "tests", "bench", "run.js")).href);
