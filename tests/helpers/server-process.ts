/**
 * Child processes of tests: started with argument arrays, waited for by what they do, and ended, also
 * when the test process itself ends early.
 */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

const TAIL_CHARACTERS = 8000;
const running = new Set<ServerProcess>();
process.on("exit", () => {
  for (const one of running) one.child.kill("SIGKILL");
});

/** One child with the end of what it printed. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly name: string;
  #tail = "";

  /** @param extraPipes descriptors beyond standard error, as pipes from the child: 1 makes descriptor 3 */
  constructor(
    command: string,
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; cwd?: string; extraPipes?: number } = {},
  ) {
    this.name = command;
    const extra = Array.from({ length: options.extraPipes ?? 0 }, () => "pipe" as const);
    const stdio: StdioOptions = ["ignore", "pipe", "pipe", ...extra];
    this.child = spawn(command, args, {
      stdio,
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    running.add(this);
    const keep = (chunk: Buffer): void => {
      this.#tail = (this.#tail + chunk.toString("utf8")).slice(-TAIL_CHARACTERS);
    };
    this.child.stdout?.on("data", keep);
    this.child.stderr?.on("data", keep);
    this.child.on("error", (error) => keep(Buffer.from(error.message)));
    this.child.once("exit", () => running.delete(this));
  }

  /** The last characters it printed. */
  get output(): string {
    return this.#tail;
  }

  get ended(): boolean {
    return (
      this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null
    );
  }

  /** Resolves when `test` is true; rejects at the deadline or when the child ends. */
  async waitFor(what: string, test: () => boolean, seconds = 15): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (!test()) {
      if (this.ended) throw new Error(`${this.name} ended before ${what}: ${this.#tail}`);
      if (Date.now() > end)
        throw new Error(`${this.name}: no ${what} in ${seconds} s: ${this.#tail}`);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  /** Ends it: TERM, then KILL after two seconds. */
  async stop(): Promise<void> {
    if (this.ended) return;
    const gone = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const killer = setTimeout(() => this.child.kill("SIGKILL"), 2000);
    await gone;
    clearTimeout(killer);
  }
}

/** A TCP port of 127.0.0.1 that was free a moment ago, not below `from`. */
export async function freePort(from = 10_000): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    if (typeof address === "object" && address && address.port >= from) return address.port;
  }
}

/** True when something listens on the port; looks into the kernel's table, so nobody is connected to. */
export function isListening(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return ["/proc/net/tcp", "/proc/net/tcp6"].some((table) =>
    readTable(table).some((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return local?.endsWith(wanted) === true && state === "0A";
    }),
  );
}

function readTable(path: string): string[] {
  try {
    return readFileSync(path, "latin1").split("\n").slice(1);
  } catch {
    return [];
  }
}

/** The programs of `names` that this machine lacks. */
export function missingPrograms(names: readonly string[]): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return names.filter((name) => !folders.some((folder) => isExecutable(join(folder, name))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
