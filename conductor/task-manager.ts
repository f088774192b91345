/**
 * Hands out tasks. A shared task takes no lock; an exclusive one is the node's `reservation` in the
 * database, so that it holds over all conductors. As in Ironic's `conductor/task_manager.py`.
 */
import { NodeLocked, ShuttingDown } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import { pause } from "./deadline.ts";
import { NodeTask } from "./node-task.ts";
import { noConductorFor } from "./placement.ts";
import type { TaskDeps } from "./service.ts";
import { logFailure } from "./worker-pool.ts";

export interface AcquireOptions {
  readonly shared: boolean;
  /** For log lines: "enabling the console". */
  readonly purpose: string;
  /** The hardware type that counts instead of the node's: the one it is being moved to. */
  readonly forDriver?: string | undefined;
  /** Do not try again when another holds the lock; for periodic jobs, which come again. */
  readonly atOnce?: boolean;
}

export class TaskManager {
  readonly #deps: TaskDeps;
  readonly #host: string;
  /** Nodes whose lock this process holds or is about to. */
  readonly #held = new Set<string>();

  constructor(deps: TaskDeps, host: string) {
    this.#deps = deps;
    this.#host = host;
  }

  /**
   * @throws {NodeNotFound} {@link NotFound} when its hardware type or conductor_group is not ours
   * @throws {NodeLocked} when the lock is not free within node_locked_retry_attempts more tries
   */
  async acquire(uuid: string, options: AcquireOptions): Promise<NodeTask> {
    const node = options.shared
      ? await this.#deps.database.nodes.get(uuid)
      : await this.#reserve(uuid, options);
    const release = options.shared ? async (): Promise<void> => {} : () => this.#release(node.uuid);
    try {
      this.#refuseForeignNode(node, options.forDriver ?? node.driver);
      return new NodeTask(this.#deps, node, options, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  /**
   * Gives back locks in this conductor's name that nobody in this process holds: left by a crashed run,
   * or by a release that the database refused.
   * @returns UUIDs of the nodes
   */
  async releaseForgotten(): Promise<string[]> {
    const { nodes } = this.#deps.database;
    const released: string[] = [];
    for (const { uuid } of await nodes.list({ filters: { reservedBy: this.#host } })) {
      if (this.#held.has(uuid)) continue;
      // Nobody here can take the lock now, so what the row says next is true until we are done.
      this.#held.add(uuid);
      try {
        if ((await nodes.get(uuid)).reservation !== this.#host) continue;
        await nodes.release(uuid, this.#host);
        released.push(uuid);
      } finally {
        this.#held.delete(uuid);
      }
    }
    return released;
  }

  #refuseForeignNode(node: Node, driver: string): void {
    const ours = this.#deps.config.conductor.conductor_group.toLowerCase();
    const knownDriver = this.#deps.drivers.hardwareTypes.includes(driver);
    if (!knownDriver || node.conductorGroup.toLowerCase() !== ours)
      throw noConductorFor({ driver, conductorGroup: node.conductorGroup });
  }

  async #reserve(uuid: string, { purpose, atOnce }: AcquireOptions): Promise<Node> {
    const { node_locked_retry_attempts: attempts, node_locked_retry_interval: seconds } =
      this.#deps.config.conductor;
    for (let left = atOnce ? 0 : attempts; ; left -= 1) {
      try {
        return await this.#tryReserve(uuid);
      } catch (error) {
        if (!(error instanceof NodeLocked) || left <= 0) throw error;
        this.#deps.log.debug("waiting for the node's lock", { node: uuid, purpose, left });
      }
      if (!(await pause(seconds * 1000, this.#deps.pool.signal)))
        throw new ShuttingDown("the conductor is shutting down");
    }
  }

  async #tryReserve(uuid: string): Promise<Node> {
    if (this.#held.has(uuid)) throw new NodeLocked(uuid, this.#host);
    this.#held.add(uuid);
    try {
      return await this.#deps.database.nodes.reserve(uuid, this.#host);
    } catch (error) {
      this.#held.delete(uuid);
      throw error;
    }
  }

  /** A lock that cannot be given back now is found by releaseForgotten. */
  async #release(uuid: string): Promise<void> {
    const failed = logFailure(this.#deps.log, "could not give back the node's lock", {
      node: uuid,
    });
    await this.#deps.database.nodes.release(uuid, this.#host).catch(failed);
    this.#held.delete(uuid);
  }
}
