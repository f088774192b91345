/**
 * What the database knows of all nodes, as Prometheus text, made afresh for each look: a node that is gone
 * leaves no series behind. Label values are bounded where they come from: node names by the API, sensors'
 * words by the conductor. Lets other requests have their turn between nodes.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Node } from "../common/node.ts";
import type { SensorReading } from "../conductor/rpcapi.ts";
import type { Database, LineState } from "../db/database.ts";
import { GaugeText, labelText } from "./metrics-text.ts";

const PAGE = 500;
/** Nodes' sensors between two turns of others: some milliseconds. */
const SENSORS_A_TURN = 20;

/** @returns text exposition format 0.0.4 */
export async function nodeMetrics(database: Database): Promise<string> {
  const gauges = new NodeGauges();
  const names = new Map<string, string>();
  for await (const node of allNodes(database)) {
    const name = labelText({ node: node.uuid, name: node.name ?? "" });
    names.set(node.uuid, name);
    gauges.node(name, node);
  }
  for (const [uuid, state] of await lineStates(database)) {
    const name = names.get(uuid);
    if (name !== undefined) gauges.line(name, state);
  }
  for (const [index, row] of (await database.telemetry.list()).entries()) {
    if (index % SENSORS_A_TURN === 0) await turn();
    const name = names.get(row.nodeUuid);
    if (name === undefined) continue;
    gauges.collection(name, row);
    for (const reading of row.readings as unknown as SensorReading[]) gauges.sensor(name, reading);
  }
  return gauges.text();
}

/** `name` is always the text of the labels `node` and `name`. */
class NodeGauges {
  readonly #power = new GaugeText(
    "bmcon_node_power",
    "1 for the power state that the node has, which is the label.",
  );
  readonly #console = new GaugeText(
    "bmcon_node_console_enabled",
    "Whether the node's console is on.",
  );
  readonly #line = new GaugeText(
    "bmcon_console_line",
    "1 for the state of the node's serial line, which is the label.",
  );
  readonly #collected = new GaugeText(
    "bmcon_sensors_collected_timestamp_seconds",
    "When the node's sensors were last read.",
  );
  readonly #failed = new GaugeText(
    "bmcon_sensors_collection_failed",
    "Whether the last attempt to read the node's sensors failed.",
  );
  readonly #value = new GaugeText(
    "bmcon_sensor_value",
    "Last reading of a sensor that has a number, in its own unit.",
  );
  readonly #state = new GaugeText(
    "bmcon_sensor_state",
    "1 for the state that the BMC gave the sensor at the last reading, which is the label.",
  );

  node(name: string, { powerState, consoleEnabled }: Node): void {
    if (powerState !== null) this.#power.add(`${name},${labelText({ state: powerState })}`, 1);
    this.#console.add(name, consoleEnabled ? 1 : 0);
  }

  line(name: string, state: LineState): void {
    this.#line.add(`${name},${labelText({ state })}`, 1);
  }

  collection(
    name: string,
    { collectedAt, error }: { readonly collectedAt: number; readonly error: string | null },
  ): void {
    if (collectedAt > 0) this.#collected.add(name, collectedAt / 1000);
    this.#failed.add(name, error === null ? 0 : 1);
  }

  sensor(name: string, { name: sensor, kind, unit, value, state }: SensorReading): void {
    const named = `${name},${labelText({ sensor, kind })}`;
    if (value !== null) this.#value.add(`${named},${labelText({ unit: unit ?? "" })}`, value);
    this.#state.add(`${named},${labelText({ state })}`, 1);
  }

  text(): string {
    return [
      this.#power,
      this.#console,
      this.#line,
      this.#collected,
      this.#failed,
      this.#value,
      this.#state,
    ].join("");
  }
}

async function* allNodes(database: Database): AsyncGenerator<Node> {
  for (let marker: string | undefined; ;) {
    const page = await database.nodes.list({
      limit: PAGE,
      ...(marker !== undefined && { marker }),
    });
    yield* page;
    if (page.length < PAGE) return;
    marker = page.at(-1)?.uuid;
  }
}

/** One look for each living proxy, of which there are few. */
async function lineStates(database: Database): Promise<Map<string, LineState>> {
  const states = new Map<string, LineState>();
  for (const { host } of await database.lines.listProxyUrls())
    for (const { line } of await database.lines.listHeld(host))
      states.set(line.nodeUuid, line.state);
  return states;
}
