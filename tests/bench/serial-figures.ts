/** What the serial benchmark found, by row and peer, one figure a round, as a Markdown table. */
import { median, number, ratios } from "./report.ts";

/** `plain`: no proxy at all. */
export const SERIAL_PEERS = ["ours", "plain", "websockify", "conman"] as const;
export type SerialPeer = (typeof SERIAL_PEERS)[number];

interface Row {
  readonly title: string;
  readonly unit: string;
  readonly figures: Map<SerialPeer, number[]>;
}

const HEAD = [
  "what",
  "unit",
  "this service",
  "no proxy",
  "websockify",
  "conman",
  "÷ no proxy",
  "÷ websockify",
  "÷ conman",
];

export class SerialFigures {
  /** In the order in which they were kept first. */
  readonly #rows = new Map<string, Row>();
  readonly #notes = new Set<string>();

  keep(title: string, unit: string, peer: SerialPeer, figure: number): void {
    const key = `${title}, ${unit}`;
    const row = this.#rows.get(key) ?? { title, unit, figures: new Map() };
    this.#rows.set(key, row);
    row.figures.set(peer, [...(row.figures.get(peer) ?? []), figure]);
  }

  /** Said once, below the table. */
  note(text: string): void {
    this.#notes.add(text);
  }

  table(): string {
    const rows = [...this.#rows.values()].map((row) => cellsOf(row));
    const lines = [HEAD, HEAD.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
    return [lines.join("\n"), ...[...this.#notes].map((text) => `- ${text}`)].join("\n\n");
  }

  json(): object {
    const rows = [...this.#rows.values()].map(({ title, unit, figures }) => ({
      title,
      unit,
      figures: Object.fromEntries(figures),
    }));
    return { rows, notes: [...this.#notes] };
  }
}

function cellsOf({ title, unit, figures }: Row): string[] {
  const of = (peer: SerialPeer): number[] => figures.get(peer) ?? [];
  const medians = SERIAL_PEERS.map((peer) => number(median(of(peer))));
  const others = SERIAL_PEERS.filter((peer) => peer !== "ours");
  const quotients = others.map((peer) => number(median(ratios(of("ours"), of(peer)))));
  return [title, unit, ...medians, ...quotients];
}
