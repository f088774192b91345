/**
 * A libvncserver server for tests, compiled from tests/helpers/libvnc-server.c: a gradient with every
 * red and green value, optionally as RFB 3.3; see vnc-servers.ts.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../common/package-root.ts";
import { freePort, isListening, ServerProcess } from "./server-process.ts";
import type { StartContext, Started } from "./vnc-servers.ts";

/** Compiles and starts it. */
export async function startLibvncServer(context: StartContext): Promise<Started> {
  const program = join(context.folder, "libvnc-server");
  const source = join(packageRoot(), "tests", "helpers", "libvnc-server.c");
  const built = spawnSync("gcc", ["-O1", "-o", program, source, "-lvncserver"]);
  if (built.status !== 0) throw new Error(`gcc failed: ${built.stderr?.toString()}`);
  const passwordFile = join(context.folder, "password");
  writeFileSync(passwordFile, context.variant === "none" ? "" : context.password, { mode: 0o600 });
  const port = context.port ?? (await freePort());
  const minor = context.variant === "33" ? "3" : "8";
  const server = new ServerProcess(program, [context.host, `${port}`, passwordFile, minor]);
  context.releasers.push("libvnc-server", () => server.stop());
  await server.waitFor(`listener on port ${port}`, () => isListening(port));
  return { port, process: server };
}
