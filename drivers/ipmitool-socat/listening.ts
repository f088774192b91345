/**
 * Whether a process listens, without connecting to it: a connection would start an ipmitool and take the
 * line from whoever has it.
 */
import { readFileSync } from "node:fs";
import { socketsOf } from "../lib/child-process-group.ts";

/** FACT(Linux include/net/tcp_states.h): TCP_LISTEN. */
const TCP_LISTEN = "0A";
/** FACT(Linux include/uapi/linux/net.h): __SO_ACCEPTCON, in the flags of /proc/net/unix. */
const UNIX_LISTENS = "00010000";

/** @param transport which table of the kernel to look into */
export function isListening(pid: number, transport: "unix" | "tcp"): boolean {
  const sockets = socketsOf(pid);
  if (sockets.size === 0) return false;
  if (transport === "unix")
    return rows("unix").some((row) => row[3] === UNIX_LISTENS && sockets.has(row[6] ?? ""));
  return ["tcp", "tcp6"].some((table) =>
    rows(table).some((row) => row[3] === TCP_LISTEN && sockets.has(row[9] ?? "")),
  );
}

function rows(table: string): string[][] {
  try {
    const lines = readFileSync(`/proc/net/${table}`, "latin1").split("\n").slice(1);
    return lines.map((line) => line.trim().split(/ +/));
  } catch {
    return [];
  }
}
