/**
 * OpenStack's own command line clients as child processes: `baremetal` (Debian package
 * python3-ironicclient) and `openstack` with the same commands (python3-openstackclient). Each client
 * has a cache folder of its own, because the real one remembers a server's version by host and port.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingPrograms } from "./server-process.ts";

const COMMAND_SECONDS = 60;
/** The interpreter that Debian's openstack packages belong to, whatever `python3` is. */
const DEBIAN_PYTHON = "/usr/bin/python3";
const INSTALL_HINT = "apt-get install python3-openstackclient python3-ironicclient apache2-utils";

export interface CommandResult {
  /** Exit status. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One row or object as the client prints it with `-f json`. */
export type Row = Record<string, unknown>;

export interface StockClientOptions {
  /** Base URL of the service. */
  readonly endpoint: string;
  /** For http_basic; without it the auth type is none. */
  readonly login?: { readonly username: string; readonly password: string };
}

/** For a `before` hook: leaves the suite pending where the clients are missing, except on CI. */
export function stockClientsOrSkip(context: Mocha.Context): void {
  programsOrSkip(context, ["baremetal", "openstack", "htpasswd"], INSTALL_HINT);
}

/** The same for any programs. @param hint how to install them */
export function programsOrSkip(
  context: Mocha.Context,
  programs: readonly string[],
  hint: string,
): void {
  const missing = missingPrograms(programs);
  if (missing.length === 0) return;
  if (process.env["CI"] === "true")
    throw new Error(`${missing.join(", ")} is missing, and CI must run these tests: ${hint}`);
  if (context.test) context.test.title += ` (${hint})`;
  context.skip();
}

export class StockClient {
  readonly #options: StockClientOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), "stock-client-"));

  constructor(options: StockClientOptions) {
    this.#options = options;
  }

  /** @param command what follows `baremetal`, words separated by single blanks */
  baremetal(command: string): Promise<CommandResult> {
    return this.#run("baremetal", command);
  }

  /** @param command what follows `openstack baremetal` */
  openstack(command: string): Promise<CommandResult> {
    return this.#run("openstack", `baremetal ${command}`);
  }

  /** `baremetal COMMAND -f json`, parsed: an object. @throws {Error} with what it printed when it fails */
  async show(command: string): Promise<Row> {
    return parsed(await this.baremetal(`${command} -f json`)) as Row;
  }

  /** The same of a command that prints a list. */
  async list(command: string): Promise<Row[]> {
    return parsed(await this.baremetal(`${command} -f json`)) as Row[];
  }

  async openstackShow(command: string): Promise<Row> {
    return parsed(await this.openstack(`${command} -f json`)) as Row;
  }

  async openstackList(command: string): Promise<Row[]> {
    return parsed(await this.openstack(`${command} -f json`)) as Row[];
  }

  /**
   * Runs a Python script with openstacksdk; `bm` in it is the connection's baremetal proxy. It prints
   * one JSON document.
   */
  async sdk(script: string): Promise<unknown> {
    const endpoint = JSON.stringify(this.#options.endpoint);
    const program = [
      "import json, openstack",
      "openstack.enable_logging(False)",
      `bm = openstack.connection.Connection(auth_type="none", auth={"endpoint": ${endpoint}}, baremetal_endpoint_override=${endpoint}).baremetal`,
      script,
    ].join("\n");
    return parsed(await this.#spawn(DEBIAN_PYTHON, ["-c", program], "python"));
  }

  /** Deletes its folder. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(program: "baremetal" | "openstack", command: string): Promise<CommandResult> {
    return this.#spawn(program, [...this.#authentication(), ...command.split(" ")], command);
  }

  #spawn(program: string, args: readonly string[], what: string): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const options = { env: this.#environment(), timeout: COMMAND_SECONDS * 1000 };
      execFile(program, args, options, (error, stdout, stderr) => {
        const status = error ? error.code : 0;
        if (typeof status === "number") resolve({ status, stdout, stderr });
        else reject(new Error(`${what} did not end: ${stderr}`));
      });
    });
  }

  #authentication(): string[] {
    const { endpoint, login } = this.#options;
    if (!login) return ["--os-auth-type", "none", "--os-endpoint", endpoint];
    return [
      "--os-auth-type",
      "http_basic",
      "--os-username",
      login.username,
      "--os-password",
      login.password,
      "--os-endpoint",
      endpoint,
    ];
  }

  /** Nothing of the caller's cloud settings (OS_*). */
  #environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("OS_"));
    return {
      ...Object.fromEntries(own),
      HOME: this.#folder,
      XDG_CACHE_HOME: join(this.#folder, "cache"),
      XDG_CONFIG_HOME: join(this.#folder, "config"),
    };
  }
}

function parsed(result: CommandResult): unknown {
  if (result.status !== 0)
    throw new Error(`exit status ${result.status}: ${result.stderr}${result.stdout}`);
  return JSON.parse(result.stdout);
}
