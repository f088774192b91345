/**
 * The demo machine behind the simulated BMC: what its screen shows and how it answers keys and
 * pointer. It knows nothing of RFB or sockets and does nothing by itself: the owner calls `tick`.
 */
import type { Clock } from "../../common/clock.ts";
import { BOOT_LOG } from "./boot-log.ts";
import { CELL_HEIGHT, CELL_WIDTH } from "./font.ts";
import { COLOUR, COLUMNS, ROWS, Screen, makeCell } from "./screen.ts";
import { KEY, Shell, type ShellHost } from "./shell.ts";
import { Terminal } from "./terminal.ts";

const PANEL_COLUMN = 59;
const PANEL_WIDTH = 20;
const MILLISECONDS_PER_BOOT_LINE = 180;
const BARS = "▁▂▃▄▅▆▇█";
const PENS = [COLOUR.amber, COLOUR.mint, COLOUR.coral, COLOUR.aqua, COLOUR.lilac];

/** What the machine asks of whoever shows it. */
export interface MachineOutput {
  bell(): void;
  copy(text: string): void;
}

export class DemoMachine implements ShellHost {
  readonly screen = new Screen();
  readonly #clock: Clock;
  readonly #output: MachineOutput;
  readonly #terminal = new Terminal(PANEL_COLUMN - 3, ROWS - 4);
  readonly #shell = new Shell(this, "demo-server");
  readonly #held = new Set<number>();
  readonly #drawing = new Map<number, number>();
  readonly #load: number[] = [];
  bootedAt = 0;
  clipboard = "";
  viewers = 0;
  #bootLinesShown = 0;
  #pointer: { column: number; row: number } | undefined;
  #isDrawing = false;
  #pen = 0;

  constructor(clock: Clock, output: MachineOutput) {
    this.#clock = clock;
    this.#output = output;
    this.reboot();
  }

  now(): number {
    return this.#clock.now();
  }

  /** Moves everything that moves to the present and draws the screen. */
  tick(): void {
    const age = this.now() - this.bootedAt;
    const due = Math.min(BOOT_LOG.length, Math.floor(age / MILLISECONDS_PER_BOOT_LINE));
    for (const line of BOOT_LOG.slice(this.#bootLinesShown, due))
      this.print(line.text, line.ink ?? COLOUR.silver);
    this.#bootLinesShown = Math.max(this.#bootLinesShown, due);
    this.#draw();
  }

  /** One KeyEvent. @param keysym X11's number of the key */
  key(keysym: number, isDown: boolean): void {
    if (isDown) this.#held.add(keysym);
    else this.#held.delete(keysym);
    if (!isDown) return;
    const control = this.#holds(KEY.controlLeft, KEY.controlRight);
    if (keysym === KEY.delete && control && this.#holds(KEY.altLeft, KEY.altRight))
      return this.reboot();
    if (this.#isBooting) return;
    this.#shell.key(keysym, control);
  }

  /** One PointerEvent, in pixels. Bit 0 of `buttons` is the left one: it draws; a click changes the pen. */
  pointer(x: number, y: number, buttons: number): void {
    this.#pointer = { column: Math.floor(x / CELL_WIDTH), row: Math.floor(y / CELL_HEIGHT) };
    const draws = (buttons & 1) === 1;
    if (draws && !this.#isDrawing) this.#pen = (this.#pen + 1) % PENS.length;
    this.#isDrawing = draws;
    const { column, row } = this.#pointer;
    if (draws && column < COLUMNS && row > 0 && row < ROWS - 1)
      this.#drawing.set(row * COLUMNS + column, PENS[this.#pen] ?? COLOUR.amber);
  }

  /** Forgets keys held and pointer of a viewer that left. */
  release(): void {
    this.#held.clear();
    this.#pointer = undefined;
    this.#isDrawing = false;
  }

  print(text: string, ink?: number): void {
    this.#terminal.print(text, ink);
  }

  clear(): void {
    this.#terminal.clear();
    this.#drawing.clear();
  }

  reboot(): void {
    this.clear();
    this.bootedAt = this.now();
    this.#bootLinesShown = 0;
  }

  bell(): void {
    this.#output.bell();
  }

  copy(text: string): void {
    this.#output.copy(text);
  }

  get #isBooting(): boolean {
    return this.#bootLinesShown < BOOT_LOG.length;
  }

  #holds(...keysyms: number[]): boolean {
    return keysyms.some((keysym) => this.#held.has(keysym));
  }

  #draw(): void {
    const blink = Math.floor(this.now() / 500) % 2 === 0;
    this.screen.clear();
    this.#drawBars();
    this.#drawPanel();
    const prompt = this.#isBooting ? undefined : { ...this.#shell.prompt, cursorIsOn: blink };
    this.#terminal.draw(this.screen, 1, 2, prompt);
    for (const [index, ink] of this.#drawing)
      this.screen.cells[index] = makeCell("█", ink, COLOUR.night);
    if (this.#pointer)
      this.screen.set(
        this.#pointer.column,
        this.#pointer.row,
        makeCell("+", COLOUR.night, PENS[this.#pen] ?? COLOUR.amber),
      );
  }

  #drawBars(): void {
    const time = new Date(this.now()).toISOString().slice(0, 19).replace("T", "  ");
    const title = " demo-server │ a simulated machine behind a BMC";
    this.screen.put(0, 0, title.padEnd(COLUMNS), COLOUR.white, COLOUR.blue);
    this.screen.put(COLUMNS - time.length - 1, 0, time, COLOUR.amber, COLOUR.blue);
    const hint = " type help │ draw with the mouse │ Ctrl-Alt-Del reboots";
    this.screen.put(0, ROWS - 1, hint.padEnd(COLUMNS), COLOUR.night, COLOUR.silver);
  }

  #drawPanel(): void {
    const put = (row: number, text: string, ink: number): void =>
      this.screen.put(PANEL_COLUMN, row, text, ink);
    const seconds = this.now() / 1000;
    put(2, `┌${"─".repeat(PANEL_WIDTH - 2)}┐`, COLOUR.grey);
    for (let row = 3; row < ROWS - 3; row++) {
      put(row, `│${" ".repeat(PANEL_WIDTH - 2)}│`, COLOUR.grey);
    }
    put(ROWS - 3, `└${"─".repeat(PANEL_WIDTH - 2)}┘`, COLOUR.grey);
    const field = (row: number, label: string, value: string, ink: number): void => {
      this.screen.put(PANEL_COLUMN + 2, row, label, COLOUR.grey);
      this.screen.put(PANEL_COLUMN + PANEL_WIDTH - 2 - value.length, row, value, ink);
    };
    field(4, "power", "on", COLOUR.mint);
    field(5, "viewers", String(this.viewers), COLOUR.white);
    field(6, "CPU", `${(41 + 4 * Math.sin(seconds / 7)).toFixed(1)} C`, COLOUR.amber);
    field(7, "inlet", `${(22 + Math.sin(seconds / 31)).toFixed(1)} C`, COLOUR.sky);
    field(8, "fan 1", `${6000 + Math.round(8 * Math.sin(seconds / 3)) * 30} rpm`, COLOUR.silver);
    field(9, "draw", `${212 + Math.round(9 * Math.sin(seconds / 5))} W`, COLOUR.silver);
    this.screen.put(PANEL_COLUMN + 2, 11, "load", COLOUR.grey);
    this.#drawLoad(Math.floor(seconds));
  }

  /** A curve of the last seconds, drawn as columns of blocks; one new column a second. */
  #drawLoad(second: number): void {
    const width = PANEL_WIDTH - 4;
    const height = 6;
    this.#load.length = 0;
    for (let age = width - 1; age >= 0; age--) this.#load.push(loadAt(second - age));
    for (const [index, load] of this.#load.entries()) {
      const eighths = Math.max(1, Math.round(load * height * 8));
      for (let row = 0; row < height; row++) {
        const here = Math.min(8, eighths - row * 8);
        if (here > 0)
          this.screen.put(
            PANEL_COLUMN + 2 + index,
            12 + height - row,
            BARS[here - 1] ?? "█",
            load > 0.8 ? COLOUR.coral : COLOUR.green,
          );
      }
    }
  }
}

/** A made-up load of one second, 0 to 1, the same whenever asked. */
function loadAt(second: number): number {
  const wave = 0.45 + 0.3 * Math.sin(second / 9) + 0.15 * Math.sin(second / 2.3);
  return Math.min(1, Math.max(0.05, wave));
}
