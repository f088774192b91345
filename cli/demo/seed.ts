/** Makes the demo's nodes through the REST API, as any client would. Doing it again changes nothing. */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../../common/clock.ts";
import { Conflict, NotFound } from "../../common/errors.ts";
import type { Secret } from "../../common/secret.ts";
import { nodePath } from "../client-command.ts";
import type { ApiClient, JsonAnswer } from "../client.ts";
import { waitForConsole } from "../console-wait.ts";

export const DEMO_NODE = "demo-server";
export const SERIAL_NODE = "demo-serial";
const SPARE_NODE = "demo-spare";
const TIMEOUT_SECONDS = 60;
const RETRY_MS = 200;

export interface DemoBmc {
  readonly port: number;
  readonly password: Secret;
  readonly serialPort: number;
  /** True when a port or password are new, so that a node made earlier has to learn them. */
  readonly changed: boolean;
}

/** Links to both demo machines. */
export interface DemoLinks {
  readonly screen: string;
  readonly serial: string;
}

interface DemoMachine {
  readonly name: string;
  readonly description: string;
  readonly console_interface: string;
  readonly driver_info: Readonly<Record<string, string | number>>;
}

/** @throws {ConsoleError} when a console does not start */
export async function seedDemo(client: ApiClient, bmc: DemoBmc, clock: Clock): Promise<DemoLinks> {
  const seeder = new Seeder(client, clock);
  const screen = await seeder.machine(
    {
      name: DEMO_NODE,
      description: "the simulated machine of the demo",
      console_interface: "vnc",
      driver_info: {
        vnc_address: "127.0.0.1",
        vnc_port: bmc.port,
        vnc_password: bmc.password.reveal(),
      },
    },
    bmc.changed,
  );
  const serial = await seeder.machine(
    {
      name: SERIAL_NODE,
      description: "another one, on its serial line",
      console_interface: "tcp-serial",
      driver_info: { serial_address: "127.0.0.1", serial_port: bmc.serialPort },
    },
    bmc.changed,
  );
  await seeder.withoutConsole(SPARE_NODE);
  return { screen, serial };
}

class Seeder {
  readonly #client: ApiClient;
  readonly #clock: Clock;

  constructor(client: ApiClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * Makes a node and switches its console on.
   * @param changed whether a node made earlier has to learn driver_info anew
   * @returns a console URL
   */
  async machine(machine: DemoMachine, changed: boolean): Promise<string> {
    const { name } = machine;
    const node = await find(this.#client, name);
    if (!node) {
      await this.#client.call("POST", "/v1/nodes", { driver: "fake-hardware", ...machine });
      await this.#client.call("PUT", nodePath(name, "states", "power"), { target: "power on" });
    } else if (changed) {
      if (node["console_enabled"] === true) await this.#setConsole(name, false);
      await this.#client.call(
        "PATCH",
        nodePath(name),
        Object.entries(machine.driver_info).map(([option, value]) => ({
          op: "add",
          path: `/driver_info/${option}`,
          value,
        })),
      );
    }
    await this.#setConsole(name, true);
    const answer = await this.#client.call("GET", nodePath(name, "states", "console"));
    return (answer["console_info"] as { url: string }).url;
  }

  async withoutConsole(name: string): Promise<void> {
    if (await find(this.#client, name)) return;
    await this.#client.call("POST", "/v1/nodes", {
      name,
      driver: "fake-hardware",
      console_interface: "no-console",
      description: "a machine without a console",
    });
  }

  async #setConsole(name: string, enabled: boolean): Promise<void> {
    await whenUnlocked(this.#clock, () =>
      this.#client.call("PUT", nodePath(name, "states", "console"), { enabled }),
    );
    await waitForConsole(this.#client, name, enabled, {
      clock: this.#clock,
      timeoutSeconds: TIMEOUT_SECONDS,
    });
  }
}

/** At its start the conductor holds the nodes whose consoles it starts again. */
async function whenUnlocked(clock: Clock, call: () => Promise<unknown>): Promise<void> {
  const deadline = clock.now() + TIMEOUT_SECONDS * 1000;
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (!(error instanceof Conflict) || clock.now() > deadline) throw error;
      await pause(RETRY_MS);
    }
  }
}

async function find(client: ApiClient, name: string): Promise<JsonAnswer | undefined> {
  try {
    return await client.call("GET", nodePath(name));
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
