/** Ends a process of ours and everything below it, for the watchdogs of tools/test.mjs. Linux. */
import { readFileSync, readdirSync } from "node:fs";

/** @param {number} root process id; the deepest children get the signal first */
export function killTree(root) {
  const children = childrenByParent();
  const end = (pid) => {
    for (const child of children.get(pid) ?? []) end(child);
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      /* gone already */
    }
  };
  end(root);
}

function childrenByParent() {
  const children = new Map();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
