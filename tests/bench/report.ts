/** Medians of all rounds, and ratios paired round by round, as a Markdown table. */
import type { Sample } from "./load.ts";
import { METRICS, type Metric, type PeerName } from "./scenarios.ts";

/** Samples by scenario, then peer, one a round. */
export type Results = ReadonlyMap<string, ReadonlyMap<PeerName, readonly Sample[]>>;

/** Shared machines are noisy; performance goals are accepted with this grace. */
const GRACE = 1.15;

export function reportTable(results: Results): string {
  const rows = METRICS.flatMap((metric) => {
    const row = reportRow(metric, results);
    return row ? [row] : [];
  });
  const head = [
    "what",
    "unit",
    "this proxy",
    "websockify",
    "HAProxy TCP",
    "÷ websockify (must, aim)",
    "÷ HAProxy (must, aim)",
    "bar",
  ];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n");
}

function reportRow(metric: Metric, results: Results): string[] | undefined {
  const samples = results.get(metric.scenario);
  const ours = figures(metric, samples, "baremetal-console");
  if (ours.length === 0) return undefined;
  const websockify = figures(metric, samples, "websockify");
  const haproxy = figures(metric, samples, "haproxy");
  const toWebsockify = median(ratios(ours, websockify));
  const toHaproxy = median(ratios(ours, haproxy));
  const verdicts = [
    verdict(metric, "websockify", toWebsockify),
    verdict(metric, "haproxy", toHaproxy),
    verdict(metric, "self", median(ours)),
  ].filter((word) => word !== "");
  const worst = ["missed", "must", "aim"].find((word) => verdicts.includes(word)) ?? "";
  return [
    metric.title,
    metric.unit,
    number(median(ours)),
    number(median(websockify)),
    number(median(haproxy)),
    ratioCell(metric, "websockify", toWebsockify),
    ratioCell(metric, "haproxy", toHaproxy),
    worst,
  ];
}

function figures(
  metric: Metric,
  samples: ReadonlyMap<PeerName, readonly Sample[]> | undefined,
  peer: PeerName,
): number[] {
  const direct = samples?.get("direct");
  return (samples?.get(peer) ?? []).map((sample, round) => metric.figure(sample, direct?.[round]));
}

export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.flatMap((value, round) =>
    theirs[round] === undefined ? [] : [value / theirs[round]],
  );
}

function verdict(metric: Metric, peer: "websockify" | "haproxy" | "self", value: number): string {
  const must = metric.must[peer];
  const aim = metric.aim[peer];
  if (must === undefined || Number.isNaN(value)) return "";
  const within = (bar: number): boolean =>
    metric.atLeast ? value >= bar / GRACE : value <= bar * GRACE;
  if (aim !== undefined && within(aim)) return "aim";
  return within(must) ? "must" : "missed";
}

function ratioCell(metric: Metric, peer: "websockify" | "haproxy", ratio: number): string {
  const must = metric.must[peer];
  if (Number.isNaN(ratio)) return "";
  return must === undefined
    ? number(ratio)
    : `${number(ratio)} (${must}, ${metric.aim[peer] ?? "-"})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function number(value: number): string {
  if (Number.isNaN(value)) return "";
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
