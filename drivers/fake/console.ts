/**
 * Console interface `fake`: starting and stopping always succeed and touch nothing, as Ironic's does.
 * Because a console must be somewhere, it claims to be a VNC server at fake_address and fake_port
 * without asking whether one is there; by default at a port where nobody listens.
 */
import {
  DRIVER_API_VERSION,
  type ConsoleDriverModule,
  type ConsoleEndpoint,
  type ConsoleInterface,
  type DriverInfoSchema,
  type Task,
} from "../base.ts";
import { describeOptions, driverInfoParser } from "../driver-info.ts";
import { savedEndpoint } from "../lib/saved-endpoint.ts";

interface FakeOptions {
  readonly fake_address: string;
  readonly fake_port: number;
}

const schema: DriverInfoSchema = {
  type: "object",
  properties: {
    fake_address: {
      type: "string",
      format: "host-address",
      default: "127.0.0.1",
      description:
        "Address of the VNC server without a password that the fake console claims to be.",
    },
    fake_port: {
      type: "integer",
      minimum: 1,
      maximum: 65535,
      default: 1,
      description: "Its port; nothing is asked whether it answers.",
    },
  },
};

class FakeConsole implements ConsoleInterface {
  readonly #parse = driverInfoParser<FakeOptions>(schema);

  getProperties(): Record<string, string> {
    return describeOptions(schema);
  }

  validate(task: Task): void {
    this.#parse(task.node.driverInfo);
  }

  async startConsole(task: Task): Promise<ConsoleEndpoint> {
    const options = this.#parse(task.node.driverInfo);
    return {
      consoleType: "vnc",
      transport: { kind: "tcp", host: options.fake_address, port: options.fake_port },
      allowedSecurityTypes: ["None"],
    };
  }

  async stopConsole(): Promise<void> {}

  getConsole(task: Task): Promise<ConsoleEndpoint> {
    return savedEndpoint(task);
  }
}

const fakeConsoleDriver: ConsoleDriverModule = {
  name: "fake",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema,
  create: () => new FakeConsole(),
};
export default fakeConsoleDriver;
