/** What is run for a session on this machine: caps, bubblewrap, the session's script, Chromium's flags. */
import { readFileSync } from "node:fs";
import { bubblewrapArguments, INSIDE, SCRIPT_INSIDE } from "../../sandbox/bubblewrap.ts";
import { chromiumFlags } from "../../sandbox/chromium-flags.ts";
import { capped, chooseCpus, SESSION_PROCESSES } from "../../sandbox/limits.ts";
import { scriptArguments } from "../../sandbox/session-script.ts";
import type { SessionRequest } from "../provider.ts";
import type { SessionFolder } from "./session-folder.ts";

/** Of the process that is started. */
const CDP_DESCRIPTOR = 3;
const INFO_DESCRIPTOR = 4;

export interface SessionCommand {
  readonly request: SessionRequest;
  readonly folder: SessionFolder;
  /** Null: the conductor's own, in a user namespace. */
  readonly user: number | null;
  readonly maxSessions: number;
  readonly cpus: number;
  readonly turn: number;
}

/** @returns program first */
export function sessionCommand(command: SessionCommand): string[] {
  const { request, folder, user, maxSessions, turn } = command;
  const status = readFileSync("/proc/self/status", "utf8");
  const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? "";
  const script = scriptArguments({
    folder: INSIDE,
    size: request.size,
    cdp: { input: CDP_DESCRIPTOR, output: CDP_DESCRIPTOR },
    java: request.java,
    flags: chromiumFlags(request),
  });
  const { script: file, policies, egress, inbox } = folder;
  const paths = { script: file, policies, egress, ...(request.java && { inbox }) };
  const sandbox = bubblewrapArguments(
    { paths, files: request.files, throwAwayUser: user, infoDescriptor: INFO_DESCRIPTOR },
    ["/bin/sh", SCRIPT_INSIDE, ...script],
  );
  // Without a user of its own, a session counts together with all others and the conductor itself.
  const processes = user === null ? SESSION_PROCESSES * (maxSessions + 1) : SESSION_PROCESSES;
  const cpus = chooseCpus(allowed, command.cpus, turn);
  const ownLimits = readFileSync("/proc/self/limits", "utf8");
  return [...capped({ processes, cpus, ownLimits }), "bwrap", ...sandbox];
}
