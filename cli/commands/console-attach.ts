/** `console attach NODE`: a raw terminal on a machine's serial line. */
import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { InvalidParameterValue, messageOf, NodeConsoleNotEnabled } from "../../common/errors.ts";
import type { EscapeStyle } from "../../common/escape-keys.ts";
import { Attachment, type AttachOptions } from "../attach/attachment.ts";
import type { EndSignal } from "../attach/raw-terminal.ts";
import { withClient, withAccessOptions, type ClientFlags } from "../client-command.ts";
import type { CliIo } from "../cli-io.ts";
import type { ApiClient } from "../client.ts";
import { CompletedArgument } from "../completed-argument.ts";
import { consoleLink } from "../console-link.ts";
import { withExamples } from "../examples.ts";
import { findAccess } from "../login/access.ts";

interface AttachFlags extends ClientFlags {
  readonly view?: boolean;
  readonly escape: string;
  readonly ctrlE: boolean;
  readonly rawUrl?: string;
  readonly linger: string;
  readonly asIs?: boolean;
  readonly replay?: boolean;
}

const LONGEST_LINGER_SECONDS = 86_400;

export function addAttachCommand(console: Command, io: CliIo): void {
  const attach = withAccessOptions(console.command("attach"))
    .description("types into a machine's serial console; ~. after Enter detaches")
    .addArgument(
      new CompletedArgument("[node]", "name or UUID; not with --raw-url", { nodes: true }),
    )
    .option("--view", "watch only")
    .option("--escape <key>", "instead of ~, for example % or ^], or none", "~")
    .option("--no-ctrl-e", "pass Ctrl-E c on to the machine instead of taking commands after it")
    .option("--raw-url <url>", "the WebSocket's own address, or @FILE that holds it")
    .option("--linger <seconds>", "with piped input: how long to wait for answers", "1")
    .option("--as-is", "with piped input: send line ends as they are, not as the Enter key does")
    .option("--replay", "show what the machine said before (default on a terminal)")
    .option("--no-replay", "do not (default with piped input)")
    .action((node: string | undefined, flags: AttachFlags) => attachTo(io, node, flags));
  withExamples(attach, [
    ["console attach n1", "~. detaches, ~? helps"],
    ["console attach n1 --view", "watches what others do"],
    ["console attach n1 --escape ^]", "Enter, Ctrl-], . detaches"],
    ["console attach n1 --linger 3 <commands.txt", "sends a file and shows what comes back"],
  ]);
}

async function attachTo(io: CliIo, node: string | undefined, flags: AttachFlags): Promise<void> {
  if ((node === undefined) === (flags.rawUrl === undefined))
    throw new InvalidParameterValue("wanted is a NODE, or --raw-url URL without one");
  const shared = {
    escape: escapeStyle(flags),
    lingerSeconds: lingerSeconds(flags.linger),
    asIs: flags.asIs === true,
    replay: flags.replay ?? io.stdin.isTTY === true,
  };
  const signal =
    node === undefined
      ? await attachRaw(io, flags, shared)
      : await withClient(io, flags, (client, access) =>
          new Attachment(io, {
            ...shared,
            tls: access.tls,
            renewable: true,
            link: () => serialLink(client, node, flags),
          }).run(),
        );
  /* Its own handlers are gone by now: ends as a program that never caught it. */
  if (signal) process.kill(process.pid, signal);
}

async function attachRaw(
  io: CliIo,
  flags: AttachFlags,
  shared: Pick<AttachOptions, "escape" | "lingerSeconds" | "asIs" | "replay">,
): Promise<EndSignal | undefined> {
  if (flags.view) throw new InvalidParameterValue("--view wants a NODE; a link has its mode in it");
  const url = rawUrl(flags.rawUrl ?? "");
  const { tls } = await findAccess(
    { ...io, env: { OS_CACERT: io.env["OS_CACERT"], OS_INSECURE: io.env["OS_INSECURE"] } },
    flags.cacert === undefined ? {} : { cacert: flags.cacert },
    { saved: false },
  );
  const link = (): Promise<string> => Promise.resolve(url);
  return new Attachment(io, { ...shared, tls, renewable: false, link }).run();
}

/** @throws {NodeConsoleNotEnabled} when it is off; {@link InvalidParameterValue} when it is no serial line */
async function serialLink(client: ApiClient, node: string, flags: AttachFlags): Promise<string> {
  const view = flags.view === true;
  const { answer, info } = await consoleLink(client, node, { type: "serial", view });
  if (answer["console_enabled"] !== true)
    throw new NodeConsoleNotEnabled(
      `the console of ${node} is not enabled; \`bmcon console enable ${node}\` does it`,
    );
  if (info?.websocket_url === undefined)
    throw new InvalidParameterValue(
      `the console of ${node} is no serial line that one can attach to`,
    );
  return info.websocket_url;
}

/** A URL on the command line can be seen by everybody on this machine, hence the file. */
function rawUrl(text: string): string {
  if (!text.startsWith("@")) return text;
  try {
    return readFileSync(text.slice(1), "utf8").trim();
  } catch (cause) {
    throw new InvalidParameterValue(`cannot read "${text.slice(1)}": ${messageOf(cause)}`, {
      cause,
    });
  }
}

function escapeStyle({ escape, ctrlE }: AttachFlags): EscapeStyle {
  if (escape === "none") return { character: undefined, conserver: ctrlE };
  const control = /^\^([@-_a-z?])$/.exec(escape)?.[1];
  const character = control === undefined ? escape : controlCharacter(control);
  const code = character.codePointAt(0) ?? 0;
  if (character.length !== 1 || code > 0x7e || code === 0x0d || code === 0x0a)
    throw new InvalidParameterValue(
      `--escape wants one ASCII character, ^X for a control character, or none; not "${escape}"`,
    );
  return { character: code, conserver: ctrlE };
}

function controlCharacter(letter: string): string {
  return String.fromCharCode((letter.toUpperCase().codePointAt(0) ?? 0) & 0x1f);
}

function lingerSeconds(text: string): number {
  const seconds = /^\d{1,5}(?:\.\d{1,3})?$/.test(text) ? Number(text) : -1;
  if (seconds < 0 || seconds > LONGEST_LINGER_SECONDS)
    throw new InvalidParameterValue(
      `--linger must be seconds, for example 0.5 or 10, not "${text}"`,
    );
  return seconds;
}
