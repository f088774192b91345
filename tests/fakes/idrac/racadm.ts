/** The SSH server of the iDRAC simulator with a `racadm` that knows get, set and getsysinfo. */
import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Connection, Server, ServerChannel } from "ssh2";
import { Refused, type VncAttributes } from "./attributes.ts";

// ssh2 is CommonJS whose named exports node does not find all.
const ssh2 = createRequire(import.meta.url)("ssh2") as typeof import("ssh2");

export interface RacadmBehaviour {
  firmware?: string;
  /** Takes the password by keyboard-interactive only. */
  keyboardOnly?: boolean;
  /** Refuses every channel: all SSH sessions are in use. */
  sshSessionsFull?: boolean;
  /** Runs commands and never ends. */
  silentRacadm?: boolean;
  /** Prints a line before every answer, as remote racadm does. */
  preamble?: string;
}

const GROUP = /^idrac\.vncserver(?:\.(\w+))?$/i;

export class RacadmFace {
  readonly commands: string[] = [];
  /** As ssh-keygen -l prints it. */
  readonly hostKeyFingerprint: string;
  port = 0;
  readonly #attributes: VncAttributes;
  readonly #credentials: { username: string; password: string };
  readonly #behaviour: RacadmBehaviour;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;

  constructor(options: {
    attributes: VncAttributes;
    credentials: { username: string; password: string };
    behaviour: RacadmBehaviour;
    hostKey: { private: string; fingerprint: string };
  }) {
    this.#attributes = options.attributes;
    this.#credentials = options.credentials;
    this.#behaviour = options.behaviour;
    this.hostKeyFingerprint = options.hostKey.fingerprint;
    this.#server = new ssh2.Server({ hostKeys: [options.hostKey.private] }, (connection) =>
      this.#serve(connection),
    );
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(connection: Connection): void {
    this.#connections.add(connection);
    connection.on("error", () => {});
    // The server's connections have it as the client's do; their type does not say.
    (connection as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
    connection.on("close", () => this.#connections.delete(connection));
    const { username, password } = this.#credentials;
    connection.on("authentication", (context) => {
      if (context.method === "password" && !this.#behaviour.keyboardOnly) {
        if (context.username === username && context.password === password) return context.accept();
      } else if (context.method === "keyboard-interactive") {
        return context.prompt([{ prompt: "Password: ", echo: false }], (answers) => {
          if (answers[0] === password) context.accept();
          else context.reject();
        });
      }
      return context.reject(["password", "keyboard-interactive"]);
    });
    connection.on("ready", () => {
      connection.on("session", (accept, reject) => {
        if (this.#behaviour.sshSessionsFull) return reject();
        accept().on(
          "exec",
          (acceptExec, _reject, info) => void this.#run(acceptExec(), info.command),
        );
      });
    });
  }

  async #run(channel: ServerChannel, command: string): Promise<void> {
    this.commands.push(command);
    if (this.#behaviour.silentRacadm) return;
    const output = await this.#execute(words(command));
    channel.write(`${this.#behaviour.preamble ?? ""}${output}\r\n`);
    channel.exit(0);
    channel.end();
  }

  async #execute(argv: string[] | undefined): Promise<string> {
    if (!argv) return "ERROR: the command line has characters that mean something";
    const [program, verb, object = "", value] = argv;
    if (program !== "racadm") return "command not found";
    if (verb === "getsysinfo")
      return `RAC Information:\r\nFirmware Version        = ${this.#behaviour.firmware ?? "2.65.65.65"}`;
    const match = GROUP.exec(object);
    if (!match) return "ERROR: RAC917: The specified object is invalid.";
    if (Object.keys(this.#attributes.read()).length === 0)
      return "ERROR: RAC1062: The required license is not present.";
    if (verb === "get") return this.#get();
    if (verb !== "set" || value === undefined) return "ERROR: RAC905: invalid syntax";
    return await this.#set(match[1] ?? "", value);
  }

  #get(): string {
    const lines = Object.entries(this.#attributes.read()).map(([name, value]) => {
      if (name === "Password") return "!!Password=******** (Write-Only)";
      const mark = ["ActiveSessions", "MaxSessions"].includes(name) ? "#" : "";
      return `${mark}${name}=${value}`;
    });
    return ["[Key=iDRAC.Embedded.1#VNCServer.1]", ...lines].join("\r\n");
  }

  async #set(name: string, value: string): Promise<string> {
    try {
      await this.#attributes.write({ [name]: value }, "racadm");
    } catch (cause) {
      if (cause instanceof Refused) return `ERROR: ${cause.id}: ${cause.message}`;
      throw cause;
    }
    return "[Key=iDRAC.Embedded.1#VNCServer.1]\r\nObject value modified successfully";
  }
}

/** Splits as a careful shell would; undefined when something outside quotes or inside means something. */
function words(command: string): string[] | undefined {
  const found = command.match(/"[^"\\$`!]*"|[A-Za-z0-9._:+@,/=-]+/g) ?? [];
  const rest = command.replaceAll(/"[^"\\$`!]*"|[A-Za-z0-9._:+@,/=-]+/g, "");
  return rest.trim() === "" ? found.map((word) => word.replaceAll('"', "")) : undefined;
}
