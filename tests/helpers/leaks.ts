/**
 * Finds what a test file left behind: listening servers, sockets, timers, child processes and their
 * orphans. It remembers where each was made, so that the message points at the line.
 */
import { createHook, type AsyncHook } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";

/** Environment variable that all processes started by this test run inherit. */
const MARK = "BMCON_TEST_RUN";

/** async_hooks type: what people call it. */
const WATCHED: Readonly<Record<string, string>> = {
  Timeout: "timer",
  TCPSERVERWRAP: "listening server",
  PIPESERVERWRAP: "listening server",
  TCPWRAP: "socket",
  UDPWRAP: "UDP socket",
  PROCESSWRAP: "child process",
};

/** These keep pools that live as long as the run, for all files. */
const LIVES_WITH_THE_RUN = /\/node_modules\/(?:mocha|tarn|knex|pg|pg-pool)\//;
const SHARED_PROGRAMS = new Set(["postgres"]);

interface Made {
  readonly kind: string;
  readonly resource: { hasRef?: () => boolean; pid?: number };
  readonly at: Error;
}

export class LeakWatch {
  readonly #made = new Map<number, Made>();
  readonly #hook: AsyncHook;
  readonly #mark = randomUUID();
  #pausing = false;

  constructor() {
    this.#hook = createHook({
      init: (id, type, _trigger, resource) => {
        const kind = WATCHED[type];
        if (kind && !this.#pausing) this.#made.set(id, { kind, resource, at: new Error("made") });
      },
      destroy: (id) => {
        this.#made.delete(id);
      },
    });
  }

  start(): void {
    process.env[MARK] = this.#mark;
    this.#hook.enable();
  }

  stop(): void {
    this.#hook.disable();
    delete process.env[MARK];
  }

  /** @returns what to hand to {@link leaksSince} later */
  now(): ReadonlySet<string> {
    return new Set(this.#present().keys());
  }

  /**
   * Gives what is ending a moment to end.
   * @returns one line for everything that came since and is still there
   */
  async leaksSince(before: ReadonlySet<string>, graceMs: number): Promise<string[]> {
    const deadline = performance.now() + graceMs;
    for (;;) {
      const left = [...this.#present()].filter(([key]) => !before.has(key));
      if (left.length === 0 || performance.now() > deadline) return left.map(([, text]) => text());
      await this.#pause();
    }
  }

  /** Ends the processes that a failed file left, so that they do not disturb the next one. */
  killProcesses(): void {
    for (const pid of this.#markedProcesses().keys())
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        /* gone already */
      }
  }

  /** Key of everything alive: its description. */
  #present(): Map<string, () => string> {
    const present = new Map<string, () => string>();
    for (const [id, made] of this.#made) {
      if (made.resource.hasRef?.() !== true) continue;
      if (made.kind === "child process") continue; /* seen below, with its descendants */
      if (!LIVES_WITH_THE_RUN.test(linesOf(made.at)[0] ?? ""))
        present.set(`made ${id}`, () => `${made.kind} ${placeOf(made.at)}`);
    }
    for (const [pid, name] of this.#markedProcesses())
      present.set(`process ${pid}`, () => `process ${pid} (${name}) ${this.#placeOfProcess(pid)}`);
    return present;
  }

  #placeOfProcess(pid: number): string {
    for (const made of this.#made.values())
      if (made.kind === "child process" && made.resource.pid === pid) return placeOf(made.at);
    return "started by a child of ours";
  }

  /** Living processes that inherited our mark or are our children, by number. */
  #markedProcesses(): Map<number, string> {
    const found = new Map<number, string>();
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      const status = read(`/proc/${name}/stat`);
      const program = /\((.*)\)/s.exec(status)?.[1] ?? "?";
      const [state, parent] = status.slice(status.lastIndexOf(")") + 2).split(" ");
      if (state === "Z" || state === undefined || SHARED_PROGRAMS.has(program)) continue;
      const ours =
        Number(parent) === process.pid ||
        read(`/proc/${name}/environ`).includes(`${MARK}=${this.#mark}`);
      if (ours) found.set(pid, program);
    }
    return found;
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#pausing = true;
      setTimeout(resolve, 20);
      this.#pausing = false;
    });
  }
}

/** A stack without Node's and this file's own lines, innermost first. */
function linesOf(error: Error): string[] {
  const lines = (error.stack ?? "").split("\n").slice(1);
  return lines.filter((line) => !/\(?node:|helpers\/leaks\.[jt]s/.test(line));
}

/** The innermost line of a stack that is in our own files. */
function placeOf(error: Error): string {
  const lines = linesOf(error);
  const own = lines.find((line) => !line.includes("/node_modules/"));
  const place = (own ?? lines[0] ?? "an incoming connection").trim().replace(/^at /, "");
  return `made at ${place.replace(/file:\/\/\S*?\/(?=(?:dist|tests|\.build)\/)/, "")}`;
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
