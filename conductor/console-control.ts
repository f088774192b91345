/**
 * Starts, stops and revives a node's console and keeps the row true: the endpoint is saved when the
 * driver returned one, tenants are cut off before the driver is told to stop. Every caller holds the
 * exclusive lock. Who wants it and what a failure means is the callers' affair.
 */
import type { ClosedReason } from "../common/closed-reason.ts";
import { messageOf } from "../common/errors.ts";
import type { Node, NodeChanges } from "../common/node.ts";
import type { ConsoleEndpoint } from "../drivers/base.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConductorService } from "./service.ts";
import { sealEndpoint } from "./stored-endpoint.ts";

/** How long a driver may take to stop a console; also how long a node's deletion waits for it. */
const STOP_SECONDS = 60;
/** How long a look at a running console may take. */
const CHECK_SECONDS = 30;

type Deps = Pick<
  ConductorService,
  "clock" | "config" | "database" | "secretBox" | "host" | "log" | "pool"
>;

export class ConsoleControl {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Has the driver start the console and saves where it is. Leaves nothing running on failure. */
  async start(task: NodeTask): Promise<void> {
    const driver = task.interfaceOf("console");
    const endpoint = await task.drive(
      {
        type: "console",
        seconds: this.#deps.config.conductor.console_start_timeout,
        what: "starting the console",
      },
      (held) => driver.startConsole(held),
    );
    try {
      await this.#saveRunning(task, endpoint);
    } catch (error) {
      await this.#stopQuietly(task);
      throw error;
    }
  }

  /** Has the driver stop the console and saves that it is off. Tenants are cut off before and after. */
  async stop(task: NodeTask, reason: ClosedReason): Promise<void> {
    await this.cutOff(task.node.uuid, reason);
    await this.#driverStop(task);
    await task.saveMemos(
      { conductor: undefined },
      { consoleEnabled: false, consoleEndpoint: null, lastError: null },
    );
    // What came in between: from here on no session can be opened.
    await this.cutOff(task.node.uuid, reason);
  }

  /**
   * Takes up a console that should be running: one that answers is left alone, any other is started
   * again. Sessions on a screen are ended only when the console did not answer, or has moved.
   */
  async revive(task: NodeTask): Promise<"running" | "started" | "restarted"> {
    const found = await this.#look(task);
    if (found === "silent") {
      await this.restart(task);
      return "restarted";
    }
    if (found !== "cannot tell") {
      await this.#saveRunning(task, found);
      return "running";
    }
    const before = whereabouts(task.node);
    await this.start(task);
    if (whereabouts(task.node) !== before) await this.#endSessions(task);
    return "started";
  }

  /** Ends the sessions on a screen, whose users can connect again, and starts the console again. */
  async restart(task: NodeTask): Promise<void> {
    this.#deps.pool.signal.throwIfAborted();
    await this.#endSessions(task);
    await this.start(task);
  }

  /**
   * Revokes every token of a node and has the proxies end its sessions. Who comes later gets none of what
   * its serial line has said until now.
   */
  async cutOff(uuid: string, reason: ClosedReason): Promise<void> {
    const { nodes, tokens, sessions } = this.#deps.database;
    await nodes.update(uuid, { consoleHistorySince: this.#deps.clock.now() });
    await tokens.cleanForNode(uuid);
    await sessions.requestKillForNode(uuid, reason);
  }

  /** Cuts tenants off and has the driver end what it runs for them. That it could not is no reason to fail. */
  async changeHands(task: NodeTask): Promise<void> {
    await this.cutOff(task.node.uuid, "node_released");
    if (!task.node.consoleEnabled) return;
    try {
      const driver = task.interfaceOf("console");
      if (!driver.changeHands) return;
      await task.drive(
        { type: "console", seconds: CHECK_SECONDS, what: "ending the former tenant's session" },
        (held) => driver.changeHands?.(held),
      );
    } catch (error) {
      task.log.error("what ran for the former tenant may still be there", {
        reason: messageOf(error),
      });
    }
  }

  /** Asks the running console whether it answers. @throws {ConsoleError} when it does not */
  async check(task: NodeTask): Promise<"answers" | "cannot tell"> {
    const driver = task.interfaceOf("console");
    if (!driver.checkConsole) return "cannot tell";
    await task.drive(
      { type: "console", seconds: CHECK_SECONDS, what: "checking the console" },
      (held) => driver.checkConsole?.(held),
    );
    return "answers";
  }

  /** Not those of a serial line: a proxy follows it to where it is now, and whoever watches stays. */
  async #endSessions(task: NodeTask): Promise<void> {
    if (task.node.consoleEndpoint?.consoleType === "serial") return;
    await this.#deps.database.sessions.requestKillForNode(task.node.uuid, "console_restarted");
  }

  async #look(task: NodeTask): Promise<ConsoleEndpoint | "silent" | "cannot tell"> {
    const driver = task.interfaceOf("console");
    try {
      if ((await this.check(task)) === "cannot tell") return "cannot tell";
      return await task.drive(
        { type: "console", seconds: CHECK_SECONDS, what: "looking at the console" },
        (held) => driver.getConsole(held),
      );
    } catch (error) {
      // Interrupted by our own stop: nothing was learned about the console.
      if (this.#deps.pool.signal.aborted) throw error;
      task.log.info("the console does not answer", { reason: messageOf(error) });
      return "silent";
    }
  }

  async #driverStop(task: NodeTask): Promise<void> {
    const driver = task.interfaceOf("console");
    await task.drive(
      { type: "console", seconds: STOP_SECONDS, what: "stopping the console" },
      (held) => driver.stopConsole(held),
    );
  }

  async #stopQuietly(task: NodeTask): Promise<void> {
    try {
      await this.#driverStop(task);
    } catch (error) {
      task.log.error("the console may still be running on the machine", {
        reason: messageOf(error),
      });
    }
  }

  async #saveRunning(task: NodeTask, endpoint: ConsoleEndpoint): Promise<void> {
    const changes: NodeChanges = {
      consoleEnabled: true,
      consoleEndpoint: sealEndpoint(this.#deps.secretBox, task.node.uuid, endpoint),
      conductorAffinity: this.#deps.host,
      lastError: null,
    };
    await task.saveMemos({ conductor: undefined }, changes);
  }
}

function whereabouts(node: Node): string {
  return JSON.stringify(node.consoleEndpoint?.transport ?? null);
}
