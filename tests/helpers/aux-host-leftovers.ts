/** Ends and removes what auxiliary hosts of tests are made of, also those of a run that was killed. */
import { spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const FOLDER = /^bmcon-aux-(\d+)-\d+$/;

export interface AccountEntry {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** Accounts of this machine of which the home is below the folder. */
export function accountsBelow(folder: string): AccountEntry[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([, , , , , home]) => home?.startsWith(`${folder}/`))
    .map(([name = "", , uid, , , home = ""]) => ({ name, uid: Number(uid), home }));
}

/** Living processes; remains (zombies) count as gone. */
export function processesOfUser(uid: number): number[] {
  return processes((pid) => statSync(`/proc/${pid}`).uid === uid);
}

/** Living processes of which an argument contains the text. */
export function processesNaming(text: string): number[] {
  return processes((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text));
}

export function removeAccount(name: string): void {
  spawnSync("userdel", ["-f", name], { stdio: "ignore" });
}

/** sshd and its connections. */
export async function endSshd(sshd: ChildProcess): Promise<void> {
  const running = sshd.exitCode === null && sshd.signalCode === null;
  const closed = running ? once(sshd, "close") : undefined;
  cutConnections(sshd);
  sshd.kill("SIGKILL");
  await closed;
}

/** Ends the processes of sshd's connections: for each its monitor, and one with the user's rights. */
export function cutConnections({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  for (const one of processes((other) => ancestorsOf(other).includes(pid) && isSshd(other)))
    kill(one);
}

/** Of processes that do not run any more. */
export function forgetEarlierRuns(): void {
  for (const name of readdirSync("/tmp")) {
    const owner = FOLDER.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) forget(name);
  }
}

function forget(name: string): void {
  const folder = join("/tmp", name);
  const id = name.slice("bmcon-aux-".length);
  for (const pid of processesNaming(folder)) kill(pid);
  for (const account of accountsBelow(folder)) {
    for (const pid of processesOfUser(account.uid)) kill(pid);
    removeAccount(account.name);
  }
  for (const kind of ["aux", "bmc"]) {
    const { stdout } = spawnSync("ip", ["netns", "pids", `bmcon-${kind}-${id}`], {
      encoding: "utf8",
    });
    for (const pid of stdout.split("\n").map(Number)) if (pid > 1) kill(pid);
    spawnSync("ip", ["netns", "del", `bmcon-${kind}-${id}`]);
  }
  spawnSync("ip", ["link", "del", `bma${id}`]);
  const { stdout: routes } = spawnSync("ip", ["route", "show", "type", "unreachable"], {
    encoding: "utf8",
  });
  const net = existsSync(join(folder, "bmc-net"))
    ? readFileSync(join(folder, "bmc-net"), "utf8")
    : "";
  if (net !== "" && routes.includes(net)) spawnSync("ip", ["route", "del", "unreachable", net]);
  rmSync(`/etc/sudoers.d/bmcon-test-${id}`, { force: true });
  rmSync(folder, { recursive: true, force: true });
}

function processes(isWanted: (pid: number) => boolean): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      return stateOf(pid) !== "Z" && isWanted(pid) ? [pid] : [];
    } catch {
      return []; // it has just ended
    }
  });
}

function isSshd(pid: number): boolean {
  return /\(sshd[^)]*\)/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

function ancestorsOf(pid: number): number[] {
  const found: number[] = [];
  for (let at = parentOf(pid); at > 1; at = parentOf(at)) found.push(at);
  return found;
}

function fieldsOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function stateOf(pid: number): string | undefined {
  return fieldsOf(pid)[0];
}

function parentOf(pid: number): number {
  return Number(fieldsOf(pid)[1]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    /* it is gone */
  }
}
