/** `console …`: a machine's console, with the words of `baremetal node console …`. */
import type { Command } from "commander";
import { InvalidParameterValue, NodeConsoleNotEnabled } from "../../common/errors.ts";
import { openInBrowser } from "../browser.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import type { ApiClient } from "../client.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { waitForConsole } from "../console-wait.ts";
import { printFields } from "../output.ts";

interface ChangeFlags extends ClientFlags {
  readonly wait: boolean;
  readonly timeout: string;
}

interface ConsoleInfo {
  readonly type: string;
  readonly url: string;
}

export function addConsoleCommands(program: Command, io: CliIo): void {
  const command = program.command("console").description("a machine's screen or serial line");
  addChange(command, io, "enable", true);
  addChange(command, io, "disable", false);
  withClientOptions(command.command("show"))
    .description("shows whether the console is on, and a new URL for you")
    .argument("<node>", "name or UUID")
    .action((ident: string, flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const answer = await client.call("GET", nodePath(ident, "states", "console"));
        if (flags.json) return printFields(io, answer, true);
        const info = answer["console_info"] as ConsoleInfo | null;
        printFields(
          io,
          { console_enabled: answer["console_enabled"], type: info?.type, url: info?.url },
          false,
        );
      }),
    );
  withClientOptions(command.command("open"))
    .description("opens the console in this machine's browser")
    .argument("<node>", "name or UUID")
    .action((ident: string, flags: ClientFlags) =>
      withClient(io, flags, async (client) => {
        const url = await consoleUrl(client, ident);
        if (await openInBrowser(url, io.env))
          return printLine(io.stderr, `opened the console of ${ident} in the browser`);
        printLine(io.stderr, "no browser could be started, the URL is:");
        printLine(io.stdout, url);
      }),
    );
}

/** @throws {NodeConsoleNotEnabled} when it is off or has no page to show */
export async function consoleUrl(client: ApiClient, ident: string): Promise<string> {
  const answer = await client.call("GET", nodePath(ident, "states", "console"));
  const info = answer["console_info"] as ConsoleInfo | null;
  if (answer["console_enabled"] !== true || !info?.url)
    throw new NodeConsoleNotEnabled(`the console of ${ident} is not enabled`);
  return info.url;
}

function addChange(
  command: Command,
  io: CliIo,
  verb: "enable" | "disable",
  enabled: boolean,
): void {
  withClientOptions(command.command(verb))
    .description(enabled ? "starts the console and waits for it" : "stops it and ends its sessions")
    .argument("<node>", "name or UUID")
    .option("--no-wait", "return as soon as the service has accepted it")
    .option("--timeout <seconds>", "how long to wait", "180")
    .action((ident: string, flags: ChangeFlags) => {
      const timeoutSeconds = wholeSeconds(flags.timeout);
      return withClient(io, flags, async (client) => {
        await client.call("PUT", nodePath(ident, "states", "console"), { enabled });
        if (!flags.wait) return printLine(io.stderr, `accepted: ${verb} the console of ${ident}`);
        const progress = progressLine(io, `waiting for the console of ${ident}`);
        try {
          await waitForConsole(client, ident, enabled, {
            clock: io.clock,
            timeoutSeconds,
            onWait: progress.show,
          });
        } finally {
          progress.end();
        }
        printLine(io.stderr, `the console of ${ident} is ${verb}d`);
      });
    });
}

function wholeSeconds(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1)
    throw new InvalidParameterValue(`--timeout must be whole seconds, not "${text}"`);
  return seconds;
}

/** A line that counts seconds on a terminal, and is printed once elsewhere. */
function progressLine(
  io: CliIo,
  text: string,
): { show: (seconds: number) => void; end: () => void } {
  let shown = false;
  return {
    show: (seconds) => {
      if (io.stderr.isTTY) io.stderr.write(`\r${text} ... ${Math.floor(seconds)} s`);
      else if (!shown) printLine(io.stderr, `${text} ...`);
      shown = true;
    },
    end: () => {
      if (shown && io.stderr.isTTY) io.stderr.write("\n");
    },
  };
}
