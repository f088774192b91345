/**
 * Console interface `openbmc-serial`: the serial line of a machine with an OpenBMC, which its web service
 * carries inside a WebSocket. Starting it switches nothing on; it proves that the BMC opens the line to this
 * account. Others may watch the line at the BMC at the same time.
 */
import { CaFiles } from "../../common/ca-files.ts";
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
import { serialParser, serialSchema } from "./options.ts";

const START_LIMIT_MS = 30_000;

class OpenBmcSerial implements ConsoleInterface {
  readonly #parse = serialParser();
  readonly #caFiles = new CaFiles();

  getProperties(): Record<string, string> {
    return describeOptions(serialSchema);
  }

  validate(task: Task): void {
    this.#parse(task.node.driverInfo, task.config);
  }

  /** Whether the machine says anything does not matter: a silent line is a good one. */
  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    const { access, endpoint } = this.#parse(task.node.driverInfo, task.config);
    await checkOffered(access, "SerialConsole", task);
    const options = {
      signal: task.signal,
      limitMs: START_LIMIT_MS,
      caFiles: this.#caFiles,
      privilege: "the privilege OpenBMCHostConsole (group hostconsole, role Administrator)",
    };
    await tryWebSocket(endpoint, options, async () => {});
    return endpoint;
  }

  async stopConsole(): Promise<void> {}

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }
}

const openBmcSerialDriver: ConsoleDriverModule = {
  name: "openbmc-serial",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema: serialSchema,
  create: () => new OpenBmcSerial(),
};
export default openBmcSerialDriver;
