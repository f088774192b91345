/**
 * An SSH front door with a database, nodes, keys and a serial door of a test's own; OpenSSH's client
 * beside it. Ends everything it started.
 */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import type { ConsoleType } from "../../common/console-endpoint.ts";
import { silentLogger, type Logger } from "../../common/log.ts";
import type { Database } from "../../db/database.ts";
import { startSshServer, type SshServer } from "../../novncproxy/ssh/ssh-server.ts";
import { FakeSerialDoor } from "../fakes/serial-door.ts";
import { freshDatabase } from "./database.ts";
import { OpenSshClient } from "./openssh-client.ts";

export interface SshWorldOptions {
  /** By `group.name`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Options before alice's key in authorized_keys. */
  readonly keyOptions?: string;
  readonly ownApiUrl?: () => string | undefined;
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly database?: Database;
}

export interface SshRun {
  readonly args?: readonly string[];
  readonly command?: string;
  /** Standard input, which ends behind it; left open when undefined. */
  readonly input?: string | Buffer;
  /** Answers for prompts: the one whose name the prompt contains. */
  readonly answers?: Readonly<Record<string, string>>;
  /** Key file; alice's unless set, null for none. */
  readonly identity?: string | null;
}

export class SshWorld {
  readonly folder: string;
  readonly database: Database;
  readonly door: FakeSerialDoor;
  readonly #server: SshServer;
  readonly #clients: OpenSshClient[] = [];

  private constructor(folder: string, database: Database, door: FakeSerialDoor, server: SshServer) {
    this.folder = folder;
    this.database = database;
    this.door = door;
    this.#server = server;
  }

  static async start(options: SshWorldOptions = {}): Promise<SshWorld> {
    const folder = mkdtempSync(join(tmpdir(), "bmc-ssh-"));
    const database = options.database ?? (await freshDatabase());
    const publicKey = newKey(folder, "alice");
    newKey(folder, "stranger");
    const authorized = join(folder, "authorized_keys");
    const before = options.keyOptions === undefined ? "" : `${options.keyOptions} `;
    writeFileSync(authorized, `${before}${publicKey}`, { mode: 0o600 });
    const config = loadConfig({
      overrides: {
        "DEFAULT.state_path": folder,
        "ssh.port": "0",
        "ssh.authorized_keys_file": authorized,
        ...options.config,
      },
    });
    const door = new FakeSerialDoor(database);
    const server = await startSshServer({
      config,
      log: options.log ?? silentLogger(),
      database,
      door,
      failureMilliseconds: 50,
      ...(options.clock && { clock: options.clock }),
      ...(options.ownApiUrl && { ownApiUrl: options.ownApiUrl }),
    });
    const host = `[127.0.0.1]:${server.port}`;
    const line = execFileSync("ssh-keygen", ["-y", "-f", join(folder, "ssh_host_ed25519_key")]);
    writeFileSync(join(folder, "known_hosts"), `${host} ${line.toString()}`);
    return new SshWorld(folder, database, door, server);
  }

  get port(): number {
    return this.#server.port;
  }

  get server(): SshServer {
    return this.#server;
  }

  /** @returns the node's UUID */
  async addNode(
    name: string,
    options: { readonly consoleType?: ConsoleType; readonly off?: boolean } = {},
  ): Promise<string> {
    const uuid = randomUUID();
    await this.database.nodes.create({
      uuid,
      driver: "fake-hardware",
      name,
      consoleEnabled: options.off !== true,
      consoleEndpoint:
        options.off === true
          ? null
          : {
              consoleType: options.consoleType ?? "serial",
              transport: { kind: "tcp", host: "127.0.0.1", port: 9 },
              allowedSecurityTypes: ["None"],
            },
    });
    return uuid;
  }

  /** Starts OpenSSH's client. @param user what stands before the @ */
  ssh(user: string, run: SshRun = {}): OpenSshClient {
    const identity =
      run.identity === undefined ? join(this.folder, "alice") : (run.identity ?? undefined);
    const args = [
      "-F",
      "none",
      "-p",
      String(this.port),
      "-l",
      user,
      /* of two values for one option the first one counts */
      ...(run.args ?? []),
      ...option(`UserKnownHostsFile=${join(this.folder, "known_hosts")}`),
      ...option("GlobalKnownHostsFile=none"),
      ...option("StrictHostKeyChecking=yes"),
      ...option("IdentitiesOnly=yes"),
      ...option("IdentityAgent=none"),
      ...option("LogLevel=ERROR"),
      ...(identity === undefined
        ? option("PubkeyAuthentication=no")
        : ["-i", identity, ...(run.answers ? [] : option("BatchMode=yes"))]),
      "127.0.0.1",
      ...(run.command === undefined ? [] : [run.command]),
    ];
    const client = new OpenSshClient(args, { ...process.env, ...this.#askpass(run.answers) });
    this.#clients.push(client);
    if (run.input !== undefined) {
      client.type(run.input);
      client.endInput();
    }
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.kill("SIGKILL");
    for (const client of this.#clients) await client.end();
    await this.#server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #askpass(answers: Readonly<Record<string, string>> | undefined): Record<string, string> {
    if (!answers) return {};
    const file = join(this.folder, `askpass-${this.#clients.length}`);
    const cases = Object.entries(answers).map(
      ([prompt, answer]) => `*${prompt}*) printf '%s\\n' '${answer}';;`,
    );
    writeFileSync(file, `#!/bin/sh\ncase "$1" in\n${cases.join("\n")}\n*) exit 1;;\nesac\n`, {
      mode: 0o700,
    });
    return { SSH_ASKPASS: file, SSH_ASKPASS_REQUIRE: "force", DISPLAY: "" };
  }
}

function option(text: string): string[] {
  return ["-o", text];
}

function newKey(folder: string, name: string): string {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return readFileSync(`${file}.pub`, "utf8");
}
