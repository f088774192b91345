/**
 * A real PostgreSQL server for the tests: one a mocha process, started by the first test that asks,
 * reachable through a unix socket in its own temporary folder, gone with everything it wrote after
 * the last test.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const START_TIMEOUT_MILLISECONDS = 30_000;
const DEBIAN_VERSIONS = "/usr/lib/postgresql";
export const INSTALL_HINT = "PostgreSQL is not installed (apt-get install postgresql)";

export interface PostgresServer {
  /** Connection string of its only database. */
  readonly url: string;
  stop(): Promise<void>;
}

/** @returns the folder of initdb and postgres, of the newest version installed; undefined when none is */
export function postgresPrograms(): string | undefined {
  if (!existsSync(DEBIAN_VERSIONS)) return undefined;
  const folders = readdirSync(DEBIAN_VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_VERSIONS, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/**
 * For a `before` hook: leaves the suite pending where there is no PostgreSQL, except on CI.
 * @returns the connection string of the server of this mocha process
 */
export async function postgresOrSkip(context: Mocha.Context): Promise<string> {
  if (!postgresPrograms()) {
    if (process.env["CI"] === "true")
      throw new Error(`${INSTALL_HINT}, and CI must run these tests`);
    if (context.test) context.test.title += ` (${INSTALL_HINT})`;
    return context.skip();
  }
  context.timeout(START_TIMEOUT_MILLISECONDS + 10_000);
  return (await sharedServer.start()).url;
}

class SharedServer {
  #server: Promise<PostgresServer> | undefined;

  start(): Promise<PostgresServer> {
    this.#server ??= startPostgres();
    return this.#server;
  }

  async stop(): Promise<void> {
    const server = await this.#server?.catch(() => undefined);
    this.#server = undefined;
    await server?.stop();
  }
}

const sharedServer = new SharedServer();
after("stop PostgreSQL", () => sharedServer.stop());

/** @throws {Error} with the server's own words when it does not start */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = postgresPrograms();
  if (!programs) throw new Error(INSTALL_HINT);
  const owner = await ownerAccount();
  const folder = mkdtempSync(join(tmpdir(), "bmc-postgres-"));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  try {
    const data = join(folder, "data");
    await promisify(execFile)(
      join(programs, "initdb"),
      ["-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
      { cwd: folder, ...owner },
    );
    const server = [join(programs, "postgres"), ...serverArguments(data, folder)];
    /* util-linux's setpriv has the server end with us, even when we are killed. */
    const child = spawn("setpriv", ["--pdeathsig", "INT", ...server], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      ...owner,
    });
    await untilReady(child);
    return {
      url: `postgresql://tester@/postgres?host=${encodeURIComponent(folder)}`,
      stop: () => stopServer(child, folder),
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What tests never need is off: the network, and surviving a power cut. */
function serverArguments(data: string, socketFolder: string): string[] {
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${socketFolder}`,
    "fsync=off",
    "max_connections=60",
    "shared_buffers=16MB",
    "autovacuum=off",
    "log_min_messages=warning",
  ];
  return ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
}

async function untilReady(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MILLISECONDS);
  try {
    if (!child.stderr) throw new Error("postgres has no stderr");
    for await (const line of createInterface(child.stderr)) {
      said.push(line);
      if (line.includes("ready to accept connections")) {
        child.stderr.resume();
        return;
      }
    }
    throw new Error(`postgres did not start:\n${said.join("\n")}`);
  } finally {
    clearTimeout(timer);
  }
}

/** SIGINT is PostgreSQL's fast shutdown: clients are cut off. */
async function stopServer(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill("SIGINT");
    await exited;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** PostgreSQL refuses to run as root, so root runs it as the user its package made. */
async function ownerAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { stdout } = await promisify(execFile)("getent", ["passwd", "postgres"]);
  const [, , uid, gid] = stdout.split(":").map(Number);
  if (!uid || !gid) throw new Error("there is no user postgres to run the server as");
  return { uid, gid };
}
