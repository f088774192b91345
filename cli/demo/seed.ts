/** Makes the demo's nodes through the REST API, as any client would. Doing it again changes nothing. */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../../common/clock.ts";
import { Conflict, NotFound } from "../../common/errors.ts";
import type { Secret } from "../../common/secret.ts";
import { nodePath } from "../client-command.ts";
import type { ApiClient, JsonAnswer } from "../client.ts";
import { waitForConsole } from "../console-wait.ts";

export const DEMO_NODE = "demo-server";
const SPARE_NODE = "demo-spare";
const TIMEOUT_SECONDS = 60;
const RETRY_MS = 200;

export interface DemoBmc {
  readonly port: number;
  readonly password: Secret;
  /** True when port or password are new, so that a node made earlier has to learn them. */
  readonly changed: boolean;
}

/**
 * @returns a console URL of the demo machine
 * @throws {ConsoleError} when its console does not start
 */
export async function seedDemo(client: ApiClient, bmc: DemoBmc, clock: Clock): Promise<string> {
  const access = {
    vnc_address: "127.0.0.1",
    vnc_port: bmc.port,
    vnc_password: bmc.password.reveal(),
  };
  const waiting = { clock, timeoutSeconds: TIMEOUT_SECONDS };
  const setConsole = async (enabled: boolean): Promise<void> => {
    await whenUnlocked(clock, () =>
      client.call("PUT", nodePath(DEMO_NODE, "states", "console"), { enabled }),
    );
    await waitForConsole(client, DEMO_NODE, enabled, waiting);
  };

  const node = await find(client, DEMO_NODE);
  if (!node) {
    await client.call("POST", "/v1/nodes", {
      name: DEMO_NODE,
      driver: "fake-hardware",
      console_interface: "vnc",
      description: "the simulated machine of the demo",
      driver_info: access,
    });
  } else if (bmc.changed) {
    if (node["console_enabled"] === true) await setConsole(false);
    await client.call(
      "PATCH",
      nodePath(DEMO_NODE),
      Object.entries(access).map(([name, value]) => ({
        op: "add",
        path: `/driver_info/${name}`,
        value,
      })),
    );
  }
  if (!(await find(client, SPARE_NODE)))
    await client.call("POST", "/v1/nodes", {
      name: SPARE_NODE,
      driver: "fake-hardware",
      console_interface: "no-console",
      description: "a machine without a console",
    });
  await setConsole(true);
  const answer = await client.call("GET", nodePath(DEMO_NODE, "states", "console"));
  return (answer["console_info"] as { url: string }).url;
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
