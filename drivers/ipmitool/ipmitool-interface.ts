/** What the `ipmitool` interfaces share: judged options, and commands to the BMC of a task's node. */
import type { Config, DriverInfo, Logger, Task } from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { ipmiAccess, peerOf, type IpmiAccess } from "../lib/ipmi/access.ts";
import { Ipmitool, wholeOutput, type IpmiRunOptions } from "../lib/ipmi/ipmitool.ts";
import { ipmiOptionsParser, ipmiSchema, type IpmiOptions } from "../lib/ipmi/options.ts";

export abstract class IpmitoolInterface {
  readonly #parse = ipmiOptionsParser();
  readonly #config: Config;
  readonly #tool = new Ipmitool();

  /** @param environment of the driver's create(); warns when ipmitool is missing, and goes on */
  constructor(environment: { readonly config: Config; readonly log: Logger }) {
    this.#config = environment.config;
    void this.#warnIfMissing(environment.log);
  }

  getProperties(): Record<string, string> {
    return describeOptions(ipmiSchema);
  }

  validate(task: Task): void {
    this.#access(task);
  }

  /** @throws {MissingParameterValue} {@link InvalidParameterValue} */
  protected options(driverInfo: DriverInfo): IpmiOptions {
    return this.#parse(driverInfo);
  }

  /** `host:port` of the node's BMC. */
  protected peer(task: Task): string {
    return peerOf(this.#access(task));
  }

  /** Runs a command on the node's BMC. @returns what ipmitool printed, whole */
  protected async run(
    task: Task,
    command: readonly string[],
    options?: IpmiRunOptions,
  ): Promise<string> {
    const access = this.#access(task);
    return wholeOutput(await this.#tool.run(task, access, command, options), peerOf(access));
  }

  /** @throws {MissingParameterValue} {@link InvalidParameterValue} */
  #access(task: Task): IpmiAccess {
    return ipmiAccess(this.#parse(task.node.driverInfo), this.#config);
  }

  async #warnIfMissing(log: Logger): Promise<void> {
    if ((await this.#tool.version()) !== undefined) return;
    log.warn("ipmi: ipmitool is not installed here, nodes that need it will say so");
  }
}
