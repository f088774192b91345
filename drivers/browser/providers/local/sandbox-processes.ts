/**
 * The two processes that everything else of a sandbox dies with: bubblewrap outside, which dies with the
 * conductor, and the first process of its process namespace, with which the kernel ends all others.
 */
import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { identityOf, isRunning, type ProcessIdentity } from "../../../lib/child-process-group.ts";

const STEP_MS = 10;
/** After this the outer one is ended instead. */
const INNER_LIMIT_MS = 2000;
const GONE_LIMIT_MS = 10_000;

export interface Known {
  readonly outer: ProcessIdentity | null;
  readonly inner: ProcessIdentity | null;
}

export class SandboxProcesses {
  /** Resolves when bubblewrap has said which process is the first inside, or will not any more. */
  readonly informed: Promise<void>;
  #outer: ProcessIdentity | null = null;
  #inner: ProcessIdentity | null = null;

  /** @param changed whenever more is known */
  constructor(child: ChildProcess, changed: (known: Known) => void) {
    let inform = (): void => undefined;
    this.informed = new Promise((resolve) => (inform = resolve));
    if (child.pid === undefined) {
      inform();
      return;
    }
    this.#outer = identityOf(child.pid) ?? null;
    changed(this.#known());
    let text = "";
    (child.stdio[4] as Readable)
      .setEncoding("utf8")
      .on("error", () => undefined)
      .on("close", inform)
      .on("data", (chunk: string) => {
        text = (text + chunk).slice(0, 4096);
        // FACT(bwrap(1)): {"child-pid": 123, "cgroup-namespace": …}, the number in our namespace
        const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
        if (pid === undefined || this.#inner) return;
        this.#inner = identityOf(Number(pid)) ?? null;
        changed(this.#known());
        inform();
      });
  }

  get inner(): ProcessIdentity | null {
    return this.#inner;
  }

  /** Resolves when both are gone, and so all that was inside. @returns false when they do not end */
  async kill(): Promise<boolean> {
    return await endSandbox(this.#known());
  }

  #known(): Known {
    return { outer: this.#outer, inner: this.#inner };
  }
}

/**
 * Ends a sandbox by the two. The inner one first: the outer one then collects its remains.
 * @returns false when one does not end
 */
export async function endSandbox({ outer, inner }: Known): Promise<boolean> {
  if (inner) {
    killExactly(inner);
    await goneWithin([inner, outer], INNER_LIMIT_MS);
  }
  if (outer) killExactly(outer);
  return await goneWithin([inner, outer], GONE_LIMIT_MS);
}

async function goneWithin(
  identities: readonly (ProcessIdentity | null)[],
  limitMs: number,
): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (identities.some((one) => one !== null && isRunning(one))) {
    if (performance.now() > end) return false;
    await pause(STEP_MS);
  }
  return true;
}

function killExactly(identity: ProcessIdentity): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch {
    /* gone in between */
  }
}
