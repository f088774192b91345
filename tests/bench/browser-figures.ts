/** What the browser part of the benchmark measured: medians and extremes, as a Markdown table or JSON. */

interface Figure {
  readonly unit: string;
  readonly values: number[];
}

export class BrowserFigures {
  readonly #figures = new Map<string, Figure>();
  readonly #notes: string[] = [];

  add(title: string, unit: string, value: number): void {
    const figure = this.#figures.get(title) ?? { unit, values: [] };
    figure.values.push(value);
    this.#figures.set(title, figure);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  table(): string {
    const rows = [...this.#figures].map(([title, { unit, values }]) => {
      const spread =
        values.length < 2 ? "" : `${shown(Math.min(...values))} to ${shown(Math.max(...values))}`;
      return `| ${title} | ${unit} | ${shown(median(values))} | ${spread} |`;
    });
    return [
      "| what | unit | median | from, to |",
      "|---|---|---|---|",
      ...rows,
      "",
      ...this.#notes,
    ].join("\n");
  }

  json(): Record<string, unknown> {
    const plain = [...this.#figures].map(([title, { unit, values }]) => [
      title,
      { unit, median: median(values), values },
    ]);
    return { ...Object.fromEntries(plain), notes: this.#notes };
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

function shown(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
