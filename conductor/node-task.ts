/**
 * A held node, for one purpose: its row, its drivers, its log. Dispose gives the lock back; when the
 * work was moved into a background worker, the worker does.
 */
import type { Logger } from "../common/log.ts";
import type { DrivenInterfaceType, Node, NodeChanges } from "../common/node.ts";
import { ConsoleError } from "../common/errors.ts";
import type {
  ConsoleEndpoint,
  DriverInfo,
  Memo,
  Task,
  TelemetryInterface,
} from "../drivers/base.ts";
import { browserMedia } from "./browser-media.ts";
import { deadlineOf, outcomeOf } from "./deadline.ts";
import { ourError } from "./foreign-errors.ts";
import type { DriverPart, InterfaceOf } from "./driver-catalogue.ts";
import type { MemoChanges } from "./memo-store.ts";
import type { TaskDeps } from "./service.ts";
import { scrubError, secretsIn } from "./scrub.ts";
import { openEndpoint } from "./stored-endpoint.ts";
import type { WorkerSlot } from "./worker-pool.ts";

/** How long a driver may take to clean up after its signal aborted, before it is left behind. */
const ABORT_GRACE_SECONDS = 10;

export interface DriverCall {
  readonly type: DriverPart;
  /** Deadline of the call. */
  readonly seconds: number;
  /** Opens the sentence when it is missed: "starting the console". */
  readonly what: string;
}

export class NodeTask {
  readonly shared: boolean;
  readonly purpose: string;
  readonly log: Logger;
  readonly #deps: TaskDeps;
  readonly #release: () => Promise<void>;
  #node: Node;
  #moved = false;
  #released = false;

  constructor(
    deps: TaskDeps,
    node: Node,
    options: { readonly shared: boolean; readonly purpose: string },
    release: () => Promise<void>,
  ) {
    this.#deps = deps;
    this.#node = node;
    this.#release = release;
    this.shared = options.shared;
    this.purpose = options.purpose;
    this.log = deps.log.child({ node: node.uuid });
  }

  /** The row as last read or written by this task. */
  get node(): Node {
    return this.#node;
  }

  async save(changes: NodeChanges): Promise<Node> {
    this.#node = await this.#deps.database.nodes.update(this.#node.uuid, changes);
    return this.#node;
  }

  /** Saves memos and columns in one statement. */
  async saveMemos(memos: MemoChanges, also: NodeChanges = {}): Promise<Node> {
    this.#node = await this.#deps.memos.change(this.#node.uuid, memos, also);
    return this.#node;
  }

  /** @throws {DriverNotFound} {@link InvalidParameterValue} when the node's interface is not enabled here */
  interfaceOf<T extends DrivenInterfaceType>(type: T): InterfaceOf[T] {
    return this.#deps.drivers.interfaceFor(this.#node, type);
  }

  /** @throws {UnsupportedDriverExtension} when nothing reads this node's sensors; as {@link interfaceOf} */
  telemetry(): TelemetryInterface {
    return this.#deps.drivers.telemetryFor(this.#node);
  }

  /**
   * Calls a driver with a deadline. A driver that ignores its signal is left behind after a while. Errors
   * come out without the secrets that the driver was given.
   * @throws what the driver threw, or the reason of the abort
   */
  async drive<T>(call: DriverCall, work: (task: Task) => T | Promise<T>): Promise<T> {
    using deadline = deadlineOf(this.#deps.pool.signal, call.seconds, call.what);
    deadline.signal.throwIfAborted();
    const driverTask = this.#driverTask(call.type, deadline.signal);
    const working = Promise.resolve().then(() => work(driverTask));
    try {
      return await outcomeOf(working, deadline.signal, ABORT_GRACE_SECONDS);
    } catch (cause) {
      if (deadline.signal.aborted && !(cause instanceof ConsoleError))
        throw deadline.signal.reason as Error;
      const { node, endpoint } = driverTask;
      throw scrubError(ourError(cause), secretsIn([node.driverInfo, endpoint]));
    }
  }

  /** Moves the task into a background worker; the lock is given back when that ends. */
  moveInto(slot: WorkerSlot, work: () => Promise<void>): void {
    this.#moved = true;
    slot.run(`${this.purpose} (${this.#node.uuid})`, async () => {
      try {
        await work();
      } finally {
        await this.#giveBack();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#moved) await this.#giveBack();
  }

  async #giveBack(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#release();
  }

  #driverTask(type: DriverPart, signal: AbortSignal): Task {
    const node = this.#node;
    const driverInfo = this.#openDriverInfo();
    return {
      node: {
        uuid: node.uuid,
        name: node.name,
        driver: node.driver,
        driverInfo,
        powerState: node.powerState,
        properties: node.properties,
      },
      endpoint: this.#openEndpoint(),
      memo: this.#memo(type),
      media: () => browserMedia(this.#deps, node.uuid),
      signal,
      log: this.log,
      config: this.#deps.config,
    };
  }

  #memo(type: DriverPart): Memo {
    return {
      get: () => structuredClone(this.#node.driverMemos[type]),
      set: async (value) => {
        this.#node = await this.#deps.memos.change(this.#node.uuid, { [type]: value });
      },
    };
  }

  #openDriverInfo(): DriverInfo {
    const { uuid, driverInfo } = this.#node;
    return this.#deps.secrets.open(driverInfo, { nodeUuid: uuid, field: "driver_info" });
  }

  #openEndpoint(): ConsoleEndpoint | null {
    const { uuid, consoleEndpoint } = this.#node;
    return consoleEndpoint ? openEndpoint(this.#deps.secretBox, uuid, consoleEndpoint) : null;
  }
}
