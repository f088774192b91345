/** `power NODES STATE`: switches machines and says how they are. */
import type { Command } from "commander";
import { InvalidParameterValue } from "../../common/errors.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import type { ApiClient, JsonAnswer } from "../client.ts";
import { CompletedArgument, NODES_HELP } from "../completed-argument.ts";
import { confirm, fewOf } from "../confirm.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import { forEachNode, printResults, withManyOptions, type ManyFlags } from "../many-nodes.ts";
import { waitForNode, wholeSeconds } from "../node-wait.ts";

interface PowerFlags extends ClientFlags, ManyFlags {
  readonly wait: boolean;
  readonly timeout?: string;
  readonly yes?: boolean;
}

interface Step {
  readonly target: string;
  /** The power state in which it is done. */
  readonly state: string;
}

const OFF: Step = { target: "power off", state: "power off" };
const ON: Step = { target: "power on", state: "power on" };
/** What each word does, one after the other; `status` does nothing. */
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  on: [ON],
  off: [OFF],
  cycle: [OFF, ON],
  reset: [{ target: "rebooting", state: "power on" }],
  soft: [{ target: "soft power off", state: "power off" }],
  status: [],
};
const WORDS = Object.keys(STEPS);
const HARMLESS = new Set(["on", "status"]);
const TIMEOUT_SECONDS = 180;
/** The service gives up after the time it was told; then it takes a moment to say so. */
const GRACE_SECONDS = 10;

export function addPowerCommand(program: Command, io: CliIo): void {
  const command = withManyOptions(withClientOptions(program.command("power")))
    .description("switches machines; waits until they are in that state")
    .usage("[options] <nodes...> <state>")
    .addArgument(
      new CompletedArgument("<nodes...>", `${NODES_HELP}; then ${WORDS.join(", ")}`, {
        nodes: true,
        words: WORDS,
      }),
    )
    .option("--no-wait", "return as soon as the service has accepted it (not with cycle)")
    .option("--timeout <seconds>", `how long each step may take (default ${TIMEOUT_SECONDS})`)
    .option("-y, --yes", "do not ask before several machines are switched off")
    .action((words: string[], flags: PowerFlags) => power(io, words, flags));
  withExamples(command, [
    ["power osl0[1-6] status", "how they are"],
    ["power rack1-n[01-12,15] off --yes", "without asking"],
    ["power n1 soft --timeout 300", "asks the operating system to shut down"],
    ["power n1,n2 cycle", "off, waits until they are off, on"],
    ["power n1 reset", "as the reset button"],
  ]);
}

async function power(io: CliIo, words: readonly string[], flags: PowerFlags): Promise<void> {
  const word = words.at(-1) ?? "";
  const steps = Object.hasOwn(STEPS, word) ? STEPS[word] : undefined;
  if (!steps || words.length < 2)
    throw new InvalidParameterValue(
      `wanted is NODES and then one of ${WORDS.join(", ")}; "${word}" is ${steps ? "all that was given" : "none"}`,
    );
  if (word === "cycle" && !flags.wait)
    throw new InvalidParameterValue("cycle waits between off and on; --no-wait goes with reset");
  const nodes = expandNodes(words.slice(0, -1));
  const timeout = flags.timeout === undefined ? undefined : wholeSeconds(flags.timeout);
  if (!HARMLESS.has(word) && nodes.length > 1)
    await confirm(io, `power ${word} of ${nodes.length} machines: ${fewOf(nodes)}?`, flags);
  await withClient(io, flags, async (client) => {
    const results = await forEachNode(io, nodes, { title: `power ${word}`, flags }, (node) =>
      takeSteps(io, client, node, { steps, wait: flags.wait, timeout }),
    );
    printResults(
      io,
      results,
      { columns: ["power_state", "target_power_state"], json: flags.json === true },
      (state) => [state],
    );
    const unread = results.filter((one) => one.worked && one.value["power_state"] === null);
    if (unread.length > 0)
      printLine(
        io.stderr,
        `the power of ${fewOf(unread.map(({ node }) => node))} was never read: \`node manage\` begins that`,
      );
  });
}

/** @returns the node's power_state and target_power_state in the end */
async function takeSteps(
  io: CliIo,
  client: ApiClient,
  node: string,
  options: {
    readonly steps: readonly Step[];
    readonly wait: boolean;
    readonly timeout: number | undefined;
  },
): Promise<JsonAnswer> {
  const { timeout } = options;
  for (const { target, state: wanted } of options.steps) {
    const body = { target, ...(timeout !== undefined && { timeout }) };
    await client.call("PUT", nodePath(node, "states", "power"), body);
    if (options.wait)
      await waitForNode(client, node, "the power of", (state) => state["power_state"] === wanted, {
        clock: io.clock,
        timeoutSeconds: timeout === undefined ? TIMEOUT_SECONDS : timeout + GRACE_SECONDS,
      });
  }
  return client.call("GET", nodePath(node, "states", "power"));
}
