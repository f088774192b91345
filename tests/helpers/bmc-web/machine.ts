/**
 * The machine behind a simulated BMC: a text screen that shows what is typed in large letters, and a mark
 * where somebody clicked. Viewers get its state over a WebSocket and draw it on their canvas.
 */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { WebSession } from "./sessions.ts";

/** One who looks. */
interface Viewer {
  show(): void;
  end(): void;
  /** Undefined for a viewer that is no page. */
  readonly goTo?: (path: string) => void;
}

export interface MachineClick {
  readonly x: number;
  readonly y: number;
  readonly button: number;
}

const SHOWN_CHARACTERS = 200;
const SHOWN_MARKS = 20;
const MESSAGE_LIMIT_BYTES = 4096;

export class Machine {
  readonly keys: string[] = [];
  readonly clicks: MachineClick[] = [];
  mouseMoves = 0;
  text = "";
  /** The viewer connects, and nothing is ever seen. */
  blank = false;
  #width = 800;
  #height = 600;
  readonly #viewers = new Map<Viewer, WebSession>();

  get viewers(): number {
    return this.#viewers.size;
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#width, height: this.#height };
  }

  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    this.#show();
  }

  /** Somebody looks from now on, over a WebSocket. */
  attach(socket: WebSocket, session: WebSession, onGone: () => void): void {
    const viewer = {
      show: () => socket.send(this.#state()),
      end: () => socket.close(1000, "logged out"),
      goTo: (path: string) => socket.send(JSON.stringify({ goTo: path })),
    };
    socket.on("message", (data: Buffer) => {
      if (data.length <= MESSAGE_LIMIT_BYTES) this.#hear(data.toString());
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      this.#viewers.delete(viewer);
      onGone();
    });
    this.#add(viewer, session);
  }

  /** The same for the Java viewer: a line of JSON from it, `WIDTH HEIGHT X,Y;X,Y BASE64` to it. */
  attachLines(socket: Socket, session: WebSession): void {
    const viewer = { show: () => socket.write(`${this.#line()}\n`), end: () => socket.end() };
    let rest = "";
    socket.on("data", (data: Buffer) => {
      const lines = (rest + data.toString()).split("\n");
      rest = (lines.pop() ?? "").slice(-MESSAGE_LIMIT_BYTES);
      for (const line of lines) this.#hear(line);
    });
    socket.on("close", () => this.#viewers.delete(viewer));
    this.#add(viewer, session);
  }

  /** Viewers of a session that is over see their connection end. */
  detach(session: WebSession): void {
    for (const [viewer, its] of this.#viewers) if (its === session) viewer.end();
  }

  /** The viewers' pages leave for another one by themselves, as when a BMC's session is over. */
  sendViewersTo(path: string): void {
    for (const viewer of this.#viewers.keys()) viewer.goTo?.(path);
  }

  #add(viewer: Viewer, session: WebSession): void {
    this.#viewers.set(viewer, session);
    if (!this.blank) viewer.show();
  }

  /** The machine writes something by itself. */
  print(text: string): void {
    this.text = (this.text + text).slice(-SHOWN_CHARACTERS);
    this.#show();
  }

  #hear(message: string): void {
    const event = JSON.parse(message) as Record<string, unknown>;
    if (event["type"] === "key" && typeof event["key"] === "string") this.#type(event["key"]);
    if (event["type"] === "move") this.mouseMoves++;
    if (event["type"] === "click") {
      const { x, y, button } = event;
      this.clicks.push({ x: Number(x), y: Number(y), button: Number(button) });
      this.#show();
    }
  }

  #type(key: string): void {
    this.keys.push(key);
    if (key === "Backspace") this.text = this.text.slice(0, -1);
    this.print(key === "Enter" ? "\n" : key.length === 1 ? key : "");
  }

  #show(): void {
    if (this.blank) return;
    for (const viewer of this.#viewers.keys()) viewer.show();
  }

  #line(): string {
    const marks = this.clicks.slice(-SHOWN_MARKS).map(({ x, y }) => `${x},${y}`);
    const text = Buffer.from(this.text).toString("base64");
    return `${this.#width} ${this.#height} ${marks.join(";") || "-"} ${text || "-"}`;
  }

  #state(): string {
    const marks = this.clicks.slice(-SHOWN_MARKS);
    return JSON.stringify({ ...this.size, text: this.text, marks });
  }
}
