/**
 * Console interface `vnc`: any VNC server that is already there, described by driver_info. Starting it
 * switches nothing on; it proves that the server answers.
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
import { savedEndpoint } from "../lib/saved-endpoint.ts";
import { tryRfbLogin } from "../lib/rfb-login.ts";
import { vncEndpointParser, vncSchema } from "./options.ts";

/** FACT(TigerVNC, PAM accounts): refusing or accepting a Plain login takes up to 2.3 s. */
const START_LIMIT_MS = 15_000;
const CHECK_LIMIT_MS = 8_000;

class VncConsole implements ConsoleInterface {
  readonly #endpointOf = vncEndpointParser();
  readonly #caFiles = new CaFiles();

  getProperties(): Record<string, string> {
    return describeOptions(vncSchema);
  }

  validate(task: Task): void {
    this.#endpointOf(task.node.driverInfo);
  }

  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    const endpoint = this.#endpointOf(task.node.driverInfo);
    await tryRfbLogin(endpoint, {
      signal: task.signal,
      limitMs: START_LIMIT_MS,
      caFiles: this.#caFiles,
      pinOption: "vnc_tls_fingerprint",
    });
    return endpoint;
  }

  async stopConsole(): Promise<void> {}

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }

  async checkConsole(task: Task): Promise<void> {
    await tryRfbLogin(await savedEndpoint(task), {
      signal: task.signal,
      limitMs: CHECK_LIMIT_MS,
      caFiles: this.#caFiles,
      pinOption: "vnc_tls_fingerprint",
    });
  }
}

const vncDriver: ConsoleDriverModule = {
  name: "vnc",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema: vncSchema,
  create: () => new VncConsole(),
};
export default vncDriver;
