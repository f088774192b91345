/** A running `ssh` of OpenSSH, and what it shows. */
import { spawn, type ChildProcess } from "node:child_process";
import { until } from "./until.ts";

export class OpenSshClient {
  readonly #child: ChildProcess;
  #stdout = Buffer.alloc(0);
  #stderr = "";
  readonly #ended: Promise<number | null>;

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#child = spawn("ssh", args, { env: environment, stdio: "pipe" });
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.#stdout = Buffer.concat([this.#stdout, bytes]);
    });
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.#stderr += bytes.toString();
    });
    this.#child.stdin?.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", (status) => resolve(status));
    });
  }

  get bytes(): Buffer {
    return this.#stdout;
  }

  get stdout(): string {
    return this.#stdout.toString();
  }

  get stderr(): string {
    return this.#stderr;
  }

  type(text: string | Buffer): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async shows(text: string | RegExp): Promise<void> {
    const seen = (): boolean =>
      typeof text === "string"
        ? `${this.stdout}\n${this.stderr}`.includes(text)
        : text.test(`${this.stdout}\n${this.stderr}`);
    await until(seen, `"${String(text)}"`).catch((error: unknown) => {
      throw new Error(`${String(error)}; ssh said: ${this.stdout} ${this.stderr}`);
    });
  }

  /** @returns its exit status */
  async end(): Promise<number | null> {
    return await this.#ended;
  }
}
