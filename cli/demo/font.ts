/**
 * The demo screen's letters: 5 x 7 dots each, doubled with rounded corners to 10 x 14, in a cell of
 * 12 x 18 pixels; block and line characters are drawn to fill the cell. It knows no colours.
 */

export const CELL_WIDTH = 12;
export const CELL_HEIGHT = 18;

const LEFT = 1;
const TOP = 2;

/** One word a glyph, U+0020 to U+007E: five columns of two hexadecimal digits, bit 0 on top. */
const COLUMNS = `
0000000000 00005f0000 0007000700 147f147f14 242a7f2a12 2313086462 3649562050 0008070300
001c224100 0041221c00 2a1c7f1c2a 08083e0808 0050301000 0808080808 0030300000 2010080402
3e5149453e 00427f4000 4261514946 2241494936 1814127f10 2745454539 3c4a494930 0171090503
3649494936 064949291e 0036360000 0056360000 0814224100 1414141414 0041221408 0201510906
324979413e 7e1111117e 7f49494936 3e41414122 7f4141221c 7f49494941 7f09090901 3e4149497a
7f0808087f 00417f4100 2040413f01 7f08142241 7f40404040 7f020c027f 7f0408107f 3e4141413e
7f09090906 3e4151215e 7f09192946 4649494931 01017f0101 3f4040403f 1f2040201f 3f4038403f
6314081463 0708700807 6151494543 007f414100 0204081020 0041417f00 0402010204 4040404040
0003070800 2054545478 7f48444438 3844444420 384444487f 3854545418 087e090102 0c5252523e
7f08040478 00447d4000 2040443d00 7f10284400 00417f4000 7c04180478 7c08040478 3844444438
7c14141408 081414187c 7c08040408 4854545420 043f444020 3c4040207c 1c2040201c 3c4030403c
4428102844 0c5050503c 4464544c44 0008364100 00007f0000 0041360800 0804081008
`
  .trim()
  .split(/\s+/);

/** A glyph as dots, row by row: 1 is ink. */
export type Glyph = Uint8Array;

/** Makes every glyph of a font once; the caller keeps it. Unknown characters show a box. */
export function makeFont(): (character: string) => Glyph {
  const glyphs = new Map<string, Glyph>();
  for (const [index, columns] of COLUMNS.entries())
    glyphs.set(String.fromCharCode(0x20 + index), letter(columns));
  for (let eighths = 1; eighths <= 8; eighths++)
    glyphs.set(
      String.fromCharCode(0x2580 + eighths),
      paint((_x, y) => CELL_HEIGHT - y <= Math.round((CELL_HEIGHT * eighths) / 8)),
    );
  glyphs.set(
    "░",
    paint((x, y) => (x + 2 * y) % 4 === 0),
  );
  glyphs.set(
    "▒",
    paint((x, y) => (x + y) % 2 === 0),
  );
  for (const [character, arms] of Object.entries(LINES)) glyphs.set(character, line(arms));
  const unknown = paint((x, y) => x > 0 && x < 10 && y > 1 && y < 16 && (x + y) % 3 === 0);
  return (character) => glyphs.get(character) ?? unknown;
}

/** Line characters by the arms they have. */
const LINES: Readonly<Record<string, string>> = {
  "─": "we",
  "│": "ns",
  "┌": "se",
  "┐": "sw",
  "└": "ne",
  "┘": "nw",
  "├": "nse",
  "┤": "nsw",
};

function line(arms: string): Glyph {
  const middleX = CELL_WIDTH / 2;
  const middleY = CELL_HEIGHT / 2;
  return paint((x, y) => {
    const vertical = Math.abs(x - middleX + 0.5) < 1;
    const horizontal = Math.abs(y - middleY + 0.5) < 1;
    return (
      (vertical &&
        ((arms.includes("n") && y <= middleY) || (arms.includes("s") && y >= middleY - 1))) ||
      (horizontal &&
        ((arms.includes("w") && x <= middleX) || (arms.includes("e") && x >= middleX - 1)))
    );
  });
}

function paint(isInk: (x: number, y: number) => boolean): Glyph {
  const glyph = new Uint8Array(CELL_WIDTH * CELL_HEIGHT);
  for (let y = 0; y < CELL_HEIGHT; y++)
    for (let x = 0; x < CELL_WIDTH; x++) glyph[y * CELL_WIDTH + x] = isInk(x, y) ? 1 : 0;
  return glyph;
}

/** Doubles a 5 x 7 letter by the rule known as EPX or Scale2x, which rounds corners and diagonals. */
function letter(columns: string): Glyph {
  const dots = Buffer.from(columns, "hex");
  const dot = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < 5 && y < 7 && ((dots[x] ?? 0) >> y) % 2 === 1;
  return paint((cellX, cellY) => {
    const x = Math.floor((cellX - LEFT) / 2);
    const y = Math.floor((cellY - TOP) / 2);
    const sideways = (cellX - LEFT) % 2 === 0 ? -1 : 1;
    const upward = (cellY - TOP) % 2 === 0 ? -1 : 1;
    const near = dot(x + sideways, y);
    const above = dot(x, y + upward);
    const corner = near === above && near !== dot(x - sideways, y) && above !== dot(x, y - upward);
    return corner ? near : dot(x, y);
  });
}
