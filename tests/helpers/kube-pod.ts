/**
 * A Pod of the API server of tests, really run: its command in namespaces of its own, with its volumes, as a
 * user without rights, sharing this machine's programs. Its network has nothing but what a NetworkPolicy
 * lets through to this machine's loopback address. Needs root.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { until } from "./until.ts";

/** Of the image. */
const USER = 65_534;
const AS_USER = [
  "setpriv",
  `--reuid=${USER}`,
  `--regid=${USER}`,
  "--clear-groups",
  "--no-new-privs",
  "--bounding-set=-all",
  "--inh-caps=-all",
  "--",
];

export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly command: readonly string[];
      readonly env: readonly { readonly name: string; readonly value: string }[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes: readonly {
      readonly name: string;
      readonly emptyDir?: object;
      readonly downwardAPI?: {
        readonly items: readonly {
          readonly path: string;
          readonly fieldRef: { readonly fieldPath: string };
        }[];
      };
    }[];
  };
}

export class RunningPod {
  readonly ended: Promise<number | null>;
  /** Resolves when its command runs. */
  readonly begun: Promise<void>;
  readonly #gates: Server[] = [];
  readonly #forwarders: ChildProcess[] = [];
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #inner: Promise<number>;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(pod: PodObject) {
    this.#folder = mkdtempSync(join(tmpdir(), "kube-pod-"));
    mkdirSync(join(this.#folder, "network"));
    const [container] = pod.spec.containers;
    if (!container) throw new Error("a Pod without a container");
    this.#environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    const sandbox = [
      "--unshare-pid",
      "--unshare-ipc",
      "--unshare-uts",
      "--unshare-net",
      "--as-pid-1",
      "--die-with-parent",
      "--info-fd",
      "3",
      ...["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"].flatMap((one) => ["--cap-add", one]),
      "--ro-bind",
      "/usr",
      "/usr",
      "--proc",
      "/proc",
      "--dev",
      "/dev",
      ...["lib", "lib64", "bin", "sbin"].flatMap((one) => ["--symlink", `usr/${one}`, `/${one}`]),
      ...["/etc", "/etc/chromium", "/etc/chromium/policies"].flatMap((one) => [
        "--perms",
        "0755",
        "--dir",
        one,
      ]),
      ...["fonts", "ssl", "alternatives"].flatMap((one) => [
        "--ro-bind",
        `/etc/${one}`,
        `/etc/${one}`,
      ]),
      ...container.volumeMounts.flatMap(({ name, mountPath }) => this.#mount(pod, name, mountPath)),
      "--ro-bind",
      join(this.#folder, "network"),
      "/network",
      "--",
      ...AS_USER,
      ...container.command,
    ];
    this.#child = spawn("bwrap", sandbox, {
      stdio: ["ignore", "ignore", "inherit", "pipe"],
      env: this.#environment,
    });
    this.#inner = innerOf(this.#child.stdio[3] as Readable);
    this.begun = this.#untilBegun();
    this.begun.catch(() => undefined);
    this.ended = once(this.#child, "close").then(([status]) => {
      for (const one of this.#forwarders) one.kill("SIGKILL");
      for (const one of this.#gates) one.close();
      rmSync(this.#folder, { recursive: true, force: true });
      return status as number | null;
    });
  }

  /** Lets it reach a port of this machine's loopback address, as the policy's enforcer. */
  async allow(port: number): Promise<void> {
    const path = join(this.#folder, "network", String(port));
    const gate = createServer({ allowHalfOpen: true }, (inside) => {
      const outside = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
      inside.on("error", () => outside.destroy()).on("close", () => outside.destroy());
      outside.on("error", () => inside.destroy()).on("close", () => inside.destroy());
      inside.pipe(outside).pipe(inside);
    });
    this.#gates.push(gate);
    gate.listen(path);
    await once(gate, "listening");
    await this.begun;
    const listen = `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`;
    const target = ["-t", String(await this.#inner), "-n", "-m", "-r", "--"];
    const child = spawn("nsenter", [...target, "socat", listen, `UNIX-CONNECT:/network/${port}`], {
      stdio: "ignore",
    });
    this.#forwarders.push(child);
    child.unref();
  }

  async #untilBegun(): Promise<void> {
    const inner = await this.#inner;
    const name = (): string => {
      try {
        return readFileSync(`/proc/${inner}/comm`, "utf8").trim();
      } catch {
        return "";
      }
    };
    await until(() => name() === "sh" || this.#child.exitCode !== null, "Pod's command");
  }

  async exec(command: readonly string[]): Promise<ChildProcess> {
    const target = [
      "-t",
      String(await this.#inner),
      "-m",
      "-n",
      "-p",
      "-i",
      "-u",
      "-r",
      "-w",
      "--",
    ];
    return spawn("nsenter", [...target, ...AS_USER, ...command], {
      env: this.#environment,
      stdio: "pipe",
    });
  }

  /** As the kubelet: asks, and then does not ask. */
  async stop(): Promise<void> {
    const inner = await this.#inner.catch(() => 0);
    const signalled = (signal: NodeJS.Signals): void => {
      try {
        if (inner > 0 && this.#child.exitCode === null) process.kill(inner, signal);
      } catch {
        // it ended by itself
      }
    };
    signalled("SIGTERM");
    const timer = setTimeout(() => signalled("SIGKILL"), 1000);
    await this.ended;
    clearTimeout(timer);
  }

  #mount(pod: PodObject, name: string, path: string): string[] {
    const volume = pod.spec.volumes.find((one) => one.name === name);
    if (!volume?.downwardAPI) return ["--perms", "0777", "--tmpfs", path];
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    for (const { path: file, fieldRef } of volume.downwardAPI.items) {
      const key = /\['([^']+)'\]$/.exec(fieldRef.fieldPath)?.[1] ?? "";
      writeFileSync(join(folder, file), pod.metadata.annotations[key] ?? "", { mode: 0o444 });
    }
    return ["--ro-bind", folder, path];
  }
}

async function innerOf(info: Readable): Promise<number> {
  let text = "";
  for await (const chunk of info.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  return (JSON.parse(text) as { readonly "child-pid": number })["child-pid"];
}
