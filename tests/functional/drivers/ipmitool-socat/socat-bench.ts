/** The driver `ipmitool-socat` with a BMC, a folder of its own, and clients that look at the line. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { connect as connectNet, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { loadConfig } from "../../../../common/config/load.ts";
import type { Config, ConsoleEndpoint, DriverInfo } from "../../../../drivers/base.ts";
import { Secret } from "../../../../drivers/base.ts";
import { IpmitoolSocatConsole } from "../../../../drivers/ipmitool-socat/console.ts";
import { readNote, type RunningNote } from "../../../../drivers/ipmitool-socat/note.ts";
import {
  fakeTask,
  FakeMemo,
  type FakeTask,
  type FakeTaskOptions,
} from "../../../../drivers/testing/fake-task.ts";
import {
  missingForIpmiBmc,
  startIpmiBmc,
  type IpmiBmc,
  type IpmiBmcOptions,
} from "../../../helpers/ipmi-bmc.ts";
import { until } from "../../../helpers/until.ts";

/** ipmitool's word that the line is there. */
export const READY = "SOL Session operational";

export class SocatBench {
  bmc!: IpmiBmc;
  folder = "";
  memo = new FakeMemo();
  readonly #bmcOptions: IpmiBmcOptions;
  readonly #lines = new Set<Line>();
  #endpoint: ConsoleEndpoint | null = null;
  #options: Record<string, string> = {};

  /** @param kgKey of the BMC, in hexadecimal digits */
  constructor(kgKey?: string) {
    this.#bmcOptions = { password: "s3cret,pw", ...(kgKey !== undefined && { kgKey }) };
  }

  /** Skips the suite where the programs are missing. Stops the console after each test. */
  declareHooks(options: Record<string, string> = {}): void {
    const begin = async (): Promise<void> => {
      this.bmc = await startIpmiBmc(this.#bmcOptions);
      await this.bmc.waitLine();
    };
    const afresh = (): void => {
      this.folder = mkdtempSync(join(tmpdir(), "socat-"));
      this.memo = new FakeMemo();
      this.#options = options;
    };
    before(async function startBmc() {
      this.timeout(40_000);
      if (missingForIpmiBmc().length > 0) this.skip();
      await begin();
    });
    beforeEach(afresh);
    afterEach(async function stopAll() {
      this.timeout(40_000);
      await end();
    });
    const end = async (): Promise<void> => {
      for (const line of this.#lines) line.leave();
      this.#lines.clear();
      await this.stop();
      rmSync(this.folder, { recursive: true, force: true });
    };
    after(async () => await this.bmc?.stop());
  }

  /** For the rest of this test. */
  set(options: Record<string, string>): void {
    this.#options = { ...this.#options, ...options };
  }

  get overrides(): Record<string, string> {
    return { "console.terminal_pid_dir": join(this.folder, "consoles"), ...this.#options };
  }

  get config(): Config {
    return loadConfig({ overrides: this.overrides });
  }

  driver(settledSeconds = 30): IpmitoolSocatConsole {
    return new IpmitoolSocatConsole({ settledSeconds });
  }

  driverInfo(more: Record<string, string | number> = {}): DriverInfo {
    const info = this.bmc.driverInfo(more);
    return { ...info, ipmi_password: new Secret(String(info["ipmi_password"])) };
  }

  task(more: Record<string, string | number> = {}, options: FakeTaskOptions = {}): FakeTask {
    return fakeTask({
      driverInfo: this.driverInfo(more),
      memo: this.memo,
      config: this.config,
      endpoint: this.#endpoint,
      ...options,
    });
  }

  async start(
    more: Record<string, string | number> = {},
    options: FakeTaskOptions = {},
  ): Promise<ConsoleEndpoint> {
    this.#endpoint = await this.driver().startConsole(this.task(more, options));
    return this.#endpoint;
  }

  async stop(): Promise<void> {
    await this.driver().stopConsole(this.task());
    this.#endpoint = null;
  }

  /** As after the conductor lost what it had in the database. */
  forget(): void {
    this.#endpoint = null;
  }

  note(): RunningNote {
    const name = this.files().find((file) => file.endsWith(".json")) ?? "";
    const note = readNote(join(this.config.console.terminal_pid_dir, name));
    if (note === "none" || note === "begun") throw new Error(`the note says ${note}`);
    return note;
  }

  /** Of consoles. */
  files(): string[] {
    const names = readdirSync(this.config.console.terminal_pid_dir);
    return names.filter((name) => name !== "ipmitool-home").toSorted();
  }

  async line(endpoint: ConsoleEndpoint, options: LineOptions = {}): Promise<Line> {
    const line = await Line.to(endpoint, options);
    this.#lines.add(line);
    return line;
  }

  /**
   * Types a text until the machine has it.
   * FACT(ipmi_sim 2.0.33): it goes on with the last session's packet numbers, so it takes a new session's
   * first packet for one it had already and swallows as many characters as that one had.
   */
  async type(line: Line, text: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      line.type(`${text}\r`);
      try {
        return await this.bmc.waitTyped(text, 2);
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  /** A line on which the machine answers. */
  async readyLine(endpoint: ConsoleEndpoint): Promise<Line> {
    const line = await this.line(endpoint);
    await line.says(READY);
    return line;
  }
}

export interface LineOptions {
  /** False: TLS without showing the client's certificate. */
  readonly certificate?: boolean;
}

/** One client of socat. */
export class Line {
  readonly socket: Socket;
  #text = "";
  #ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => (this.#text += chunk.toString("latin1")));
    socket.on("error", () => (this.#ended = true));
    socket.on("close", () => (this.#ended = true));
    socket.on("end", () => (this.#ended = true));
  }

  static async to(endpoint: ConsoleEndpoint, options: LineOptions): Promise<Line> {
    const socket = open(endpoint, options.certificate ?? true);
    const line = new Line(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once(endpoint.tls ? "secureConnect" : "connect", resolve).once("error", reject);
    });
    return line;
  }

  get text(): string {
    return this.#text;
  }

  get ended(): boolean {
    return this.#ended;
  }

  type(text: string): void {
    this.socket.write(text, "latin1");
  }

  async says(words: string, seconds = 15): Promise<void> {
    await until(
      () => this.#text.includes(words),
      () => `${JSON.stringify(words)} but ${JSON.stringify(this.#text.slice(-300))}`,
      seconds * 1000,
    );
  }

  /** @returns milliseconds until the end came */
  async ends(seconds = 10): Promise<number> {
    const begin = performance.now();
    await until(() => this.#ended, "end of the connection", seconds * 1000);
    return performance.now() - begin;
  }

  leave(): void {
    this.socket.destroy();
  }
}

function open({ transport, tls, credentials }: ConsoleEndpoint, certificate: boolean): Socket {
  if (transport.kind === "unix") return connectNet(transport.path);
  const { host, port } = transport;
  if (!tls) return connectNet(port, host);
  const shown = certificate && {
    cert: credentials?.clientCertificate,
    key: credentials?.clientKey?.reveal(),
  };
  return connectTls({ host, port, rejectUnauthorized: false, ...shown });
}

/** Living processes of a group with their command lines, by /proc alone. */
export function membersOf(group: number): { pid: number; program: string; command: string }[] {
  const found = [];
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, , its] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(its) !== group || state === "Z") continue;
      const command = readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ");
      const program = readFileSync(`/proc/${name}/comm`, "latin1").trim();
      found.push({ pid: Number(name), program, command });
    } catch {
      /* gone meanwhile */
    }
  }
  return found;
}

/** The number of a member that runs this program. */
export function memberNamed(group: number, program: string): number | undefined {
  return membersOf(group).find((one) => one.program === program)?.pid;
}
