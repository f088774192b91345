/**
 * The folder of one session, private to the conductor: what the sandbox sees read-only (script, policies,
 * the socket that leads out, a JNLP), and a note by which a later conductor finds what runs. The session
 * itself cannot write here.
 */
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ProcessIdentity } from "../../../lib/child-process-group.ts";
import { objectOf } from "../../../lib/json-object.ts";
import { chromiumPolicies } from "../../sandbox/policies.ts";
import { EGRESS_SOCKET, JNLP_FILE, SESSION_SCRIPT } from "../../sandbox/session-script.ts";
import type { SessionRequest } from "../provider.ts";

const NAME = /^[a-z0-9]{16}$/;
const NOTE = "note.json";

/** What runs for a session. */
export interface SessionNote {
  /** bubblewrap as we started it, and the first process of its sandbox. */
  readonly outer: ProcessIdentity | null;
  readonly inner: ProcessIdentity | null;
  /** Its throw-away user. */
  readonly user: number | null;
}

export class SessionFolder {
  readonly path: string;

  constructor(parent: string, id: string) {
    if (!NAME.test(id)) throw new TypeError(`no name of a session: ${id}`);
    this.path = join(parent, id);
  }

  /** Every session folder below `parent`. */
  static all(parent: string): SessionFolder[] {
    const names = readdirSync(parent).filter((name) => NAME.test(name));
    return names.map((name) => new SessionFolder(parent, name));
  }

  get script(): string {
    return join(this.path, "session.sh");
  }
  get policies(): string {
    return join(this.path, "policies.json");
  }
  get egress(): string {
    return join(this.path, EGRESS_SOCKET);
  }
  get inbox(): string {
    return join(this.path, "inbox");
  }

  /** Modes are for the session's user, who sees these files through the sandbox only. */
  create(request: Pick<SessionRequest, "origins" | "java">): void {
    mkdirSync(this.path, { mode: 0o700 });
    this.writeNote({ outer: null, inner: null, user: null });
    writeReadable(this.script, SESSION_SCRIPT);
    writeReadable(this.policies, chromiumPolicies(request.origins));
    if (!request.java) return;
    mkdirSync(this.inbox);
    chmodSync(this.inbox, 0o755);
  }

  writeJnlp(text: string): void {
    const path = join(this.path, JNLP_FILE);
    writeReadable(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  writeNote(note: SessionNote): void {
    const path = join(this.path, NOTE);
    writeFileSync(`${path}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** @returns nothing but nulls when there is none that can be read */
  readNote(): SessionNote {
    let note: ReturnType<typeof objectOf>;
    try {
      note = objectOf(JSON.parse(readFileSync(join(this.path, NOTE), "utf8")));
    } catch {
      note = undefined;
    }
    const user = note?.["user"];
    return {
      outer: identityIn(note?.["outer"]),
      inner: identityIn(note?.["inner"]),
      user: Number.isSafeInteger(user) ? Number(user) : null,
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function writeReadable(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o644 });
  chmodSync(path, 0o644); // whatever the umask is
}

function identityIn(value: unknown): ProcessIdentity | null {
  const { pid, startTicks, bootId } = objectOf(value) ?? {};
  if (!Number.isSafeInteger(pid) || Number(pid) < 2 || typeof bootId !== "string") return null;
  if (!Number.isSafeInteger(startTicks)) return null;
  return { pid: Number(pid), startTicks: Number(startTicks), bootId };
}
