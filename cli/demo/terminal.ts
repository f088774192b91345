/** A scrolling text window of the demo screen, with a line under edit at its end. */
import { COLOUR, makeCell, type Screen } from "./screen.ts";

interface Line {
  readonly text: string;
  readonly ink: number;
}

export class Terminal {
  readonly columns: number;
  readonly rows: number;
  #lines: Line[] = [];

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  /** Adds text below the rest, wrapped at the window's width; the oldest lines scroll out. */
  print(text: string, ink: number = COLOUR.silver): void {
    for (const line of text.split("\n"))
      for (const part of wrap(line, this.columns)) this.#lines.push({ text: part, ink });
    this.#lines = this.#lines.slice(-this.rows);
  }

  clear(): void {
    this.#lines = [];
  }

  /**
   * Draws the window with its top left corner at (column, row).
   * @param prompt the line under edit with its cursor's offset, if there is one
   */
  draw(
    screen: Screen,
    column: number,
    row: number,
    prompt?: { readonly text: string; readonly cursor: number; readonly cursorIsOn: boolean },
  ): void {
    const edited = prompt ? wrap(`${prompt.text} `, this.columns) : [];
    const lines = [...this.#lines, ...edited.map((text) => ({ text, ink: COLOUR.white }))].slice(
      -this.rows,
    );
    for (const [index, line] of lines.entries())
      screen.put(column, row + index, line.text, line.ink);
    if (!prompt?.cursorIsOn) return;
    const cursorRow = row + lines.length - edited.length + Math.floor(prompt.cursor / this.columns);
    const under = prompt.text[prompt.cursor] ?? " ";
    if (cursorRow >= row)
      screen.set(
        column + (prompt.cursor % this.columns),
        cursorRow,
        makeCell(under, COLOUR.night, COLOUR.mint),
      );
  }
}

function wrap(text: string, width: number): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length || start === 0; start += width)
    parts.push(text.slice(start, start + width));
  return parts;
}
