/** `sensors NODES`: temperatures, fans, voltages, with their limits. */
import type { Command } from "commander";
import { fieldsOf, fieldsOfEach, type Fields } from "../../common/json-fields.ts";
import { printable } from "../../common/printable.ts";
import { nodePath, withClient, withClientOptions, type ClientFlags } from "../client-command.ts";
import { printLine, type CliIo } from "../cli-io.ts";
import type { JsonAnswer } from "../client.ts";
import { nodesArgument } from "../completed-argument.ts";
import { withExamples } from "../examples.ts";
import { expandNodes } from "../host-ranges.ts";
import { forEachNode, printResults, withManyOptions, type ManyFlags } from "../many-nodes.ts";
import type { Row } from "../output.ts";

interface SensorFlags extends ClientFlags, ManyFlags {
  readonly kind?: string;
  readonly bad?: boolean;
  readonly cached?: boolean;
}

const COLUMNS = ["sensor", "kind", "reading", "state", "limits"];
/** From the lowest limit to the highest; where a bad reading begins. */
const LOWER = ["lower_fatal", "lower_critical", "lower_warning"];
const UPPER = ["upper_warning", "upper_critical", "upper_fatal"];
/** Nothing to read is nothing bad: many sensors only work while the machine runs. */
const BAD = new Set<unknown>(["warning", "critical"]);

export function addSensorsCommand(program: Command, io: CliIo): void {
  const command = withManyOptions(withClientOptions(program.command("sensors")))
    .description("shows the readings of machines' sensors")
    .addArgument(nodesArgument())
    .option("--kind <kind>", "only these, for example temperature")
    .option("--bad", "only what is not in order")
    .option("--cached", "what was read last, without asking the machines")
    .action((args: string[], flags: SensorFlags) => sensors(io, args, flags));
  withExamples(command, [
    ["sensors n1", "all of them"],
    ["sensors osl0[1-6] --kind temperature", "one kind, of six machines"],
    ["sensors rack[1-3]-n[01-12] --bad", "what needs attention"],
  ]);
}

async function sensors(io: CliIo, args: readonly string[], flags: SensorFlags): Promise<void> {
  const nodes = expandNodes(args);
  const json = flags.json === true;
  const tail = flags.cached ? "?cached=true" : "";
  await withClient(io, flags, async (client) => {
    const results = await forEachNode(
      io,
      nodes,
      { title: "sensors", flags },
      async (node): Promise<JsonAnswer> => {
        const answer = await client.call("GET", nodePath(node, "sensors") + tail);
        return { ...answer, sensors: wantedOf(answer, flags) };
      },
    );
    for (const result of results) if (result.worked) warnOf(io, result.node, result.value);
    if (json)
      printResults(
        io,
        results,
        { columns: ["sensors", "collected_at", "last_failure"], json },
        (answer) => [{ ...answer, last_failure: answer["error"], error: null }],
      );
    else printResults(io, results, { columns: COLUMNS, json }, rowsOf);
  });
}

function wantedOf(answer: JsonAnswer, flags: SensorFlags): Fields[] {
  const kind = flags.kind?.toLowerCase();
  return fieldsOfEach(answer["sensors"]).filter(
    (sensor) =>
      (kind === undefined || String(sensor["kind"]).toLowerCase() === kind) &&
      (!flags.bad || BAD.has(sensor["state"])),
  );
}

/** The collection's own failure: readings may be old. */
function warnOf(io: CliIo, node: string, answer: JsonAnswer): void {
  if (typeof answer["error"] !== "string") return;
  const since = answer["collected_at"];
  const old = typeof since === "string" ? `; these are of ${printable(since)}` : "";
  printLine(io.stderr, `${node}: the last reading failed: ${printable(answer["error"])}${old}`);
}

function rowsOf(answer: JsonAnswer): Row[] {
  return fieldsOfEach(answer["sensors"]).map((sensor) => ({
    sensor: sensor["name"],
    kind: sensor["kind"],
    reading: readingOf(sensor),
    state: sensor["state"],
    limits: limitsOf(sensor["thresholds"]),
  }));
}

function readingOf({ value, unit, text }: Fields): string | null {
  if (typeof value === "number")
    return typeof unit === "string" ? `${value} ${unit === "Cel" ? "°C" : unit}` : `${value}`;
  return typeof text === "string" ? text : null;
}

/** `5 10 .. 80 90`: warning, critical and fatal ones as far as there are, outside of which it is bad. */
function limitsOf(thresholds: unknown): string | null {
  const limits = fieldsOf(thresholds);
  const part = (names: readonly string[]): string =>
    names
      .map((name) => limits[name])
      .filter((limit) => typeof limit === "number")
      .join(" ");
  const [below, above] = [part(LOWER), part(UPPER)];
  return below === "" && above === "" ? null : `${below} .. ${above}`.trim();
}
