/**
 * An auxiliary host and a BMC's network on this machine, made of two network namespaces:
 *
 *   here A.1 --veth-- A.2 [auxiliary host: a real sshd] B.1 --veth-- B.2 [the BMC: an HTTPS server]
 *
 * Nothing forwards packets, and B is unreachable from here: the only way in is through sshd. Files and
 * accounts are this machine's own, with names of this process; what a killed earlier run left is removed.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import {
  accountsBelow,
  cutConnections,
  endSshd,
  forgetEarlierRuns,
  processesOfUser,
  removeAccount,
} from "./aux-host-leftovers.ts";
import { makeTestPki, type TestPki } from "./pki.ts";
import { makeSshHostKey } from "./ssh-keys.ts";
import { until } from "./until.ts";

export type LoginKind = "root" | "sudo" | "plain";

export interface AuxHostOptions {
  /** More lines of sshd_config; the first one of a keyword counts. */
  readonly sshdConfig?: readonly string[];
  /** Programs that the host does not have: absolute paths. */
  readonly hidden?: readonly string[];
  /** Text of a shell script that it has for apt-get; `$LOG` is a file that {@link AuxHostNet.aptLog} reads. */
  readonly aptGet?: string;
}

const PROGRAMS = [
  "ip",
  "sshd",
  "ssh-keygen",
  "useradd",
  "sudo",
  "setpriv",
  "bwrap",
  "Xvnc",
  "openbox",
  "socat",
  "xauth",
];
let made = 0;

/** @returns why it cannot be had on this machine; undefined when it can */
function auxHostProblem(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  const folders = (process.env["PATH"] ?? "").split(":").concat("/usr/sbin", "/sbin");
  const missing = PROGRAMS.filter(
    (one) => !folders.some((folder) => existsSync(join(folder, one))),
  );
  if (missing.length > 0) return `missing programs: ${missing.join(", ")}`;
  const name = `bmcon-try-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name]).status !== 0)
    return "network namespaces are not allowed";
  const tried = spawnSync("ip", [
    "-n",
    name,
    "link",
    "add",
    "v0",
    "type",
    "veth",
    "peer",
    "name",
    "v1",
  ]);
  spawnSync("ip", ["netns", "del", name]);
  return tried.status === 0 ? undefined : "veth links are not allowed";
}

/** Says loudly what is not tested on this machine. */
export function skipWithoutNamespaces(context: Mocha.Context): void {
  const problem = auxHostProblem();
  if (problem === undefined) return;
  console.warn(`\n  *** THE SSH PROVIDER IS NOT TESTED HERE: ${problem} ***\n`);
  context.skip();
}

export class AuxHostNet {
  readonly folder: string;
  /** Addresses. */
  readonly auxHost: string;
  readonly bmcHost: string;
  readonly bmcPort = 443;
  readonly port = 22;
  /** Of sshd's host key. */
  fingerprint = "";
  readonly keyFile: string;
  readonly sudoUser: string;
  readonly plainUser: string;
  readonly pki: TestPki;
  readonly #id: string;
  readonly #auxNs: string;
  readonly #bmcNs: string;
  readonly #link: string;
  readonly #bmcNet: string;
  readonly #options: AuxHostOptions;
  #sshd: ChildProcess | undefined;
  #bmc: ChildProcess | undefined;
  #log = "";

  static async start(options: AuxHostOptions = {}): Promise<AuxHostNet> {
    forgetEarlierRuns();
    const net = new AuxHostNet(options);
    try {
      net.#makeNetwork();
      net.#makeAccounts();
      net.newHostKey();
      await net.startSshd();
      await net.#startBmc();
      return net;
    } catch (error) {
      await net.stop();
      throw error;
    }
  }

  private constructor(options: AuxHostOptions) {
    made += 1;
    this.#options = options;
    this.#id = `${process.pid}-${made}`;
    this.folder = `/tmp/bmcon-aux-${this.#id}`;
    this.#auxNs = `bmcon-aux-${this.#id}`;
    this.#bmcNs = `bmcon-bmc-${this.#id}`;
    this.#link = `bma${this.#id}`;
    const slot = ((process.pid * 4 + made) * 4) % 65_536;
    const octets = `${slot >> 8}.`;
    this.auxHost = `198.18.${octets}${(slot & 255) + 2}`;
    this.bmcHost = `198.19.${octets}${(slot & 255) + 2}`;
    this.#bmcNet = `198.19.${octets}${slot & 255}/30`;
    this.keyFile = join(this.folder, "id");
    this.sudoUser = `bmct-s${this.#id}`;
    this.plainUser = `bmct-p${this.#id}`;
    this.pki = makeTestPki();
  }

  /** For [browser]ssh_hosts. */
  login(kind: LoginKind): string {
    const user = { root: "root", sudo: this.sudoUser, plain: this.plainUser }[kind];
    return `${user}@${this.auxHost}`;
  }

  /** For [browser]ssh_folder: short, and passable for all. */
  get sessionFolder(): string {
    return `${this.folder}/s`;
  }

  /** What sshd wrote. */
  get sshdLog(): string {
    return this.#log;
  }

  get aptLog(): string {
    const file = join(this.folder, "apt-get.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Runs a program on the auxiliary host. @returns its output */
  inAux(...command: string[]): string {
    return execFileSync("ip", ["netns", "exec", this.#auxNs, ...command], { encoding: "utf8" });
  }

  inBmc(...command: string[]): string {
    return execFileSync("ip", ["netns", "exec", this.#bmcNs, ...command], { encoding: "utf8" });
  }

  /** Starts a program in the BMC's network; who asked for it ends it. */
  startInBmc(...command: string[]): ChildProcess {
    return spawn("ip", ["netns", "exec", this.#bmcNs, ...command], {
      stdio: ["pipe", "pipe", "inherit"],
    });
  }

  /** Local addresses of everything there that listens for TCP. */
  listeners(): string[] {
    const lines = this.inAux("cat", "/proc/net/tcp", "/proc/net/tcp6").split("\n");
    return lines.flatMap((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return state === "0A" && local !== undefined ? [local] : [];
    });
  }

  newHostKey(): void {
    const key = makeSshHostKey();
    writeFileSync(join(this.folder, "host-key"), key.private, { mode: 0o600 });
    this.fingerprint = key.fingerprint;
  }

  async startSshd(): Promise<void> {
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const config = join(this.folder, "sshd_config");
    writeFileSync(config, this.#sshdConfig());
    // FACT(ip-netns(8)): "ip netns exec" makes a mount namespace of its own.
    const hide = (this.#options.hidden ?? [])
      .map((path) => `mount --bind /dev/null ${path}; `)
      .join("");
    const program = `${hide}${this.#fakeApt()}exec /usr/sbin/sshd -D -e -f ${config}`;
    const sshd = spawn("ip", ["netns", "exec", this.#auxNs, "sh", "-c", program], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    sshd.stderr.on("data", (text: Buffer) => {
      this.#log = (this.#log + text.toString()).slice(-20_000);
    });
    this.#sshd = sshd;
    await until(
      () => answers(this.auxHost, this.port),
      () => `sshd; it said: ${this.#log}`,
    );
  }

  /** Its connections are cut too, as when the host is switched off. */
  async killSshd(): Promise<void> {
    if (this.#sshd) await endSshd(this.#sshd);
    this.#sshd = undefined;
  }

  /** Cuts the SSH connections there, without a word to the sandboxes. */
  killConnections(): void {
    if (this.#sshd) cutConnections(this.#sshd);
  }

  /** Nothing goes through from now on, and neither side is told. */
  unplug(): void {
    ip("link", "set", this.#link, "down");
  }

  plugIn(): void {
    ip("link", "set", this.#link, "up");
  }

  async stop(): Promise<void> {
    await this.killSshd();
    if (this.#bmc) await ended(this.#bmc);
    for (const { name, uid } of accountsBelow(this.folder)) {
      for (const pid of processesOfUser(uid)) process.kill(pid, "SIGKILL");
      removeAccount(name);
    }
    for (const name of [this.#auxNs, this.#bmcNs]) spawnSync("ip", ["netns", "del", name]);
    spawnSync("ip", ["link", "del", this.#link]);
    spawnSync("ip", ["route", "del", "unreachable", this.#bmcNet]);
    rmSync(`/etc/sudoers.d/bmcon-test-${this.#id}`, { force: true });
    rmSync(this.folder, { recursive: true, force: true });
    this.pki.remove();
  }

  #makeNetwork(): void {
    mkdirSync(this.folder, { mode: 0o755 });
    chmodSync(this.folder, 0o755);
    writeFileSync(join(this.folder, "bmc-net"), this.#bmcNet);
    const first = (address: string): string =>
      address.replace(/\d+$/, (n) => String(Number(n) - 1));
    ip("netns", "add", this.#auxNs);
    ip("netns", "add", this.#bmcNs);
    ip("link", "add", this.#link, "type", "veth", "peer", "name", "eth0", "netns", this.#auxNs);
    ip("addr", "add", `${first(this.auxHost)}/30`, "dev", this.#link);
    ip("link", "set", this.#link, "up");
    const inAux = (...args: string[]): void => ip("-n", this.#auxNs, ...args);
    const inBmc = (...args: string[]): void => ip("-n", this.#bmcNs, ...args);
    inAux("addr", "add", `${this.auxHost}/30`, "dev", "eth0");
    inAux("link", "set", "eth0", "up");
    inAux("link", "set", "lo", "up");
    inAux("link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", this.#bmcNs);
    inAux("addr", "add", `${first(this.bmcHost)}/30`, "dev", "eth1");
    inAux("link", "set", "eth1", "up");
    inBmc("addr", "add", `${this.bmcHost}/30`, "dev", "eth0");
    inBmc("link", "set", "eth0", "up");
    inBmc("link", "set", "lo", "up");
    // Some networks have a gateway that answers for every address; it must not answer for the BMC.
    ip("route", "replace", "unreachable", this.#bmcNet);
    this.inAux("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward");
  }

  #makeAccounts(): void {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", this.keyFile]);
    const keys = join(this.folder, "keys");
    mkdirSync(keys, { mode: 0o755 });
    const users = { s: this.sudoUser, p: this.plainUser, r: "root" };
    for (const [kind, user] of Object.entries(users)) {
      if (user !== "root") {
        const home = join(this.folder, kind);
        execFileSync("useradd", ["-M", "-d", home, "-s", "/bin/sh", "-U", user], { stdio: "pipe" });
        // A password that nobody has; without PAM, sshd takes "!" for a locked account.
        execFileSync("usermod", ["-p", "*", user], { stdio: "pipe" });
        mkdirSync(home, { mode: 0o700 });
        execFileSync("chown", [`${user}:${user}`, home]);
      }
      const key = `restrict,port-forwarding ${readFileSync(`${this.keyFile}.pub`, "utf8")}`;
      writeFileSync(join(keys, user), key, { mode: 0o644 });
    }
    if (existsSync("/etc/sudoers.d"))
      writeFileSync(
        `/etc/sudoers.d/bmcon-test-${this.#id}`,
        `${this.sudoUser} ALL=(root) NOPASSWD: /bin/sh\n`,
        { mode: 0o440 },
      );
  }

  #fakeApt(): string {
    const text = this.#options.aptGet;
    if (text === undefined) return "";
    const file = join(this.folder, "apt-get");
    writeFileSync(file, `#!/bin/sh\nLOG=${file}.log\n${text}\n`, { mode: 0o755 });
    return `mount --bind ${file} /usr/bin/apt-get; `;
  }

  #sshdConfig(): string {
    return [
      ...(this.#options.sshdConfig ?? []),
      `ListenAddress ${this.auxHost}:${this.port}`,
      `HostKey ${this.folder}/host-key`,
      "PidFile none",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      `AuthorizedKeysFile ${this.folder}/keys/%u`,
      "StrictModes no",
      "AllowAgentForwarding no",
      "X11Forwarding no",
      "PermitTunnel no",
      "AllowTcpForwarding yes",
      "GatewayPorts no",
      "AllowStreamLocalForwarding yes",
      "PermitListen none",
      "ClientAliveInterval 2",
      "ClientAliveCountMax 2",
      "Subsystem sftp internal-sftp",
      "LogLevel VERBOSE",
      "",
    ].join("\n");
  }

  /** Says "page of the BMC" over HTTPS, with a certificate that nobody signed. */
  async #startBmc(): Promise<void> {
    const { certFile, keyFile } = this.pki.issue("bmc", {
      ipAddresses: [this.bmcHost],
      selfSigned: true,
    });
    const program = `const fs = require("node:fs");
      require("node:https").createServer({ cert: fs.readFileSync(process.argv[1]), key: fs.readFileSync(process.argv[2]) },
        (request, response) => { response.setHeader("content-type", "text/html"); response.end("<title>page of the BMC</title>seen"); })
        .listen(${this.bmcPort}, process.argv[3], () => console.log("listening"));`;
    const args = [
      "netns",
      "exec",
      this.#bmcNs,
      process.execPath,
      "-e",
      program,
      certFile,
      keyFile,
      this.bmcHost,
    ];
    this.#bmc = spawn("ip", args, { stdio: ["ignore", "pipe", "inherit"] });
    if (this.#bmc.stdout) await once(this.#bmc.stdout, "data");
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}

async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
