/** Starts a session on an auxiliary host: account and folder first, then its sockets and files, then the sandbox. */
import type { ClientChannel } from "ssh2";
import { printable } from "../../../../common/printable.ts";
import { ConsoleSubprocessFailed, type Logger } from "../../../base.ts";
import { withDeadline } from "../../../lib/deadline.ts";
import { bubblewrapArguments, INSIDE, MEDIA, SCRIPT_INSIDE } from "../../sandbox/bubblewrap.ts";
import { chromiumFlags } from "../../sandbox/chromium-flags.ts";
import { capped, chooseCpus, SESSION_PROCESSES } from "../../sandbox/limits.ts";
import { chromiumPolicies } from "../../sandbox/policies.ts";
import { EGRESS_SOCKET, scriptArguments, SESSION_SCRIPT } from "../../sandbox/session-script.ts";
import { checkSharedFiles } from "../local/shared-files.ts";
import type { SessionRequest } from "../provider.ts";
import { AuxSession, type SessionHost } from "./aux-session.ts";
import { HOST_SCRIPT, hostCommand, quoted } from "./host-script.ts";
import type { SshLine } from "./ssh-line.ts";
import { uploadFiles } from "./upload.ts";

/** Making an account may have to wait for another program. */
const PREPARE_LIMIT_MS = 30_000;
const START_LIMIT_MS = 60_000;
const MAX_ANSWER = 4096;

export interface SessionPlan {
  readonly host: SessionHost;
  readonly line: SshLine;
  readonly log: Logger;
  /** Account and folder. */
  readonly name: string;
  /** Absolute, there; the folder of all sessions. */
  readonly base: string;
  readonly mark: string;
  /** Whose session it is, for the account's comment. */
  readonly owner: string;
  readonly sudo: boolean;
  /** Of the host, as /proc/self/status lists them. */
  readonly cpus: string;
  readonly turn: number;
  /** Sessions that may share the login's user; 1 where each has an account of its own. */
  readonly sharers: number;
  readonly memoryMebibytes: number;
  readonly sessionCpus: number;
}

/** @throws {ConsoleSubprocessFailed} {@link ConsoleError}; nothing of it is left then */
export async function startSession(
  plan: SessionPlan,
  request: SessionRequest,
  signal: AbortSignal,
): Promise<AuxSession> {
  checkSharedFiles(request.files, false);
  const onTimeout = (): Error =>
    new ConsoleSubprocessFailed(
      `a session on ${plan.host.name} takes longer than ${START_LIMIT_MS / 1000} s to start`,
    );
  return await withDeadline({ signal, limitMs: START_LIMIT_MS, onTimeout }, async (inner) => {
    const policies = chromiumPolicies(request.origins);
    const channel = await plan.line.exec(runCommand(plan, policies), inner);
    const folder = `${plan.base}/${plan.name}`;
    const { host, line, log, name } = plan;
    const session = new AuxSession({ host, line, channel, name, folder, log });
    const egress = `${folder}/${EGRESS_SOCKET}`;
    void session.ended.then(() => line.unlistenUnix(egress));
    try {
      channel.write(`${HOST_SCRIPT}${SESSION_SCRIPT}${policies}`);
      const user = await readAnswer(channel, session, inner);
      await line.listenUnix(egress, request.egress);
      const uploads = { line, hostName: host.name, log, signal: inner };
      const paths = await uploadFiles(request.files, `${folder}/files`, uploads);
      session.filePaths = new Map(
        request.files.map(({ name: seen }) => [seen, `${MEDIA}/${seen}`]),
      );
      const command = sandboxCommand(plan, request, user, folder, paths);
      channel.write(`${Buffer.byteLength(command)}\n${command}`);
      await session.untilReady(inner);
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  });
}

function runCommand(plan: SessionPlan, policies: string): string {
  const sizes = [SESSION_SCRIPT, policies].map((text) => String(Buffer.byteLength(text)));
  const most = String(plan.memoryMebibytes * 1024);
  const { base, mark, name, owner } = plan;
  return hostCommand(plan.sudo, ["run", base, mark, name, owner, ...sizes, most]);
}

function sandboxCommand(
  plan: SessionPlan,
  request: SessionRequest,
  user: number | null,
  folder: string,
  paths: readonly string[],
): string {
  const { size, java, files } = request;
  const cdp = { input: 0, output: 1 };
  const flags = chromiumFlags(request);
  const inside = scriptArguments({ folder: INSIDE, size, cdp, java, flags });
  const sandbox = bubblewrapArguments(
    {
      paths: {
        script: `${folder}/session.sh`,
        policies: `${folder}/policies.json`,
        egress: `${folder}/${EGRESS_SOCKET}`,
        run: `${folder}/run`,
        ...(java ? { inbox: `${folder}/inbox` } : {}),
      },
      files: files.map(({ name }, index) => ({ path: paths[index] ?? "", name })),
      throwAwayUser: user,
    },
    ["/bin/sh", SCRIPT_INSIDE, ...inside],
  );
  const caps = capped({
    processes: SESSION_PROCESSES * plan.sharers,
    cpus: chooseCpus(plan.cpus, plan.sessionCpus, plan.turn),
  });
  return [...caps, "bwrap", ...sandbox].map(quoted).join(" ");
}

/** `ready`, and the number of the session's account where it has one. */
async function readAnswer(
  channel: ClientChannel,
  session: AuxSession,
  signal: AbortSignal,
): Promise<number | null> {
  const onTimeout = (): Error => session.failure("it does not get ready");
  const line = await withDeadline({ signal, limitMs: PREPARE_LIMIT_MS, onTimeout }, (inner) =>
    firstLine(channel, session, inner),
  );
  const [word, user = ""] = line.split("\t");
  if (word !== "ready" || !/^\d*$/.test(user))
    throw session.failure(`it answers "${printable(line)}"`);
  return user === "" ? null : Number(user);
}

function firstLine(
  channel: ClientChannel,
  session: AuxSession,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const settle = (act: () => void): void => {
      channel.off("readable", look);
      act();
    };
    const look = (): void => {
      for (;;) {
        const chunk = channel.read() as Buffer | null;
        if (chunk === null) return;
        text += chunk.toString("latin1");
        const end = text.indexOf("\n");
        if (end >= 0) {
          const rest = Buffer.from(text.slice(end + 1), "latin1");
          settle(() => resolve(text.slice(0, end)));
          if (rest.length > 0) channel.unshift(rest);
          return;
        }
        if (text.length > MAX_ANSWER) {
          settle(() => reject(session.failure("it answers something else")));
          return;
        }
      }
    };
    channel.on("readable", look);
    void session.ended.then(({ reason }) => settle(() => reject(session.failure(reason))));
    signal.addEventListener("abort", () => settle(() => reject(new Error("aborted"))), {
      once: true,
    });
  });
}
