/**
 * Right answers of a short while ago: right ones only, bounded, under a key that lives as long as the
 * process. Holds no password.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../../common/clock.ts";

const REMEMBER_MS = 60_000;
const REMEMBER_AT_MOST = 1000;

export class RememberedLogins {
  readonly #key = randomBytes(32);
  readonly #until = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The stored hash is part of it, so that a changed password is not remembered. */
  keyOf(user: string, password: Buffer, hash: string): string {
    return createHmac("sha256", this.#key)
      .update(`${user}\0${hash}\0`)
      .update(password)
      .digest("base64");
  }

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until !== undefined && until > this.#clock.now()) return true;
    this.#until.delete(key);
    return false;
  }

  add(key: string): void {
    const oldest = this.#until.keys().next();
    if (this.#until.size >= REMEMBER_AT_MOST && !oldest.done) this.#until.delete(oldest.value);
    this.#until.set(key, this.#clock.now() + REMEMBER_MS);
  }
}
