/**
 * `npm start`: sets up, builds, and runs the three services in this very process, with the demo
 * unless `-- --no-demo` is given. Other arguments go to `baremetal-console all`.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { ROOT, whenStarted } from "./progress.mjs";
import { setup } from "./setup.mjs";

const PARENT_CHECK_MS = 500;

async function start() {
  await setup();
  await build();
  stopWithNpm();
  process.setSourceMapsEnabled(true);
  const program = join(ROOT, "dist", "cli", "main.js");
  process.argv = [process.execPath, program, "all", "--demo", ...process.argv.slice(2)];
  await import(pathToFileURL(program).href);
}

/**
 * FACT(npm run-script): npm passes signals to the shell between us, which does not pass them on, so a
 * killed npm would leave us running.
 */
function stopWithNpm() {
  const parent = process.ppid;
  const look = () => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
  };
  setInterval(look, PARENT_CHECK_MS).unref();
}

await whenStarted(import.meta.url, start);
