/** `log NODE`: the event log that the machine's BMC keeps. */
import type { Command } from "commander";
import { InvalidParameterValue } from "../../common/errors.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import { nodeArgument } from "../completed-argument.ts";
import { confirm } from "../confirm.ts";
import { withExamples } from "../examples.ts";
import { printRows } from "../output.ts";

interface LogFlags extends ClientFlags {
  readonly severity?: string;
  readonly since?: string;
  readonly contains?: string;
  readonly limit?: string;
  readonly clear?: boolean;
  readonly yes?: boolean;
}

const COLUMNS = ["time", "severity", "sensor", "message", "asserted"];
const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

export function addEventLogCommand(program: Command, io: CliIo): void {
  const command = withClientOptions(program.command("log"))
    .description("shows a machine's event log (SEL), or empties it")
    .addArgument(nodeArgument())
    .option("--severity <name>", "only this and graver ones: ok, warning, critical")
    .option("--since <time>", "only later ones: 2026-11-20T08:00:00Z, or 30m, 12h, 7d, 2w ago")
    .option("--contains <text>", "only entries with this text")
    .option("--limit <n>", "so many at most, the newest")
    .option("--clear", "delete all entries; asks before")
    .option("-y, --yes", "with --clear: do not ask")
    .action((node: string, flags: LogFlags) =>
      flags.clear ? clear(io, node, flags) : list(io, node, flags),
    );
  withExamples(command, [
    ["log n1", "everything"],
    ["log n1 --severity critical --since 7d", "what was bad this week"],
    ["log n1 --contains fan --limit 20 --json", "for programs"],
    ["log n1 --clear", "after reading it"],
  ]);
}

async function list(io: CliIo, node: string, flags: LogFlags): Promise<void> {
  const query = new URLSearchParams();
  if (flags.severity !== undefined) query.set("severity", flags.severity);
  if (flags.since !== undefined) query.set("since", timeOf(flags.since, io.clock.now()));
  if (flags.contains !== undefined) query.set("contains", flags.contains);
  if (flags.limit !== undefined) query.set("limit", countOf(flags.limit));
  const tail = query.size === 0 ? "" : `?${query.toString()}`;
  await withClient(io, flags, async (client) => {
    const rows = await client.list(nodePath(node, "event_log") + tail, "event_log");
    if (flags.json) return printRows(io, rows, ["id", ...COLUMNS], true);
    if (rows.length === 0) return printLine(io.stderr, "no entries");
    printRows(io, rows, COLUMNS, false);
  });
}

async function clear(io: CliIo, node: string, flags: LogFlags): Promise<void> {
  const filters = [flags.severity, flags.since, flags.contains, flags.limit];
  if (filters.some((filter) => filter !== undefined))
    throw new InvalidParameterValue("--clear deletes all entries and takes no filter");
  await confirm(io, `delete all entries of the event log of ${node}?`, flags);
  await withClient(io, flags, (client) => client.call("DELETE", nodePath(node, "event_log")));
  printLine(io.stderr, `the event log of ${node} is empty`);
}

/** @returns ISO 8601; `7d` counts back from now */
function timeOf(text: string, now: number): string {
  const ago = /^(\d{1,6})([mhdw])$/.exec(text);
  const seconds = ago ? Number(ago[1]) * (UNITS[ago[2] ?? ""] ?? 0) : 0;
  const time = ago ? new Date(now - seconds * 1000) : new Date(text);
  if (Number.isFinite(time.getTime())) return time.toISOString();
  throw new InvalidParameterValue(
    `--since wants a time such as 2026-11-20T08:00:00Z or 12h, not "${text}"`,
  );
}

function countOf(text: string): string {
  if (/^[1-9]\d{0,5}$/.test(text)) return text;
  throw new InvalidParameterValue(`--limit must be a number from 1 on, not "${text}"`);
}
