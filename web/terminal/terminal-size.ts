/**
 * How many columns and rows the terminal has, and how large its letters are. A serial line does not carry
 * the size, and what firmware draws is made for 80 columns: so there are never fewer.
 */

export const LEAST_COLUMNS = 80;
const LEAST_ROWS = 10;
export const LARGEST_AUTOMATIC_PX = 14;
const SMALLEST_AUTOMATIC_PX = 7;

export interface Room {
  readonly cols: number;
  readonly rows: number;
}

/** @param room what fits at `LARGEST_AUTOMATIC_PX`; @returns the font size at which 80 columns fit */
export function automaticFontPx(room: Room): number {
  if (room.cols >= LEAST_COLUMNS) return LARGEST_AUTOMATIC_PX;
  const halves = Math.floor(((LARGEST_AUTOMATIC_PX * room.cols) / LEAST_COLUMNS) * 2);
  return Math.max(SMALLEST_AUTOMATIC_PX, halves / 2);
}

/** @param room what fits now, undefined while nothing can be measured */
export function fittedSize(room: Room): Room {
  return {
    cols: Math.max(LEAST_COLUMNS, room.cols),
    rows: Math.max(LEAST_ROWS, room.rows),
  };
}
