/**
 * What an earlier run of this conductor left behind when it was killed. Normally bubblewrap and all in it
 * died with the conductor, and only folders are left; processes are ended when they are exactly those that
 * the folder's note names, or, where it names too few, belong to the throw-away user that it names.
 */
import { readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { basename } from "node:path";
import { identityOf, type ProcessIdentity } from "../../../lib/child-process-group.ts";
import { endSandbox } from "./sandbox-processes.ts";
import { SessionFolder } from "./session-folder.ts";

/** Of {@link LocalProvider.check}. */
const TRIAL = /^check-/;

/**
 * @param keep ids of sessions that run now
 * @param asRoot whether notes of throw-away users are to be acted upon
 * @returns how many sessions that were
 */
export async function sweepFolders(
  parent: string,
  keep: ReadonlySet<string>,
  asRoot: boolean,
): Promise<number> {
  for (const name of readdirSync(parent).filter((one) => TRIAL.test(one)))
    await rm(join(parent, name), { recursive: true, force: true });
  const left = SessionFolder.all(parent).filter(({ path }) => !keep.has(basename(path)));
  for (const folder of left) {
    const { outer, inner, user } = folder.readNote();
    await endSandbox({ outer, inner });
    // With the first process of its namespace the kernel ends all others; without one nobody knows them.
    if (asRoot && inner === null && user !== null && user >= 1000)
      for (const identity of processesOf(user, outer))
        await endSandbox({ outer: identity, inner: null });
    folder.remove();
  }
  return left.length;
}

/** Not of another boot: a number of a user may be in other hands by now. */
function processesOf(user: number, session: ProcessIdentity | null): ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    if (statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid !== user) continue;
    const identity = identityOf(Number(name));
    if (identity && identity.bootId === session?.bootId) found.push(identity);
  }
  return found;
}
