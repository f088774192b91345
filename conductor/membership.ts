/**
 * This conductor's row: announced at start, kept alive by heartbeats, withdrawn at stop. A lock file tells
 * a restart after a crash from a second conductor, which the dead one's heartbeat, still fresh, cannot.
 */
import { join } from "node:path";
import { ConductorAlreadyRegistered } from "../common/errors.ts";
import { takeProcessLock } from "../common/process-lock.ts";
import type { Database } from "../db/database.ts";
import type { ConductorService } from "./service.ts";

export interface Membership {
  heartbeat(): Promise<void>;
  /** The others take the nodes over from now on. */
  leave(): Promise<void>;
}

type Deps = Pick<ConductorService, "config" | "drivers" | "host" | "group"> & {
  readonly database: Pick<Database, "conductors">;
};

/** @throws {ConductorAlreadyRegistered} when a conductor of this name lives, here or elsewhere */
export async function joinConductors(deps: Deps, rpcUrl: string): Promise<Membership> {
  const { config, database, drivers, host } = deps;
  const file = join(config.DEFAULT.state_path, `conductor-${encodeURIComponent(host)}.lock`);
  const lock = takeProcessLock(
    file,
    (pid) =>
      new ConductorAlreadyRegistered(
        `a conductor of the same name is already running as process ${pid}, says ${file}`,
      ),
  );
  try {
    await database.conductors.register(
      { hostname: host, conductorGroup: deps.group, rpcUrl, drivers: drivers.hardwareTypes },
      drivers.listInterfaces(),
      {
        heartbeatTimeoutSeconds: config.conductor.heartbeat_timeout,
        takeOver: lock.previousRunDied,
      },
    );
  } catch (error) {
    lock.release();
    throw error;
  }
  lock.confirm();
  return {
    heartbeat: () => database.conductors.heartbeat(host),
    async leave() {
      try {
        await database.conductors.unregister(host);
      } finally {
        lock.release();
      }
    },
  };
}
