/**
 * socat's command line: where it listens, and the ipmitool it starts for each connection.
 *
 * FACT(socat 1.7.4.4): with fork,max-children=1 a second client is taken by the kernel and then hears
 * nothing, for ever. So more are let in and flock decides: the first one's ipmitool holds the lock until
 * it ends, another gets the end of its connection after WAIT_SECONDS, which are there because socat ends
 * an ipmitool half a second after its client has left.
 */
import { basename } from "node:path";
import type { Config } from "../base.ts";
import type { IpmiAccess } from "../lib/ipmi/access.ts";
import { ipmitoolArguments, ipmitoolEnvironment } from "../lib/ipmi/command-line.ts";
import { addressValue, execParameter } from "../lib/socat-address.ts";
import type { ConsoleFiles } from "./console-files.ts";
import { ipmitoolHome } from "./ipmitool-home.ts";
import type { Listener } from "./options.ts";

/**
 * FACT(ipmitool 1.8.19): `exec` runs both in one session. A line that a killed ipmitool left held is free
 * again at once, which otherwise takes the BMC half a minute.
 */
export const SCRIPT = "sol deactivate\nsol activate\n";

/** ipmitool's and ours, of which a slow handshake or a refused client takes one for seconds. */
const MAX_CHILDREN = 16;
const WAIT_SECONDS = 2;
/**
 * FACT(measured, ipmitool 1.8.19 and ipmi_sim 2.0.33): how soon ipmitool ends after its BMC died, and
 * how it bears 30 % of packets lost, stands in docs/drivers/ipmitool-socat.md. `usesolkeepalive` is no
 * choice: ipmi_sim does not answer it, and the line is gone after a minute.
 */
const KEEP_ALIVE = { timeoutSeconds: 1, retries: 4 };

/**
 * FACT(measured): until ipmitool has opened the session, the terminal is as socat made it. A plain `pty`
 * echoes what is typed meanwhile and makes a line feed of the carriage return that Nova's page sends at
 * once; a raw one keeps it for the machine. opost and onlcr are for ipmitool's own lines, and it switches
 * them off itself for the machine's bytes.
 */
const TERMINAL = "pty,raw,echo=0,opost=1,onlcr=1,stderr";

/** Linux's numbers, in the order level, option: setsockopt(2). */
const SO_RCVTIMEO = "1:20";
const TCP_USER_TIMEOUT = "6:18";
/** A stranger who says nothing in a TLS handshake: struct timeval, 64 bits little-endian each. */
const HANDSHAKE_LIMIT = "x0a000000000000000000000000000000";
/** A proxy that vanished without a word, its machine's power cut, must not keep the line. */
const GONE_PEER = `so-keepalive,keepidle=20,keepintvl=5,keepcnt=4,setsockopt-int=${TCP_USER_TIMEOUT}:40000`;

export interface SocatCommand {
  readonly listener: Listener;
  /** Null for a Unix socket. */
  readonly port: number | null;
  readonly access: IpmiAccess;
  /** Null where ipmitool chooses. */
  readonly cipherSuite: number | null;
  readonly files: ConsoleFiles;
  readonly config: Config;
}

/**
 * FACT(socat 1.7.4.4): when the program that it started ends with a failure, it says so and exits at once,
 * in about every other case before it has passed on what the program said last: why the line was lost.
 * With `-s` it never does (measured, 60 of 60 against 26).
 */
const SLOPPY = "-s";

/** socat's arguments. They hold no secret, except a Kg key of unprintable bytes. */
export function socatArguments(command: SocatCommand): string[] {
  const { listener, config } = command;
  const timeout = listener.kind === "plain" ? config.console.terminal_timeout : 0;
  return [
    SLOPPY,
    ...(timeout === 0 ? [] : [`-T${timeout}`]),
    `${listenAddress(command)},fork,max-children=${MAX_CHILDREN}`,
    `EXEC:${execParameter(ipmitoolCommand(command))},${TERMINAL}`,
  ];
}

/** The whole environment of socat and of the ipmitool it starts. */
export function socatEnvironment({ access, files, config }: SocatCommand): Record<string, string> {
  return {
    ...ipmitoolEnvironment(access, config.ipmi.store_cred_in_env),
    HOME: ipmitoolHome(files.folder),
  };
}

/** Program and arguments of what answers one connection. */
export function ipmitoolCommand({ access, cipherSuite, files, config }: SocatCommand): string[] {
  const script = basename(files.script);
  const ipmitool = ipmitoolArguments(access, {
    ...KEEP_ALIVE,
    cipherSuite: cipherSuite ?? undefined,
    passwordFile: config.ipmi.store_cred_in_env ? undefined : "/dev/fd/3",
  });
  const lock = ["flock", "-F", "-w", String(WAIT_SECONDS), script];
  return [...lock, "ipmitool", ...ipmitool, "exec", script];
}

function listenAddress({ listener, port, files }: SocatCommand): string {
  if (listener.kind === "unix")
    return `UNIX-LISTEN:${addressValue(basename(files.socket))},mode=0600,unlink-early`;
  const { address } = listener;
  const six = address.includes(":");
  const where = `${port},bind=${six ? `[${address}]` : address},reuseaddr,nodelay,${GONE_PEER}`;
  if (listener.kind === "plain") return `${six ? "TCP6" : "TCP4"}-LISTEN:${where}`;
  const file = (path: string): string => addressValue(basename(path));
  return [
    `OPENSSL-LISTEN:${where}`,
    `pf=${six ? "ip6" : "ip4"}`,
    `cert=${file(files.certificate)}`,
    `key=${file(files.key)}`,
    `cafile=${file(files.clientCertificate)}`,
    "verify=1,openssl-min-proto-version=TLS1.2",
    `setsockopt-bin=${SO_RCVTIMEO}:${HANDSHAKE_LIMIT}`,
  ].join(",");
}
