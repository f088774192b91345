/** Ends a Pod and waits until the cluster has forgotten it. Its NetworkPolicy goes with it, as it owns that. */
import { setTimeout as pause } from "node:timers/promises";
import { ConsoleError } from "../../../base.ts";
import type { KubeClient } from "./kube-client.ts";
import { pods } from "./paths.ts";

/** Its first process ends at once; a node that is lost answers never. */
const LIMIT_MS = 30_000;
const STEP_MS = 200;

/** One that is not there is no failure. @throws {ConsoleError} when it is still there */
export async function removePod(client: KubeClient, name: string): Promise<void> {
  const path = `${pods(client.settings.namespace)}/${name}`;
  const signal = AbortSignal.timeout(LIMIT_MS);
  const query = "?gracePeriodSeconds=1&propagationPolicy=Background";
  for (;;) {
    const answer = await client.ask("DELETE", `${path}${query}`, signal);
    if (answer.status === 404) return;
    if (answer.status < 300) break;
    if (answer.status !== 409) throw client.refusal("DELETE", path, answer);
    await rest(signal, name);
  }
  while ((await client.ask("GET", path, signal)).status !== 404) await rest(signal, name);
}

async function rest(signal: AbortSignal, name: string): Promise<void> {
  await pause(STEP_MS, undefined, { signal }).catch(() => {
    throw new ConsoleError(`the cluster does not remove the Pod "${name}"`);
  });
}
