/**
 * The chassis of a simulated BMC. ipmi_sim runs a program for each question; that program asks this
 * process over a Unix socket, so that the state of the machine is in the test and nowhere else. While the
 * test process blocks (spawnSync), the BMC does not answer.
 */
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { SerialMachine } from "./serial-host.ts";

export type ChassisPower = "on" | "off";

export interface ChassisSettings {
  readonly folder: string;
  readonly machine: SerialMachine;
  readonly poweredOn: boolean;
  /** False: an operating system that ignores the power button. */
  readonly obeysSoft: boolean;
}

export class Chassis {
  /** Program for `chassis_control` in lan.conf. */
  readonly program: string;
  /** What the BMC was told, in order, for example `power 1`, `reset 1`, `boot pxe`, `shutdown 1`. */
  readonly orders: string[] = [];
  power: ChassisPower = "off";
  /** ipmi_sim knows none, pxe and default only (openipmi lanserv/bmc_chassis.c). */
  boot = "none";
  /** True: the BMC's next questions about the machine stay without an answer. */
  obeysSoft: boolean;
  readonly #machine: SerialMachine;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, settings: ChassisSettings, program: string) {
    this.#server = server;
    this.#machine = settings.machine;
    this.obeysSoft = settings.obeysSoft;
    this.program = program;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(settings: ChassisSettings): Promise<Chassis> {
    const path = join(settings.folder, "chassis.sock");
    const program = join(settings.folder, "chassis");
    writeFileSync(program, `#!/bin/sh\necho "$*" | exec socat -t 10 - UNIX-CONNECT:${path}\n`);
    chmodSync(program, 0o700);
    const server = createServer({ allowHalfOpen: true });
    const chassis = new Chassis(server, settings, program);
    server.listen(path);
    await once(server, "listening");
    if (settings.poweredOn) await chassis.turn("on");
    return chassis;
  }

  async turn(power: ChassisPower): Promise<void> {
    if (this.power === power) return;
    this.power = power;
    await (power === "on" ? this.#machine.powerOn() : this.#machine.powerOff());
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let question = "";
    socket.on("data", (chunk: Buffer) => {
      question += chunk.toString("latin1");
      const end = question.indexOf("\n");
      if (end >= 0) void this.#answer(question.slice(0, end)).then((text) => socket.end(text));
    });
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** `get power boot` or `set power 1 boot pxe`, each value perhaps in quotes. */
  async #answer(question: string): Promise<string> {
    const [verb, ...words] = question.replaceAll('"', "").trim().split(/\s+/);
    if (verb === "get") return words.map((word) => `${word}:${this.#value(word)}\n`).join("");
    if (verb === "set")
      for (let index = 0; index + 1 < words.length; index += 2)
        await this.#set(words[index] ?? "", words[index + 1] ?? "");
    return "";
  }

  #value(name: string): string {
    if (name === "power") return this.power === "on" ? "1" : "0";
    return name === "boot" ? this.boot : "0";
  }

  async #set(name: string, value: string): Promise<void> {
    this.orders.push(`${name} ${value}`);
    if (name === "power") await this.turn(value === "1" ? "on" : "off");
    if (name === "boot") this.boot = value;
    if (name === "shutdown" && this.obeysSoft) await this.turn("off");
    if (name === "reset" && this.power === "on") {
      await this.turn("off");
      await this.turn("on");
    }
  }
}
