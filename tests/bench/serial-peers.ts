/** Programs of others that serve a serial line: websockify and conman, both as Debian has them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  freePort,
  isListening,
  missingPrograms,
  ServerProcess,
} from "../helpers/server-process.ts";
import type { Endings } from "./endings.ts";

/** Something that is attached to through a port of 127.0.0.1. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export function isConmanThere(): boolean {
  return missingPrograms(["conmand"]).length === 0;
}

/** @param path of the socket where the line is */
export async function startWebsockify(path: string, endings: Endings): Promise<Server> {
  const port = await freePort();
  const args = [`--unix-target=${path}`, `127.0.0.1:${port}`];
  return await listening(new ServerProcess("websockify", args), port, endings);
}

/**
 * @param folder for its configuration
 * @param consoles by name; conman.conf(5) says what a device is
 */
export async function startConman(
  folder: string,
  consoles: Readonly<Record<string, string>>,
  endings: Endings,
): Promise<Server> {
  const port = await freePort();
  const file = join(folder, `conman-${port}.conf`);
  const lines = Object.entries(consoles).map(
    ([name, dev]) => `console name="${name}" dev="${dev}"`,
  );
  writeFileSync(file, ["server loopback=on", `server port=${port}`, ...lines, ""].join("\n"));
  return await listening(new ServerProcess("conmand", ["-F", "-c", file]), port, endings);
}

async function listening(child: ServerProcess, port: number, endings: Endings): Promise<Server> {
  endings.add(child.name, () => child.stop());
  await child.waitFor("an open port", () => isListening(port));
  return { pid: child.child.pid ?? 0, port, stop: () => child.stop() };
}
