/** `getConsole` of every driver whose console is where the conductor remembers it to be. */
import { NodeConsoleNotEnabled, type ConsoleEndpoint, type Task } from "../base.ts";

/** @throws {NodeConsoleNotEnabled} when the node has no running console */
export async function savedEndpoint(task: Task): Promise<ConsoleEndpoint> {
  if (!task.endpoint)
    throw new NodeConsoleNotEnabled(`Console access is not enabled on node ${task.node.uuid}`);
  return task.endpoint;
}
