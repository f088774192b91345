/**
 * A BMC for tests: OpenIPMI's ipmi_sim (RMCP+, SOL, sensors, SEL, users admin, operator and viewer) with a
 * machine on its serial line, either a small one inside the test process or a real QEMU guest.
 *
 * One takes about 4 MB and no processor time while nobody asks; 200 of them are 200 small processes, each
 * with its own ports, and start in parallel. Give each an own `address` of 127.0.0.0/8 where ports matter.
 *
 * The machine is in this process: run programs that talk to the BMC asynchronously, never with spawnSync.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chassis, type ChassisPower } from "./ipmi/chassis.ts";
import { QemuGuest } from "./ipmi/qemu-guest.ts";
import { SerialHost, type SerialMachine } from "./ipmi/serial-host.ts";
import {
  SIM_SENSORS,
  lanConf,
  sensorFile,
  simCommands,
  type SimSettings,
} from "./ipmi/sim-files.ts";
import { freePort, missingPrograms, ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const START_ATTEMPTS = 5;
const WAIT_SECONDS = 10;

export interface IpmiBmcOptions {
  /** Loopback address to listen on; 127.0.0.1. */
  readonly address?: string;
  /** Of all three users. */
  readonly password?: string;
  /** Hexadecimal digits of a Kg key. */
  readonly kgKey?: string;
  /** What stands on the serial line: `test` (the default) is in this process, `qemu` a real guest. */
  readonly guest?: "test" | "qemu";
  /** Name in the test machine's banner and prompt. */
  readonly name?: string;
  /** False: the test machine says nothing by itself. */
  readonly echo?: boolean;
  /** The machine's power at first; true. */
  readonly poweredOn?: boolean;
  /** False: the machine's system ignores the power button. */
  readonly obeysSoft?: boolean;
}

/** The packages' programs that are not there, for `this.skip()`. */
export function missingForIpmiBmc(guest: "test" | "qemu" = "test"): string[] {
  const qemu = guest === "qemu" ? ["qemu-system-x86_64", "gcc", "as", "ld"] : [];
  return missingPrograms(["ipmi_sim", "ipmitool", "socat", ...qemu]);
}

/** Starts one and waits until it answers. */
export async function startIpmiBmc(options: IpmiBmcOptions = {}): Promise<IpmiBmc> {
  return await IpmiBmc.start(options);
}

export class IpmiBmc {
  readonly host: string;
  readonly password: string;
  /** Power, boot device and what the BMC was told to do. */
  readonly chassis: Chassis;
  readonly machine: SerialMachine;
  readonly #settings: SimSettings;
  #sim: ServerProcess;

  private constructor(
    settings: SimSettings,
    chassis: Chassis,
    machine: SerialMachine,
    sim: ServerProcess,
  ) {
    this.host = settings.host;
    this.password = settings.password;
    this.#settings = settings;
    this.chassis = chassis;
    this.machine = machine;
    this.#sim = sim;
  }

  static async start(options: IpmiBmcOptions): Promise<IpmiBmc> {
    const host = options.address ?? "127.0.0.1";
    const folder = mkdtempSync(join(tmpdir(), "ipmi-bmc-"));
    mkdirSync(join(folder, "state"));
    const name = options.name ?? "host1";
    const machine =
      options.guest === "qemu"
        ? await QemuGuest.prepare(host, folder)
        : await SerialHost.start(host, name, options.echo ?? true);
    const chassis = await Chassis.start({
      folder,
      machine,
      poweredOn: options.poweredOn ?? true,
      obeysSoft: options.obeysSoft ?? true,
    });
    const rest = {
      host,
      folder,
      password: options.password ?? "secret",
      kgKey: options.kgKey,
      serialPort: machine.port,
      chassisProgram: chassis.program,
    };
    try {
      const { settings, sim } = await startSim(rest);
      return new IpmiBmc(settings, chassis, machine, sim);
    } catch (error) {
      await chassis.stop();
      await machine.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** UDP. */
  get port(): number {
    return this.#settings.lanPort;
  }

  /** The simulator's process, for tests that measure or stop it. */
  get pid(): number {
    return this.#sim.child.pid ?? 0;
  }

  get powerState(): ChassisPower {
    return this.chassis.power;
  }

  /** FACT(ipmi_sim 2.0.33): it has suites 0 to 3 and refuses 17. */
  driverInfo(
    more: Record<string, string | number | boolean> = {},
  ): Record<string, string | number | boolean> {
    return {
      ipmi_address: this.host,
      ipmi_port: this.port,
      ipmi_username: "admin",
      ipmi_password: this.password,
      ...(this.#settings.kgKey === undefined ? {} : { ipmi_hex_kg_key: this.#settings.kgKey }),
      ipmi_cipher_suite: 3,
      ...more,
    };
  }

  /** Everything that came over the serial line to the machine. */
  typed(): Buffer {
    return this.machine.typed();
  }

  /** Waits until `text` has been typed. */
  async waitTyped(text: string, seconds = WAIT_SECONDS): Promise<void> {
    const show = (): string => JSON.stringify(this.typed().subarray(-200).toString("latin1"));
    await until(
      () => this.typed().includes(text, 0, "latin1"),
      () => `${JSON.stringify(text)} typed, but ${show()},`,
      seconds * 1000,
    );
  }

  /** Waits until so many breaks have come. */
  async waitBreaks(count = 1, seconds = WAIT_SECONDS): Promise<void> {
    await until(() => this.machine.breaks() >= count, "break", seconds * 1000);
  }

  /** Waits until the BMC has the serial line, which it dials at its start and every ten seconds. */
  async waitLine(seconds = 15): Promise<void> {
    await until(() => this.machine.isConnected(), "BMC on its serial line", seconds * 1000);
  }

  /** The machine writes to its serial line. */
  say(bytes: string | Uint8Array): void {
    this.machine.say(bytes);
  }

  /** @param raw value of the sensor's byte: CPU Temp and Inlet Temp degrees, Fan 1 times 50, P12V times 0.06 */
  setSensor(name: string, raw: number): void {
    const found = SIM_SENSORS.find((sensor) => sensor.name === name);
    if (!found) throw new Error(`no sensor ${name}`);
    writeFileSync(sensorFile(this.#settings.folder, found.number), `${raw}\n`);
  }

  /**
   * Sends a line to the simulator's own console, ipmi_sim_cmd(5).
   * FACT(ipmi_sim 2.0.33): it ends when its console is left while it still writes there.
   */
  async command(line: string): Promise<void> {
    const socket = connect({ port: this.#settings.consolePort, host: this.host, noDelay: true });
    try {
      const prompts = new Prompts(socket);
      await prompts.next();
      socket.write(`${line}\r`);
      await prompts.next();
      socket.end();
      await once(socket, "close");
    } finally {
      socket.destroy();
    }
  }

  /**
   * Adds a system event record (IPMI 2.0 table 32-1) at the BMC's present time.
   * @param sensor type, number, event type with direction in bit 7, and the three data bytes
   */
  async addEvent(sensor: readonly [number, number, number, number, number, number]): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    const time = [0, 8, 16, 24].map((shift) => (now >> shift) & 255);
    const bytes = [...time, 0x20, 0x00, 0x04, ...sensor];
    await this.command(`sel_add 0x20 2 ${bytes.map((byte) => `0x${byte.toString(16)}`).join(" ")}`);
  }

  /** kill -9, and a fresh start: what a reset of the BMC looks like. */
  async restart(): Promise<void> {
    await this.kill();
    await this.startAgain();
  }

  /** Ends the simulator at once; {@link startAgain} brings it back. The machine stays as it is. */
  async kill(): Promise<void> {
    if (this.#sim.ended) return;
    const gone = once(this.#sim.child, "exit");
    this.#sim.child.kill("SIGKILL");
    await gone;
  }

  async startAgain(): Promise<void> {
    this.#sim = spawnSim(this.#settings);
    await untilAnswers(this.#settings, this.#sim);
  }

  /** The BMC hangs: it answers nothing until {@link thaw}. */
  freeze(): void {
    this.#sim.child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#sim.child.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.chassis.stop();
    await this.machine.stop();
    rmSync(this.#settings.folder, { recursive: true, force: true });
  }
}

/** The `> ` that the simulator's console writes when it waits for a line. */
class Prompts {
  readonly #socket: Socket;
  #text = "";

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
    });
  }

  async next(): Promise<void> {
    while (!this.#text.includes("> ")) await once(this.#socket, "data");
    this.#text = this.#text.slice(this.#text.indexOf("> ") + 2);
  }
}

async function startSim(
  rest: Omit<SimSettings, "lanPort" | "consolePort">,
): Promise<{ settings: SimSettings; sim: ServerProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = { lanPort: await freeUdpPort(rest.host), consolePort: await freePort() };
    const settings = { ...rest, ...ports };
    writeFileSync(join(rest.folder, "lan.conf"), lanConf(settings));
    writeFileSync(join(rest.folder, "bmc.emu"), simCommands(settings));
    for (const { number, raw } of SIM_SENSORS)
      writeFileSync(sensorFile(rest.folder, number), `${raw}\n`);
    const sim = spawnSim(settings);
    try {
      await untilAnswers(settings, sim);
      return { settings, sim };
    } catch (error) {
      // Somebody else may have taken one of the ports meanwhile.
      await sim.stop();
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

function spawnSim({ folder }: SimSettings): ServerProcess {
  const file = (name: string): string => join(folder, name);
  return new ServerProcess("ipmi_sim", [
    "-n",
    "-c",
    file("lan.conf"),
    "-f",
    file("bmc.emu"),
    "-s",
    file("state"),
  ]);
}

/** Get Channel Authentication Capabilities outside a session, IPMI 2.0 section 22.13. */
const QUESTION = Buffer.from("0600ff07000000000000000000092018c88100388e04b5", "hex");

async function untilAnswers({ host, lanPort }: SimSettings, sim: ServerProcess): Promise<void> {
  const socket = createSocket("udp4");
  try {
    let answered = false;
    socket.on("message", () => {
      answered = true;
    });
    socket.on("error", () => {});
    let asked = 0;
    await sim.waitFor("an answer", () => {
      if (Date.now() - asked > 100) {
        asked = Date.now();
        socket.send(QUESTION, lanPort, host);
      }
      return answered;
    });
  } finally {
    socket.close();
  }
}

async function freeUdpPort(host: string): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, host);
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}
