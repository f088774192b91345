/**
 * Console interface `tcp-serial`: a serial line that a terminal server (ser2net, Opengear and their like)
 * already offers as a plain TCP or TLS port. Starting it switches nothing on; it proves that the port
 * takes a connection.
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
import { useConnection } from "../lib/short-connection.ts";
import { savedEndpoint } from "../lib/saved-endpoint.ts";
import { tcpSerialEndpointParser, tcpSerialSchema } from "./options.ts";

const START_LIMIT_MS = 15_000;

class TcpSerialConsole implements ConsoleInterface {
  readonly #endpointOf = tcpSerialEndpointParser();
  readonly #caFiles = new CaFiles();

  getProperties(): Record<string, string> {
    return describeOptions(tcpSerialSchema);
  }

  validate(task: Task): void {
    this.#endpointOf(task.node.driverInfo, task.config);
  }

  /**
   * A running one is not dialled again: many terminal servers take one connection, which the proxy has.
   */
  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    const endpoint = this.#endpointOf(task.node.driverInfo, task.config);
    const running = JSON.stringify(task.endpoint?.transport) === JSON.stringify(endpoint.transport);
    if (!running) await this.#tryToConnect(endpoint, task);
    return endpoint;
  }

  async stopConsole(): Promise<void> {}

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }

  async #tryToConnect({ transport, tls }: ConsoleEndpoint, task: Task): Promise<void> {
    if (transport.kind !== "tcp") return;
    await useConnection(
      { host: transport.host, port: transport.port, ...(tls && { tls }) },
      {
        signal: task.signal,
        limitMs: START_LIMIT_MS,
        caFiles: this.#caFiles,
        pinOption: "serial_tls_fingerprint",
      },
      async () => {},
    );
  }
}

const tcpSerialDriver: ConsoleDriverModule = {
  name: "tcp-serial",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema: tcpSerialSchema,
  create: () => new TcpSerialConsole(),
};
export default tcpSerialDriver;
