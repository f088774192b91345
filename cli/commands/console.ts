/** `console …`: machines' consoles, with the words of `baremetal node console …`. */
import { Option, type Command } from "commander";
import { NodeConsoleNotEnabled } from "../../common/errors.ts";
import { openInBrowser } from "../browser.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { nodesArgument } from "../completed-argument.ts";
import { consoleLink, type ConsoleInfo, type LinkFlags } from "../console-link.ts";
import { waitForConsole } from "../console-wait.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import {
  failWhenFailed,
  forEachNode,
  printResults,
  sentenceOf,
  withManyOptions,
  type ManyFlags,
} from "../many-nodes.ts";
import { wholeSeconds } from "../node-wait.ts";
import { printFields } from "../output.ts";
import { progressLine } from "../progress-line.ts";
import { addAttachCommand } from "./console-attach.ts";
import { addConsoleFailureCommand } from "./console-failure.ts";
import { addConsoleLogCommand } from "./console-log.ts";

interface ChangeFlags extends ClientFlags, ManyFlags {
  readonly wait: boolean;
  readonly timeout: string;
}

interface ShowFlags extends ClientFlags, ManyFlags, LinkFlags {}

export function addConsoleCommands(program: Command, io: CliIo): void {
  const command = program.command("console").description("machines' screens and serial lines");
  addChange(command, io, "enable", true);
  addChange(command, io, "disable", false);
  addShow(command, io);
  addOpen(command, io);
  addAttachCommand(command, io);
  addConsoleLogCommand(command, io);
  addConsoleFailureCommand(command, io);
}

function addShow(command: Command, io: CliIo): void {
  const show = withLinkOptions(withManyOptions(withClientOptions(command.command("show"))))
    .description("shows whether consoles are on, and new URLs for you")
    .addArgument(nodesArgument())
    .action((args: string[], flags: ShowFlags) => showConsoles(io, args, flags));
  withExamples(show, [
    ["console show n1", "a URL for your browser"],
    ["console show n1 --type serial --json", "with the WebSocket's address"],
    ["console show osl0[1-6]", "which ones are on"],
  ]);
}

async function showConsoles(io: CliIo, args: readonly string[], flags: ShowFlags): Promise<void> {
  const nodes = expandNodes(args);
  const json = flags.json === true;
  await withClient(io, flags, async (client) => {
    const results = await forEachNode(io, nodes, { title: "console show", flags }, (node) =>
      consoleLink(client, node, flags),
    );
    const [only] = results;
    if (results.length === 1 && only?.worked) {
      const { answer, info } = only.value;
      if (json) return printFields(io, answer, true);
      return printFields(io, shownFields(answer["console_enabled"], info), false);
    }
    const columns = json ? ["console_enabled", "console_info"] : ["console_enabled", "type", "url"];
    printResults(io, results, { columns, json }, ({ answer, info }) => [{ ...info, ...answer }]);
  });
}

function shownFields(enabled: unknown, info: ConsoleInfo | undefined): Record<string, unknown> {
  const { type, url, websocket_url: webSocketUrl, line } = info ?? {};
  return {
    console_enabled: enabled,
    type,
    url,
    ...(webSocketUrl !== undefined && { websocket_url: webSocketUrl }),
    ...(line && {
      line: `${line.state}${line.detail === null ? "" : `: ${line.detail}`}`,
      line_since: line.since,
    }),
  };
}

function addOpen(command: Command, io: CliIo): void {
  const open = withLinkOptions(withClientOptions(command.command("open")))
    .description("opens consoles in this machine's browser")
    .addArgument(nodesArgument())
    .action(async (args: string[], flags: ClientFlags & LinkFlags) => {
      const nodes = expandNodes(args);
      await withClient(io, flags, async (client) => {
        const options = { title: "console open", flags: { parallel: "1" } };
        const results = await forEachNode(io, nodes, options, async (node) => {
          const { info } = await consoleLink(client, node, flags);
          if (!info) throw new NodeConsoleNotEnabled(`the console of ${node} is not enabled`);
          if (await openInBrowser(info.url, io.env))
            return printLine(io.stderr, `opened the console of ${node} in the browser`);
          printLine(io.stderr, `no browser could be started, the URL for ${node} is:`);
          printLine(io.stdout, info.url);
        });
        if (results.length > 1)
          for (const result of results)
            if (!result.worked) printLine(io.stderr, `${result.node}: ${sentenceOf(result.error)}`);
        failWhenFailed(results);
      });
    });
  withExamples(open, [
    ["console open n1", "in your browser"],
    ["console open n1 --view", "to watch only"],
  ]);
}

function withLinkOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--type <type>", "which console, where a machine has two").choices([
        "vnc",
        "serial",
      ]),
    )
    .option("--close-url <url>", "who gets a signed POST when a session by this link has ended")
    .option("--view", "a link that can only watch");
}

function addChange(
  command: Command,
  io: CliIo,
  verb: "enable" | "disable",
  enabled: boolean,
): void {
  const change = withManyOptions(withClientOptions(command.command(verb)))
    .description(
      enabled ? "starts consoles and waits for them" : "stops consoles and ends their sessions",
    )
    .addArgument(nodesArgument())
    .option("--no-wait", "return as soon as the service has accepted it")
    .option("--timeout <seconds>", "how long to wait", "180")
    .action((args: string[], flags: ChangeFlags) =>
      changeConsoles(io, args, { verb, enabled }, flags),
    );
  withExamples(change, [
    [`console ${verb} n1`, "and waits"],
    [`console ${verb} osl0[1-6] --no-wait`, "six machines, without waiting"],
  ]);
}

async function changeConsoles(
  io: CliIo,
  args: readonly string[],
  { verb, enabled }: { readonly verb: "enable" | "disable"; readonly enabled: boolean },
  flags: ChangeFlags,
): Promise<void> {
  const nodes = expandNodes(args);
  const timeoutSeconds = wholeSeconds(flags.timeout);
  const alone = nodes.length === 1;
  await withClient(io, flags, async (client) => {
    const title = `console ${verb}`;
    const results = await forEachNode(io, nodes, { title, flags }, async (node) => {
      await client.call("PUT", nodePath(node, "states", "console"), { enabled });
      if (!flags.wait) return { console_enabled: null };
      const waiting = `waiting for the console of ${node} ...`;
      const progress = alone ? progressLine(io, waiting) : undefined;
      try {
        await waitForConsole(client, node, enabled, {
          clock: io.clock,
          timeoutSeconds,
          onWait: (seconds) => progress?.show(`${waiting} ${Math.floor(seconds)} s`),
        });
      } finally {
        progress?.end();
      }
      return { console_enabled: enabled };
    });
    if (!alone || flags.json)
      return printResults(
        io,
        results,
        { columns: ["console_enabled"], json: flags.json === true },
        (row) => [row],
      );
    failWhenFailed(results);
    printLine(
      io.stderr,
      flags.wait
        ? `the console of ${nodes[0]} is ${verb}d`
        : `accepted: ${verb} the console of ${nodes[0]}`,
    );
  });
}
