/** One machine of a serial stack, somebody at its line, and what can be done to it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { ipmitoolByHand, isSolActive, type SerialStack } from "../helpers/serial-stack.ts";
import type { SerialWatcher } from "../helpers/serial-watcher.ts";
import { startUdpFaults, type UdpFaults, type UdpFaultSettings } from "../helpers/udp-faults.ts";
import { until } from "../helpers/until.ts";

export class SerialScene {
  readonly stack: SerialStack;
  readonly name: string;
  readonly bmc: IpmiBmc;
  #url = "";
  #watcher: SerialWatcher | undefined;
  #network: UdpFaults | undefined;
  #other: (() => Promise<void>) | undefined;

  constructor(stack: SerialStack, name: string, bmc: IpmiBmc) {
    this.stack = stack;
    this.name = name;
    this.bmc = bmc;
  }

  get watcher(): SerialWatcher {
    assert.ok(this.#watcher, "nobody watches yet");
    return this.#watcher;
  }

  get ipmitool(): number {
    return this.stack.ipmitool(this.name);
  }

  /** The one that listens. */
  get socat(): number {
    return this.stack.socat(this.name);
  }

  row(): Promise<Record<string, unknown>> {
    return this.stack.node(this.name);
  }

  /** Switches the console on and types into it until the machine answers. */
  async begin(): Promise<this> {
    const { stack, name } = this;
    const where = this.#network ? { ipmi_address: this.#network.host } : {};
    if (stack.uuid(name) === "") await stack.addNode(name, this.bmc, where);
    await stack.enable(name);
    this.#url = (await stack.link(name)).websocket_url;
    await this.watchAgain();
    await this.answers();
    return this;
  }

  /** Comes back by the same link. */
  async watchAgain(): Promise<SerialWatcher> {
    this.#watcher = await this.stack.open(this.#url).opened();
    return this.#watcher;
  }

  /** Types until the machine answers. @returns milliseconds */
  async answers(): Promise<number> {
    return await this.watcher.typesAndSees(`root@${this.name}`);
  }

  /**
   * Puts a bad network before the BMC. It has the BMC's own port, without which SOL does not come up.
   * @param address of 127.0.0.0/8, nobody else's
   */
  async network(address: string, settings: Partial<UdpFaultSettings>): Promise<UdpFaults> {
    const { host, port } = this.bmc;
    this.#network = await startUdpFaults({ host, port }, settings, { host: address, port });
    return this.#network;
  }

  byHand(...words: string[]): Promise<string> {
    return ipmitoolByHand(this.bmc, ...words);
  }

  /** As an operator does who wants the line for herself. */
  async takeLine(): Promise<void> {
    const { host, port, password } = this.bmc;
    if (await isSolActive(this.bmc)) await this.byHand("sol", "deactivate");
    const access = ["-I", "lanplus", "-H", host, "-p", String(port), "-U", "admin", "-C", "3"];
    const child = spawn("ipmitool", [...access, "-E", "sol", "activate"], {
      env: { ...process.env, IPMI_PASSWORD: password },
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin.on("error", () => undefined);
    const gone = once(child, "exit");
    this.#other = async () => {
      child.kill("SIGKILL");
      await gone;
    };
    await until(() => isSolActive(this.bmc), "somebody else on the line");
  }

  /** Switches the console off: whoever watches hears it, and nothing is left. */
  async finish(): Promise<void> {
    await this.stack.disableClean(this.name, this.bmc);
    assert.equal((await this.watcher.closed).reason, "console_disabled");
  }

  async end(): Promise<void> {
    await this.#other?.();
    await this.#network?.stop();
  }
}

export function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
