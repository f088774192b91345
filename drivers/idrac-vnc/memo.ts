/**
 * What is remembered of an iDRAC between start and stop, through restarts and kill -9: its attributes
 * as they were found before the first change, and the SSH host key seen first. No secrets.
 */
import type { Memo } from "../base.ts";
import { objectOf } from "../lib/json-object.ts";
import { foundAttributes, type FoundAttributes } from "./values.ts";

export interface IdracMemo {
  readonly found?: FoundAttributes;
  readonly sshHostKey?: string;
}

/** Reads it; anything that is not ours counts as nothing. */
export function readMemo(memo: Memo): IdracMemo {
  const { found: remembered, sshHostKey } = objectOf(memo.get()) ?? {};
  const found = objectOf(remembered);
  return {
    ...(found ? { found: foundAttributes(Object.entries(found)) } : {}),
    ...(typeof sshHostKey === "string" ? { sshHostKey } : {}),
  };
}

/** Saves it; an empty one is forgotten. */
export async function writeMemo(memo: Memo, value: IdracMemo): Promise<void> {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  await memo.set(entries.length === 0 ? undefined : Object.fromEntries(entries));
}
