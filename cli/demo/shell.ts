/** The demo machine's command line: editing, history, and a few harmless commands. */
import { COLOUR } from "./screen.ts";

/** X11 keysyms (X.Org keysymdef.h) that are not plain characters. */
export const KEY = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  home: 0xff50,
  left: 0xff51,
  up: 0xff52,
  right: 0xff53,
  down: 0xff54,
  end: 0xff57,
  keypadEnter: 0xff8d,
  controlLeft: 0xffe3,
  controlRight: 0xffe4,
  altLeft: 0xffe9,
  altRight: 0xffea,
  delete: 0xffff,
} as const;

/** What commands may do to the machine around them. */
export interface ShellHost {
  print(text: string, ink?: number): void;
  clear(): void;
  reboot(): void;
  bell(): void;
  /** Puts text into every viewer's clipboard. */
  copy(text: string): void;
  /** What a viewer sent from its clipboard last. */
  readonly clipboard: string;
  readonly viewers: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** The same, of the last boot. */
  readonly bootedAt: number;
}

interface Command {
  readonly help: string;
  run(host: ShellHost, argument: string): void;
}

const LONGEST_LINE = 200;
const LONGEST_HISTORY = 50;

const COMMANDS: Readonly<Record<string, Command>> = {
  help: { help: "shows this list", run: (host) => host.print(helpText()) },
  date: {
    help: "shows the time",
    run: (host) => host.print(new Date(host.now()).toUTCString()),
  },
  uptime: {
    help: "how long ago the machine booted",
    run: (host) =>
      host.print(`up ${Math.floor((host.now() - host.bootedAt) / 1000)} s, ${viewers(host)}`),
  },
  who: { help: "how many people look at this screen", run: (host) => host.print(viewers(host)) },
  colors: {
    help: "shows all colours",
    run: (host) => {
      for (const [name, ink] of Object.entries(COLOUR))
        if (ink > 0) host.print(`█████████████████████ ${name}`, ink);
    },
  },
  echo: { help: "says what you say", run: (host, argument) => host.print(argument) },
  copy: {
    help: "puts its argument into your clipboard",
    run: (host, argument) => {
      host.copy(argument);
      host.print(`${argument.length} characters are in your clipboard now`);
    },
  },
  paste: {
    help: "prints what you put into the clipboard",
    run: (host) => host.print(host.clipboard || "nothing was sent yet", COLOUR.aqua),
  },
  beep: { help: "rings the bell", run: (host) => host.bell() },
  clear: { help: "empties the screen, drawings too", run: (host) => host.clear() },
  reboot: { help: "restarts the machine, as Ctrl-Alt-Del does", run: (host) => host.reboot() },
};

function helpText(): string {
  return Object.entries(COMMANDS)
    .map(([name, command]) => `  ${name.padEnd(8)} ${command.help}`)
    .join("\n");
}

function viewers(host: ShellHost): string {
  return host.viewers === 1 ? "1 viewer" : `${host.viewers} viewers`;
}

export class Shell {
  readonly #host: ShellHost;
  readonly #prompt: string;
  #line = "";
  #cursor = 0;
  #history: string[] = [];
  #historyIndex = 0;

  constructor(host: ShellHost, hostName: string) {
    this.#host = host;
    this.#prompt = `root@${hostName}:~# `;
  }

  /** The line under edit, with its prompt. */
  get prompt(): { readonly text: string; readonly cursor: number } {
    return { text: this.#prompt + this.#line, cursor: this.#prompt.length + this.#cursor };
  }

  /** @param control true while a Control key is held */
  key(keysym: number, control: boolean): void {
    if (control) this.#controlKey(keysym);
    else if (keysym >= 0x20 && keysym <= 0x7e) this.#insert(String.fromCharCode(keysym));
    else this.#namedKey(keysym);
  }

  #insert(character: string): void {
    if (this.#line.length >= LONGEST_LINE) return this.#host.bell();
    this.#line = this.#line.slice(0, this.#cursor) + character + this.#line.slice(this.#cursor);
    this.#cursor += 1;
  }

  #controlKey(keysym: number): void {
    const letter = String.fromCharCode(keysym & 0x7f).toLowerCase();
    if (letter === "l") this.#host.clear();
    else if (letter === "u") this.#replaceLine("");
    else if (letter === "c") {
      this.#host.print(`${this.prompt.text}^C`, COLOUR.white);
      this.#replaceLine("");
    }
  }

  #namedKey(keysym: number): void {
    switch (keysym) {
      case KEY.enter:
      case KEY.keypadEnter:
        return this.#run();
      case KEY.backspace:
        if (this.#cursor > 0) this.#removeAt(--this.#cursor);
        return;
      case KEY.delete:
        return this.#removeAt(this.#cursor);
      case KEY.left:
        this.#cursor = Math.max(0, this.#cursor - 1);
        return;
      case KEY.right:
        this.#cursor = Math.min(this.#line.length, this.#cursor + 1);
        return;
      case KEY.home:
        this.#cursor = 0;
        return;
      case KEY.end:
        this.#cursor = this.#line.length;
        return;
      case KEY.up:
        return this.#recall(-1);
      case KEY.down:
        return this.#recall(1);
      case KEY.tab:
        return this.#complete();
      default:
    }
  }

  #removeAt(index: number): void {
    this.#line = this.#line.slice(0, index) + this.#line.slice(index + 1);
  }

  #replaceLine(line: string): void {
    this.#line = line;
    this.#cursor = line.length;
  }

  #recall(step: number): void {
    const index = this.#historyIndex + step;
    if (index < 0 || index > this.#history.length) return;
    this.#historyIndex = index;
    this.#replaceLine(this.#history[index] ?? "");
  }

  #complete(): void {
    const matches = Object.keys(COMMANDS).filter((name) => name.startsWith(this.#line));
    if (matches.length === 1 && matches[0]) this.#replaceLine(`${matches[0]} `);
    else this.#host.bell();
  }

  #run(): void {
    const line = this.#line.trim();
    this.#host.print(this.#prompt + this.#line, COLOUR.white);
    this.#replaceLine("");
    if (line === "") return;
    this.#history = [...this.#history, line].slice(-LONGEST_HISTORY);
    this.#historyIndex = this.#history.length;
    const [name = "", ...words] = line.split(/\s+/);
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command) command.run(this.#host, words.join(" "));
    else this.#host.print(`${name}: there is no such command, try help`, COLOUR.coral);
  }
}
