/**
 * The demo machine's screen: a grid of character cells in 16 colours. A cell is one number, so that
 * a viewer finds what changed by comparing two arrays.
 */
import { CELL_HEIGHT, CELL_WIDTH } from "./font.ts";

export const COLUMNS = 80;
export const ROWS = 30;
export const SCREEN_WIDTH = COLUMNS * CELL_WIDTH;
export const SCREEN_HEIGHT = ROWS * CELL_HEIGHT;

/** Red, green, blue; 0 to 255. Index is a colour of a cell. */
export const PALETTE: readonly (readonly [number, number, number])[] = [
  [0x10, 0x14, 0x1c],
  [0x2b, 0x4c, 0x8c],
  [0x3f, 0xa6, 0x6b],
  [0x3b, 0xa7, 0xb8],
  [0xc7, 0x4f, 0x4a],
  [0x9b, 0x5f, 0xb5],
  [0xb8, 0x86, 0x3b],
  [0xb6, 0xbe, 0xc9],
  [0x84, 0x90, 0xa2],
  [0x6c, 0x9c, 0xf0],
  [0x7d, 0xdc, 0x9a],
  [0x74, 0xdd, 0xec],
  [0xff, 0x8a, 0x80],
  [0xd5, 0x9d, 0xf0],
  [0xff, 0xd3, 0x6e],
  [0xf5, 0xf7, 0xfa],
];

/** Names of {@link PALETTE} by index. */
export const COLOUR = {
  night: 0,
  blue: 1,
  green: 2,
  cyan: 3,
  red: 4,
  purple: 5,
  brown: 6,
  silver: 7,
  grey: 8,
  sky: 9,
  mint: 10,
  aqua: 11,
  coral: 12,
  lilac: 13,
  amber: 14,
  white: 15,
} as const;

/** UTF-16 code unit in bits 0 to 15, ink colour in 16 to 19, paper colour in 20 to 23. */
export type Cell = number;

export function makeCell(character: string, ink: number, paper: number): Cell {
  return character.charCodeAt(0) | (ink << 16) | (paper << 20);
}

export class Screen {
  readonly cells = new Uint32Array(COLUMNS * ROWS);

  /** Writes text from (column, row); what does not fit is cut. */
  put(column: number, row: number, text: string, ink: number, paper: number = COLOUR.night): void {
    for (let index = 0; index < text.length && column + index < COLUMNS; index++)
      this.set(column + index, row, makeCell(text[index] ?? " ", ink, paper));
  }

  set(column: number, row: number, cell: Cell): void {
    if (column >= 0 && column < COLUMNS && row >= 0 && row < ROWS)
      this.cells[row * COLUMNS + column] = cell;
  }

  clear(): void {
    this.cells.fill(makeCell(" ", COLOUR.silver, COLOUR.night));
  }
}
