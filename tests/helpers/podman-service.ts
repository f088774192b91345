/**
 * Podman's API as a service of its own, with a store of its own, and an image that is nothing but empty
 * folders: containers share this machine's programs, so that a session in one costs no build.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

export const TEST_IMAGE = "localhost/empty:1";
/** What the containers share with this machine. */
export const TEST_VOLUMES = "/usr,/etc/fonts,/etc/ssl,/etc/alternatives";

/** FACT(crun 1.8, tried): no hybrid cgroups, and no raised limits without CAP_SYS_RESOURCE. */
const CONFIGURATION = `
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
`;

export interface RunningContainer {
  readonly Id: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** @returns why Podman cannot be tested here */
export function podmanProblem(): string | undefined {
  if (process.geteuid?.() !== 0) return "needs root";
  const missing = ["/usr/bin/podman", "/usr/sbin/runc", "/usr/bin/conmon"].filter(
    (one) => !existsSync(one),
  );
  return missing.length > 0 ? `lacks ${missing.join(", ")}` : undefined;
}

export class PodmanService {
  readonly folder: string;
  readonly socket: string;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #said = "";

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "podman-"));
    this.socket = join(this.folder, "podman.sock");
    const configuration = join(this.folder, "containers.conf");
    writeFileSync(configuration, CONFIGURATION);
    this.#environment = { ...process.env, CONTAINERS_CONF: configuration };
  }

  /** @throws {Error} when it does not come up or runs no container */
  static async start(): Promise<PodmanService> {
    const service = new PodmanService();
    try {
      service.#importImage();
      service.serve();
      await until(
        () => existsSync(service.socket),
        () => `podman service: ${service.#said}`,
      );
      await service.containers();
      return service;
    } catch (error) {
      await service.stop();
      throw error;
    }
  }

  serve(): void {
    rmSync(this.socket, { force: true });
    this.#child = spawn(
      "podman",
      [...this.#stores(), "system", "service", "--time=0", `unix://${this.socket}`],
      {
        env: this.#environment,
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
  }

  /** As an engine that crashes. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "close");
    child.kill("SIGKILL");
    await gone;
  }

  async untilServing(): Promise<void> {
    await until(
      () =>
        this.containers().then(
          () => true,
          () => false,
        ),
      "podman service",
    );
  }

  podman(...args: string[]): string {
    return execFileSync("podman", [...this.#stores(), ...args], {
      env: this.#environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** All that there are, running or not, as the API lists them. */
  async containers(): Promise<RunningContainer[]> {
    return (await this.ask("/v1.40/containers/json?all=true")) as RunningContainer[];
  }

  /** By a caller that has nothing in common with the product's. */
  async ask(path: string): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      const asked = request(
        { socketPath: this.socket, path, agent: false, timeout: 5000 },
        (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (part: string) => (text += part));
          answer.once("end", () => resolve(JSON.parse(text)));
        },
      );
      asked.once("error", reject).end();
    });
  }

  async stop(): Promise<void> {
    try {
      this.podman("rm", "--all", "--force", "--time=0");
      await this.kill();
    } finally {
      try {
        execFileSync("umount", ["--quiet", join(this.folder, "store", "overlay")], {
          stdio: "ignore",
        });
      } catch {
        // not mounted
      }
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  #stores(): string[] {
    return ["--root", join(this.folder, "store"), "--runroot", join(this.folder, "run")];
  }

  #importImage(): void {
    const root = join(this.folder, "image");
    for (const name of ["usr", "etc", "proc", "dev", "sys", "tmp", "run", "var"])
      mkdirSync(join(root, name), { recursive: true });
    chmodSync(join(root, "tmp"), 0o1777);
    for (const name of ["bin", "sbin", "lib", "lib64"])
      symlinkSync(`usr/${name}`, join(root, name));
    const archive = join(this.folder, "image.tar");
    execFileSync("tar", ["-C", root, "-cf", archive, "."]);
    this.podman("import", archive, TEST_IMAGE);
  }
}
