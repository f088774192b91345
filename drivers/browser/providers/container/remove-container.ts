/** Ends a container at once and waits until the engine has forgotten it. */
import { setTimeout as pause } from "node:timers/promises";
import { ConsoleError } from "../../../base.ts";
import { refusalOf, type EngineClient } from "./engine-client.ts";

const LIMIT_MS = 15_000;
const STEP_MS = 50;

/**
 * One that is not there is no failure: the engine may have been faster (AutoRemove).
 * @throws {ConsoleError} when it is still there
 */
export async function removeContainer(engine: EngineClient, name: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  // FACT(Podman 4.3): a forced removal first waits ten seconds for a first process that ignores SIGTERM.
  await engine.ask({ method: "POST", path: `/containers/${name}/kill?signal=SIGKILL` });
  for (;;) {
    const path = `/containers/${name}?force=true&v=true`;
    const { status, body } = await engine.ask({ method: "DELETE", path });
    if (status === 404) return;
    if (performance.now() > deadline)
      throw new ConsoleError(
        `the container engine does not remove "${name}": ${refusalOf(status, body)}`,
      );
    if (status >= 300) await pause(STEP_MS);
  }
}
