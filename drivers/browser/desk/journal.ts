/**
 * What is open on BMCs in our name, written down before it is done, so that whoever comes after a crash can
 * end it: a file for each session. Holds no secret.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { objectOf } from "../../lib/json-object.ts";
import type { DeskFiles } from "./node-files.ts";

/** A BMC's session, by what cannot be another's: numbers are used again. */
export interface BmcSession {
  /** Path of the Redfish resource. */
  readonly path: string;
  readonly userName: string;
  /** As the BMC says it; null when it does not. */
  readonly createdTime: string | null;
}

export interface JournalEntry {
  /** The session's own id, `[a-z0-9]{16}`. */
  readonly id: string;
  readonly node: string;
  readonly provider: string;
  /** What the page's login opened; null before it is known. */
  readonly bmcSession: BmcSession | null;
  /** Name of the account that was made for the session by Redfish; null without one. */
  readonly account: string | null;
}

const ID = /^[a-z0-9]{16}$/;

export class Journal {
  readonly #files: DeskFiles;

  constructor(files: DeskFiles) {
    this.#files = files;
  }

  /** On the disk when it resolves. */
  async write(entry: JournalEntry): Promise<void> {
    this.#files.prepare();
    const path = this.#path(entry.id);
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(entry));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  remove(id: string): void {
    rmSync(this.#path(id), { force: true });
  }

  /** The entries of a node; what cannot be read is no entry. */
  of(node: string): JournalEntry[] {
    let names: string[];
    try {
      names = readdirSync(this.#files.journal);
    } catch {
      return [];
    }
    return names
      .flatMap((name) => entryIn(join(this.#files.journal, name)) ?? [])
      .filter((entry) => entry.node === node);
  }

  #path(id: string): string {
    if (!ID.test(id)) throw new Error("a session's id is expected");
    return join(this.#files.journal, `${id}.json`);
  }
}

function entryIn(path: string): JournalEntry | undefined {
  if (!path.endsWith(".json")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
  const { id, node, provider, bmcSession, account } = objectOf(value) ?? {};
  if (typeof id !== "string" || !ID.test(id) || typeof node !== "string") return undefined;
  return {
    id,
    node,
    provider: typeof provider === "string" ? provider : "",
    bmcSession: sessionIn(bmcSession),
    account: typeof account === "string" ? account : null,
  };
}

function sessionIn(value: unknown): BmcSession | null {
  const { path, userName, createdTime } = objectOf(value) ?? {};
  if (typeof path !== "string" || typeof userName !== "string") return null;
  return { path, userName, createdTime: typeof createdTime === "string" ? createdTime : null };
}
