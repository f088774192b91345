/** Processor time, exact enough for a line that prints little: /proc counts a process in steps of 10 ms. */
import { execFileSync } from "node:child_process";
import { compile } from "./world.ts";
import { reapedSeconds, treeOf } from "./process-tree.ts";

export class CpuClock {
  readonly #program = compile("cpu-clock");

  /** @returns milliseconds of the process and all it started, also what has ended; compare two of them */
  read(root: number): number {
    const pids = treeOf(root);
    return this.readOnly(...pids) + reapedSeconds(pids) * 1000;
  }

  /** @returns milliseconds of these processes alone */
  readOnly(...pids: readonly number[]): number {
    return Number(execFileSync(this.#program, pids.map(String), { encoding: "utf8" })) / 1e6;
  }
}
