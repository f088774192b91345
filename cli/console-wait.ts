/** Waits until a console that was asked to change has changed, or says why it did not. */
import type { ApiClient } from "./client.ts";
import { waitForNode, type WaitOptions } from "./node-wait.ts";

/** @throws {ConsoleError} with the node's last_error; {@link TemporaryFailure} when it takes too long */
export async function waitForConsole(
  client: ApiClient,
  node: string,
  enabled: boolean,
  options: WaitOptions,
): Promise<void> {
  const done = (state: Readonly<Record<string, unknown>>): boolean =>
    state["console_enabled"] === enabled;
  await waitForNode(client, node, "the console of", done, options);
}
