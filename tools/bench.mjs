// `npm run bench`: builds, then runs the benchmark. Needs gcc, websockify and haproxy (Debian packages
// gcc libc6-dev websockify haproxy).
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "./build.mjs";

await build();
const root = join(fileURLToPath(import.meta.url), "..", "..");
await import(pathToFileURL(join(root, "dist", "tests", "bench", "run.js")).href);
