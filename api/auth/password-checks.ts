/**
 * Verifies passwords, few at a time: a hash keeps one of libuv's four threads busy, which file access,
 * name lookups and the database share. One caller must not keep the others from logging in.
 */
import { FairQueue } from "../../common/fair-queue.ts";

const LIMITS = { running: 2, waiting: 32, waitingOfOneSource: 4 };

/** Answers whether a password has this bcrypt hash. */
export type VerifyPassword = (password: Buffer, hash: string) => Promise<boolean>;

export interface PasswordCheck {
  /** Whom to count it against. */
  readonly source: string;
  /** Same user, password and hash: same key. */
  readonly key: string;
  readonly password: Buffer;
  readonly hash: string;
}

export class PasswordChecks {
  readonly #queue = new FairQueue(LIMITS);
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #verify: VerifyPassword;

  constructor(verify: VerifyPassword) {
    this.#verify = verify;
  }

  /**
   * Requests that a client sends at once with the same credentials share one check.
   * @throws {TemporaryFailure} when too many passwords are being checked already
   */
  async isRight({ source, key, password, hash }: PasswordCheck): Promise<boolean> {
    const shared = `${source} ${key}`;
    const underWay = this.#underWay.get(shared);
    if (underWay) return underWay;
    const check = this.#queue.run(source, () => this.#verify(password, hash));
    this.#underWay.set(shared, check);
    try {
      return await check;
    } finally {
      this.#underWay.delete(shared);
    }
  }
}
