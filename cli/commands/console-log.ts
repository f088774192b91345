/** `console log NODE`: what a machine said on its serial console. */
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as pause } from "node:timers/promises";
import { Option, type Command } from "commander";
import {
  CONSOLE_LOG_FORMATS,
  formatLog,
  type ConsoleLogFormat,
} from "../../common/console-log-format.ts";
import {
  ApiUnreachable,
  InvalidParameterValue,
  messageOf,
  TemporaryFailure,
} from "../../common/errors.ts";
import { escaped } from "../../common/printable.ts";
import { nodePath, withAccessOptions, withClient, type ClientFlags } from "../client-command.ts";
import type { ApiClient, StreamedAnswer } from "../client.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { nodeArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { LogPosition } from "../log-position.ts";

interface LogFlags extends ClientFlags {
  readonly from?: string;
  readonly to?: string;
  readonly lines?: string;
  readonly format: ConsoleLogFormat;
  readonly follow?: boolean;
  readonly output?: string;
}

const DEFAULT_LINES = "200";
const POLL_MILLISECONDS = 1000;
/** What no terminal should get from a service, whatever the service promised. */
const CONTROL = /(?![\t\n])\p{Cc}/gu;

export function addConsoleLogCommand(console: Command, io: CliIo): void {
  const log = withAccessOptions(console.command("log"))
    .description("shows what a machine said on its serial console")
    .addArgument(nodeArgument())
    .option("--from <time>", "from this time on: 2026-11-20T17:12Z, or ago: -15m, -2h, -1d")
    .option("--to <time>", "before this time")
    .option("--lines <n>", `the last lines only (default ${DEFAULT_LINES}, all with --from or -o)`)
    .addOption(
      new Option("--format <format>", "text with times, plain without, raw bytes, json lines")
        .choices([...CONSOLE_LOG_FORMATS])
        .default("text"),
    )
    .option("-f, --follow", "goes on with what the machine says from now on, until Ctrl-C")
    .option("-o, --output <file>", "write to a file")
    .action((node: string, flags: LogFlags) => showLog(io, node, flags));
  withExamples(log, [
    ["console log n1", `the last ${DEFAULT_LINES} lines`],
    ["console log n1 --follow", "and what comes"],
    ["console log n1 --from -15m --format plain", "without times and colours"],
    ["console log n1 --from 2026-11-20T17:00Z --to 2026-11-20T18:00Z -o hour.log", "an hour"],
  ]);
}

async function showLog(io: CliIo, node: string, flags: LogFlags): Promise<void> {
  const isTerminal = (io.stdout as Writable & { isTTY?: boolean }).isTTY === true;
  const toTerminal = flags.output === undefined && isTerminal;
  if (toTerminal && flags.format === "raw")
    throw new InvalidParameterValue(
      "--format raw would let the machine steer your terminal; write it to a file with -o FILE",
    );
  if (flags.follow && flags.to !== undefined)
    throw new InvalidParameterValue("--follow has no end, --to does not go with it");
  await withClient(io, flags, async (client) => {
    const sink = new LogSink(io, flags.output, toTerminal);
    try {
      if (flags.follow) await follow(io, client, node, flags, sink);
      else await sink.take((await ask(io, client, node, firstQuery(flags))).body);
    } finally {
      await sink.close();
    }
  });
}

async function follow(
  io: CliIo,
  client: ApiClient,
  node: string,
  flags: LogFlags,
  sink: LogSink,
): Promise<void> {
  const position = new LogPosition();
  const show = async (query: URLSearchParams): Promise<void> => {
    const { body } = await ask(io, client, node, query);
    await sink.take(formatLog(position.fresh(body), flags.format));
  };
  await show(new URLSearchParams({ ...Object.fromEntries(firstQuery(flags)), format: "text" }));
  let silent = false;
  while (!sink.isClosed) {
    await pause(POLL_MILLISECONDS);
    const from = position.time ?? flags.from;
    try {
      await show(new URLSearchParams({ format: "text", ...(from !== undefined && { from }) }));
      silent = false;
    } catch (error) {
      if (!(error instanceof TemporaryFailure || error instanceof ApiUnreachable)) throw error;
      if (!silent) printLine(io.stderr, `${escaped(messageOf(error))}; trying again`);
      silent = true;
    }
  }
}

async function ask(
  io: CliIo,
  client: ApiClient,
  node: string,
  query: URLSearchParams,
): Promise<StreamedAnswer> {
  const answer = await client.stream(`${nodePath(node, "console", "log")}?${query.toString()}`);
  const missing = answer.headers["x-console-log-incomplete"];
  if (missing !== undefined)
    printLine(io.stderr, `not all of it: no answer from the proxies ${escaped(String(missing))}`);
  return answer;
}

function firstQuery(flags: LogFlags): URLSearchParams {
  const query = new URLSearchParams({ format: flags.format });
  if (flags.from !== undefined) query.set("from", flags.from);
  if (flags.to !== undefined) query.set("to", flags.to);
  const all = flags.from !== undefined || (flags.output !== undefined && !flags.follow);
  const lines = flags.lines ?? (all ? undefined : DEFAULT_LINES);
  if (lines !== undefined) query.set("lines", lines);
  return query;
}

/** A file, or standard output, which a terminal may be. */
class LogSink {
  readonly #stream: Writable;
  readonly #isFile: boolean;
  readonly #decoder: StringDecoder | undefined;

  constructor(io: CliIo, file: string | undefined, isTerminal: boolean) {
    this.#isFile = file !== undefined;
    this.#stream = file === undefined ? io.stdout : createWriteStream(file, { mode: 0o600 });
    this.#decoder = isTerminal ? new StringDecoder("utf8") : undefined;
    this.#stream.on("error", ignore);
  }

  get isClosed(): boolean {
    return this.#stream.destroyed;
  }

  async take(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      const shown = this.#decoder?.write(Buffer.from(chunk)).replaceAll(CONTROL, "?") ?? chunk;
      if (this.#stream.errored) throw cannotWrite(this.#stream.errored);
      if (this.#stream.destroyed) return;
      if (!this.#stream.write(shown)) await drained(this.#stream);
    }
  }

  async close(): Promise<void> {
    this.#stream.off("error", ignore);
    if (!this.#isFile) return;
    this.#stream.end();
    await finished(this.#stream).catch((error: unknown) => {
      throw cannotWrite(error);
    });
  }
}

/** Resolves when there is room again, or never will be. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}

function cannotWrite(error: unknown): InvalidParameterValue {
  return new InvalidParameterValue(`cannot write the console log: ${messageOf(error)}`);
}

function ignore(): void {
  /* seen at the next write, and at the end */
}
