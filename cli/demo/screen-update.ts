/**
 * Finds what a viewer has not seen yet and encodes it as one FramebufferUpdate (RFC 6143 section
 * 7.6.1) of Raw rectangles: runs of changed cells, a run a rectangle.
 */
import type { PixelFormat } from "../../common/rfb/pixel-format.ts";
import { CELL_HEIGHT, CELL_WIDTH, type Glyph } from "./font.ts";
import { encodePalette } from "./palette.ts";
import { COLUMNS, ROWS, type Cell } from "./screen.ts";

/** No real cell has this value. */
const UNKNOWN = 0xff_ff_ff_ff;
const UPDATE_HEADER_BYTES = 4;
const RECTANGLE_HEADER_BYTES = 12;

/** Cells, right and bottom excluded. */
export interface CellRegion {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** @returns the cells that a rectangle of pixels touches, cut at the screen's edge */
export function cellsTouched(x: number, y: number, width: number, height: number): CellRegion {
  return {
    left: Math.min(COLUMNS, Math.floor(x / CELL_WIDTH)),
    top: Math.min(ROWS, Math.floor(y / CELL_HEIGHT)),
    right: Math.min(COLUMNS, Math.ceil((x + width) / CELL_WIDTH)),
    bottom: Math.min(ROWS, Math.ceil((y + height) / CELL_HEIGHT)),
  };
}

export function unite(a: CellRegion | undefined, b: CellRegion): CellRegion {
  if (!a) return b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** What one viewer has on its screen. */
export class SeenScreen {
  readonly #seen = new Uint32Array(COLUMNS * ROWS).fill(UNKNOWN);

  /** Makes a region count as never sent. */
  forget(region: CellRegion): void {
    for (let row = region.top; row < region.bottom; row++)
      this.#seen.fill(UNKNOWN, row * COLUMNS + region.left, row * COLUMNS + region.right);
  }

  /** @returns runs of changed cells of the region, which count as seen from now on */
  takeChanges(cells: Uint32Array, region: CellRegion): CellRegion[] {
    const runs: CellRegion[] = [];
    for (let row = region.top; row < region.bottom; row++) {
      let start = -1;
      for (let column = region.left; column <= region.right; column++) {
        const index = row * COLUMNS + column;
        const changed = column < region.right && cells[index] !== this.#seen[index];
        if (changed && start < 0) start = column;
        if (!changed && start >= 0) {
          runs.push({ left: start, top: row, right: column, bottom: row + 1 });
          start = -1;
        }
      }
      const from = row * COLUMNS + region.left;
      this.#seen.set(cells.subarray(from, row * COLUMNS + region.right), from);
    }
    return runs;
  }
}

/** @param runs regions of one row each, fewer than 65536 */
export function encodeUpdate(
  runs: readonly CellRegion[],
  cells: Uint32Array,
  format: PixelFormat,
  font: (character: string) => Glyph,
): Buffer {
  const palette = encodePalette(format);
  const pixelBytes = format.bitsPerPixel / 8;
  const pixels = runs.reduce((sum, run) => sum + (run.right - run.left), 0);
  const message = Buffer.alloc(
    UPDATE_HEADER_BYTES +
      runs.length * RECTANGLE_HEADER_BYTES +
      pixels * CELL_WIDTH * CELL_HEIGHT * pixelBytes,
  );
  message.writeUInt16BE(runs.length, 2);
  let offset = UPDATE_HEADER_BYTES;
  for (const run of runs) {
    const columns = run.right - run.left;
    message.writeUInt16BE(run.left * CELL_WIDTH, offset);
    message.writeUInt16BE(run.top * CELL_HEIGHT, offset + 2);
    message.writeUInt16BE(columns * CELL_WIDTH, offset + 4);
    message.writeUInt16BE(CELL_HEIGHT, offset + 6);
    message.writeInt32BE(0, offset + 8); /* Raw */
    offset += RECTANGLE_HEADER_BYTES;
    const stride = columns * CELL_WIDTH * pixelBytes;
    for (let column = 0; column < columns; column++) {
      const cell = cells[run.top * COLUMNS + run.left + column] ?? 0;
      drawCell(message, offset + column * CELL_WIDTH * pixelBytes, stride, cell, palette, font);
    }
    offset += stride * CELL_HEIGHT;
  }
  return message;
}

function drawCell(
  target: Buffer,
  offset: number,
  stride: number,
  cell: Cell,
  palette: readonly Buffer[],
  font: (character: string) => Glyph,
): void {
  const glyph = font(String.fromCharCode(cell & 0xffff));
  const ink = palette[(cell >> 16) & 15];
  const paper = palette[(cell >> 20) & 15];
  if (!ink || !paper) return;
  for (let y = 0; y < CELL_HEIGHT; y++)
    for (let x = 0; x < CELL_WIDTH; x++) {
      const pixel = glyph[y * CELL_WIDTH + x] === 1 ? ink : paper;
      target.set(pixel, offset + y * stride + x * pixel.length);
    }
}
