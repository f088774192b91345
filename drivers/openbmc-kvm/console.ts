/**
 * Console interface `openbmc-kvm`: the screen of a machine with an OpenBMC, which its web service carries as
 * RFB inside a WebSocket. Starting it switches nothing on; it proves that the BMC gives this account a seat and
 * that a VNC server speaks behind it.
 */
import { CaFiles } from "../../common/ca-files.ts";
import { hostHandshake } from "../../common/rfb/host-handshake.ts";
import {
  DRIVER_API_VERSION,
  type ConsoleDriverModule,
  type ConsoleEndpoint,
  type ConsoleInterface,
  type Task,
} from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { checkOffered } from "../lib/openbmc/offer.ts";
import { tryWebSocket } from "../lib/openbmc/try-web-socket.ts";
import { savedEndpoint } from "../lib/saved-endpoint.ts";
import { kvmParser, kvmSchema } from "./options.ts";

const START_LIMIT_MS = 30_000;

class OpenBmcKvm implements ConsoleInterface {
  readonly #parse = kvmParser();
  readonly #caFiles = new CaFiles();

  getProperties(): Record<string, string> {
    return describeOptions(kvmSchema);
  }

  validate(task: Task): void {
    this.#parse(task.node.driverInfo);
  }

  /** Takes one of the BMC's four seats for a moment, as far as SecurityResult. */
  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    const { access, endpoint } = this.#parse(task.node.driverInfo);
    await checkOffered(access, "GraphicalConsole", task);
    const options = {
      signal: task.signal,
      limitMs: START_LIMIT_MS,
      caFiles: this.#caFiles,
      privilege: "the privileges ConfigureComponents and ConfigureManager (role Administrator)",
    };
    await tryWebSocket(endpoint, options, async (channel) => {
      await hostHandshake(channel, { allowedSecurityTypes: endpoint.allowedSecurityTypes });
    });
    return endpoint;
  }

  async stopConsole(): Promise<void> {}

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }

  /** Takes no seat: viewers need them. */
  async checkConsole(task: Task): Promise<void> {
    await savedEndpoint(task);
    const { access } = this.#parse(task.node.driverInfo);
    await checkOffered(access, "GraphicalConsole", task);
  }
}

const openBmcKvmDriver: ConsoleDriverModule = {
  name: "openbmc-kvm",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema: kvmSchema,
  create: () => new OpenBmcKvm(),
};
export default openBmcKvmDriver;
