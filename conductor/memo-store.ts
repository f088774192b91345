/**
 * What interfaces asked to be remembered for a node, in `nodes.driver_memos` by interface type, plus
 * the conductor's own note of a console change that was promised but is not done (key `conductor`).
 *
 * A set reads, changes one key and writes; sets on one node are put in a queue, so that a power read
 * under a shared lock cannot undo what a console start has just saved.
 */
import type { Json, JsonObject, Node, NodeChanges } from "../common/node.ts";
import type { Database } from "../db/database.ts";
import type { DriverPart } from "./driver-catalogue.ts";

export type MemoOwner = DriverPart | "conductor";

export type MemoChanges = { readonly [owner in MemoOwner]?: Json | undefined };

/** A change of the console that a caller was promised (202); found at start, it is carried on. */
export type PendingConsoleChange = "enabling" | "disabling";

export class MemoStore {
  readonly #database: Database;
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Sets and (`undefined`) forgets several memos at once.
   * @param also other columns, written in the same statement
   * @returns the row as written
   */
  change(uuid: string, memos: MemoChanges, also: NodeChanges = {}): Promise<Node> {
    const turn = async (): Promise<Node> => {
      const { driverMemos } = await this.#database.nodes.get(uuid);
      const changes = { ...also, driverMemos: withMemos(driverMemos, memos) };
      return await this.#database.nodes.update(uuid, changes);
    };
    const before = this.#queues.get(uuid) ?? Promise.resolve();
    const mine = before.then(turn, turn);
    this.#queues.set(uuid, mine);
    const leave = (): void => {
      if (this.#queues.get(uuid) === mine) this.#queues.delete(uuid);
    };
    mine.then(leave, leave);
    return mine;
  }
}

function withMemos(old: JsonObject, memos: MemoChanges): JsonObject {
  const merged = Object.entries({ ...old, ...memos }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(merged) as JsonObject;
}

export function pendingConsoleChange(node: Node): PendingConsoleChange | null {
  const note = node.driverMemos["conductor"];
  const pending =
    typeof note === "object" && note !== null && !Array.isArray(note) ? note["console"] : undefined;
  return pending === "enabling" || pending === "disabling" ? pending : null;
}
