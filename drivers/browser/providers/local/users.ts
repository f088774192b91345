/**
 * Throw-away users: numbers without a name, one for each session at a time, taken from a range that the
 * operator set aside. Only a conductor that runs as root can give them out.
 */
import { randomInt } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { ConfigInvalid, ConsoleError } from "../../../base.ts";

export interface UserRange {
  readonly first: number;
  readonly last: number;
}

/** FACT(setreuid(2)): 4294967295 means "no change". */
const MAX_USER = 4_294_967_294;

/** @param text `FIRST:END` without END, as in [console]port_range. @throws {ConfigInvalid} */
export function parseUserRange(text: string): UserRange {
  const match = /^\s*(\d{1,10})\s*:\s*(\d{1,10})\s*$/.exec(text);
  const range = { first: Number(match?.[1]), last: Number(match?.[2]) - 1 };
  if (!match || range.first < 1000 || range.last < range.first || range.last > MAX_USER)
    throw new ConfigInvalid([
      `[browser]uid_range is "${text}", not FIRST:END with numbers of users from 1000 on`,
    ]);
  return range;
}

/** Users of the range that are neither held by us nor by any process of this machine. */
export class ThrowAwayUsers {
  readonly #range: UserRange;
  readonly #held = new Set<number>();
  #next: number;

  /**
   * @param start where to look first. At random, so that two conductors of one machine that start at the
   * same moment do not take the same users, of whose processes each may end what it left
   */
  constructor(range: UserRange, start: number = randomInt(range.first, range.last + 1)) {
    this.#range = range;
    this.#next = start;
  }

  /** @throws {ConsoleError} when none is free */
  take(): number {
    const { first, last } = this.#range;
    const running = usersOfProcesses();
    for (let tries = last - first + 1; tries > 0; tries -= 1) {
      const user = this.#next;
      this.#next = user >= last ? first : user + 1;
      if (this.#held.has(user) || running.has(user)) continue;
      this.#held.add(user);
      return user;
    }
    throw new ConsoleError("every user of [browser]uid_range is taken");
  }

  release(user: number): void {
    this.#held.delete(user);
  }
}

/** The users that have a process, by /proc. */
function usersOfProcesses(): Set<number> {
  const users = new Set<number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const uid = statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid;
    if (uid !== undefined) users.add(uid);
  }
  return users;
}
