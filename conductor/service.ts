/** What every verb and job of the conductor works with. Made once in conductor.ts; holds no state itself. */
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import type { Logger } from "../common/log.ts";
import type { SecretBox } from "../common/secret-box.ts";
import type { Database } from "../db/database.ts";
import type { DriverFactory } from "./driver-factory.ts";
import type { DriverInfoSecrets } from "./driver-info-secrets.ts";
import type { MemoStore } from "./memo-store.ts";
import type { TaskManager } from "./task-manager.ts";
import type { WorkerPool } from "./worker-pool.ts";

export interface TaskDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly database: Database;
  readonly secretBox: SecretBox;
  readonly drivers: DriverFactory;
  readonly secrets: DriverInfoSecrets;
  readonly memos: MemoStore;
  readonly pool: WorkerPool;
}

export interface ConductorService extends TaskDeps {
  readonly clock: Clock;
  readonly tasks: TaskManager;
  /** This conductor's name: [DEFAULT]host. */
  readonly host: string;
  /** [conductor]conductor_group in lower case. */
  readonly group: string;
  /** Base of console URLs. */
  readonly consoleBaseUrl: string;
}
